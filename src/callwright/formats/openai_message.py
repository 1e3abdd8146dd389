r"""An assistant message of OpenAI's chat API as one JSON object; arguments are JSON inside a string.

>>> parse('{"content": "Hi", "tool_calls": []}')
Reply(text='Hi', calls=())
"""

from __future__ import annotations

from functools import partial

from callwright.formats.reply import (
    Format,
    Malformed,
    Reply,
    Unrenderable,
    nothing_certain,
    require_names,
)
from callwright.formats.scan import Scanner, Unexpected
from callwright.formats.strict_json import BLANK, as_objects, flaw, read, skip_blanks, write
from callwright.record import Json, ToolCall

_KEYS = {"role", "content", "tool_calls"}


def render(reply: Reply, *, swapped: bool = False) -> str:
    """Return one line of JSON."""
    require_names(reply.calls)
    for call in reply.calls:
        # Inside the string the depth counts anew; what is read must be no deeper than what is written.
        if reason := flaw({"arguments": call.arguments}):
            raise Unrenderable(reason)
    functions = [
        {**each, "arguments": write(each["arguments"])} for each in as_objects(reply.calls, swapped=swapped)
    ]
    calls = [{"type": "function", "function": function} for function in functions]
    return write({"content": reply.text, "tool_calls": calls})


def parse(text: str) -> Reply | Malformed:
    """Return what the object says; ``content`` may be null, and ids are not kept."""
    scanner = Scanner(text)
    try:
        value = scanner.json()
    except Unexpected as error:
        return error.malformed()
    if not scanner.over:
        scanner.blanks()
        return Malformed("text behind the object", scanner.position, settled=True)
    return _reply(value, skip_blanks(text, 0))


def _reply(value: Json, position: int) -> Reply | Malformed:
    if not isinstance(value, dict) or not set(value) <= _KEYS or not {"content", "tool_calls"} & set(value):
        return Malformed("expected a message with content and tool_calls", position)
    content, items = value.get("content"), value.get("tool_calls")
    if not isinstance(content, str | None) or not isinstance(items, list | None):
        return Malformed("content is no text, or tool_calls no list", position)
    if value.get("role", "assistant") != "assistant":
        return Malformed("not a message of the assistant", position)
    calls: list[ToolCall] = []
    for item in items or ():
        call = _call(item, position)
        if isinstance(call, Malformed):
            return call
        calls.append(call)
    return Reply(content or "", tuple(calls))


def _call(item: Json, position: int) -> ToolCall | Malformed:
    function = item.get("function") if isinstance(item, dict) else None
    if not isinstance(function, dict) or set(function) != {"name", "arguments"}:
        return Malformed("a call has a function with name and arguments", position)
    if not set(item) <= {"id", "type", "function"} or item.get("type", "function") != "function":
        return Malformed("not a call of a function", position)
    name, written = function["name"], function["arguments"]
    if not isinstance(name, str) or not name or not isinstance(written, str):
        return Malformed("name or arguments is no text", position)
    found = read(written, 0)
    if isinstance(found, Malformed):
        return Malformed(f"arguments: {found.reason}", position)
    arguments, end = found
    if not isinstance(arguments, dict) or written[end:].strip(BLANK):
        return Malformed("arguments is no object", position)
    return ToolCall(name=name, arguments=arguments)


OPENAI = Format(
    name="openai",
    instruction=(
        'Answer in JSON: {"content": text, "tool_calls": [{"type": "function", "function": {"name": ..., '
        '"arguments": "{...}"}}]}. If no tool fits or a value is missing, say so in content.'
    ),
    render=render,
    parse=parse,
    begun=nothing_certain,
    render_swapped=partial(render, swapped=True),
)
