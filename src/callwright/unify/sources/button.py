"""BUTTONInstruct (CC-BY-4.0): OpenAI-like messages with calls between ``<call>`` tags.

The system text offers flat tools, with `responses`, between ``<tool>`` tags; what stands before them is the
instruction, what stands behind them is the format instruction. A turn of the assistant is a thought followed
by ``<call>[…]</call>`` or by ``<final>…</final>``: the thought becomes its reasoning, the final answer its
text. A turn without either tag is text. A tool turn lists ``{"name", "arguments"?, "results"}`` per call.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import tagged, tagged_results
from callwright.unify.notations.calls import Call
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES = {"": "CC-BY-4.0"}
FIELDS = ("messages",)
LOSES = "how JSON inside results is spelt; the arguments that a result repeats from its call."
SEEN = "exemplar"
_KNOWN = frozenset({"messages"})
_MESSAGE_FIELDS = frozenset({"role", "content"})
_ROLES = ("system", "user", "assistant", "tool")
_FINAL = tagged.Tag("<final>", "</final>")


class _Message(msgspec.Struct):
    role: str
    content: str


class _Row(msgspec.Struct):
    messages: list[Json]


def detect(value: Mapping[str, Json]) -> str:
    """Recognise tools between tags in the system text of a conversation."""
    messages = value.get("messages")
    if not isinstance(messages, list) or not messages or not isinstance(messages[0], dict):
        return ""
    text = messages[0].get("content")
    if messages[0].get("role") == "system" and isinstance(text, str) and tagged.offer(text, tagged.TOOL):
        return "a system text with <tool>[…]</tool>"
    return ""


def convert(row: Row) -> Trajectory:
    """Return the conversation."""
    raw = shape(row.value, _Row)
    messages = [shape(item, _Message, f"messages[{i}]") for i, item in enumerate(raw.messages)]
    offer = tagged.offer(messages[0].content, tagged.TOOL) if messages else None
    if offer is None or messages[0].role != "system":
        raise BadRow("bad-tools", "messages[0].content", "expected a system text with <tool>[…]</tool>")
    talk = Conversation(row, toolset(tagged.definitions(offer.definitions, "messages[0].content")))
    talk.system(offer.before)
    talk.format_instruction = offer.after
    waiting: list[tuple[str, Call]] = []
    for i, message in enumerate(messages):
        path = f"messages[{i}]"
        if message.role == "user":
            talk.user(message.content)
        elif message.role == "assistant":
            waiting = _answer(talk, message.content, f"{path}.content")
        elif message.role == "tool":
            _add_results(talk, message.content, waiting, f"{path}.content")
        elif message.role != "system":
            raise BadRow("unknown-role", f"{path}.role", f"expected one of {_ROLES}, got {message.role!r}")
        elif i:
            talk.system(message.content)
        talk.keep(path, raw.messages[i], _MESSAGE_FIELDS)
    return talk.finish(fields=other_fields(row.value, _KNOWN))


def _answer(talk: Conversation, text: str, path: str) -> list[tuple[str, Call]]:
    """Add a turn; return its calls, which wait for results, by id."""
    said = tagged.read(text, tagged.CALL, path)
    before, opened, rest = said.text.partition(_FINAL.open)
    thought, spoken = said.reasoning, said.text
    if opened and rest.rstrip().endswith(_FINAL.close):
        thought, spoken = _joined(thought, before), rest.rstrip().removesuffix(_FINAL.close).strip()
    elif said.calls:
        thought, spoken = _joined(thought, said.text), ""
    ids = talk.assistant(spoken, said.calls, reasoning=thought, path=path)
    return list(zip(ids, said.calls, strict=True))


def _joined(*thoughts: str | None) -> str | None:
    return "\n".join(t.strip() for t in thoughts if t and t.strip()) or None


def _add_results(talk: Conversation, text: str, waiting: list[tuple[str, Call]], path: str) -> None:
    for i, result in enumerate(tagged_results.listed_results(text) or [tagged_results.Result(text)]):
        own = tagged_results.answered(result, waiting)
        waiting[:] = [pair for pair in waiting if pair[0] != own]
        if own is None and result.arguments is not None:
            talk.keep(f"{path}[{i}]", {"arguments": result.arguments}, frozenset())
        talk.result(result.content, call_id=own, name=result.name)
