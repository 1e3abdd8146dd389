"""ActionStudio's Unified Format 2.0 (CC-BY-NC-4.0) and the training rows that its converter makes of it.

Unified: ``{"unique_trajectory_id", "task_instruction", "format_instruction"?, "few_shot_examples"?, "tools",
"conversation": [OpenAI messages, arguments as objects]}``. Training: ``{"id", "messages", "tools", "chosen",
"output_message", "reject"?}``, one row per turn of the assistant; `chosen` is that turn as text, the list
of its calls as JSON, bare or behind ``[TOOL_CALLS]``, or plain words. It alone is trained on, so the
earlier ones have the weight 0. `output_message` is the same turn as a message; it stays in
``extra["unify"]["fields"]``, because the thought beside its calls is no part of the target.

What a turn says beside its calls is its thought by definition of the format, and becomes its reasoning.
`messages` and `tools` may be Python or JSON text. A format instruction that was merged into the system text
stays there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from callwright.record import Json, Message, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import answers, pairs, turns
from callwright.unify.notations.blocks import written
from callwright.unify.notations.literals import written_value
from callwright.unify.notations.tagged import Said
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES = {"": "CC-BY-NC-4.0"}
FIELDS = ("unique_trajectory_id", "task_instruction", "conversation", "chosen", "output_message")
LOSES = "the order of tools and modules within a rendered prompt."
SEEN = "exemplar"
_UNIFIED = frozenset({"task_instruction", "format_instruction", "few_shot_examples", "tools", "conversation"})
_TRAINING = frozenset({"messages", "tools", "chosen", "reject", "rejected"})


class _Unified(msgspec.Struct):
    conversation: list[Json]
    tools: Json = None
    task_instruction: str | None = None
    format_instruction: str | None = None
    few_shot_examples: list[Json] | str | None = None


class _Training(msgspec.Struct):
    messages: list[Json] | str
    chosen: str
    tools: Json = None
    reject: str | None = None
    rejected: str | None = None


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a conversation beside its task instruction, or messages beside the turn that follows."""
    if isinstance(value.get("conversation"), list) and isinstance(value.get("task_instruction"), str):
        return "task_instruction and conversation"
    if not isinstance(value.get("messages"), list | str) or not isinstance(value.get("chosen"), str):
        return ""
    if isinstance(value.get("output_message"), dict) or "---" in str(value.get("id", "")):
        return "messages and the chosen turn behind them"
    return ""


def convert(row: Row) -> Trajectory:
    """Return the conversation, or the turn to train on with what came before it."""
    if "conversation" in shape(row.value, dict[str, Any]):
        return _of_unified(row)
    return _of_training(row)


def _of_unified(row: Row) -> Trajectory:
    raw = shape(row.value, _Unified)
    talk = Conversation(row, toolset(_read(raw.tools, "tools")))
    if raw.task_instruction:
        talk.system(raw.task_instruction)
    talk.format_instruction = raw.format_instruction or ""
    shots = raw.few_shot_examples or []
    talk.few_shots = (shots,) if isinstance(shots, str) else tuple(map(written, shots))
    for i, item in enumerate(raw.conversation):
        turns.add(talk, _with_text(item), f"conversation[{i}]")
    talk.messages = list(map(_with_thought, talk.messages))
    return talk.finish(fields=other_fields(row.value, _UNIFIED))


def _with_thought(message: Message) -> Message:
    """Return a turn whose text is its thought, as the text beside calls is by definition of the format."""
    if not message.tool_calls or not message.content or message.reasoning:
        return message
    return msgspec.structs.replace(message, content="", reasoning=message.content)


def _with_text(item: Json) -> Json:
    """Return a message whose content, where it is the value that a tool returned, is that value's JSON."""
    content = item.get("content") if isinstance(item, dict) and item.get("role") == "tool" else None
    if content is None or isinstance(content, str) or _are_parts(content):
        return item
    return {**item, "content": written(content)}


def _are_parts(content: Json) -> bool:
    return isinstance(content, list) and all(isinstance(p, dict) and p.get("type") == "text" for p in content)


def _of_training(row: Row) -> Trajectory:
    raw = shape(row.value, _Training)
    talk = Conversation(row, toolset(_read(raw.tools, "tools")))
    for i, item in enumerate(shape(_read(raw.messages, "messages"), list[Json], "messages")):
        turns.add(talk, _with_text(item), f"messages[{i}]")
    history = [(_with_thought(m), 0.0 if m.role == "assistant" else None) for m in talk.messages]
    talk.messages = [msgspec.structs.replace(message, weight=weight) for message, weight in history]
    said = _target(raw.chosen, "chosen")
    talk.assistant(said.text, said.calls, reasoning=said.reasoning, path="chosen")
    worse = raw.rejected if raw.rejected is not None else raw.reject
    if worse is not None:
        found = _target(worse, "rejected")
        kind = pairs.difference(said, found)
        talk.reject(found.text, found.calls, error_class=kind, reasoning=found.reasoning, path="rejected")
    return talk.finish(fields=other_fields(row.value, _TRAINING), expects=pairs.expected(talk))


def _target(text: str, path: str) -> Said:
    """Return a target, of which the empty list is one without any call."""
    return (
        Said("", [])
        if text.strip() in ("[]", "[TOOL_CALLS][]", "[TOOL_CALLS] []")
        else answers.read(text, path)
    )


def _read(value: Json, path: str) -> Json:
    """Return a column that may be written as a text."""
    if not isinstance(value, str):
        return value
    try:
        return written_value(value) if value.strip() else []
    except ValueError as error:
        reason = "bad-tools" if path == "tools" else "wrong-type"
        raise BadRow(reason, path, str(error)) from None
