"""One candidate row: draw a style, tools and values, and write the request for exactly those calls."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from callwright.record import Json, Message, Source, Task, ToolCall, Trajectory
from callwright.synthesize import surface
from callwright.synthesize.families import FAMILIES, SMALL_LETTERS, WEIGHTS, Families
from callwright.synthesize.irrelevant import ELSEWHERE, SMALL_TALK, refusal
from callwright.synthesize.params import Param
from callwright.synthesize.pools import Half, in_half
from callwright.synthesize.related import make_consistent
from callwright.synthesize.request import Request
from callwright.synthesize.values import Said, Unsamplable, sample
from callwright.synthesize.wording import Subject, Wording, clause_of, subject_of

Style = Literal["simple", "multiple", "parallel", "parallel_multiple", "irrelevant"]
STYLES: Mapping[str, float] = {
    "simple": 0.27, "multiple": 0.29, "parallel": 0.12, "parallel_multiple": 0.12, "irrelevant": 0.20,
}  # fmt: skip
"""Shares of the styles: APIGen's four, and enough rows without a call (15 to 25 %) to keep a model from
answering every request with one."""

TOO_NEAR = 0.6
"""Two tools whose names and descriptions share this much of their words never stand against each other."""
OFFERED = (2, 5)
"""How many tools the style "multiple" offers, ends included."""
OPTIONAL_SHARE = 0.4
"""How often an optional argument is mentioned."""
MOST_OPTIONAL = 4
"""Optional arguments that a request mentions on average at most."""


@dataclass(frozen=True)
class Workshop:
    """What all rows of a run share."""

    subjects: tuple[Subject, ...]
    elsewhere: tuple[Subject, ...]
    families: Families
    values: Half
    seed: int

    @property
    def column(self) -> str:
        """The part of a row's id that names its split: "train-train"."""
        return f"{self.families}-{self.values}"


def workshop(subjects: Sequence[Subject], families: Families, values: Half, seed: int) -> Workshop:
    """Return a workshop; requests from elsewhere that a tool at hand might serve are left out."""
    known = {word.rstrip("s") for s in subjects for word in s.content}
    foreign = (subject_of(t) for t in ELSEWHERE if not _may_serve(t.name, known))
    return Workshop(tuple(subjects), tuple(foreign), families, values, seed)


def _may_serve(name: str, known: set[str]) -> bool:
    return any(word.rstrip("s") in known for word in name.split("_")[1:])


def near(one: Subject, two: Subject) -> bool:
    """Tell whether two tools are so alike that a request for one may be served by the other."""
    union = one.content | two.content
    return not union or len(one.content & two.content) / len(union) >= TOO_NEAR


def propose(shop: Workshop, style: str, index: int, rng: random.Random) -> Trajectory:
    """Return the candidate row `index`; raises `Unsamplable` where the drawn tool can not be worded."""
    if style == "irrelevant":
        return _irrelevant(shop, index, rng)
    pool = shop.subjects
    if style == "parallel":
        pool = tuple(s for s in pool if s.params) or pool
    gold = rng.choice(pool)
    golds = [gold]
    if style == "parallel_multiple":
        rest = rng.sample(pool, len(pool))
        wanted = rng.choice((2, 2, 2, 3))
        golds += [s for s in rest if not any(near(s, g) for g in golds)][: wanted - 1]
    wording = Wording()
    text, family, calls = _request(shop, golds, style == "parallel", wording, rng)
    offered = _offer(shop, golds, style, rng)
    return _row(shop, style, index, family, text, offered, golds, calls)


def _row(
    shop: Workshop, style: str, index: int, family: str, text: str, offered: Sequence[Subject],
    golds: Sequence[Subject], calls: Sequence[ToolCall], answer: str = "", missing: str = "",
) -> Trajectory:  # fmt: skip
    made: dict[str, Json] = {
        "style": style,
        "family": family,
        "gold_tools": [g.name for g in golds],
        "seed": shop.seed,
    }
    if missing:
        made["missing"] = missing
    return Trajectory(
        id=f"synth/{shop.column}/{style}/{index}",
        source=Source(dataset="synthesized", adapter="grammar", row=index, split=shop.column),
        task=Task(kind="single", expects="call" if calls else "no_call"),
        tools=tuple(s.tool for s in offered),
        messages=(
            Message(role="user", content=text),
            Message(role="assistant", content=answer, tool_calls=tuple(calls)),
        ),
        extra={"synthesize": made},
    )


def _offer(shop: Workshop, golds: Sequence[Subject], style: str, rng: random.Random) -> list[Subject]:
    """Return the tools that are offered with the right ones, in random order."""
    others = [s for s in shop.subjects if s not in golds and not any(near(s, g) for g in golds)]
    least, most = OFFERED
    wanted = {
        "simple": 0,
        "multiple": rng.randint(least, most) - 1,
        "parallel": rng.choice((0, 0, 1, 2, 3)),
        "parallel_multiple": rng.choice((0, 1, 2, 3)),
        "irrelevant": rng.randint(1, most - 1),
    }[style]
    offered = rng.sample(others, min(len(others), wanted))
    if style != "irrelevant":
        offered += golds
    rng.shuffle(offered)
    return offered


def _request(
    shop: Workshop, golds: Sequence[Subject], parallel: bool, wording: Wording, rng: random.Random
) -> tuple[str, str, list[ToolCall]]:
    """Return the text, its family, and the calls it asks for."""
    shared = _several_in_one(golds[0], shop.values, rng) if parallel and rng.random() < 0.5 else None
    if shared is not None:
        said, several, argument_sets = shared
        clauses = [clause_of(golds[0], said, wording, rng, many=several)]
        calls = [ToolCall(name=golds[0].name, arguments=a) for a in argument_sets]
    else:
        subjects = list(golds) * (rng.choice((2, 2, 3)) if parallel else 1)
        arguments = _different(subjects, shop.values, rng)
        clauses = [clause_of(s, a, wording, rng) for s, a in zip(subjects, arguments, strict=True)]
        calls = [
            ToolCall(name=s.name, arguments={name: said.value for name, said in a.items()})
            for s, a in zip(subjects, arguments, strict=True)
        ]
    families = FAMILIES[shop.families]
    names = tuple(families)
    family = rng.choices(names, [WEIGHTS.get(n, 1.0) for n in names])[0]
    text = families[family](Request(tuple(clauses), rng))
    text, complete = wording.resolve(text, lower=family in SMALL_LETTERS)
    if not complete:
        raise Unsamplable(f"{family} left a value of {golds[0].name} unsaid")
    return text, family, calls


def _different(subjects: Sequence[Subject], which: Half, rng: random.Random) -> list[dict[str, Said]]:
    drawn: list[dict[str, Said]] = []
    for subject in subjects:
        for _ in range(8):
            arguments = draw(subject, which, rng)
            values = {name: said.value for name, said in arguments.items()}
            before = (
                {n: s.value for n, s in d.items()}
                for d, t in zip(drawn, subjects, strict=False)
                if t is subject
            )
            if values not in before:
                break
        else:
            raise Unsamplable(f"{subject.name}: no two different calls")
        drawn.append(arguments)
    return drawn


def draw(subject: Subject, which: Half, rng: random.Random) -> dict[str, Said]:
    """Return consistent arguments: what is required, and some of what is optional."""
    optional = sum(not p.required for p in subject.params)
    share = min(OPTIONAL_SHARE, MOST_OPTIONAL / optional) if optional else 0.0
    said: dict[str, Said] = {}
    for param in subject.params:
        if not param.required and rng.random() >= share:
            continue
        try:
            said[param.name] = sample(param, rng, which)
        except Unsamplable:
            if param.required:
                raise
    return make_consistent(said, subject.related, rng, which)


_SEVERAL = {"city", "us_city", "country", "airport", "id", "symbol", "product", "dish", "movie", "book",
"song",
            "restaurant", "hotel", "topic", "language", "currency", "sport", "genre", "url", "zip", "state",
            "company", "team", "cuisine"}  # fmt: skip


def _several_in_one(
    subject: Subject, which: Half, rng: random.Random
) -> tuple[dict[str, Said], str, list[dict[str, object]]] | None:
    """Draw calls that differ in one argument, said in one breath: "the weather in Paris and Rome"."""
    tied = {p.name for r in subject.related if r.kind == "less" for p in (r.first, r.second)}
    said = draw(subject, which, rng)
    fit: list[Param] = [p for p in subject.params if p.name in said and p.name not in tied
                        and p.type in ("string", "enum") and p.kind in _SEVERAL and _may_vary(p)]  # fmt: skip
    if not fit:
        return None
    param = rng.choice(fit)
    different = {
        str(said[p.name].value).casefold()
        for r in subject.related
        if r.kind == "differ" and param in (r.first, r.second)
        for p in (r.first, r.second)
        if p is not param and p.name in said
    }
    values = [said[param.name]]
    wanted = rng.choice((2, 2, 2, 3, 3, 4))
    for _ in range(wanted * 6):
        value = sample(param, rng, which)
        taken = {str(v.value).casefold() for v in values} | different
        if str(value.value).casefold() not in taken and value.quote == values[0].quote:
            values.append(value)
        if len(values) == wanted:
            break
    if len(values) < 2:
        return None
    texts = [surface.quoted(v.text, rng) if v.quote else v.text for v in values]
    both = "both " if len(texts) == 2 and rng.random() < 0.15 else ""
    text = both + surface.join(texts, rng)
    joined = Said([v.value for v in values], text, surface.join(texts, rng), all(v.fold for v in values))
    sets = [{n: (v.value if n == param.name else s.value) for n, s in said.items()} for v in values]
    return {**said, param.name: joined}, param.name, sets


def _may_vary(param: Param) -> bool:
    """Several currencies may be wanted, but one sum is in one currency."""
    return param.kind != "currency" or bool(set(param.words) & {"to", "target"})


def _irrelevant(shop: Workshop, index: int, rng: random.Random) -> Trajectory:
    kind = rng.random()
    if kind < 0.12:
        talk = [t for t in SMALL_TALK if in_half(t[0], shop.values)]
        text, answer = rng.choice(talk)
        offered = _offer(shop, (), "irrelevant", rng)
        return _row(shop, "irrelevant", index, "small_talk", text, offered, (), (), answer)
    removable = [s for s in shop.subjects if any(not near(s, o) for o in shop.subjects)]
    if removable and (kind < 0.7 or not shop.elsewhere):
        missing = rng.choice(removable)
    else:
        missing = rng.choice(shop.elsewhere or shop.subjects)
    text, family, _ = _request(shop, [missing], False, Wording(), rng)
    offered = _offer(shop, [missing], "irrelevant", rng)
    answer = refusal(missing.capability, rng)
    return _row(shop, "irrelevant", index, family, text, offered, (), (), answer, missing.name)
