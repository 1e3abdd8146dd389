r"""Calls in Python syntax, `[name(argument=value, ...), ...]`, as BFCL's prompting mode asks for.

    >>> parse("[weather.get(city='Kyiv', days=2)]").calls[0].arguments
    {'city': 'Kyiv', 'days': 2}

A reply whose first visible character is `[` is a list of calls; any other reply is text, and text and calls
do not mix. Values are the Python literals that have a JSON value: None, True, False, numbers, strings, lists,
dicts with string keys. An argument whose name is no Python name is written `**{"odd name": 1}`. What is
rendered is Python; what is read is read by the small parser below: nothing is ever evaluated.
"""

from __future__ import annotations

import re
from keyword import iskeyword
from types import MappingProxyType

from callwright.formats.literals import LiteralScanner
from callwright.formats.reply import Format, Unrenderable
from callwright.formats.scan import NAME, Scanner, set_once
from callwright.formats.strict_json import quote
from callwright.formats.text_or_calls import EitherOr
from callwright.record import Json, ToolCall

_ARGUMENT = re.compile(r"[^\W\d]\w*")
_PLAIN_ARGUMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _written(calls: tuple[ToolCall, ...]) -> str:
    return "[" + ", ".join(map(_call, calls)) + "]"


def _call(call: ToolCall) -> str:
    if not NAME.fullmatch(call.name):
        raise Unrenderable(f"{call.name!r} can not be written as a function name")
    return f"{call.name}({', '.join(_argument(k, v) for k, v in (call.arguments or {}).items())})"


def _argument(name: str, value: Json) -> str:
    if _PLAIN_ARGUMENT.fullmatch(name) and not iskeyword(name):
        return f"{name}={_literal(value)}"
    return f"**{{{quote(name)}: {_literal(value)}}}"


def _literal(value: Json) -> str:
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return repr(value)


class _Parser(LiteralScanner):
    """Values and calls of Python."""

    words = MappingProxyType({"None": None, "True": True, "False": False})
    escapes = MappingProxyType({"a": "\a"})

    def key(self) -> str:
        """Step over a key, which is always a string."""
        if self.text[self.position : self.position + 1] not in ('"', "'"):
            self.fail("expected a string as key")
        return self.string()

    def calls(self) -> tuple[ToolCall, ...]:
        """Step over the list of calls."""
        found: list[ToolCall] = []
        self.blanks()
        self.expect("[")
        while not self.at_end_of_items("]", first=not found):
            found.append(self._call())
        return tuple(found)

    def _call(self) -> ToolCall:
        name = self.match(NAME, "a function name")
        arguments: dict[str, Json] = {}
        self.blanks()
        self.expect("(")
        first = True
        while not self.at_end_of_items(")", first=first):
            first = False
            start = self.position
            for key, value in self._argument().items():
                set_once(arguments, key, value, self, start)
        return ToolCall(name=name, arguments=arguments)

    def _argument(self) -> dict[str, Json]:
        # Depth 2: the arguments object itself is the first level, as `flaw` counts.
        if self.take("**"):
            self.blanks()
            self.expect("{")
            return self.object(1)
        name = self.match(_ARGUMENT, "an argument name")
        self.blanks()
        self.expect("=")
        return {name: self.value(2)}


def _read(scanner: Scanner) -> tuple[ToolCall, ...]:
    parser = _Parser(scanner.text, scanner.position)
    calls = parser.calls()
    scanner.position = parser.position
    return calls


_LIST = EitherOr("[", "", _written, _read)
render, parse = _LIST.render, _LIST.parse

PYTHON = Format(
    name="python",
    instruction=(
        "Call tools as [name(argument=value, ...), ...] with Python literals. "
        "If no tool fits or a required value is missing, say so in plain text."
    ),
    render=render,
    parse=parse,
    begun=_LIST.begun,
)
