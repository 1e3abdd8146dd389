"""A random walk over the tools of a world: calls that work one after another, found by making them.

The next call draws its arguments from what the user knows, from what earlier results showed, and from the
grammar. It is made; where it fails, the failure teaches `Bindings` and another one is drawn: APIGen-MT's
reflection (arXiv 2504.03601 §3.1), with the world itself as the reviewer.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from callwright.record import Change, Episode, Json, Observation, ToolCall
from callwright.synthesize.bindings import MADE, Bindings
from callwright.synthesize.coverage import Coverage
from callwright.synthesize.facts import Fact, Known, facts_of, noun_of
from callwright.synthesize.params import Param
from callwright.synthesize.pools import Half
from callwright.synthesize.scenes import said
from callwright.synthesize.values import Said, Unsamplable, sample
from callwright.synthesize.wording import Subject
from callwright.verify import Execute, is_error_shaped

TRIES = 40
"""Calls that are tried for one step before a walk ends."""
OPTIONAL = 0.25
"""How often an optional parameter is given."""
_SEEN = 0.8
"""How often a value is looked for in results first, not in what the user knows."""
_WRITES = 0.45
"""How often the next call is to change something."""
_CHANGING = frozenset({
    "add", "append", "book", "cancel", "change", "close", "create", "delete", "edit", "exchange", "extend",
    "insert", "lend", "modify", "move", "pay", "post", "put", "remove", "rename", "renew", "reserve",
    "resolve", "send", "set", "update",
})  # fmt: skip
"""What a tool is named after that promises a change; a call that makes none is no step."""
_FOLLOWS = 0.7
"""How often the next call is to use what the last one showed."""


@dataclass(frozen=True)
class Bound:
    """An argument and where it comes from."""

    said: Said
    pattern: str
    """Of the fact, or `MADE`."""
    fact: Fact | None = None
    step: int | None = None
    """The step whose result showed it first; None where the user knows it."""
    chosen: bool = False
    """The argument need not be given: nobody but the user can want it."""


@dataclass(frozen=True)
class Step:
    """A call that worked."""

    subject: Subject
    call: ToolCall
    bound: Mapping[str, Bound]
    observation: Observation
    writes: bool
    changes: tuple[Change, ...]
    """How the state differs from the beginning after it."""


@dataclass
class Walk:
    """A walk as far as it has come."""

    state: dict[str, Json] | None
    known: Known
    """What the user knows."""
    steps: list[Step] = field(default_factory=list)
    seen: Known = field(default_factory=Known)
    """What results showed."""
    shown_at: dict[Json, int] = field(default_factory=dict)
    """The step that showed a value first."""
    just_shown: Known = field(default_factory=Known)
    """What the last step showed."""
    unspoken: frozenset[str] = frozenset()
    """Values that must not be used: the keys of other people."""
    failures: int = 0

    @property
    def changes(self) -> tuple[Change, ...]:
        """Return how the state differs from the beginning."""
        return self.steps[-1].changes if self.steps else ()


class Walker:
    """Takes steps in one world; what it learns about the world serves every walk."""

    def __init__(self, play: Execute, coverage: Coverage, *, values: Half = "train") -> None:
        self._play = play
        self._coverage = coverage
        self._values: Half = values
        self.bindings = Bindings()
        self._writers: set[str] = set()
        """Tools that were seen to change something; a call of theirs that changes nothing is no step."""

    def step(self, walk: Walk, rng: random.Random, pool: Sequence[Subject]) -> bool:
        """Take one more step with one of some tools; False where none was found."""
        for _ in range(TRIES):
            subject = self._subject(walk, pool, rng)
            bound = self._bound(subject, walk, rng)
            if bound is None:
                continue
            call = ToolCall(name=subject.name, arguments={name: b.said.value for name, b in bound.items()})
            if any(call == step.call for step in walk.steps):
                continue
            made = self._made(subject, call, bound, walk)
            used = [(name, b.pattern) for name, b in bound.items()]
            self.bindings.learn(subject.name, used, worked=made is not None)
            if made is not None:
                place = len(walk.steps)
                walk.steps.append(made)
                walk.just_shown = Known()
                for fact in facts_in(subject.name, made.observation.value, place):
                    if fact.value not in walk.unspoken:
                        walk.seen.add(fact, walk.known.keys)
                        walk.just_shown.add(fact, walk.known.keys)
                        walk.shown_at.setdefault(fact.value, place)
                return True
            walk.failures += 1
        return False

    def _subject(self, walk: Walk, pool: Sequence[Subject], rng: random.Random) -> Subject:
        """Return a tool: of three, the one that can use most of what was just seen, or else the rarest."""
        writers = [s for s in pool if s.name in self._writers]
        if writers and rng.random() < _WRITES:
            pool = writers
        drawn = [rng.choice(pool) for _ in range(3)]
        if walk.just_shown.by_pattern and rng.random() < _FOLLOWS:
            return max(drawn, key=lambda s: self.bindings.uses(s.name, s.params, walk.just_shown))
        used = Counter(step.subject.name for step in walk.steps)
        return min(drawn, key=lambda s: (used[s.name], self._coverage.asked(s.name)))

    def _bound(self, subject: Subject, walk: Walk, rng: random.Random) -> dict[str, Bound] | None:
        bound: dict[str, Bound] = {}
        # One place for a whole call: a street from here and a town from there make no address.
        places = (walk.seen, walk.known) if rng.random() < _SEEN else (walk.known, walk.seen)
        for param in subject.params:
            if not param.required and rng.random() >= OPTIONAL:
                continue
            beside = [b.fact for b in bound.values() if b.fact is not None]
            one = self._argument(subject.name, param, walk, places, beside, rng)
            if one is not None:
                bound[param.name] = one if param.required else replace(one, step=None, chosen=True)
            elif param.required:
                return None
        return bound

    def _argument(
        self,
        tool: str,
        param: Param,
        walk: Walk,
        places: Sequence[Known],
        beside: Sequence[Fact],
        rng: random.Random,
    ) -> Bound | None:
        for known in places:
            fact = self.bindings.draw(tool, param, known, rng, beside)
            if fact is not None:
                step = walk.shown_at[fact.value] if known is walk.seen else None
                return Bound(said(param, fact), fact.pattern, fact, step)
        if rng.random() > self.bindings.rate(tool, param.name, MADE):
            return None
        try:
            return Bound(sample(param, rng, self._values), MADE)
        except Unsamplable:
            return None

    def _made(self, subject: Subject, call: ToolCall, bound: Mapping[str, Bound], walk: Walk) -> Step | None:
        """Return the step if its call works; it is made with all that came before."""
        calls = (*(step.call for step in walk.steps), call)
        played = self._play([Episode(calls, walk.state)])[0]
        seen = played.observations[-1]
        writes = played.changes != walk.changes
        if not seen.ok or is_error_shaped(seen.value):
            return None
        promised = subject.name in self._writers or subject.frames[0].verb in _CHANGING
        if not writes and (promised or seen.value in (None, "", [], {}, "[]", "{}")):
            return None
        if writes:
            self._writers.add(subject.name)
        return Step(subject, call, bound, seen, writes, played.changes)


def facts_in(tool: str, value: Json, step: int = 0) -> list[Fact]:
    """Return what the result of a step shows; a result that is text around JSON is read."""
    if isinstance(value, str) and value[:1] in "{[":
        try:
            value = json.loads(value)
        except ValueError:
            return []
    thing = noun_of(tool)
    found = list(facts_of(value))
    return [
        fact._replace(
            pattern=f"{tool}>{fact.pattern}", words=fact.words or thing, path=(f"{tool}>{step}", *fact.path)
        )
        for fact in found
    ]


def shown_by(fact: Fact) -> int:
    """Return the step whose result `facts_in` read a fact from."""
    return int(fact.path[0].rpartition(">")[2])
