"""When2Call's test set (CC-BY-4.0; derived from BFCL v2 live): is a call due, a question, or a refusal?

Row: ``{"question", "tools": [JSON text], "answers": {"direct", "tool_call", "request_for_info",
"cannot_answer"}, "correct_answer", …}``. The right answer is the assistant's turn and decides what the task
expects; the wrong ones are kept with the row. No tool in the list says that none was offered.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation, Expects
from callwright.unify.files import rows as rows
from callwright.unify.notations.calls import json_text
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.sources.when2call import parsed_tools
from callwright.unify.tools import toolset

LICENSES = {"": "CC-BY-4.0"}
FIELDS = ("question", "correct_answer", "answers", "tools", "orig_tools", "target_tool")
LOSES = "nothing that we know of."
SEEN = "real"
_KNOWN = frozenset({"question", "tools", "answers"})
_EXPECTS: dict[str, Expects] = {
    "tool_call": "call",
    "request_for_info": "clarify",
    "cannot_answer": "no_call",
    "direct": "no_call",
}


class _Row(msgspec.Struct):
    question: str
    correct_answer: str
    answers: dict[str, str]
    tools: list[Json]


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a question with answers of several kinds, one of them right."""
    right = value.get("correct_answer")
    if not isinstance(value.get("question"), str) or not isinstance(right, str) or right not in _EXPECTS:
        return ""
    if isinstance(value.get("answers"), dict) and isinstance(value.get("tools"), list):
        return "a question, tools, and answers of which correct_answer is right"
    return ""


def convert(row: Row) -> Trajectory:
    """Return question → the right answer."""
    raw = shape(row.value, _Row)
    right = raw.correct_answer
    if right not in _EXPECTS:
        raise BadRow("wrong-type", "correct_answer", f"expected one of {list(_EXPECTS)}, got {right!r}")
    if right not in raw.answers:
        raise BadRow("missing-field", f"answers.{right}", "the right answer is absent")
    talk = Conversation(row, toolset(parsed_tools(raw.tools)))
    talk.user(raw.question)
    path = f"answers.{right}"
    if right == "tool_call":
        talk.assistant("", json_text(raw.answers[right], path), path=path)
    else:
        talk.assistant(raw.answers[right], path=path)
    wrong = {kind: text for kind, text in raw.answers.items() if kind != right}
    fields = {**other_fields(row.value, _KNOWN), "answers": wrong}
    return talk.finish(fields=fields, expects=_EXPECTS[right])
