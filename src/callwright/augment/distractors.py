"""Offer tools that nobody needs beside those that are needed, taken from other rows."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from callwright.augment.likeness import unlike
from callwright.augment.order import shuffled
from callwright.record import Tool, Trajectory

MOST = 4
"""Distractors that a row gets at most."""
DRAWN = 16
"""Tools that are looked at for them."""


def distract(t: Trajectory, rng: random.Random, pool: Sequence[Tool]) -> Trajectory:
    """Return the row with more tools; unchanged where it calls nothing or nothing suits.

    A row without a call stays as it is: one of the new tools could serve it.
    """
    called = called_tools(t)
    if not called or not pool:
        return t
    names = {tool.name for tool in t.tools or ()}
    wanted = rng.randint(1, MOST)
    chosen: dict[str, Tool] = {}
    for _ in range(DRAWN):
        tool = pool[int(rng.random() * len(pool))]
        if tool.name not in names and unlike([tool], called):
            chosen[tool.name] = tool
        if len(chosen) == wanted:
            break
    if not chosen:
        return t
    tools = shuffled([*(t.tools or ()), *chosen.values()], rng)
    return msgspec.structs.replace(t, tools=tuple(tools), fingerprint=None)


def called_tools(t: Trajectory) -> list[Tool]:
    """Return the offered tools that a row calls; none if it calls one that is not offered."""
    names = {call.name for message in t.messages for call in message.tool_calls}
    found = [tool for tool in t.tools or () if tool.name in names]
    return found if len(found) == len(names) else []
