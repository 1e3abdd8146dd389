"""Changes that look like defects and are none: a verifier that objects to them loses right rows."""

from __future__ import annotations

import random
from collections.abc import Callable

from msgspec.structs import replace

from callwright.record import Json, Message, ToolCall, Trajectory
from callwright.verify.selfcheck.plants import Change, of_type, places, schema_of, with_arguments


def _on_arguments(change: Callable[[dict[str, Json]], dict[str, Json]]) -> Change:
    def apply(t: Trajectory, rng: random.Random) -> Trajectory | None:
        found = [place for place in places(t) if place.call.arguments]
        if not found:
            return None
        place = rng.choice(found)
        return with_arguments(t, place, change(dict(place.call.arguments or {})))

    return apply


def _backwards(arguments: dict[str, Json]) -> dict[str, Json]:
    return dict(reversed(arguments.items()))


def _default_given(t: Trajectory, rng: random.Random) -> Trajectory | None:
    found = [
        (place, name)
        for place in places(t)
        for name in place.tool.parameters.get("properties", {})
        if name not in (place.call.arguments or {}) and "default" in schema_of(place.tool, name)
    ]
    if not found:
        return None
    place, name = rng.choice(found)
    value = schema_of(place.tool, name)["default"]
    return with_arguments(t, place, {**(place.call.arguments or {}), name: value})


def _whole_number(t: Trajectory, rng: random.Random) -> Trajectory | None:
    found = [
        (place, name)
        for place, name in of_type(t, "number")
        if type((place.call.arguments or {})[name]) is int
    ]
    if not found:
        return None
    place, name = rng.choice(found)
    arguments = dict(place.call.arguments or {})
    return with_arguments(t, place, {**arguments, name: float(arguments[name])})


def _shuffled_tools(t: Trajectory, rng: random.Random) -> Trajectory | None:
    if not t.tools or len(t.tools) < 2:
        return None
    return replace(t, tools=tuple(rng.sample(t.tools, len(t.tools))))


def _offered_twice(t: Trajectory, rng: random.Random) -> Trajectory | None:
    return replace(t, tools=(*t.tools, rng.choice(t.tools))) if t.tools else None


def _tools_unknown(t: Trajectory, rng: random.Random) -> Trajectory | None:
    return replace(t, tools=None)


def _greeted(t: Trajectory, rng: random.Random) -> Trajectory | None:
    first = t.messages[0] if t.messages else None
    if first is None or first.role != "user":
        return None
    return replace(t, messages=(Message(role="assistant", content="Hello! What can I do?"), *t.messages))


def _with_system(t: Trajectory, rng: random.Random) -> Trajectory | None:
    if not t.messages or t.messages[0].role == "system":
        return None
    return replace(t, messages=(Message(role="system", content="Answer in one sentence."), *t.messages))


def _text_beside_calls(t: Trajectory, rng: random.Random) -> Trajectory | None:
    found = [i for i, message in enumerate(t.messages) if message.tool_calls]
    if not found:
        return None
    i = rng.choice(found)
    messages = list(t.messages)
    messages[i] = replace(messages[i], content="One moment, please.")
    return replace(t, messages=tuple(messages))


def _other_calls_backwards(t: Trajectory, rng: random.Random) -> Trajectory | None:
    found = [i for i, message in enumerate(t.messages) if len(message.tool_calls) > 1]
    if not found or any(message.role == "tool" for message in t.messages):
        return None
    i = found[0]
    calls: tuple[ToolCall, ...] = t.messages[i].tool_calls[::-1]
    messages = list(t.messages)
    messages[i] = replace(messages[i], tool_calls=calls)
    return replace(t, messages=tuple(messages))


DISGUISES: dict[str, Change] = {
    "unchanged": lambda t, _: t,
    "arguments in another order": _on_arguments(_backwards),
    "a default given": _default_given,
    "a whole number written as a float": _whole_number,
    "tools in another order": _shuffled_tools,
    "a tool offered twice": _offered_twice,
    "tools unknown": _tools_unknown,
    "a greeting first": _greeted,
    "a system turn": _with_system,
    "text beside the calls": _text_beside_calls,
    "calls in another order": _other_calls_backwards,
}
"""Kind → change. None of them may raise an error."""
