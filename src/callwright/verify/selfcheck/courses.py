"""Known defects of the course that a row takes: thoughts, loops, errors that an answer passes over."""

from __future__ import annotations

import random
from collections.abc import Callable

from msgspec.structs import replace

from callwright.record import Message, Trajectory
from callwright.verify.selfcheck.plants import Change, Plant

_ERROR = '{"error": "the service knows no such place"}'


def _last_calls(t: Trajectory) -> Message | None:
    """Return the last turn if it calls; without ids, so that it can be repeated."""
    last = t.messages[-1] if t.messages else None
    if last is None or not last.tool_calls:
        return None
    return replace(last, content="", tool_calls=tuple(replace(call, id=None) for call in last.tool_calls))


def _going_on(result: str, answer: str, times: int = 1) -> Change:
    """Return a defect that goes on after the last calls: results, perhaps the same step again, an answer."""

    def apply(t: Trajectory, rng: random.Random) -> Trajectory | None:
        calls = _last_calls(t)
        if calls is None:
            return None
        step = (calls, *(Message(role="tool", content=result) for _ in calls.tool_calls))
        final = Message(role="assistant", content=answer)
        return replace(t, messages=(*t.messages[:-1], *step * times, final))

    return apply


def _thinking(thought: str) -> Change:
    def apply(t: Trajectory, rng: random.Random) -> Trajectory | None:
        found = [i for i, message in enumerate(t.messages) if message.tool_calls]
        if not found:
            return None
        i = rng.choice(found)
        messages = list(t.messages)
        messages[i] = replace(messages[i], reasoning=thought)
        return replace(t, messages=tuple(messages))

    return apply


def _on_answer(change: Callable[[str], str]) -> Change:
    def apply(t: Trajectory, rng: random.Random) -> Trajectory | None:
        last = t.messages[-1] if t.messages else None
        if last is None or last.role != "assistant" or not last.content:
            return None
        return replace(t, messages=(*t.messages[:-1], replace(last, content=change(last.content))))

    return apply


ON_COURSES: tuple[Plant, ...] = (
    Plant("a failing step three times over", "reasoning", "call-loop",
          _going_on(_ERROR, "I am sorry, the service knows no such place.", times=3)),
    Plant("markup of calls in the answer", "reasoning", "leaked-markup",
          _on_answer(lambda text: f"{text} </tool_call>")),
    Plant("a thought that says nothing", "reasoning", "empty-thought", _thinking("N/A"), "warning"),
    Plant("a thought that wants no call", "reasoning", "thought-contradicts-call",
          _thinking("The question is easy. No tool is needed for this."), "warning"),
    Plant("success after nothing but an error", "reasoning", "ignored-observation",
          _going_on(_ERROR, "All set, everything is arranged as you asked."), "warning"),
    Plant("an error as a result", "observations", "error-observation",
          _going_on(_ERROR, "I am sorry, the service knows no such place."), "warning"),
)  # fmt: skip
