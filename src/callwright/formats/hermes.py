r"""The default format: free text, then one `<tool_call>` block per call, as Hermes and Qwen models write it.

    >>> parse('<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>').calls[0].name
    'now'

Inside a block stands strict JSON in which `<tool_call>` and its like are escaped, so an argument can not end
its block. Text that is cut off is malformed, with one exception that no block format can avoid: a cut between
two whole blocks leaves a valid reply with fewer calls. Text behind the last block is not accepted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import partial

from callwright.formats.grammar import call_rules
from callwright.formats.reply import (
    Format,
    Malformed,
    Reply,
    Unrenderable,
    before_marker,
    require_encodable,
    require_names,
)
from callwright.formats.strict_json import as_call, as_objects, read, skip_blanks, write
from callwright.record import Tool, ToolCall

OPEN, CLOSE = "<tool_call>", "</tool_call>"
_STRAY = re.compile("</?tool_call")


def render(reply: Reply, *, swapped: bool = False) -> str:
    """Return the text, a line break, and the blocks one below the other."""
    require_names(reply.calls)
    require_encodable(reply.text)
    if _STRAY.search(reply.text):
        raise Unrenderable("the text holds a tool_call marker")
    blocks = [f"{OPEN}\n{write(call)}\n{CLOSE}" for call in as_objects(reply.calls, swapped=swapped)]
    return "\n".join([reply.text, *blocks] if reply.text else blocks)


def parse(text: str) -> Reply | Malformed:
    """Return the text before the first block and the calls of the blocks."""
    first = text.find(OPEN)
    before = text if first < 0 else text[:first]
    if stray := _STRAY.search(before):
        return Malformed("a tool_call marker that opens no block", stray.start())
    if first < 0:
        return Reply(text, ())
    calls: list[ToolCall] = []
    position = first
    while position < len(text):
        block = _parse_block(text, position)
        if isinstance(block, Malformed):
            return block
        call, position = block
        calls.append(call)
    return Reply(before.removesuffix("\n"), tuple(calls))


def _parse_block(text: str, position: int) -> tuple[ToolCall, int] | Malformed:
    """Return the call of the block at `position` and the start of what follows."""
    if not text.startswith(OPEN, position):
        return Malformed("text behind a call", position, settled=not OPEN.startswith(text[position:]))
    found = read(text, position + len(OPEN))
    if isinstance(found, Malformed):
        return found
    value, end = found
    call = as_call(value, position)
    if isinstance(call, Malformed):
        return call
    end = skip_blanks(text, end)
    if not text.startswith(CLOSE, end):
        return Malformed(f"expected {CLOSE}", end)
    return call, skip_blanks(text, end + len(CLOSE))


def begun(text: str) -> str:
    """Return the text before a marker; a line break at its end may belong to the calls."""
    shortest = min(before_marker(text, OPEN), before_marker(text, CLOSE), key=len)
    return shortest.removesuffix("\n")


def grammar(tools: Sequence[Tool], *, text: bool = True, several: bool = True) -> str:
    """Return the grammar of text, or blocks, or text above blocks; its text holds no angle bracket.

    Without `text` there have to be blocks and nothing else, and without `several` at most one.
    """
    opened, closed = json.dumps(f"{OPEN}\n"), json.dumps(f"\n{CLOSE}")
    blocks = "block" + ' ("\\n" block)*' * several
    start = f"text | text? {blocks}" if text else blocks
    rules = [f"start: {start}", f"block: {opened} call {closed}"] + ["text: /[^<]+/"] * text
    return "\n".join([*rules, call_rules(tools)])


HERMES = Format(
    name="hermes",
    instruction=(
        'Call each tool as <tool_call>{"name": ..., "arguments": {...}}</tool_call>. '
        "If no tool fits or a required value is missing, say so in plain text."
    ),
    render=render,
    parse=parse,
    begun=begun,
    grammar=grammar,
    render_swapped=partial(render, swapped=True),
)
