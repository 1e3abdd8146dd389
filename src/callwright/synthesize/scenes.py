"""Where requests come from in a world with a state: an initial state, and what can be known in it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from callwright.record import Json
from callwright.synthesize.bindings import MADE, Bindings
from callwright.synthesize.facts import Fact, Known, facts_of
from callwright.synthesize.params import Param
from callwright.synthesize.pools import Half
from callwright.synthesize.values import Said, Unsamplable, sample

State = dict[str, Json] | None
"""As `record.Episode.state`."""


class Scene(NamedTuple):
    """A state, and what a request may use of it."""

    state: State
    known: Known
    data: Json = None
    """What `known` was read from."""


EMPTY = Scene(None, Known(()))
"""Where nothing is known."""


class Scenes:
    """The states of a world; what was read from one is kept."""

    def __init__(self, states: Sequence[State], data: Callable[[State], Json]) -> None:
        self._states = states
        self._data = data
        self._read: dict[int, Scene] = {}

    def draw(self, rng: random.Random) -> Scene:
        """Return a random one."""
        number = rng.randrange(len(self._states))
        if number not in self._read:
            state = self._states[number]
            data = self._data(state)
            self._read[number] = Scene(state, Known(facts_of(data)), data)
        return self._read[number]


class Source:
    """Draws the values of one request."""

    def __init__(self, values: Half, scene: Scene | None = None, bindings: Bindings | None = None) -> None:
        self.values: Half = values
        self.scene = scene
        self._bindings = bindings

    def draw(self, tool: str, param: Param, rng: random.Random) -> Said:
        """Return a value with its wording: a fact where one fits, else what the grammar makes up."""
        if self.scene is None or self._bindings is None:
            return sample(param, rng, self.values)
        fact = self._bindings.draw(tool, param, self.scene.known, rng)
        if fact is not None:
            return said(param, fact)
        if rng.random() > self._bindings.rate(tool, param.name, MADE):
            raise Unsamplable(f"{tool}: what is made up for {param.name} does not work")
        return replace(sample(param, rng, self.values), found=MADE)


def said(param: Param, fact: Fact) -> Said:
    """Return a fact as the value of a parameter, or of its list, in the words in which it stands there."""
    value = fact.value
    text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    if param.type == "array":
        return Said([value], text, text, quote=" " in text, found=fact.pattern)
    quote = isinstance(value, str) and len(text.split()) > 2
    return Said(value, text, text, quote=quote, found=fact.pattern)
