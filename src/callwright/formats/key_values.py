"""Lines of `key=value`, values as JSON; a call begins with `call=` and ends with `[end]`.

>>> parse('call=add\\na=1\\n[end]').calls[0].arguments
{'a': 1}
"""

from __future__ import annotations

import re

from callwright.formats.reply import Format
from callwright.formats.scan import Scanner, set_once, written_name
from callwright.formats.strict_json import write
from callwright.formats.text_or_calls import EitherOr
from callwright.record import Json, ToolCall

END = "[end]"
"""Begins like no name, so that a text that is cut ends no call."""


def _written(calls: tuple[ToolCall, ...]) -> str:
    return "\n".join(map(_call, calls))


def _call(call: ToolCall) -> str:
    arguments = (f"{written_name(k)}={write(v)}\n" for k, v in (call.arguments or {}).items())
    return f"call={written_name(call.name)}\n{''.join(arguments)}{END}"


def _read(scanner: Scanner) -> tuple[ToolCall, ...]:
    calls: list[ToolCall] = []
    while scanner.take("call="):
        name = scanner.name("a function name")
        arguments: dict[str, Json] = {}
        while not _ended(scanner):
            start = scanner.position
            key = scanner.name("an argument name")
            scanner.expect("=")
            set_once(arguments, key, scanner.json(), scanner, start)
        calls.append(ToolCall(name=name or scanner.fail("name is no text"), arguments=arguments))
        scanner.blanks()
    return tuple(calls)


def _ended(scanner: Scanner) -> bool:
    """Step over the line break that has to come next; tell whether the end follows, and step over it."""
    scanner.match(_BREAK, "a line break")
    return scanner.take(END)


_BREAK = re.compile(r"[ \t]*\r?\n[ \t\r\n]*")
_LINES = EitherOr("call=", "", _written, _read)
render, parse = _LINES.render, _LINES.parse

KEY_VALUES = Format(
    name="key_values",
    instruction=(
        "Call each tool in lines: call=NAME, then argument=JSON for each argument, then [end]. "
        "If no tool fits or a required value is missing, say so in plain text."
    ),
    render=render,
    parse=parse,
    begun=_LINES.begun,
)
