"""Known defects of the conversation: who speaks when, what is expected, how the talk ends."""

from __future__ import annotations

import random
from collections.abc import Callable

from msgspec.structs import replace

from callwright.record import Message, Trajectory
from callwright.verify.selfcheck.plants import Plant, places, with_message


def _at(
    role: str, change: Callable[[Trajectory, int], Trajectory | None]
) -> Callable[..., Trajectory | None]:
    def apply(t: Trajectory, rng: random.Random) -> Trajectory | None:
        found = [i for i, message in enumerate(t.messages) if message.role == role]
        return change(t, rng.choice(found)) if found else None

    return apply


def _without_users(t: Trajectory, rng: random.Random) -> Trajectory | None:
    # Without its requests the row begins with an answer; what remains must not be empty.
    return replace(t, messages=tuple(m for m in t.messages if m.role != "user"))


def _blank_user(t: Trajectory, i: int) -> Trajectory:
    return with_message(t, i, replace(t.messages[i], content=" \n"))


def _blank_answer(t: Trajectory, rng: random.Random) -> Trajectory | None:
    last = t.messages[-1]
    if last.role != "assistant" or t.task.expects == "no_call":
        return None
    return with_message(t, len(t.messages) - 1, replace(last, content="", tool_calls=()))


def _user_calls(t: Trajectory, rng: random.Random) -> Trajectory | None:
    found = places(t)
    users = [i for i, message in enumerate(t.messages) if message.role == "user"]
    if not found or not users:
        return None
    i = rng.choice(users)
    return with_message(t, i, replace(t.messages[i], tool_calls=(rng.choice(found).call,)))


def _unanswered(t: Trajectory, rng: random.Random) -> Trajectory | None:
    users = [i for i, message in enumerate(t.messages) if message.role == "user"]
    return replace(t, messages=t.messages[: users[0] + 1]) if users else None


def _ends_with_result(t: Trajectory, rng: random.Random) -> Trajectory | None:
    results = [i for i, message in enumerate(t.messages) if message.role == "tool"]
    return replace(t, messages=t.messages[: rng.choice(results) + 1]) if results else None


def _orphan(t: Trajectory, i: int) -> Trajectory:
    return with_message(t, i, t.messages[i], Message(role="tool", content="17"))


def _other_id(t: Trajectory, i: int) -> Trajectory | None:
    message = t.messages[i]
    if message.tool_call_id is None:
        return None
    return with_message(t, i, replace(message, tool_call_id="call_zz"))


def _same_ids(t: Trajectory, rng: random.Random) -> Trajectory | None:
    found = [i for i, m in enumerate(t.messages) if len(m.tool_calls) > 1 and m.tool_calls[0].id is not None]
    if not found:
        return None
    i = rng.choice(found)
    first = t.messages[i].tool_calls[0].id
    return with_message(
        t, i, replace(t.messages[i], tool_calls=tuple(replace(c, id=first) for c in t.messages[i].tool_calls))
    )


def _stutter(t: Trajectory, i: int) -> Trajectory | None:
    message = t.messages[i]
    if message.tool_calls:
        return None
    return with_message(t, i, message, message)


def _silent(t: Trajectory, rng: random.Random) -> Trajectory | None:
    first = next((i for i, message in enumerate(t.messages) if message.tool_calls), None)
    if t.task.expects != "call" or first is None:
        return None
    # Text for the last call alone would leave a row that does call, only less often.
    return replace(t, messages=(*t.messages[:first], Message(role="assistant", content="I can not tell.")))


def _needless(t: Trajectory, rng: random.Random) -> Trajectory | None:
    if not places(t) or t.task.expects not in ("any", "call"):
        return None
    return replace(t, task=replace(t.task, expects="no_call"))


ON_TURNS: tuple[Plant, ...] = (
    Plant("no message at all", "structure", "no-messages", lambda t, _: replace(t, messages=())),
    Plant("no request", "structure", "no-user", _without_users),
    Plant("a blank request", "structure", "empty-message", _at("user", _blank_user)),
    Plant("a blank answer", "structure", "empty-message", _blank_answer),
    Plant("calls by the user", "structure", "calls-outside-assistant", _user_calls),
    Plant("a request that nobody answers", "structure", "last-turn", _unanswered),
    Plant("a result as the last turn", "structure", "last-turn", _ends_with_result, "warning"),
    Plant("a result that no call asked for", "structure", "orphan-result", _at("user", _orphan)),
    Plant("a result for another call", "structure", "call-id-mismatch", _at("tool", _other_id)),
    Plant("one id for two calls", "structure", "duplicate-call-id", _same_ids),
    Plant("the same answer twice in a row", "duplicates", "repeated-turn", _at("assistant", _stutter)),
    Plant("text where a call is due", "expectation", "missing-call", _silent),
    Plant("a call where none is due", "expectation", "unexpected-call", _needless),
)  # fmt: skip
