"""Targeted corruption: a right answer that is spoiled in one thing, named after the mistake it shows.

A corruption is kept only if it shows that very mistake and no other: what is legal stays legal, and its
effect is another.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from callwright.pair.candidate import Candidate, Offer, Ready, candidate
from callwright.pair.classes import errors_of, mistake_of
from callwright.pair.made_up import (
    fill,
    invented,
    other_argument,
    other_name,
    other_type,
    other_value,
    properties_of,
    required_of,
)
from callwright.record import Json, Message, Tool, ToolCall, Trajectory
from callwright.store import row_seed

Corruption = Callable[[Trajectory, random.Random], Message | None]
"""Returns a spoiled version of the row's last message, or None where the class does not apply."""

_TRIES = 8
"""Values and ways that are tried for a rejected answer that is longer and one that is shorter."""


@dataclass(frozen=True)
class Corruptions:
    """The source that needs nothing but the rows."""

    seed: int

    def __call__(self, rows: Sequence[Ready]) -> list[Offer]:
        """Return a corruption per class, and per length where a class has several, for each row."""
        return [self._offer(one) for one in rows]

    def _offer(self, one: Ready) -> Offer:
        rng = random.Random(row_seed(self.seed, one.row.id))
        names = list(CORRUPTIONS)
        rng.shuffle(names)
        found = tuple(each for name in names for each in _corrupted(name, one.t, rng))
        return Offer(found, "" if found else "no-corruption-applies")


def _corrupted(name: str, t: Trajectory, rng: random.Random) -> Iterator[Candidate]:
    """Yield at most one corruption of a class that makes the answer longer, and one that makes it shorter."""
    lengths: set[int] = set()
    for _ in range(_TRIES):
        rejected = CORRUPTIONS[name](t, rng)
        if rejected is None:
            return
        one = candidate(t, rejected, name, "corruption")
        if one is not None and one.longer not in lengths and mistake_of(t, rejected) == name:
            yield one
            lengths.add(one.longer)
            if len(lengths) == 2:
                return


def _pick(t: Trajectory, rng: random.Random) -> tuple[int, ToolCall, Tool, dict[str, Json]] | None:
    """Return one call of the chosen turn with its place, its tool and its arguments."""
    tools = {tool.name: tool for tool in t.tools or ()}
    known = [(k, c, tools[c.name]) for k, c in enumerate(t.messages[-1].tool_calls) if c.name in tools]
    if not known:
        return None
    k, call, tool = rng.choice(known)
    return k, call, tool, dict(call.arguments or {})


def _with_call(t: Trajectory, k: int, call: ToolCall) -> Message:
    calls = t.messages[-1].tool_calls
    return replace(t.messages[-1], tool_calls=(*calls[:k], call, *calls[k + 1 :]))


def wrong_function(t: Trajectory, rng: random.Random) -> Message | None:
    """Call another offered tool instead, with what fits it of the arguments."""
    picked = _pick(t, rng)
    if picked is None:
        return None
    k, call, tool, arguments = picked
    others = [other for other in t.tools or () if other.name != tool.name]
    if not others:
        return None
    other = rng.choice(others)
    return _with_call(t, k, replace(call, name=other.name, arguments=fill(other, t, rng, arguments)))


def undefined_function(t: Trajectory, rng: random.Random) -> Message | None:
    """Call a function that sounds right and is not offered."""
    picked = _pick(t, rng)
    if picked is None:
        return None
    k, call, tool, _ = picked
    return _with_call(t, k, replace(call, name=other_name(tool.name, rng)))


def missing_argument(t: Trajectory, rng: random.Random) -> Message | None:
    """Leave out an argument that the tool requires."""
    picked = _pick(t, rng)
    if picked is None:
        return None
    k, call, tool, arguments = picked
    present = [name for name in required_of(tool) if name in arguments]
    if not present:
        return None
    del arguments[rng.choice(present)]
    return _with_call(t, k, replace(call, arguments=arguments))


def undefined_argument(t: Trajectory, rng: random.Random) -> Message | None:
    """Pass an argument that the tool does not declare, or one that it does by another name."""
    picked = _pick(t, rng)
    if picked is None:
        return None
    k, call, tool, arguments = picked
    if arguments and rng.random() < 0.5:
        renamed = rng.choice(list(arguments))
        other = other_argument(renamed, rng)
        arguments = {other if name == renamed else name: value for name, value in arguments.items()}
    else:
        name, value = invented(tool, rng)
        arguments[name] = value
    return _with_call(t, k, replace(call, arguments=arguments))


def wrong_type(t: Trajectory, rng: random.Random) -> Message | None:
    """Pass a value in a wrong JSON type: numbers and lists as strings, strings as lists or null."""
    picked = _pick(t, rng)
    if picked is None or not picked[3]:
        return None
    k, call, _, arguments = picked
    name = rng.choice(list(arguments))
    arguments[name] = other_type(arguments[name], rng)
    return _with_call(t, k, replace(call, arguments=arguments))


def wrong_value(t: Trajectory, rng: random.Random) -> Message | None:
    """Pass a value of the right type that nothing in the conversation supports."""
    picked = _pick(t, rng)
    if picked is None or not picked[3]:
        return None
    k, call, tool, arguments = picked
    said = " ".join(message.content for message in t.messages).casefold()
    for _ in range(_TRIES):
        name = rng.choice(list(arguments))
        schema = properties_of(tool).get(name)
        value = other_value(arguments[name], schema if isinstance(schema, dict) else {}, rng)
        if value != arguments[name] and (isinstance(value, bool) or str(value).casefold() not in said):
            return _with_call(t, k, replace(call, arguments={**arguments, name: value}))
    return None


def needless_call(t: Trajectory, rng: random.Random) -> Message | None:
    """Call an offered tool although no call is due, with made-up arguments."""
    if t.messages[-1].tool_calls or not t.tools:
        return None
    for _ in range(_TRIES):
        tool = rng.choice(t.tools)
        call = ToolCall(name=tool.name, arguments=fill(tool, t, rng, {}))
        made = Message(role="assistant", tool_calls=(call,))
        if errors_of(t, made) <= {"unexpected-call"}:
            return made
    return None


_REFUSALS = (
    "I'm sorry, but I can't help with that request.",
    "Unfortunately, none of the tools I have can do this.",
    "I don't have access to the information needed for this. Is there anything else I can help you with?",
    "Sorry, I am not able to perform this action for you.",
    "I can't look that up right now. You may want to try another service.",
    "I'm afraid that I can't take care of this for you. I have no live access to the systems that would be "
    "needed, so the best that I can suggest is to do it on the website of the provider, or to call them: "
    "they will be able to help you with all the details.",
    "As a language model I can't look things up or carry out actions. What I can do is describe the usual "
    "steps: first gather the details that you have just given me, then enter them on the website of the "
    "service in question, compare what comes up, and confirm only when everything is as you want it. If you "
    "get stuck at any of these steps, tell me where, and I will gladly explain it in more detail.",
)


def needless_refusal(t: Trajectory, rng: random.Random) -> Message | None:
    """Decline politely although an offered tool does what is asked."""
    return Message(role="assistant", content=rng.choice(_REFUSALS)) if t.messages[-1].tool_calls else None


def missing_parallel_call(t: Trajectory, rng: random.Random) -> Message | None:
    """Leave out one of several calls."""
    calls = t.messages[-1].tool_calls
    if len(calls) < 2:
        return None
    k = rng.randrange(len(calls))
    return replace(t.messages[-1], tool_calls=(*calls[:k], *calls[k + 1 :]))


def extra_call(t: Trajectory, rng: random.Random) -> Message | None:
    """Add a call that nobody asked for."""
    calls = t.messages[-1].tool_calls
    if not calls or not t.tools:
        return None
    called = {call.name for call in calls}
    tool = rng.choice([tool for tool in t.tools if tool.name not in called] or list(t.tools))
    ids = None if calls[0].id is None else f"{calls[-1].id}-x"
    extra = ToolCall(name=tool.name, arguments=fill(tool, t, rng, {}), id=ids)
    return replace(t.messages[-1], tool_calls=(*calls, extra))


CORRUPTIONS: dict[str, Corruption] = {
    "wrong-function": wrong_function,
    "undefined-function": undefined_function,
    "missing-argument": missing_argument,
    "undefined-argument": undefined_argument,
    "wrong-type": wrong_type,
    "wrong-value": wrong_value,
    "needless-call": needless_call,
    "needless-refusal": needless_refusal,
    "missing-parallel-call": missing_parallel_call,
    "extra-call": extra_call,
}
"""Error class → corruption."""
