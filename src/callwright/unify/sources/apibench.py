"""Gorilla APIBench (Apache-2.0): an instruction and the one line of Python that loads the model for it.

Row: ``{"code", "api_call", "provider", "api_data"}``. The instruction stands in `code`, behind
``###Instruction:`` or ``'Instruction':``; the rest of `code` is an explanation that others generated and is
kept with the row. The call is Python text, ``torch.hub.load(repo_or_dir="…", model="…")``. The rows
describe an API (`api_data`, kept) but no schema of the function that is called, and do not say what else
was offered: the tools are unknown. A call with positional arguments, or with a method behind it, therefore
stays unparsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations.pythonic import read
from callwright.unify.rows import BadRow, Row, other_fields, shape

LICENSES = {"": "Apache-2.0"}
FIELDS = ("code", "api_call", "provider", "api_data")
LOSES = "nothing that we know of."
SEEN = "real"
_KNOWN = frozenset({"api_call"})
_INSTRUCTION = re.compile(
    r"###\s*Instruction:(?P<marked>.*?)###\s*Output:|'Instruction':(?P<quoted>.*?),\s*'Output':",
    re.S,
)


class _Row(msgspec.Struct):
    code: str
    api_call: str
    api_data: dict[str, Json]


def detect(value: Mapping[str, Json]) -> str:
    """Recognise the call beside the data of its API."""
    if isinstance(value.get("code"), str) and isinstance(value.get("api_call"), str):
        return "code, api_call and api_data" if isinstance(value.get("api_data"), dict) else ""
    return ""


def convert(row: Row) -> Trajectory:
    """Return instruction → call."""
    raw = shape(row.value, _Row)
    found = _INSTRUCTION.search(raw.code)
    query = _unquoted((found["marked"] or found["quoted"] or "").strip()) if found else ""
    if not query:
        raise BadRow("missing-field", "code", "no instruction can be told from the output")
    talk = Conversation(row, None)
    talk.user(query)
    talk.assistant("", read(raw.api_call, path="api_call"), path="api_call")
    return talk.finish(fields=other_fields(row.value, _KNOWN))


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if quoted else text
