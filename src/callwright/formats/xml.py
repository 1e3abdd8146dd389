"""Calls as XML elements, one per argument; values are JSON.

    >>> parse('<tool_calls><call name="add"><arg name="a">1</arg></call></tool_calls>').calls[0].arguments
    {'a': 1}

A strict part of XML, so that any parser reads it: elements with one attribute, no comments, no declarations.
Characters that XML knows no way to write are escaped by JSON, in names as well.
"""

from __future__ import annotations

import re

from callwright.formats.reply import Format, Malformed
from callwright.formats.scan import Scanner, set_once
from callwright.formats.strict_json import read, write
from callwright.formats.text_then_calls import TextThenCalls
from callwright.record import Json, ToolCall

OPEN, CLOSE = "<tool_calls>", "</tool_calls>"
_ATTRIBUTE = re.compile(r'[^"<]*')
_CONTENT = re.compile(r"[^<]*")
_ENTITY = re.compile(r"&(amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_NOT_XML = re.compile("[\x7f-\x9f\u2028\u2029\ufffe\uffff]")


def _written(calls: tuple[ToolCall, ...]) -> str:
    return f"{OPEN}\n" + "".join(f"{_call(call)}\n" for call in calls) + CLOSE


def _call(call: ToolCall) -> str:
    arguments = "".join(
        f"<arg name={_attribute(name)}>{_escaped(write(value))}</arg>\n"
        for name, value in (call.arguments or {}).items()
    )
    return f"<call name={_attribute(call.name)}>\n{arguments}</call>"


def _attribute(name: str) -> str:
    return f'"{_escaped(write(name)[1:-1])}"'


def _escaped(text: str) -> str:
    for entity in ("amp", "lt", "gt", "quot"):
        text = text.replace(_ENTITIES[entity], f"&{entity};")
    return _NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _read(scanner: Scanner) -> tuple[ToolCall, ...] | None:
    if not scanner.take(OPEN):
        return None
    calls: list[ToolCall] = []
    while not _closed(scanner, CLOSE):
        scanner.expect("<call name=")
        calls.append(_read_call(scanner))
    return tuple(calls)


def _read_call(scanner: Scanner) -> ToolCall:
    name = _read_attribute(scanner)
    if not name:
        scanner.fail("name is no text")
    arguments: dict[str, Json] = {}
    while not _closed(scanner, "</call>"):
        start = scanner.position
        scanner.expect("<arg name=")
        key = _read_attribute(scanner)
        value = _json(_content(scanner, _CONTENT, "a value"), scanner, start)
        scanner.expect("</arg>")
        set_once(arguments, key, value, scanner, start)
    return ToolCall(name=name, arguments=arguments)


def _closed(scanner: Scanner, tag: str) -> bool:
    scanner.blanks()
    return scanner.take(tag)


def _read_attribute(scanner: Scanner) -> str:
    start = scanner.position
    scanner.expect('"')
    text = _content(scanner, _ATTRIBUTE, "a name")
    scanner.expect('">')
    # Inside the quotes stands the inside of a JSON string; a quotation mark that XML hid may be bare there.
    value = _json(f'"{_MARK.sub(_escaped_mark, text)}"', scanner, start)
    return str(value)


_MARK = re.compile(r'\\.|"', re.DOTALL)


def _escaped_mark(found: re.Match[str]) -> str:
    return '\\"' if found[0] == '"' else found[0]


def _content(scanner: Scanner, pattern: re.Pattern[str], what: str) -> str:
    """Return what stands before the next tag or quotation mark, its entities replaced."""
    start = scanner.position
    text = scanner.match(pattern, what)
    if bare := re.search("&", _ENTITY.sub("", text)):
        scanner.fail("an ampersand that begins no entity", start + min(bare.start(), len(text)))
    return _ENTITY.sub(_character, text)


def _character(found: re.Match[str]) -> str:
    if not found[1].startswith("#"):
        return _ENTITIES[found[1]]
    code = int(found[1][2:], 16) if found[1].startswith("#x") else int(found[1][1:])
    return chr(code) if 0 < code <= 0x10FFFF else "\ufffd"


def _json(text: str, scanner: Scanner, start: int) -> Json:
    found = read(text, 0)
    if isinstance(found, Malformed):
        scanner.fail(found.reason, start)
    value, end = found
    if text[end:].strip(" \t\r\n"):
        scanner.fail("text behind a value", start)
    return value


_XML = TextThenCalls(OPEN, _written, _read)
render, parse = _XML.render, _XML.parse

XML = Format(
    name="xml",
    instruction=(
        'Call tools as <tool_calls><call name="..."><arg name="...">JSON</arg></call></tool_calls>. '
        "If no tool fits or a required value is missing, say so in plain text."
    ),
    render=render,
    parse=parse,
    begun=_XML.begun,
)
