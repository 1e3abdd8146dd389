r"""A bare JSON list of calls, as xLAM's 1b and 7b models write it; a reply without calls is text.

>>> parse('[{"name": "now", "arguments": {}}]').calls[0].name
'now'
"""

from __future__ import annotations

from collections.abc import Sequence

from callwright.formats.grammar import call_rules
from callwright.formats.reply import Format, Malformed
from callwright.formats.scan import Scanner
from callwright.formats.strict_json import as_calls, as_objects, write
from callwright.formats.text_or_calls import EitherOr
from callwright.record import Tool, ToolCall


def read_list(scanner: Scanner) -> tuple[ToolCall, ...]:
    """Return the calls of the JSON list that comes next."""
    start = scanner.position
    calls = as_calls(scanner.json(), start)
    if isinstance(calls, Malformed):
        scanner.fail(calls.reason, calls.position)
    return calls


def grammar(tools: Sequence[Tool]) -> str:
    """Return the grammar of text that is no list, or of a list."""
    return 'start: text | "[" call (", " call)* "]"\ntext: /[^\\[ \\t\\r\\n`](?s:.*)/\n' + call_rules(tools)


_LIST = EitherOr("[", "", lambda calls: write(as_objects(calls)), read_list)
_SWAPPED = _LIST._replace(write=lambda calls: write(as_objects(calls, swapped=True)))
render, parse = _LIST.render, _LIST.parse

JSON_LIST = Format(
    name="json_list",
    instruction=(
        'Call tools as a JSON list: [{"name": ..., "arguments": {...}}, ...]. '
        "If no tool fits or a required value is missing, say so in plain text."
    ),
    render=render,
    parse=parse,
    begun=_LIST.begun,
    grammar=grammar,
    render_swapped=_SWAPPED.render,
)
