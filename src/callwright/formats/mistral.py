"""A JSON list of calls behind `[TOOL_CALLS]`, as Mistral and ActionStudio write it.

>>> parse('[TOOL_CALLS] [{"name": "now", "arguments": {}}]').calls[0].name
'now'
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

from callwright.formats.grammar import call_rules
from callwright.formats.json_list import read_list
from callwright.formats.reply import (
    Format,
    Malformed,
    Reply,
    Unrenderable,
    before_marker,
    require_encodable,
    require_names,
)
from callwright.formats.scan import Scanner, Unexpected
from callwright.formats.strict_json import as_objects, write
from callwright.record import Tool

MARKER = "[TOOL_CALLS]"


def render(reply: Reply, *, swapped: bool = False) -> str:
    """Return the text, the marker, and one line of JSON."""
    require_names(reply.calls)
    require_encodable(reply.text)
    if MARKER in reply.text:
        raise Unrenderable(f"the text holds {MARKER}")
    if not reply.calls:
        return reply.text
    return f"{reply.text}{MARKER} {write(as_objects(reply.calls, swapped=swapped))}"


def parse(text: str) -> Reply | Malformed:
    """Return the text before the marker, and the calls of the list behind it."""
    before, marker, _ = text.partition(MARKER)
    if not marker:
        return Reply(text, ())
    scanner = Scanner(text, len(before) + len(MARKER))
    try:
        calls = read_list(scanner)
    except Unexpected as error:
        return error.malformed()
    if not scanner.over:
        scanner.blanks()
        return Malformed("text behind the list", scanner.position, settled=True)
    return Reply(before, calls)


def grammar(tools: Sequence[Tool]) -> str:
    """Return the grammar of text without square brackets, or of a list of calls behind it."""
    marker = json.dumps(f"{MARKER} [")
    return f'start: text | text? {marker} call (", " call)* "]"\ntext: /[^\\[]+/\n' + call_rules(tools)


MISTRAL = Format(
    name="mistral",
    instruction=(
        'Call tools as [TOOL_CALLS] [{"name": ..., "arguments": {...}}, ...]. '
        "If no tool fits or a required value is missing, say so in plain text."
    ),
    render=render,
    parse=parse,
    begun=partial(before_marker, marker=MARKER),
    grammar=grammar,
    render_swapped=partial(render, swapped=True),
)
