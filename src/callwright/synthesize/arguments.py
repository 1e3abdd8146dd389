"""The arguments of the calls that a request asks for: drawn to be legal, consistent, different and rare."""

from __future__ import annotations

import random
from collections.abc import Sequence

from callwright.record import Json
from callwright.synthesize import surface
from callwright.synthesize.coverage import Coverage
from callwright.synthesize.params import Param
from callwright.synthesize.related import make_consistent
from callwright.synthesize.scenes import Source
from callwright.synthesize.values import Said, Unsamplable
from callwright.synthesize.wording import Subject

OPTIONAL_SHARE = 0.4
"""How often an optional argument is mentioned."""
MOST_OPTIONAL = 4
"""Optional arguments that a request mentions on average at most."""
_TRIES = 8


def different(
    subjects: Sequence[Subject], source: Source, seen: Coverage, rng: random.Random
) -> list[dict[str, Said]]:
    """Return arguments for each tool, no two calls of one tool the same; raises `Unsamplable`."""
    drawn: list[dict[str, Said]] = []
    for subject in subjects:
        for _ in range(_TRIES):
            arguments = rare(subject, source, seen, rng)
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


def rare(subject: Subject, source: Source, seen: Coverage, rng: random.Random) -> dict[str, Said]:
    """Return the one of two draws whose classes of values were asked for less."""
    draws = [draw(subject, source, rng) for _ in range(2 if subject.params else 1)]
    if len(draws) == 1:
        return draws[0]
    return max(draws, key=lambda d: seen.rarity(subject.name, {n: s.value for n, s in d.items()}))


def draw(subject: Subject, source: Source, rng: random.Random) -> dict[str, Said]:
    """Return consistent arguments: what is required, and some of what is optional."""
    optional = sum(not p.required for p in subject.params)
    share = min(OPTIONAL_SHARE, MOST_OPTIONAL / optional) if optional else 0.0
    said: dict[str, Said] = {}
    for param in subject.params:
        if not param.required and rng.random() >= share:
            continue
        try:
            said[param.name] = source.draw(subject.name, param, rng)
        except Unsamplable:
            if param.required:
                raise
    return make_consistent(said, subject.related, rng, source.values)


_SEVERAL = {"city", "us_city", "country", "airport", "id", "symbol", "product", "dish", "movie", "book",
"song",
            "restaurant", "hotel", "topic", "language", "currency", "sport", "genre", "url", "zip", "state",
            "company", "team", "cuisine"}  # fmt: skip


def several_in_one(
    subject: Subject, source: Source, seen: Coverage, rng: random.Random
) -> tuple[dict[str, Said], str, list[dict[str, Json]]] | None:
    """Draw calls that differ in one argument, said in one breath: "the weather in Paris and Rome"."""
    tied = {p.name for r in subject.related if r.kind == "less" for p in (r.first, r.second)}
    said = rare(subject, source, seen, rng)
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
        value = source.draw(subject.name, param, rng)
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
