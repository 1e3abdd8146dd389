"""The canonical output of xLAM (arXiv 2409.03215 §3.2): one JSON object with `thought` and `tool_calls`.

    >>> parse('{"thought": "", "tool_calls": []}')
    Reply(text='', calls=())

A reply without calls has an empty `tool_calls` and its text in `thought`. Read, too: the object inside a
Markdown fence, and without `thought`, as the smaller xLAM models write it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from callwright.formats.grammar import call_rules
from callwright.formats.reply import Format, Malformed, Reply, nothing_certain, require_names
from callwright.formats.strict_json import BLANK, as_calls, as_objects, read, skip_blanks, write
from callwright.record import Json, Tool

FENCE = re.compile(r"[ \t\r\n]*```(?:json)?[ \t\r]*\n")
_FENCE_END = "```"


def render(reply: Reply, *, swapped: bool = False) -> str:
    """Return one line of JSON."""
    require_names(reply.calls)
    return write({"thought": reply.text, "tool_calls": as_objects(reply.calls, swapped=swapped)})


def parse(text: str) -> Reply | Malformed:
    """Return what the one object says; anything beside it is malformed."""
    fence = FENCE.match(text)
    found = read(text, fence.end() if fence else 0)
    if isinstance(found, Malformed):
        return found
    value, end = found
    rest = text[end:].strip(BLANK)
    if rest != (_FENCE_END if fence else ""):
        unfinished = bool(fence) and _FENCE_END.startswith(rest)
        return Malformed("text behind the object", skip_blanks(text, end), settled=not unfinished)
    return _as_reply(value, skip_blanks(text, fence.end() if fence else 0))


def _as_reply(value: Json, position: int) -> Reply | Malformed:
    if not isinstance(value, dict) or not {"tool_calls"} <= set(value) <= {"thought", "tool_calls"}:
        return Malformed("expected an object with thought and tool_calls", position)
    thought, items = value.get("thought", ""), value["tool_calls"]
    if not isinstance(thought, str):
        return Malformed("thought is no text", position)
    calls = as_calls(items, position)
    return calls if isinstance(calls, Malformed) else Reply(thought, calls)


def grammar(tools: Sequence[Tool]) -> str:
    """Return the grammar of the object, without blanks that `render` would not write."""
    written = r"""start: "{\"thought\": " text ", \"tool_calls\": [" (call (", " call)*)? "]}"
text: %json {"type": "string"}
"""
    return written + call_rules(tools)


XLAM = Format(
    name="xlam",
    instruction=(
        'Answer in JSON: {"thought": text, "tool_calls": [{"name": ..., "arguments": {...}}]}. '
        "If no tool fits or a value is missing, say so in thought, without calls."
    ),
    render=render,
    parse=parse,
    begun=nothing_certain,
    grammar=grammar,
    render_swapped=partial(render, swapped=True),
)
