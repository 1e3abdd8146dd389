"""A bold line with the tool, a list of its arguments, values as JSON, and a rule below.

>>> parse('**Tool call:** `add`\\n- `a`: 1\\n\\n---').calls[0].arguments
{'a': 1}
"""

from __future__ import annotations

from callwright.formats.reply import Format
from callwright.formats.scan import Scanner, set_once, written_name
from callwright.formats.strict_json import write
from callwright.formats.text_then_calls import TextThenCalls
from callwright.record import Json, ToolCall

OPEN, CLOSE = "**Tool call:**", "---"


def _written(calls: tuple[ToolCall, ...]) -> str:
    return "\n\n".join(map(_call, calls))


def _call(call: ToolCall) -> str:
    arguments = (f"- `{written_name(k)}`: {write(v)}\n" for k, v in (call.arguments or {}).items())
    return f"{OPEN} `{written_name(call.name)}`\n{''.join(arguments)}\n{CLOSE}"


def _read(scanner: Scanner) -> tuple[ToolCall, ...] | None:
    if not scanner.take(OPEN):
        return None
    name = _code(scanner, "a function name")
    arguments: dict[str, Json] = {}
    scanner.blanks()
    while not scanner.take(CLOSE):
        start = scanner.position
        scanner.expect("-")
        key = _code(scanner, "an argument name")
        scanner.expect(":")
        set_once(arguments, key, scanner.json(), scanner, start)
        scanner.blanks()
    return (ToolCall(name=name or scanner.fail("name is no text"), arguments=arguments),)


def _code(scanner: Scanner, what: str) -> str:
    scanner.blanks()
    scanner.expect("`")
    name = scanner.name(what)
    scanner.expect("`")
    return name


_LIST = TextThenCalls(OPEN, _written, _read)
render, parse = _LIST.render, _LIST.parse

MARKDOWN = Format(
    name="markdown",
    instruction=(
        "Call each tool in Markdown: **Tool call:** `NAME`, an item - `argument`: JSON each, then "
        "---. If no tool fits or a required value is missing, say so."
    ),
    render=render,
    parse=parse,
    begun=_LIST.begun,
)
