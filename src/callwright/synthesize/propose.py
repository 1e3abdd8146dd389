"""One candidate row: draw a style, tools and values, and write the request for exactly those calls."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from callwright.errors import ToolsError
from callwright.record import Json, Message, Task, Tool, ToolCall, Trajectory
from callwright.record import Source as Origin
from callwright.store import sha256_text
from callwright.synthesize.arguments import different, several_in_one
from callwright.synthesize.beside import AllBut, Shelf, near
from callwright.synthesize.bindings import Bindings
from callwright.synthesize.coverage import Coverage
from callwright.synthesize.families import FAMILIES, SMALL_LETTERS, WEIGHTS, Families
from callwright.synthesize.graph import Graph
from callwright.synthesize.irrelevant import ELSEWHERE, SMALL_TALK, refusal
from callwright.synthesize.missing import Shortened, question, shortened
from callwright.synthesize.pools import Half, in_half
from callwright.synthesize.request import Request
from callwright.synthesize.scenes import Scene, Scenes, Source
from callwright.synthesize.values import Unsamplable
from callwright.synthesize.wording import Subject, Wording, clause_of, subject_of

Style = Literal["simple", "multiple", "parallel", "parallel_multiple", "irrelevant", "missing"]
STYLES: Mapping[str, float] = {
    "simple": 0.25, "multiple": 0.25, "parallel": 0.2, "parallel_multiple": 0.15, "irrelevant": 0.1,
    "missing": 0.05,
}  # fmt: skip
"""Shares of the styles: APIGen's four (arXiv 2406.18518 §3.2), and two in which no call is right."""

_WIDE = 3
"""Related tools that are drawn for every one that is wanted, because some may not be offered."""
_NEAR_BY = 6
"""Tools among which those are looked for that stand with another in one request."""
_EXPECTS: Mapping[str, Literal["no_call", "clarify"]] = {"irrelevant": "no_call", "missing": "clarify"}
OFFERED = (2, 5)
"""How many tools the style "multiple" offers, ends included."""


@dataclass(frozen=True)
class Workshop:
    """What all rows of a run share."""

    subjects: tuple[Subject, ...]
    elsewhere: tuple[Subject, ...]
    shortened: tuple[Shortened, ...]
    families: Families
    values: Half
    seed: int
    coverage: Coverage
    """Steers what is drawn towards what is rare in it."""
    scenes: Scenes | None = None
    """Where requests come from, in a world with data of its own."""
    bindings: Bindings = field(default_factory=Bindings)
    licence: str = ""
    """Of the tools and their data, for the rows that are made from them."""
    graph: Graph = field(default_factory=lambda: Graph.of(()))
    """Which tools belong together."""

    @cached_property
    def shelf(self) -> Shelf:
        """The tools by what they share."""
        return Shelf(self.subjects)

    def beside(self, gold: Subject, others: AllBut, count: int, rng: random.Random) -> list[Subject]:
        """Return some of `others`, rather those that belong to `gold`: random sets make trivial tasks."""
        wide = min(_WIDE * count + 1, len(self.subjects))
        belonging = self.graph.draw(rng, wide, gold.name) if count and self.graph.knows(gold.name) else ()
        places = [place for name in belonging if others.has(place := self.shelf.places[name])]
        found = [self.subjects[place] for place in places[:count]]
        rest = others.leave_out(places)
        return found + rng.sample(rest, min(len(rest), count - len(found)))

    def source(self, rng: random.Random) -> Source:
        """Return where the values of one request come from."""
        scene = self.scenes.draw(rng) if self.scenes is not None else None
        return Source(self.values, scene, self.bindings)

    @property
    def column(self) -> str:
        """The part of a row's id that names its split: "train-train"."""
        return f"{self.families}-{self.values}"

    @cached_property
    def mark(self) -> str:
        """Sets rows of other tools or another seed apart, whose ids would else be the same."""
        told = [self.seed, *((s.tool.name, s.tool.description, s.tool.parameters) for s in self.subjects)]
        return sha256_text(json.dumps(told, default=str))[:8]

    def row_id(self, style: str, number: int) -> str:
        """Return the id of a row that the grammar writes."""
        return f"synth/{self.mark}/{self.column}/{style}/{number}"


def open_workshop(
    tools: Sequence[Tool], *, seed: int, families: Families, values: Half,
    scenes: Scenes | None = None, licence: str = "",
) -> Workshop:  # fmt: skip
    """Return the workshop of some tools, of those with one name the first; `ToolsError` if there are none.

    Requests from elsewhere that a tool at hand might serve are left out.
    """
    if not tools:
        raise ToolsError("no tools to synthesize requests for")
    first: dict[str, Tool] = {}
    for tool in tools:
        first.setdefault(tool.name, tool)
    tools = tuple(first.values())
    subjects = [subject_of(tool) for tool in tools]
    known = {word.rstrip("s") for s in subjects for word in s.content}
    foreign = (subject_of(t) for t in ELSEWHERE if not _may_serve(t.name, known))
    short = tuple(one for subject in subjects for one in shortened(subject))
    return Workshop(
        tuple(subjects), tuple(foreign), short, families, values, seed, Coverage(tools), scenes,
        licence=licence, graph=Graph.of(tools),
    )  # fmt: skip


def _may_serve(name: str, known: set[str]) -> bool:
    return any(word.rstrip("s") in known for word in name.split("_")[1:])


def propose(shop: Workshop, style: str, index: int, rng: random.Random) -> Trajectory:
    """Return the candidate row `index`; raises `Unsamplable` where the drawn tool can not be worded."""
    if style == "irrelevant":
        return _irrelevant(shop, index, rng)
    if style == "missing":
        return _missing(shop, index, rng)
    pool = shop.subjects
    if style == "parallel":
        pool = tuple(s for s in pool if s.params) or pool
    gold = rarer(shop, pool, rng)
    golds = [gold]
    if style == "parallel_multiple":
        wanted = rng.choice((2, 2, 2, 3))
        others = shop.shelf.but([gold])
        for other in shop.beside(gold, others, min(len(others), _NEAR_BY), rng):
            if len(golds) < wanted and not any(near(other, gold) for gold in golds):
                golds.append(other)
    source = shop.source(rng)
    asked = _request(shop, golds, style == "parallel", source, rng)
    return _row(
        shop, style, index, asked, _offer(shop, golds, style, rng), golds, asked.calls, scene=source.scene
    )


def rarer(shop: Workshop, pool: Sequence[Subject], rng: random.Random) -> Subject:
    """Return the one of two random tools that was asked for less."""
    one, other = rng.choice(pool), rng.choice(pool)
    return min(one, other, key=lambda s: shop.coverage.asked(s.name))


class _Asked(NamedTuple):
    """A request in words, the phrasing family, its calls, and where their values were found."""

    text: str
    family: str
    calls: tuple[ToolCall, ...] = ()
    found: tuple[dict[str, str], ...] = ()


def _row(
    shop: Workshop, style: str, index: int, asked: _Asked, offered: Sequence[Subject],
    golds: Sequence[Subject], calls: Sequence[ToolCall], answer: str = "", scene: Scene | None = None,
    **about: Json,
) -> Trajectory:  # fmt: skip
    made: dict[str, Json] = {
        "style": style,
        "family": asked.family,
        "gold_tools": [g.name for g in golds],
        "seed": shop.seed,
        **about,
    }
    extra: dict[str, Json] = {"synthesize": made}
    if scene is not None and calls:
        made["found"] = list(asked.found)
        if scene.state is not None:
            extra["state"] = scene.state
    return Trajectory(
        id=shop.row_id(style, index),
        source=Origin(
            dataset="synthesized", adapter="grammar", row=index, split=shop.column, license=shop.licence
        ),
        task=Task(kind="single", expects=_EXPECTS.get(style, "call")),
        tools=tuple(s.tool for s in offered),
        messages=(
            Message(role="user", content=asked.text),
            Message(role="assistant", content=answer, tool_calls=tuple(calls)),
        ),
        extra=extra,
    )


def _offer(shop: Workshop, golds: Sequence[Subject], style: str, rng: random.Random) -> list[Subject]:
    """Return the tools that are offered with the right ones, in random order."""
    others = shop.shelf.unlike(golds)
    least, most = OFFERED
    wanted = {
        "simple": 0,
        "multiple": rng.randint(least, most) - 1,
        "parallel": rng.choice((0, 0, 1, 2, 3)),
        "parallel_multiple": rng.choice((0, 1, 2, 3)),
        "irrelevant": rng.randint(1, most - 1),
        "missing": rng.choice((0, 1, 2, 3)),
    }[style]
    start = golds[0] if golds else rng.choice(shop.subjects)
    offered = shop.beside(start, others, wanted, rng)
    if style != "irrelevant":
        offered += golds
    rng.shuffle(offered)
    return offered


def _request(
    shop: Workshop, golds: Sequence[Subject], parallel: bool, source: Source, rng: random.Random
) -> _Asked:
    """Return a request and the calls it asks for."""
    wording = Wording()
    shared = several_in_one(golds[0], source, shop.coverage, rng) if parallel and rng.random() < 0.5 else None
    if shared is not None:
        said, several, sets = shared
        clauses = [clause_of(golds[0], said, wording, rng, many=several)]
        calls = [ToolCall(name=golds[0].name, arguments=each) for each in sets]
        drawn = [said] * len(sets)
    else:
        subjects = list(golds) * (rng.choice((2, 2, 3)) if parallel else 1)
        drawn = different(subjects, source, shop.coverage, rng)
        clauses = [clause_of(s, a, wording, rng) for s, a in zip(subjects, drawn, strict=True)]
        calls = [
            ToolCall(name=s.name, arguments={name: said.value for name, said in a.items()})
            for s, a in zip(subjects, drawn, strict=True)
        ]
    families = FAMILIES[shop.families]
    names = tuple(families)
    family = rng.choices(names, [WEIGHTS.get(n, 1.0) for n in names])[0]
    text = families[family](Request(tuple(clauses), rng))
    text, complete = wording.resolve(text, lower=family in SMALL_LETTERS)
    if not complete:
        raise Unsamplable(f"{family} left a value of {golds[0].name} unsaid")
    found = tuple({name: said.found for name, said in a.items() if said.found} for a in drawn)
    return _Asked(text, family, tuple(calls), found)


def _irrelevant(shop: Workshop, index: int, rng: random.Random) -> Trajectory:
    kind = rng.random()
    if kind < 0.12:
        talk = [t for t in SMALL_TALK if in_half(t[0], shop.values)]
        text, answer = rng.choice(talk)
        offered = _offer(shop, (), "irrelevant", rng)
        return _row(shop, "irrelevant", index, _Asked(text, "small_talk"), offered, (), (), answer)
    missing = rng.choice(shop.subjects) if kind < 0.7 or not shop.elsewhere else rng.choice(shop.elsewhere)
    if not shop.shelf.unlike([missing]) and shop.elsewhere:
        missing = rng.choice(shop.elsewhere)
    asked = _request(shop, [missing], False, shop.source(rng), rng)
    offered = _offer(shop, [missing], "irrelevant", rng)
    answer = refusal(missing.capability, rng)
    return _row(shop, "irrelevant", index, asked, offered, (), (), answer, missing=missing.name)


def _missing(shop: Workshop, index: int, rng: random.Random) -> Trajectory:
    one = rng.choice(shop.shortened)
    asked = _request(shop, [one.subject], False, shop.source(rng), rng)
    offered = _offer(shop, [one.whole], "missing", rng)
    answer = question(one.whole, one.name, rng)
    golds = [one.whole]
    return _row(shop, "missing", index, asked, offered, golds, (), answer, missing_argument=one.name)
