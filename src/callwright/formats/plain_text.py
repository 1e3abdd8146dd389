"""Calls as sentences, `Use add with a = 1, b = 2;`, values as JSON, one line each.

>>> parse('Tool call: use add with a = 1, b = 2;').calls[0].arguments
{'a': 1, 'b': 2}
"""

from __future__ import annotations

from callwright.formats.reply import Format
from callwright.formats.scan import Scanner, set_once, written_name
from callwright.formats.strict_json import write
from callwright.formats.text_then_calls import TextThenCalls
from callwright.record import Json, ToolCall

OPEN = "Tool call: use "


def _written(calls: tuple[ToolCall, ...]) -> str:
    return "\n".join(map(_call, calls))


def _call(call: ToolCall) -> str:
    arguments = ", ".join(f"{written_name(k)} = {write(v)}" for k, v in (call.arguments or {}).items())
    return f"{OPEN}{written_name(call.name)}{' with ' if arguments else ''}{arguments};"


def _read(scanner: Scanner) -> tuple[ToolCall, ...] | None:
    if not scanner.take(OPEN):
        return None
    name = scanner.name("a function name") or scanner.fail("name is no text")
    arguments: dict[str, Json] = {}
    scanner.blanks()
    if scanner.take("with"):
        _read_argument(scanner, arguments)
        while scanner.take(","):
            _read_argument(scanner, arguments)
    scanner.expect(";")
    return (ToolCall(name=name, arguments=arguments),)


def _read_argument(scanner: Scanner, arguments: dict[str, Json]) -> None:
    scanner.blanks()
    start = scanner.position
    key = scanner.name("an argument name")
    scanner.blanks()
    scanner.expect("=")
    set_once(arguments, key, scanner.json(), scanner, start)
    scanner.blanks()


_SENTENCES = TextThenCalls(OPEN, _written, _read)
render, parse = _SENTENCES.render, _SENTENCES.parse

PLAIN_TEXT = Format(
    name="plain_text",
    instruction=(
        "Call each tool in a line: Tool call: use NAME with argument = JSON, argument = JSON; "
        "If no tool fits or a required value is missing, say so in other words."
    ),
    render=render,
    parse=parse,
    begun=_SENTENCES.begun,
)
