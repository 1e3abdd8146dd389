"""Calls as statements of TypeScript, `tools.add({a: 1, b: 2});`, one line each.

    >>> parse('tools.add({a: 1, b: 2});').calls[0].arguments
    {'a': 1, 'b': 2}

A tool whose name is no identifier is called as `tools["odd name"]({…});`. Values are JSON, with bare keys
where they are identifiers; read, too: strings in single quotes, commas before a bracket that closes. Nothing
is ever evaluated.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from callwright.formats.literals import LiteralScanner
from callwright.formats.reply import Format
from callwright.formats.scan import Scanner
from callwright.formats.strict_json import write
from callwright.formats.text_or_calls import EitherOr
from callwright.record import Json, ToolCall

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_WORDS: dict[str, Json] = {"null": None, "true": True, "false": False}


def _written(calls: tuple[ToolCall, ...]) -> str:
    return "\n".join(map(_call, calls))


def _call(call: ToolCall) -> str:
    plain = _IDENTIFIER.fullmatch(call.name)
    tool = f".{call.name}" if plain else f"[{write(call.name)}]"
    return f"tools{tool}({_literal(call.arguments)});"


def _literal(value: Json) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)}: {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return write(value)


def _key(key: str) -> str:
    # `__proto__` sets no property when TypeScript evaluates it.
    return key if _IDENTIFIER.fullmatch(key) and key != "__proto__" else write(key)


class _Objects(LiteralScanner):
    """Values of TypeScript."""

    words = _WORDS
    escapes = MappingProxyType({"/": "/", "0": "\0"})

    def string(self) -> str:
        """Step over a string; two escapes that are one character in UTF-16 are one."""
        return super().string().encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")

    def key(self) -> str:
        """Step over a key, bare or in quotes."""
        if self.text[self.position : self.position + 1] in ('"', "'"):
            return self.string()
        return self.match(_IDENTIFIER, "a key")


def _read(scanner: Scanner) -> tuple[ToolCall, ...]:
    objects = _Objects(scanner.text, scanner.position)
    calls: list[ToolCall] = []
    while objects.take("tools"):
        name = _tool(objects)
        objects.expect("(")
        objects.blanks()
        start = objects.position
        arguments = objects.value(1)
        if not isinstance(arguments, dict):
            objects.fail("arguments is no object", start)
        objects.blanks()
        objects.expect(")")
        objects.expect(";")
        calls.append(ToolCall(name=name or objects.fail("name is no text", start), arguments=arguments))
        objects.blanks()
    scanner.position = objects.position
    return tuple(calls)


def _tool(objects: _Objects) -> str:
    if objects.take("."):
        return objects.match(_IDENTIFIER, "a function name")
    objects.expect("[")
    name = objects.string()
    objects.expect("]")
    return name


_STATEMENTS = EitherOr("tools", r"(?=[.\[])", _written, _read)
render, parse = _STATEMENTS.render, _STATEMENTS.parse

TYPESCRIPT = Format(
    name="typescript",
    instruction=(
        "Call each tool as a statement of TypeScript: tools.NAME({argument: value, ...}); "
        "If no tool fits or a required value is missing, say so in plain text."
    ),
    render=render,
    parse=parse,
    begun=_STATEMENTS.begun,
)
