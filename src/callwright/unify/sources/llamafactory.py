"""LLaMA-Factory's layouts, as its Glaive samples and many conversions on the hub have them.

ShareGPT: ``{"conversations": [{"from", "value"}], "tools": "<JSON text>", "system"?}`` with the turns human,
gpt, function_call (JSON text of a call or of a list of calls) and observation. Version 1:
``{"messages": [{"role", "content": [{"type", "value"}], "loss_weight"?}], "tools"}`` with the types text,
reasoning and tool_call. Where a result is a list with an entry for each call of the turn before, ``[{"name",
"content", "tool_call_id"?}]``, each entry is the result of its call.

Preference pairs: ``{"conversations", "chosen": {"from", "value"}, "rejected": …}`` in ShareGPT, and whole
conversations as `chosen_messages` and `rejected_messages` in version 1. What both sides begin with is the
prompt; see `preference` for sides of several messages and for the names of error classes. The folder's
``dataset_info.json`` is a catalogue and holds no rows.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import pairs
from callwright.unify.notations.calls import json_text, split_thought
from callwright.unify.notations.pairs import Placed
from callwright.unify.notations.tagged import Said
from callwright.unify.notations.tagged_results import of_each
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES = {
    "glaive": "Apache-2.0",
    "apigen-mt": "CC-BY-NC-4.0",
    "apigen_mt": "CC-BY-NC-4.0",
    "reason_tool_use": "Apache-2.0",
}
FIELDS = ("conversations", "messages", "tools", "system", "chosen_messages", "rejected_messages")
LOSES = (
    "the order of text, reasoning and calls within a message; where one text part ends; the ids of results "
    "that lie in one list, which name no call."
)
SEEN = "real"
_KNOWN = frozenset({"conversations", "messages", "tools", "system", "chosen_messages", "rejected_messages"})
_SIDES = ("chosen", "rejected")
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
    chosen_messages: list[Json] = []
    rejected_messages: list[Json] = []


def detect(value: Mapping[str, Json]) -> str:
    """Recognise ShareGPT turns beside tools or a pair of answers, or messages made of typed values."""
    sides = value.get("chosen_messages"), value.get("rejected_messages")
    if all(isinstance(side, list) and side and all(map(_is_v1, side)) for side in sides):
        return "chosen_messages and rejected_messages of {type, value}"
    turns = value.get("conversations")
    paired = all(isinstance(value.get(key), dict) and "value" in value[key] for key in ("chosen", "rejected"))
    if isinstance(turns, list) and turns and ("tools" in value or paired):
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
    """Return the conversation, with the rejected answer beside its last turn."""
    raw = shape(row.value, _Row)
    talk = Conversation(row, toolset(raw.tools))
    if raw.system:
        talk.system(raw.system)
    if raw.conversations is not None:
        return _of_sharegpt(talk, row, raw.conversations)
    if raw.chosen_messages or raw.rejected_messages:
        chosen = pairs.placed(raw.chosen_messages, "chosen_messages")
        rejected = pairs.placed(raw.rejected_messages, "rejected_messages")
        n = pairs.shared(chosen, rejected)
        for message in chosen[:n]:
            _add_message(talk, message)
        pairs.add(talk, (chosen[n:], rejected[n:]), _said_v1, _MESSAGE_FIELDS, row.value)
        weight = shape(chosen[n].item, _Message, chosen[n].path).loss_weight
        talk.messages[-1] = msgspec.structs.replace(talk.messages[-1], weight=weight)
        return talk.finish(fields=other_fields(row.value, _KNOWN), expects=pairs.expected(talk))
    if raw.messages is None:
        raise BadRow("missing-field", "conversations", "neither conversations nor messages")
    for message in pairs.placed(raw.messages, "messages"):
        _add_message(talk, message)
    return talk.finish(fields=other_fields(row.value, _KNOWN))


def _of_sharegpt(talk: Conversation, row: Row, turns: list[Json]) -> Trajectory:
    for message in pairs.placed(turns, "conversations"):
        _add_turn(talk, message)
    sides = row.value.get("chosen"), row.value.get("rejected")
    if not all(isinstance(side, dict) for side in sides):
        return talk.finish(fields=other_fields(row.value, _KNOWN))
    chosen, rejected = ([Placed(side, name)] for side, name in zip(sides, _SIDES, strict=True))
    pairs.add(talk, (chosen, rejected), _said, _TURN_FIELDS, row.value)
    return talk.finish(fields=other_fields(row.value, _KNOWN | set(_SIDES)), expects=pairs.expected(talk))


def _add_turn(talk: Conversation, message: Placed) -> None:
    turn = shape(message.item, _Turn, message.path)
    if turn.origin in ("gpt", "function_call"):
        said = _said(message)
        talk.assistant(said.text, said.calls, reasoning=said.reasoning, path=f"{message.path}.value")
    elif turn.origin == "human":
        talk.user(turn.value)
    elif turn.origin == "observation":
        _add_results(talk, turn.value)
    elif turn.origin == "system":
        talk.system(turn.value)
    else:
        raise BadRow("unknown-role", f"{message.path}.from", f"expected one of {_TURNS}, got {turn.origin!r}")
    talk.keep(message.path, message.item, _TURN_FIELDS)


def _add_results(talk: Conversation, text: str) -> None:
    for result in of_each(text, talk.called):
        talk.result(result.content, name=result.name)


def _said(message: Placed) -> Said:
    """Take a turn of the assistant apart."""
    turn = shape(message.item, _Turn, message.path)
    thought, text = split_thought(turn.value)
    if turn.origin == "function_call":
        return Said("", json_text(text, f"{message.path}.value"), thought or None)
    if turn.origin == "gpt":
        return Said(text, [], thought or None)
    raise BadRow(
        "unknown-role", f"{message.path}.from", f"expected gpt or function_call, got {turn.origin!r}"
    )


def _add_message(talk: Conversation, placed: Placed) -> None:
    message = shape(placed.item, _Message, placed.path)
    if message.role == "assistant":
        said = _said_v1(placed)
        path = f"{placed.path}.content"
        weight = message.loss_weight
        talk.assistant(said.text, said.calls, reasoning=said.reasoning, weight=weight, path=path)
    else:
        text = _joined(_parts(message, placed.path, ("text",)), "text")
        if message.role == "system":
            talk.system(text)
        elif message.role == "user":
            talk.user(text)
        elif message.role == "tool":
            _add_results(talk, text)
        else:
            detail = f"expected one of {_ROLES}, got {message.role!r}"
            raise BadRow("unknown-role", f"{placed.path}.role", detail)
    talk.keep(placed.path, placed.item, _MESSAGE_FIELDS)


def _said_v1(placed: Placed) -> Said:
    """Take a message of the assistant apart."""
    message = shape(placed.item, _Message, placed.path)
    if message.role != "assistant":
        raise BadRow("unknown-role", f"{placed.path}.role", f"expected assistant, got {message.role!r}")
    parts = _parts(message, placed.path, ("text", "reasoning", "tool_call"))
    thought, text = split_thought(_joined(parts, "text"))
    calls = [
        call
        for i, part in enumerate(parts)
        if part.type == "tool_call"
        for call in json_text(part.value, f"{placed.path}.content[{i}].value")
    ]
    reasoning = "\n".join(t for t in (_joined(parts, "reasoning"), thought) if t)
    return Said(text, calls, reasoning or None)


def _parts(message: _Message, path: str, allowed: tuple[str, ...]) -> list[_Part]:
    parts = [shape(item, _Part, f"{path}.content[{i}]") for i, item in enumerate(message.content)]
    for i, part in enumerate(parts):
        if part.type not in allowed:
            raise BadRow("wrong-type", f"{path}.content[{i}].type", f"expected {allowed}, got {part.type!r}")
    return parts


def _joined(parts: list[_Part], kind: str) -> str:
    return "\n".join(part.value for part in parts if part.type == kind)
