"""xlam-function-calling-60k (CC-BY-4.0) and its kin: tools and answers are JSON text in columns.

Row: ``{"id", "query", "answers": "[{name, arguments}]", "tools": "[{name, description, parameters}]"}``,
flat parameters without `required`. An empty list of answers says that no tool fits (the irrelevance sets):
the assistant's turn is then empty and the task expects no call.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.files import rows as rows
from callwright.unify.notations.calls import json_text
from callwright.unify.question import answered
from callwright.unify.rows import Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES = {"": "CC-BY-4.0"}
FIELDS = ("id", "query", "answers", "tools")
LOSES = "nothing that we know of."
SEEN = "real"
_KNOWN = frozenset({"query", "answers", "tools"})


class _Columns(msgspec.Struct, gc=False):
    query: str
    answers: str
    tools: str


def detect(value: Mapping[str, Json]) -> str:
    """Recognise the three text columns."""
    if all(isinstance(value.get(key), str) for key in _KNOWN):
        return "query, answers and tools, the latter two as JSON text"
    return ""


def convert(row: Row) -> Trajectory:
    """Return query → calls."""
    columns = shape(row.value, _Columns)
    calls = json_text(columns.answers, "answers")
    return answered(
        row,
        toolset(columns.tools),
        columns.query,
        calls,
        expects="call" if calls else "no_call",
        fields=other_fields(row.value, _KNOWN),
        path="answers",
    )
