"""Function tags, `<function=name>{…}</function>`, as Llama 3.1 writes calls to tools of its user.

>>> parse('<function=now>{}</function>').calls[0].name
'now'
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from callwright.formats.grammar import argument_rules
from callwright.formats.reply import Format
from callwright.formats.scan import Scanner, written_name
from callwright.formats.strict_json import write
from callwright.formats.text_then_calls import TextThenCalls
from callwright.record import Tool, ToolCall

OPEN, CLOSE = "<function=", "</function>"


def _written(calls: tuple[ToolCall, ...]) -> str:
    return "\n".join(f"{OPEN}{written_name(call.name)}>{write(call.arguments)}{CLOSE}" for call in calls)


def _read(scanner: Scanner) -> tuple[ToolCall, ...] | None:
    if not scanner.take(OPEN):
        return None
    name = scanner.name("a function name")
    scanner.expect(">")
    start = scanner.position
    arguments = scanner.json()
    if not name or not isinstance(arguments, dict):
        scanner.fail("arguments is no object" if name else "name is no text", start)
    scanner.blanks()
    scanner.expect(CLOSE)
    return (ToolCall(name=name, arguments=arguments),)


def grammar(tools: Sequence[Tool]) -> str:
    """Return the grammar of text, or calls, or text above calls; its text holds no angle bracket."""
    rules = ['start: text | text? call ("\\n" call)*', "text: /[^<]+/"]
    rules.append("call: " + " | ".join(f"call_{number}" for number in range(len(tools))))
    for number, tool in enumerate(tools):
        head, tail = json.dumps(f"{OPEN}{written_name(tool.name)}>"), json.dumps(CLOSE)
        rules.append(f"call_{number}: {head} arguments_{number} {tail}")
    return "\n".join([*rules, argument_rules(tools)])


_TAGS = TextThenCalls(OPEN, _written, _read)
render, parse = _TAGS.render, _TAGS.parse

FUNCTION_TAGS = Format(
    name="function_tags",
    instruction=(
        "Call each tool as <function=NAME>{arguments as JSON}</function>. "
        "If no tool fits or a required value is missing, say so in plain text."
    ),
    render=render,
    parse=parse,
    begun=_TAGS.begun,
    grammar=grammar,
)
