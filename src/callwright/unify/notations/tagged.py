"""Calls that a text carries between tags, and the tools that a prompt offers between tags.

One codec for ``<tool_call>{…}</tool_call>`` (several per turn), ``<TOOLCALL>[…]</TOOLCALL>``,
``<call>[…]</call>`` and ``<functioncall> {…} <|endoftext|>``. Between the tags may stand an object, a list,
an object per line, a Python dict, or an object whose arguments are JSON text in single quotes. Only what
follows the last ``</think>`` counts; what stands outside the tags is what the assistant says.

    >>> read('One moment. <call>[{"name": "add", "arguments": {"a": 1}}]</call>', CALL).text
    'One moment.'
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from callwright.record import Json
from callwright.unify.notations.calls import Call, call, openai, split_thought, written_in
from callwright.unify.notations.literals import python_value
from callwright.unify.rows import BadRow, decode

_scan = json.JSONDecoder().raw_decode  # lenient, but it only finds where a value ends
_WINDOW = 1 << 16  # a longer call whose strings spell its own tag is not looked for
_GAP = re.compile(r"[\s,]*")
_QUOTED = re.compile(
    r"""\{\s*"name"\s*:\s*"([^"\n]{1,200})"\s*,\s*"(?:arguments|parameters)"\s*:\s*'(.*)'\s*\}""", re.S
)
_NAME_FIRST = re.compile(r"""\{\s*["']name["']\s*:\s*["']([^"'\n]{1,200})["']\s*[,}]""")
_NAME_LAST = re.compile(r"""["']name["']\s*:\s*["']([^"'\n]{1,200})["']\s*\}\Z""")
_ARGUMENTS = re.compile(r"""["'](?:arguments|parameters)["']\s*:""")
_DEFINITION = re.compile(r"\s*[\[{]")


class Tag(NamedTuple):
    """What opens and what closes a block."""

    open: str
    close: str


TOOL_CALL = Tag("<tool_call>", "</tool_call>")
TOOLCALL = Tag("<TOOLCALL>", "</TOOLCALL>")
CALL = Tag("<call>", "</call>")
TOOLS = Tag("<tools>", "</tools>")
TOOL = Tag("<tool>", "</tool>")
FUNCTIONCALL = Tag("<functioncall>", "<|endoftext|>")


class Offer(NamedTuple):
    """A system text that offers tools between tags."""

    before: str
    definitions: str
    after: str


class Said(NamedTuple):
    """A turn of the assistant, taken apart."""

    text: str
    calls: list[Call]
    reasoning: str | None = None


def read(text: str, tag: Tag, path: str = "") -> Said:
    """Take a turn apart; raises `BadRow` for a call without a name and for calls in other tags."""
    thought, said = split_thought(text)
    outside: list[str] = []
    calls: list[Call] = []
    position = 0
    while (start := said.find(tag.open, position)) >= 0:
        outside.append(said[position:start])
        body, position = _block(said, start + len(tag.open), tag)
        calls += calls_in(body, path)
    if not outside:
        return Said(said, [], thought or None)
    outside.append(said[position:])
    rest = "\n".join(piece for piece in map(str.strip, outside) if piece)
    if mark := written_in(rest):
        raise BadRow("calls-in-text", path, f"the text beside the calls contains {mark}")
    return Said(rest, calls, thought or None)


def _block(text: str, start: int, tag: Tag) -> tuple[str, int]:
    """Return what stands in the block, and where the text goes on; a next tag ends an open block, too."""
    following = text.find(tag.open, start)
    limit = following if following >= 0 else len(text)
    close = text.find(tag.close, start, limit)
    end = close if close >= 0 else limit
    if not _is_json(text[start:end]):  # a string inside may spell the tag
        stop = start + _end_of_values(text[start : start + _WINDOW])
        end = stop if stop > end and text.startswith(tag.close, stop) else end
    return text[start:end], end + len(tag.close) * text.startswith(tag.close, end)


def _is_json(text: str) -> bool:
    try:
        decode(text)
    except ValueError:
        return False
    return True


def _end_of_values(text: str) -> int:
    """Return where the JSON values that the text begins with end, blanks included."""
    position = 0
    while True:
        gap = _GAP.match(text, position)
        position = gap.end() if gap else position
        try:
            _, position = _scan(text, position)
        except (ValueError, RecursionError):
            return position


def values(text: str) -> list[Json]:
    """Return the JSON values that follow each other in a text; raises `ValueError` for anything else."""
    try:
        return [decode(text)]
    except ValueError as error:
        first_error = error
    found: list[Json] = []
    position = 0
    while True:
        gap = _GAP.match(text, position)
        position = gap.end() if gap else position
        if position == len(text):
            return found
        try:
            _, end = _scan(text, position)
        except (ValueError, RecursionError):
            raise (ValueError("behind the first value: no JSON") if found else first_error) from None
        found.append(decode(text[position:end]))
        position = end


def written(text: str) -> list[Json]:
    """Return the values of a text that is JSON, one value or several, or one Python literal."""
    try:
        return values(text)
    except ValueError as error:
        try:
            return [decode(msgspec.json.encode(python_value(text)))]  # there and back: JSON can carry it
        except ValueError:
            raise error from None


def items(text: str) -> list[Json]:
    """Return the values of a text with lists taken apart: how tools and calls are enumerated."""
    return [item for value in written(text) for item in (value if isinstance(value, list) else [value])]


def offer(text: str, tag: Tag) -> Offer | None:
    """Return the first block that begins like JSON: a prompt may also speak of the tags themselves."""
    position, close = 0, -1
    while (start := text.find(tag.open, position)) >= 0:
        position = start + len(tag.open)
        if close < position:
            close = text.find(tag.close, position)
        if close < 0:
            return None
        if _DEFINITION.match(text, position, close):
            after = text[close + len(tag.close) :]
            return Offer(text[:start].strip(), text[position:close].strip(), after.strip())
    return None


def definitions(text: str, path: str) -> list[Json]:
    """Return the definitions of tools between two tags; raises `BadRow`."""
    try:
        return items(text)
    except ValueError as error:
        raise BadRow("bad-tools", path, str(error)) from None


def calls_in(text: str, path: str) -> list[Call]:
    """Return the calls between two tags; an object per line is read line by line."""
    body = text.strip()
    if not body:
        raise BadRow("bad-calls", path, "nothing stands between the tags")
    lines = [line for line in body.split("\n") if line.strip()]
    if len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines) and not _is_json(body):
        return [found for line in lines for found in _calls(line.strip(), path)]
    return _calls(body, path)


def _calls(text: str, path: str) -> list[Call]:
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        return [_quoted(quoted[1], quoted[2])]
    try:
        return [openai(item, path) for item in items(text)]
    except ValueError as error:
        return [_unparsed(text, str(error), path)]


def _quoted(name: str, arguments: str) -> Call:
    """Read JSON text in single quotes, in which an apostrophe may or may not be escaped."""
    plain = call(name, arguments)
    if plain.arguments is not None:
        return plain
    unescaped = call(name, arguments.replace("\\'", "'"))
    return unescaped if unescaped.arguments is not None else plain


def _unparsed(text: str, error: str, path: str) -> Call:
    """Return the call of a text that is neither JSON nor Python, if it is one call and its name shows."""
    name = _NAME_FIRST.match(text) or _NAME_LAST.search(text)
    if not name or len(_ARGUMENTS.findall(text)) > 1:
        raise BadRow("bad-calls", path, f"{error}; not one call with a name")
    return Call(name[1], None, None, text, error)


def blocks(text: str, names: str, path: str) -> Iterator[tuple[str, str]]:
    """Yield tag and content of a text that is nothing but ``<tag>…</tag>``, for example ``user|obs``.

    A content may spell tags, too: its own tag closes it only in front of another block or the end.
    """
    block = re.compile(rf"\s*<({names})>(.*?)</\1>(?=\s*(?:<(?:{names})>|\Z))", re.S)
    position = 0
    while found := block.match(text, position):
        yield found[1], found[2].strip()
        position = found.end()
    if text[position:].strip():
        raise BadRow("wrong-type", path, f"expected <{names}> blocks, got {text[position:].strip()[:80]!r}")
