"""Arguments that must fit together: a stay ends after it starts, a flight leaves one city for another.

Relations are read from parameter names, so they hold for tools that nobody has seen before.
"""

from __future__ import annotations

import datetime
import random
import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from callwright.synthesize.params import Param
from callwright.synthesize.pools import Half, in_half
from callwright.synthesize.strings import spoken_date
from callwright.synthesize.values import Said, Unsamplable, sample

_ORDERED: tuple[tuple[str, str], ...] = (
    (r"\b(check ?in|arrival)\b", r"\b(check ?out|departure)\b"), (r"\bpick ?up\b", r"\bdrop ?off\b"),
    (r"\b(depart(ure)?|outbound|leave)\b", r"\b(return|inbound|back)\b"),
    (r"\b(start|begin|from|since|after|opening)\b", r"\b(end|until|to|till|before|finish|closing)\b"),
    (r"\b(min|minimum|low|lower|least)\b", r"\b(max|maximum|high|upper|most)\b"),
)  # fmt: skip
_DIFFERENT: tuple[tuple[str, str], ...] = (
    (r"\b(origin|from|source|start|departure|base|sender)\b",
     r"\b(destination|to|target|end|arrival|quote|recipient)\b"),
    (r"\b(first|1|a)\b", r"\b(second|2|b)\b"), (r"1$", r"2$"),
)  # fmt: skip
_LONGEST_STAY = 14
_TRIES = 60


class Relation(NamedTuple):
    """Two parameters of one tool and what holds between their values."""

    first: Param
    second: Param
    kind: Literal["less", "differ"]


def relations(params: Sequence[Param]) -> tuple[Relation, ...]:
    """Return the relations between the parameters of a tool."""
    found: list[Relation] = []
    for first in params:
        for second in params:
            if first is second or first.type != second.type or first.kind != second.kind:
                continue
            one, two = " ".join(first.words), " ".join(second.words)
            ordered = first.type in ("integer", "number") or first.kind in ("date", "time", "datetime")
            if ordered and _matches(one, two, _ORDERED):
                found.append(Relation(first, second, "less"))
            elif not ordered and first.type in ("string", "enum") and _matches(one, two, _DIFFERENT):
                found.append(Relation(first, second, "differ"))
    return tuple(found)


def _matches(one: str, two: str, table: Sequence[tuple[str, str]]) -> bool:
    return any(re.search(a, one) and re.search(b, two) for a, b in table)


def make_consistent(
    said: Mapping[str, Said], related: Sequence[Relation], rng: random.Random, which: Half
) -> dict[str, Said]:
    """Return the arguments with every relation fulfilled; raises `Unsamplable` where none is found."""
    result = dict(said)
    for relation in related:
        one, two = result.get(relation.first.name), result.get(relation.second.name)
        if one is None or two is None:
            continue
        if relation.kind == "less":
            one, two = _in_order(relation, one, two, rng, which)
        else:
            for _ in range(_TRIES):
                if _same_key(one) != _same_key(two):
                    break
                two = sample(relation.second, rng, which)
            else:
                raise Unsamplable(f"{relation.first.name} and {relation.second.name} always agree")
        result[relation.first.name], result[relation.second.name] = one, two
    return result


def _same_key(said: Said) -> str:
    return str(said.value).casefold()


def _in_order(relation: Relation, one: Said, two: Said, rng: random.Random, which: Half) -> tuple[Said, Said]:
    if relation.first.kind == "date" and isinstance(one.value, str):
        later = _some_days_later(one.value, rng, which)
        if later is not None:
            return one, later
    for _ in range(_TRIES):
        if one.value != two.value:
            break
        two = sample(relation.second, rng, which)
    if one.value == two.value:
        raise Unsamplable(f"{relation.first.name} and {relation.second.name} always agree")
    if one.value > two.value:
        one, two = _swapped(relation, one, two, rng, which)
    return one, two


def _swapped(relation: Relation, one: Said, two: Said, rng: random.Random, which: Half) -> tuple[Said, Said]:
    bounds = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "pattern", "format")
    if all(relation.first.schema.get(b) == relation.second.schema.get(b) for b in bounds):
        return two, one
    for _ in range(_TRIES):
        one, two = sample(relation.first, rng, which), sample(relation.second, rng, which)
        if one.value < two.value:
            return one, two
    raise Unsamplable(f"{relation.first.name} is never below {relation.second.name}")


def _some_days_later(iso: str, rng: random.Random, which: Half) -> Said | None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", iso):
        return None
    start = datetime.date.fromisoformat(iso)
    days = list(range(1, _LONGEST_STAY + 1))
    rng.shuffle(days)
    for count in days:
        later = (start + datetime.timedelta(days=count)).isoformat()
        if in_half(later, which):
            spoken = spoken_date(later, rng)
            return Said(later, spoken.text, spoken.text, fold=True)
    return None
