"""smolagents/toolcalling (no licence known): answers only, the question stands in a column of its own.

``{"original_question", "messages": [{"role": "assistant|tool", "content"}]}`` with ``<tool_call>`` around a
Python dict. The question becomes the first turn where the messages have no user turn. Which tools were
offered is unknown: the rows do not tell.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import tagged, tagged_results
from callwright.unify.rows import BadRow, Row, other_fields, shape

LICENSES: dict[str, str] = {}
FIELDS = ("original_question", "messages")
LOSES = "how JSON inside results is spelt; where text stood between two calls of a turn."
SEEN = "exemplar"
_KNOWN = frozenset({"original_question", "messages"})
_MESSAGE_FIELDS = frozenset({"role", "content"})
_ROLES = ("system", "user", "assistant", "tool")


class _Message(msgspec.Struct):
    role: str
    content: str


class _Row(msgspec.Struct):
    original_question: str
    messages: list[Json]


def detect(value: Mapping[str, Json]) -> str:
    """Recognise the question beside the messages that answer it."""
    if isinstance(value.get("original_question"), str) and isinstance(value.get("messages"), list):
        return "original_question beside messages"
    return ""


def convert(row: Row) -> Trajectory:
    """Return question → turns."""
    raw = shape(row.value, _Row)
    messages = [shape(item, _Message, f"messages[{i}]") for i, item in enumerate(raw.messages)]
    talk = Conversation(row, None)
    asked = [m.content for m in messages if m.role == "user"]
    if asked and raw.original_question not in asked:
        talk.notes["original_question"] = raw.original_question
    for i, message in enumerate(messages):
        if not asked and message.role != "system":
            asked = [raw.original_question]
            talk.user(raw.original_question)
        _add(talk, message, f"messages[{i}]")
        talk.keep(f"messages[{i}]", raw.messages[i], _MESSAGE_FIELDS)
    return talk.finish(fields=other_fields(row.value, _KNOWN))


def _add(talk: Conversation, message: _Message, path: str) -> None:
    if message.role == "system":
        talk.system(message.content)
    elif message.role == "user":
        talk.user(message.content)
    elif message.role == "assistant":
        said = tagged.read(message.content, tagged.TOOL_CALL, f"{path}.content")
        talk.assistant(said.text, said.calls, reasoning=said.reasoning, path=f"{path}.content")
    elif message.role == "tool":
        for result in tagged_results.responses(message.content):
            talk.result(result.content, name=result.name)
    else:
        raise BadRow("unknown-role", f"{path}.role", f"expected one of {_ROLES}, got {message.role!r}")
