"""Which tools belong together: what one gives, another takes; and words that few others use.

Random sets of tools make trivial tasks. A set drawn from this graph holds tools that a request may be about
at once, and a walk holds a task: each tool can use what an earlier one gives. Both kinds of edges weigh more
the fewer tools share what makes them: a name or a word that all have in common counts nothing.

>>> order = {"type": "object", "properties": {"order_id": {"type": "string"}}}
>>> graph = Graph.of([Tool(name="find_order", returns=order), Tool(name="cancel_order", parameters=order)])
>>> graph.neighbours("cancel_order")[0].reason
'find_order gives order_id for order_id'
"""

from __future__ import annotations

import random
from bisect import bisect
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import accumulate
from math import fsum, log, sqrt
from typing import NamedTuple

from callwright.record import Tool
from callwright.synthesize.ports import SPEAKING_KINDS, Port, given_entities, gives, takes
from callwright.synthesize.terms import terms, tool_terms

BY_NAME, BY_ENTITY, BY_KIND = 1.0, 0.6, 0.3
"""Trust in a match: the same name, what the tool is named after, a value of the same kind."""
OPTIONAL = 0.5
"""Part of the weight that counts where the parameter may be left out."""
OTHER_TYPE = 0.5
"""Part of it that counts where one is a number and the other a text."""
MOST_SHARING = 0.02
"""Share of the tools beyond which a name or a word is common, and links nobody …"""
FEW_SHARING = 40
"""… unless these are no more than so many tools."""
NEAREST = 24
"""Neighbours that are kept of each tool."""
LEAST = 0.05
"""Weight below which two tools only meet by chance."""
RESTART = 0.3
"""How often a walk goes back to its start: the set stays around it."""
_PATIENCE = 20
_STARTS = 8
_NUMBERS = frozenset({"integer", "number"})


class Feed(NamedTuple):
    """One tool gives what another one takes."""

    giver: str
    output: str
    """Where it stands in the result; empty where only the tool's name tells that it is there."""
    taker: str
    parameter: str
    weight: float


class Neighbour(NamedTuple):
    """A tool that belongs to another one, and why."""

    name: str
    weight: float
    reason: str


@dataclass(frozen=True)
class Graph:
    """The tools of a toolbox and what links them; of tools with one name the first counts."""

    names: tuple[str, ...]
    _near: Mapping[str, tuple[Neighbour, ...]]
    _feeds: Mapping[str, tuple[Feed, ...]]
    _sums: Mapping[str, tuple[float, ...]]
    """The weights of each tool's neighbours, summed up from the first on."""

    @classmethod
    def of(cls, tools: Sequence[Tool]) -> Graph:
        """Return the graph of tools, without looking at every pair."""
        by_name: dict[str, Tool] = {}
        for tool in tools:
            by_name.setdefault(tool.name, tool)
        words = {name: _words(tool) for name, tool in by_name.items()}
        links = {name: dict[str, _Link]() for name in by_name}
        feeds = _feeds(by_name)
        for feed in feeds:
            _add(links, feed.giver, feed.taker, feed.weight, feed)
        for one, other, weight in _alike(words):
            _add(links, one, other, weight)
        outgoing: dict[str, list[Feed]] = defaultdict(list)
        for feed in sorted(feeds, key=lambda f: (-f.weight, f.taker)):
            outgoing[feed.giver].append(feed)
        near = {
            name: tuple(
                Neighbour(other, link.weight, _reason(link, words[name] & words[other]))
                for other, link in nlargest(NEAREST, found.items(), key=_weight)
            )
            for name, found in links.items()
        }
        sums = {name: tuple(accumulate(n.weight for n in found)) for name, found in near.items()}
        return cls(tuple(by_name), near, {name: tuple(found) for name, found in outgoing.items()}, sums)

    def knows(self, name: str) -> bool:
        """Tell whether there is a tool of that name."""
        return name in self._near

    def neighbours(self, name: str) -> tuple[Neighbour, ...]:
        """Return the tools that belong to one, the nearest first."""
        return self._near[name]

    def feeds(self, name: str) -> tuple[Feed, ...]:
        """Return what a tool gives to others, the most telling first."""
        return self._feeds.get(name, ())

    def draw(self, rng: random.Random, count: int, start: str | None = None) -> tuple[str, ...]:
        """Return `count` different tools around a start, drawn like all others if not given.

        Where too few belong together, the rest is drawn from all tools; of fewer than `count`, all come.
        """
        if not self.names:
            return ()
        first = rng.choice(self.names) if start is None else start
        found = {first: None}
        near = {n.name for n in self._near[first]} - {first}
        here = first
        for _ in range(_PATIENCE * count):
            if len(found) >= count or not near:  # with nothing near that was not found, no walk finds more
                break
            options = self._near[here]
            if not options or (here != first and rng.random() < RESTART):
                here = first
                options = self._near[here]
            sums = self._sums[here]
            here = options[bisect(sums, rng.random() * sums[-1], hi=len(sums) - 1)].name
            if here not in found:
                found[here] = None
                near = (near | {n.name for n in self._near[here]}).difference(found)
        others = [name for name in self.names if name not in found]
        rest = rng.sample(others, min(len(others), max(0, count - len(found))))
        return (*found, *rest)[:count]

    def walk(self, rng: random.Random, length: int) -> tuple[str, ...]:
        """Return a chain of different tools in which each can use what an earlier one gives.

        It is shorter than `length` where no such chain was found; the first tool needs nothing.
        """
        givers = [name for name in self.names if self.feeds(name)]
        best: tuple[str, ...] = (rng.choice(self.names),) if self.names and not givers else ()
        for _ in range(_STARTS if givers else 0):
            chain = self._chain(rng, rng.choice(givers), length)
            if len(chain) > len(best):
                best = chain
            if len(best) >= length:
                break
        return best[:length]

    def _chain(self, rng: random.Random, first: str, length: int) -> tuple[str, ...]:
        chain = [first]
        while len(chain) < length:
            options = [
                (feed.taker, feed.weight / (1 + age))  # rather from the last tool than from one long ago
                for age, name in enumerate(reversed(chain))
                for feed in self.feeds(name)
                if feed.taker not in chain
            ]
            if not options:
                break
            chain.append(rng.choices([o[0] for o in options], [o[1] for o in options])[0])
        return tuple(chain)


class _Link(NamedTuple):
    weight: float
    feed: Feed | None
    """The one that weighs most, if there is any."""


def _add(
    links: dict[str, dict[str, _Link]], one: str, other: str, weight: float, feed: Feed | None = None
) -> None:
    known = links[one].get(other)
    if known is not None:
        feed = known.feed if feed is None or (known.feed and known.feed.weight >= feed.weight) else feed
        weight += known.weight
    links[one][other] = links[other][one] = _Link(weight, feed)


def _weight(item: tuple[str, _Link]) -> tuple[float, str]:
    return item[1].weight, item[0]


def _reason(link: _Link, words: frozenset[str]) -> str:
    feed = link.feed
    if feed is None:
        return f"both say {', '.join(sorted(words, key=lambda word: (-len(word), word))[:3])}"
    if feed.output:
        return f"{feed.giver} gives {feed.output} for {feed.parameter}"
    return f"{feed.giver} finds what {feed.taker} takes as {feed.parameter}"


def _feeds(tools: Mapping[str, Tool]) -> Collection[Feed]:
    """Return the best feed of every giver and taker."""
    taken: dict[str, list[tuple[str, Port]]] = defaultdict(list)
    given: dict[str, list[tuple[str, Port | None]]] = defaultdict(list)
    for name, tool in tools.items():
        for port in takes(tool):
            for key in _matched(port):
                taken[key].append((name, port))
        for port in gives(tool):
            for key in _matched(port, entity=False):
                given[key].append((name, port))
        for entity in given_entities(tool):
            given[f"entity {entity}"].append((name, None))
    best: dict[tuple[str, str], Feed] = {}
    for key, givers in given.items():
        worth = _rarity(len(givers), len(tools)) * _trust(key)
        for giver, output in givers if worth else ():
            for taker, port in taken[key]:
                if giver == taker:
                    continue
                weight = worth * _type_fit(output, port) * (1 if port.required else OPTIONAL)
                known = best.get((giver, taker))
                if known is None or weight > known.weight:
                    label = output.label if output else ""
                    best[giver, taker] = Feed(giver, label, taker, port.label, weight)
    return best.values()


def _matched(port: Port, entity: bool = True) -> list[str]:
    keys = [f"name {key}" for key in port.keys]
    if port.kind in SPEAKING_KINDS:
        keys.append(f"kind {port.kind}")
    if entity and port.entity:
        keys.append(f"entity {port.entity}")
    return keys


def _trust(key: str) -> float:
    return {"name": BY_NAME, "kind": BY_KIND, "entity": BY_ENTITY}[key.partition(" ")[0]]


def _type_fit(output: Port | None, port: Port) -> float:
    """Return how well the types go together; a number may stand for a text, as ids do, but tells less."""
    same = output is None or output.type == port.type or {output.type, port.type} <= _NUMBERS
    return 1.0 if same or not port.type else OTHER_TYPE


def _rarity(count: int, total: int) -> float:
    """Return how much it tells that so many of all tools share something: 1 for one of them, 0 for all."""
    if count >= total > 1 or count > max(FEW_SHARING, MOST_SHARING * total):
        return 0.0
    return log(1 + total / count) / log(1 + total)


def _alike(words: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, str, float]]:
    """Yield pairs of tools with the cosine of their words, each as rare as it is."""
    having: dict[str, list[str]] = defaultdict(list)
    for name, found in words.items():
        for word in found:
            having[word].append(name)
    worth = {word: _rarity(len(names), len(words)) ** 2 for word, names in having.items()}
    # fsum: the order of a set is another one in every process, and rounding with it.
    length = {name: sqrt(fsum(worth[word] for word in found)) or 1.0 for name, found in words.items()}
    seen: set[str] = set()
    for name, found in words.items():
        seen.add(name)
        shared: dict[str, float] = defaultdict(float)
        for word in sorted(found):
            if weight := worth[word]:
                for other in having[word]:
                    shared[other] += weight
        for other, weight in shared.items():
            cosine = weight / (length[name] * length[other])
            if cosine >= LEAST and other not in seen:
                yield name, other, cosine


def _words(tool: Tool) -> frozenset[str]:
    names = tool.parameters.get("properties")
    return frozenset((*tool_terms(tool), *(word for name in names or () for word in terms(name))))
