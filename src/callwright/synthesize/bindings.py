"""Which facts feed which arguments: guessed from names, then learned by trying.

A pattern of facts is a candidate for a parameter when its words and type fit. Every call that is tried tells
whether the pair was of use; what always fails is soon hardly drawn any more. So nothing about a world has to
be written down.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from callwright.record import Json
from callwright.synthesize.facts import Fact, Known, noun_of
from callwright.synthesize.params import Param
from callwright.synthesize.terms import singular

_HOPELESS = 0.06
"""Fit times rate of success below which a pattern is not drawn."""
_LOOKED_AT = 50
"""Facts of a pattern that are looked at to see whether any can be a value of a parameter."""
_NEAR = 0.9
"""How often facts of one record are kept together."""
_GENERIC = frozenset(
    {"id", "ids", "name", "number", "code", "new", "old", "the", "of", "amount", "value", "target", "source"}
)

MADE = "(made up)"
"""The pattern of values that are no facts."""

Pair = tuple[str, str, str]
"""Tool, parameter, pattern."""


@dataclass
class _Tried:
    worked: int = 0
    failed: int = 0

    @property
    def rate(self) -> float:
        return (self.worked + 1) / (self.worked + self.failed + 2)


@dataclass
class Bindings:
    """What was tried so far."""

    _tried: defaultdict[Pair, _Tried] = field(default_factory=lambda: defaultdict(_Tried))
    _fits: dict[Pair, float] = field(default_factory=dict)

    def draw(
        self, tool: str, param: Param, known: Known, rng: random.Random, beside: Sequence[Fact] = ()
    ) -> Fact | None:
        """Return a fact to feed a parameter with, None where none fits.

        Preferred are patterns that worked before, and among their facts those that stand nearest to the facts
        `beside`, which feed the other parameters of the call.
        """
        patterns: list[str] = []
        weights: list[float] = []
        for pattern, facts in known.by_pattern.items():
            score = self._fit(tool, param, facts[0]) * self._tried[tool, param.name, pattern].rate
            if score >= _HOPELESS and any(may_hold(param, fact.value) for fact in facts[:_LOOKED_AT]):
                patterns.append(pattern)
                weights.append(score**2)
        if not patterns:
            return None
        found = known.by_pattern[rng.choices(patterns, weights)[0]]
        return _nearest([fact for fact in found if may_hold(param, fact.value)], beside, rng)

    def _fit(self, tool: str, param: Param, fact: Fact) -> float:
        place = tool, param.name, fact.pattern
        if place not in self._fits:
            self._fits[place] = fit(words_of(tool, param), fact)
        return self._fits[place]

    def rate(self, tool: str, param: str, pattern: str) -> float:
        """Return how often calls worked whose parameter was fed from a pattern."""
        return self._tried[tool, param, pattern].rate

    def uses(self, tool: str, params: Sequence[Param], known: Known) -> float:
        """Return how many of the parameters that a tool needs some facts may feed."""
        firsts = [facts[0] for facts in known.by_pattern.values()]
        return sum(
            max((self._fit(tool, p, f) * self.rate(tool, p.name, f.pattern) for f in firsts), default=0.0)
            for p in params
            if p.required
        )

    def learn(self, tool: str, used: Iterable[tuple[str, str]], *, worked: bool) -> None:
        """Remember how a call of a tool went, whose parameters were fed from patterns."""
        for param, pattern in used:
            tried = self._tried[tool, param, pattern]
            if worked:
                tried.worked += 1
            else:
                tried.failed += 1


def _nearest(facts: Sequence[Fact], beside: Sequence[Fact], rng: random.Random) -> Fact:
    if not beside or rng.random() > _NEAR:
        return rng.choice(facts)
    reach = [max(_shared(fact.path, other.path) for other in beside) for fact in facts]
    furthest = max(reach)
    return rng.choice([fact for fact, far in zip(facts, reach, strict=True) if far == furthest])


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Return how many steps two paths have in common."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return min(len(one), len(other))


def words_of(tool: str, param: Param) -> tuple[str, ...]:
    """Return what a parameter is called; "name" alone is the name of what its tool gives."""
    return param.words if set(param.words) - _GENERIC else (*noun_of(tool), *param.words)


def fit(words: Sequence[str], fact: Fact) -> float:
    """Return how well a fact's name fits a parameter's words, 0 to 1.

    >>> fit(("order", "id"), Fact("orders.*", ("order", "id"), "#W1"))
    1.0
    >>> fit(("order", "id"), Fact("users.*", ("user", "id"), "u1"))
    0.0
    """
    wanted, found = {singular(w) for w in words}, {singular(w) for w in fact.words}
    telling = (wanted & found) - _GENERIC
    if wanted == found:
        return 1.0
    if not telling:
        return 0.0
    score = len(wanted & found) / len(wanted | found)
    subset = wanted <= found or found <= wanted
    return max(score, 0.7) if subset else score


def may_hold(param: Param, value: Json) -> bool:
    """Tell whether a parameter, or one of its items, can be a value by its type."""
    if param.type == "array" and param.items is not None:
        return may_hold(param.items, value)
    if param.type == "enum":
        return value in param.choices
    if param.type == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if param.type == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return param.type == "string" and isinstance(value, str)
