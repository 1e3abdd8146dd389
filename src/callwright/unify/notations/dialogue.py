"""The turns of a row whose calls are written as text: two notations, one list.

``{"from": "human" | "gpt", "value", "loss"}`` and ``{"role": "user" | "assistant", "content"}`` become
`Turn`s that say who speaks; what else a turn carries stays in `item`, for `Conversation.keep`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec

from callwright.record import Json, Outcome
from callwright.unify.conversation import Conversation
from callwright.unify.notations import blocks
from callwright.unify.rows import BadRow, shape

Speaker = Literal["system", "user", "assistant", "result"]
SPEAKERS: Mapping[str, Speaker] = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "agent": "assistant",
    "ai": "assistant",
    "tool": "result",
    "function": "result",
    "observation": "result",
    "environment": "result",
}
READ = frozenset({"from", "value", "role", "content", "loss"})
"""The fields of a turn that a `Turn` holds."""


class Turn(NamedTuple):
    """What one side says."""

    speaker: Speaker
    text: str
    weight: float | None
    path: str
    item: Mapping[str, Json]


class _Said(msgspec.Struct):
    who: str = msgspec.field(name="from")
    value: str
    loss: bool | float | None = None


class _Message(msgspec.Struct):
    role: str
    content: str
    loss: bool | float | None = None


def turns(value: Json, path: str) -> list[Turn]:
    """Return the turns of a list in either notation; raises `BadRow` for an unknown role."""
    return [_turn(item, f"{path}[{i}]") for i, item in enumerate(shape(value, list[Json], path))]


def _turn(item: Json, path: str) -> Turn:
    if isinstance(item, dict) and "from" in item:
        said = shape(item, _Said, path)
        who, text, loss, key = said.who, said.value, said.loss, "from"
    else:
        message = shape(item, _Message, path)
        who, text, loss, key = message.role, message.content, message.loss, "role"
    speaker = SPEAKERS.get(who)
    if speaker is None:
        raise BadRow("unknown-role", f"{path}.{key}", f"expected one of {', '.join(SPEAKERS)}, got {who!r}")
    weight = float(loss) if loss is not None and speaker == "assistant" else None
    return Turn(speaker, text, weight, path, item)


def texts(value: Json, speaker: Speaker, limit: int = 12) -> list[str]:
    """Return what one side says in the first turns, skipping whatever is no turn: for `detect`."""
    found = []
    for item in value[:limit] if isinstance(value, list) else ():
        if isinstance(item, dict):
            who, text = item.get("from", item.get("role")), item.get("value", item.get("content"))
            if isinstance(who, str) and isinstance(text, str) and SPEAKERS.get(who) == speaker:
                found.append(text)
    return found


def expects(talk: Conversation) -> Literal["call", "any"]:
    """Return what the task of a run expects: calls if it has some; text alone proves nothing."""
    return "call" if any(message.tool_calls for message in talk.messages) else "any"


def outcome(reward: Json, success: Json = None) -> Outcome | None:
    """Return the outcome of a reward (a number or a truth value) and a flag, or None where neither is told.

    Whatever is no reward or no flag is left to the caller, see `is_reward` and `is_flag`.
    """
    number = float(reward) if isinstance(reward, bool) else reward
    return blocks.outcome(number, bool(success) if is_flag(success) else None)


def is_reward(value: Json) -> bool:
    """Tell whether this is a number or a truth value."""
    return isinstance(value, bool) or blocks.number(value) is not None


def is_flag(value: Json) -> bool:
    """Tell whether this is a truth value, written as one or as 0 and 1."""
    return isinstance(value, bool) or (isinstance(value, int | float) and value in (0, 1))
