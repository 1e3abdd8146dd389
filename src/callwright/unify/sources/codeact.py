"""CodeActInstruct (Apache-2.0): an agent that acts by Python code, ``<execute> … </execute>``.

``{"id", "conversations": [{"role": "system" | "user" | "assistant", "content"}]}``. The code is a call of the
tool `execute` (kind "code"), an answer in ``<solution> … </solution>`` a call of `solution`; what stands
around the tags is what the assistant says. A user's turn after a call is its result, without the
``Observation:`` in front. The functions that the system text lists exist inside of the Python process:
they are no tools of the model and stay in the instruction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import react
from callwright.unify.notations.calls import Call
from callwright.unify.notations.dialogue import READ, expects, texts, turns
from callwright.unify.notations.episode import unlabelled
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import Toolset, assemble, make_tool

LICENSES = {"": "Apache-2.0"}
FIELDS = ("id", "conversations")
LOSES = "the blanks around code and answers; whether words stood before or behind the code."
SEEN = "real"
_KNOWN = frozenset({"conversations"})
_OPEN = re.compile(r"<(?:execute|solution)>")


class _Row(msgspec.Struct):
    conversations: list[Json]


def detect(value: Mapping[str, Json]) -> str:
    """Recognise code or answers in tags, which the system text asks for."""
    asked = [*texts(value.get("conversations"), "system", 2), *texts(value.get("conversations"), "user", 1)]
    said = texts(value.get("conversations"), "assistant", 6)
    if any("<execute>" in text for text in asked) and any(map(_OPEN.search, said)):
        return "turns that act by <execute> and <solution>"
    return ""


@lru_cache(maxsize=1)
def _tools() -> Toolset:
    def one(name: str) -> dict[str, Json]:
        return {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}

    return assemble(
        [
            make_tool("execute", "Run Python code; the process keeps its state.", one("code"), kind="code"),
            make_tool("solution", "Propose the answer to the task.", one("answer"), kind="env"),
        ]
    )


def convert(row: Row) -> Trajectory:
    """Return the run."""
    said = turns(shape(row.value, _Row).conversations, "conversations")
    talk = Conversation(row, _tools())
    waiting: list[str] = []
    for turn in said:
        if turn.speaker == "system":
            talk.system(turn.text)
        elif turn.speaker == "assistant":
            text, calls = _read(turn.text, turn.path)
            if not calls:
                talk.notes.setdefault("no_action", []).append(turn.path)
            waiting = talk.assistant(text, calls, weight=turn.weight, path=turn.path)
        elif waiting:
            talk.result(unlabelled(turn.text), call_id=waiting.pop(0))
        else:
            talk.user(turn.text)
        talk.keep(turn.path, turn.item, READ)
    return talk.finish(fields=other_fields(row.value, _KNOWN), expects=expects(talk), kind="env")


def _read(text: str, path: str) -> tuple[str, list[Call]]:
    """Return what is said outside of the tags, and the calls inside of them in order."""
    calls: list[Call] = []
    while opening := _OPEN.search(text):
        tag = opening[0][1:-1]
        found = react.tagged(text[opening.start() :], tag)
        if found is None:
            raise BadRow("calls-in-text", path, f"{opening[0]} is not closed")
        calls.append(Call(tag, {"code" if tag == "execute" else "answer": found[1].strip()}))
        text = f"{text[: opening.start()].rstrip()}{found[2]}"
    return text.strip(), calls
