"""LLaMA-Factory's layouts, as its Glaive samples and many conversions on the hub have them.

ShareGPT: ``{"conversations": [{"from", "value"}], "tools": "<JSON text>", "system"?}`` with the turns human,
gpt, function_call (JSON text of a call or of a list of calls) and observation. Version 1:
``{"messages": [{"role", "content": [{"type", "value"}], "loss_weight"?}], "tools"}`` with the types text,
reasoning and tool_call.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.calls import json_text
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES = {"glaive": "Apache-2.0", "apigen-mt": "CC-BY-NC-4.0", "reason_tool_use": "Apache-2.0"}
FIELDS = ("conversations", "messages", "tools", "system")
LOSES = "the order of text, reasoning and calls within a message; where one text part ends."
SEEN = "real"
_KNOWN = frozenset({"conversations", "messages", "tools", "system"})
_TURNS = ("human", "gpt", "function_call", "observation", "system")
_ROLES = ("system", "user", "assistant", "tool")


_TURN_FIELDS = frozenset({"from", "value"})
_MESSAGE_FIELDS = frozenset({"role", "content", "loss_weight"})


class _Turn(msgspec.Struct, rename={"origin": "from"}):
    origin: str
    value: str


class _Part(msgspec.Struct):
    type: str
    value: str


class _Message(msgspec.Struct):
    role: str
    content: list[Json]
    loss_weight: float | None = None


class _Row(msgspec.Struct):
    tools: list[Json] | str | None = None
    system: str | None = None
    conversations: list[Json] | None = None
    messages: list[Json] | None = None


def detect(value: Mapping[str, Json]) -> str:
    """Recognise ShareGPT turns beside a tools column, or messages made of typed values."""
    turns = value.get("conversations")
    if isinstance(turns, list) and turns and "tools" in value:
        if all(isinstance(t, dict) and t.get("from") in _TURNS for t in turns):
            return "ShareGPT turns (human, gpt, function_call, observation) with a tools column"
        return ""
    messages = value.get("messages")
    if isinstance(messages, list) and messages and all(_is_v1(m) for m in messages):
        return "messages whose content is a list of {type, value}"
    return ""


def _is_v1(message: Json) -> bool:
    content = message.get("content") if isinstance(message, dict) else None
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(p, dict) and {"type", "value"} <= p.keys() for p in content)
    )


def convert(row: Row) -> Trajectory:
    """Return the conversation."""
    raw = shape(row.value, _Row)
    talk = Conversation(row, toolset(raw.tools))
    if raw.system:
        talk.system(raw.system)
    if raw.conversations is not None:
        for i, item in enumerate(raw.conversations):
            path = f"conversations[{i}]"
            _add_turn(talk, shape(item, _Turn, path), path)
            talk.keep(path, item, _TURN_FIELDS)
    elif raw.messages is not None:
        for i, item in enumerate(raw.messages):
            path = f"messages[{i}]"
            _add_message(talk, shape(item, _Message, path), path)
            talk.keep(path, item, _MESSAGE_FIELDS)
    else:
        raise BadRow("missing-field", "conversations", "neither conversations nor messages")
    return talk.finish(fields=other_fields(row.value, _KNOWN))


def _add_turn(talk: Conversation, turn: _Turn, path: str) -> None:
    if turn.origin == "human":
        talk.user(turn.value)
    elif turn.origin == "gpt":
        talk.assistant(turn.value, path=f"{path}.value")
    elif turn.origin == "function_call":
        talk.assistant("", json_text(turn.value, f"{path}.value"))
    elif turn.origin == "observation":
        talk.result(turn.value)
    elif turn.origin == "system":
        talk.system(turn.value)
    else:
        raise BadRow("unknown-role", f"{path}.from", f"expected one of {_TURNS}, got {turn.origin!r}")


def _add_message(talk: Conversation, message: _Message, path: str) -> None:
    parts = [shape(item, _Part, f"{path}.content[{i}]") for i, item in enumerate(message.content)]
    allowed = ("text", "reasoning", "tool_call") if message.role == "assistant" else ("text",)
    for i, part in enumerate(parts):
        if part.type not in allowed:
            raise BadRow("wrong-type", f"{path}.content[{i}].type", f"expected {allowed}, got {part.type!r}")
    text = "\n".join(p.value for p in parts if p.type == "text")
    if message.role == "system":
        talk.system(text)
    elif message.role == "user":
        talk.user(text)
    elif message.role == "tool":
        talk.result(text)
    elif message.role == "assistant":
        reasoning = "\n".join(p.value for p in parts if p.type == "reasoning")
        calls = [
            call
            for i, p in enumerate(parts)
            if p.type == "tool_call"
            for call in json_text(p.value, f"{path}.content[{i}].value")
        ]
        talk.assistant(
            text, calls, reasoning=reasoning or None, weight=message.loss_weight, path=f"{path}.content"
        )
    else:
        raise BadRow("unknown-role", f"{path}.role", f"expected one of {_ROLES}, got {message.role!r}")
