"""BFCL v4 (Apache-2.0), its single-turn categories: questions in one file, allowed answers in another.

Row: ``{"id", "question": [[messages]], "function": […]}``. The answers lie in ``possible_answer`` beside or
inside the folder, under the same file name: ``{"id", "ground_truth": [{function: {argument: [allowed,
…]}}]}``; a row may also hold its `ground_truth` itself. Without answers a row is a bare query. A category
of irrelevance has none on purpose and expects no call; every other one expects calls.

A call takes the first allowed value of each argument, inside of objects too, and lists all of them in
`alternatives`. An empty string among them says that the argument may be left out. Where it stands first,
the argument is left out, unless it is required: the values behind it are defaults that nobody asked for.
Calls of the retired executable categories are Python text.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import msgspec

from callwright.errors import DataError
from callwright.record import Json, Trajectory
from callwright.unify import files
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations.calls import Call
from callwright.unify.notations.pythonic import order_of, read
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import Toolset, toolset

LICENSES = {"": "Apache-2.0"}
FIELDS = ("id", "question", "function", "ground_truth")
LOSES = "nothing that we know of."
SEEN = "real"
ANSWERS = "possible_answer"
_KNOWN = frozenset({"question", "function", "ground_truth"})


class _Row(msgspec.Struct):
    id: str
    question: list[Json]
    function: list[Json] | dict[str, Json]
    ground_truth: Json = None


class _Message(msgspec.Struct):
    role: str
    content: str


class _Answer(msgspec.Struct):
    id: str
    ground_truth: Json = None


_READ = frozenset(_Message.__struct_fields__)


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a question that is a list of messages beside functions."""
    question = value.get("question")
    if not isinstance(value.get("id"), str) or not isinstance(value.get("function"), list | dict):
        return ""
    if "involved_classes" in value or not isinstance(question, list) or not question:
        return ""
    first = question[0][0] if isinstance(question[0], list) and question[0] else question[0]
    return (
        "question as turns of messages, and function" if isinstance(first, dict) and "role" in first else ""
    )


def convert(row: Row) -> Trajectory:
    """Return question → calls, or the bare question."""
    raw = shape(row.value, _Row)
    tools = toolset(raw.function if isinstance(raw.function, list) else [raw.function], "function")
    talk = Conversation(row, tools)
    for turn, path in turns_of(raw.question):
        for i, item in enumerate(turn):
            add_message(talk, item, f"{path}[{i}]")
    answer, fields = answer_of(row, raw.id, raw.ground_truth)
    calls = _calls(answer, tools) if isinstance(answer, list) else []
    if calls:
        talk.assistant("", calls, path="ground_truth")
    elif answer:
        fields["ground_truth"] = answer
    return talk.finish(
        fields={**other_fields(row.value, _KNOWN), **fields},
        expects="no_call" if "irrelevance" in raw.id else "call",
        kind=None if calls else "query",
    )


def turns_of(question: list[Json]) -> list[tuple[list[Json], str]]:
    """Return each turn's messages with their path; a flat list of messages is one turn."""
    if question and all(isinstance(item, dict) for item in question):
        return [(question, "question")]
    turns = [(item, f"question[{i}]") for i, item in enumerate(question)]
    return [(shape(item, list[Json], path), path) for item, path in turns]


def add_message(talk: Conversation, item: Json, path: str) -> None:
    """Add one message of a question."""
    message = shape(item, _Message, path)
    if message.role == "system":
        talk.system(message.content)
    elif message.role == "user":
        talk.user(message.content)
    elif message.role == "assistant":
        talk.assistant(message.content, path=f"{path}.content")
    else:
        raise BadRow(
            "unknown-role", f"{path}.role", f"expected system, user or assistant, got {message.role!r}"
        )
    talk.keep(path, item, _READ)


def answer_of(row: Row, id: str, own: Json) -> tuple[Json, dict[str, Json]]:
    """Return the answer to a row, its own or the one in the file of answers, and what else that file says."""
    if own is not None:
        return own, {}
    folder, name = row.file.path.parent, row.file.path.name
    if folder.name == ANSWERS:
        return None, {}
    found = next((p for p in (folder / ANSWERS / name, folder.parent / ANSWERS / name) if p.is_file()), None)
    if found is None:
        return None, {}
    entry = _answers(found).get(id, {})
    return entry.get("ground_truth"), {k: v for k, v in entry.items() if k not in ("id", "ground_truth")}


@lru_cache(maxsize=32)
def _answers(path: Path) -> dict[str, dict[str, Json]]:
    """Return the answers by id; raises `DataError`: without them, rows would seem to be bare queries."""
    found: dict[str, dict[str, Json]] = {}
    for element in files.elements(path):
        try:
            if element.error:
                raise element.error
            found[shape(element.value, _Answer).id] = element.value
        except BadRow as bad:
            place = f"{path}:{element.number}"
            raise DataError("answer can not be read", place=place, got=str(bad)) from None
    return found


def _calls(answer: list[Json], tools: Toolset | None) -> list[Call]:
    offered = tools.tools if tools else ()
    required = {t.original_name or t.name: t.parameters.get("required", ()) for t in offered}
    calls: list[Call] = []
    for i, item in enumerate(answer):
        path = f"ground_truth[{i}]"
        if isinstance(item, str):
            calls += read(item, order_of(tools), path)
            continue
        for name, allowed in shape(item, dict[str, dict[str, Json]], path).items():
            if not name:
                raise BadRow("bad-calls", path, "a call without a name")
            calls.append(_call(name, allowed, frozenset(required.get(name, ()))))
    return calls


def _call(name: str, allowed: dict[str, Json], required: frozenset[str]) -> Call:
    alternatives = {key: item if isinstance(item, list) else [item] for key, item in allowed.items()}
    return Call(name, _chosen(alternatives, required), alternatives=alternatives)


def _chosen(alternatives: Mapping[str, Json], required: frozenset[str]) -> dict[str, Json]:
    """Return the first allowed value of each argument, without those that are better left out."""
    chosen: dict[str, Json] = {}
    for key, allowed in alternatives.items():
        if not isinstance(allowed, list):  # an object inside of a value, written as it is
            chosen[key] = allowed
            continue
        values = [value for value in allowed if value != ""]
        if values and (allowed[0] != "" or key in required):
            chosen[key] = _value(values[0])
        elif allowed and key in required:
            chosen[key] = ""
    return chosen


def _value(value: Json) -> Json:
    if isinstance(value, dict):
        return _chosen(value, frozenset())
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value
