"""Shuffle what has no order: the tools, and the parameters inside a tool (xLAM §3.2, order shuffling).

Arguments follow the order in which their tool now lists its parameters. The answer thus stays a function of
the prompt; with an order of its own it would be noise that no model can learn.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from callwright.record import Json, Message, Tool, ToolCall, Trajectory

T = TypeVar("T")


_FEW = 6
_ORDERS = [tuple(itertools.permutations(range(size))) for size in range(_FEW + 1)]


def shuffled(items: list[T], rng: random.Random) -> list[T]:
    """Return a random order; of few items at the price of one random number."""
    if len(items) > _FEW:
        return rng.sample(items, len(items))
    orders = _ORDERS[len(items)]
    return [items[place] for place in orders[int(rng.random() * len(orders))]]


def shuffle(t: Trajectory, rng: random.Random) -> Trajectory:
    """Return the row with tools, parameters and arguments in another order."""
    if not t.tools:
        return t
    return offer(t, tuple(shuffled([_shuffle_tool(tool, rng) for tool in t.tools], rng)))


def offer(t: Trajectory, tools: Sequence[Tool]) -> Trajectory:
    """Return the row with `tools` offered instead, its arguments in the order of their parameters."""
    order = {tool.name: list(properties_of(tool)) for tool in reversed(tools)}
    messages = tuple(_follow(message, order) for message in t.messages)
    preference = t.preference
    if preference is not None:
        preference = msgspec.structs.replace(preference, rejected=_follow(preference.rejected, order))
    return msgspec.structs.replace(
        t, tools=tuple(tools), messages=messages, preference=preference, fingerprint=None
    )


def properties_of(tool: Tool) -> dict[str, Json]:
    """Return the schemas of a tool's parameters by name."""
    properties = tool.parameters.get("properties")
    return properties if isinstance(properties, dict) else {}


def _shuffle_tool(tool: Tool, rng: random.Random) -> Tool:
    properties = properties_of(tool)
    if len(properties) < 2:
        return tool
    items = shuffled(list(properties.items()), rng)
    parameters = {**tool.parameters, "properties": dict(items)}
    return msgspec.structs.replace(tool, parameters=parameters)


def _follow(message: Message, order: dict[str, list[str]]) -> Message:
    if not message.tool_calls:
        return message
    calls = tuple(_reorder(call, order.get(call.name, [])) for call in message.tool_calls)
    return msgspec.structs.replace(message, tool_calls=calls)


def _reorder(call: ToolCall, names: list[str]) -> ToolCall:
    if not isinstance(call.arguments, dict) or len(call.arguments) < 2:
        return call
    known = {name: call.arguments[name] for name in names if name in call.arguments}
    return msgspec.structs.replace(call, arguments={**known, **call.arguments})
