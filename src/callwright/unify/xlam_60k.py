"""xlam-function-calling-60k (CC-BY-4.0) and its kin: tools and answers are JSON text in columns.

Row: ``{"id", "query", "answers": "[{name, arguments}]", "tools": "[{name, description, parameters}]"}``,
flat parameters without `required`. An empty list of answers says that no tool fits (the irrelevance sets):
the assistant's turn is then empty and the task expects no call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify import files
from callwright.unify.calls import json_text
from callwright.unify.conversation import Conversation
from callwright.unify.rows import Element, File, Row, other_fields, shape
from callwright.unify.tools import toolset

NAME = "xlam_60k"
LICENSES = {"": "CC-BY-4.0"}
FIELDS = ("id", "query", "answers", "tools")
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


def rows(file: File) -> Iterator[Element]:
    """Yield each row."""
    return files.elements(file.path)


def convert(row: Row) -> Trajectory:
    """Return query → calls."""
    columns = shape(row.value, _Columns)
    talk = Conversation(row, toolset(columns.tools))
    talk.user(columns.query)
    calls = json_text(columns.answers, "answers")
    talk.assistant("", calls, path="answers")
    return talk.finish(fields=other_fields(row.value, _KNOWN), expects="call" if calls else "no_call")
