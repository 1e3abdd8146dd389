"""How varied a set of requests is, in numbers that a report can show.

>>> diversity(["book a table", "book a room"]).distinct_1
0.667
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from callwright.record import Json

_PAIRS = 2000
"""Pairs of requests that are compared for their overlap."""


@dataclass(frozen=True)
class Diversity:
    """Variety of a set of texts."""

    texts: int
    distinct_1: float
    """Different words per word (Li et al., arXiv 1510.03055)."""
    distinct_2: float
    """Different word pairs per word pair."""
    mean_words: float
    overlap: float
    """Mean Jaccard overlap of the word triples of two random texts: a cheap self-BLEU; lower is better."""
    repeated: float
    """Share of texts that equal an earlier one."""

    def to_json(self) -> dict[str, Json]:
        """Return plain JSON data, for a report."""
        return asdict(self)


def diversity(texts: Iterable[str], seed: int = 0) -> Diversity:
    """Measure the variety of `texts`; the overlap is taken on a seeded sample of pairs."""
    rows = [re.findall(r"[\w'-]+", text.lower()) for text in texts]
    if not rows:
        return Diversity(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    words = [w for row in rows for w in row]
    pairs = [p for row in rows for p in pairwise(row)]
    return Diversity(
        texts=len(rows),
        distinct_1=_share(len(set(words)), len(words)),
        distinct_2=_share(len(set(pairs)), len(pairs)),
        mean_words=round(len(words) / len(rows), 2),
        overlap=_overlap(rows, random.Random(seed)),
        repeated=_share(len(rows) - len({" ".join(r) for r in rows}), len(rows)),
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 3) if whole else 0.0


def _overlap(rows: Sequence[Sequence[str]], rng: random.Random) -> float:
    if len(rows) < 2:
        return 0.0
    triples = [set(zip(r, r[1:], r[2:], strict=False)) for r in rows]
    total = 0.0
    for _ in range(_PAIRS):
        one, two = rng.sample(triples, 2)
        total += len(one & two) / len(one | two) if one or two else 0.0
    return round(total / _PAIRS, 4)
