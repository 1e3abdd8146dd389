"""How varied a set of requests is, in numbers that a report can show.

>>> diversity(["book a table", "book a room"]).distinct_1
0.667
"""

from __future__ import annotations

import math
import random
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from callwright.record import Json

_SAMPLE = 500
"""Texts that are held against each other for self-BLEU."""
_LONGEST = 4
"""Words of the longest sequences that BLEU compares."""
_NONE = 0.1
"""Matches that are counted where there are none (Chen and Cherry 2014, method 1)."""


@dataclass(frozen=True)
class Diversity:
    """Variety of a set of texts."""

    texts: int
    distinct_1: float
    """Different words per word (Li et al., arXiv 1510.03055)."""
    distinct_2: float
    """Different word pairs per word pair."""
    mean_words: float
    self_bleu: float
    """Mean BLEU-4 of a text with the others as references (Zhu et al., arXiv 1802.01886); low is varied.
    Of many texts a seeded sample is taken: it grows with their number, so compare sets of one size."""
    repeated: float
    """Share of texts that equal an earlier one."""

    def to_json(self) -> dict[str, Json]:
        """Return plain JSON data, for a report."""
        return asdict(self)


def diversity(texts: Iterable[str], seed: int = 0) -> Diversity:
    """Measure the variety of `texts`; self-BLEU is taken on a seeded sample."""
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
        self_bleu=_self_bleu(rows, random.Random(seed)),
        repeated=_share(len(rows) - len({" ".join(r) for r in rows}), len(rows)),
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 3) if whole else 0.0


def _self_bleu(rows: Sequence[Sequence[str]], rng: random.Random) -> float:
    chosen = rng.sample(rows, min(len(rows), _SAMPLE))
    if len(chosen) < 2:
        return 0.0
    orders = [[Counter(_sequences(row, n)) for row in chosen] for n in range(1, _LONGEST + 1)]
    most = [_most(counts) for counts in orders]
    lengths = sorted(map(len, chosen))
    total = 0.0
    for place, row in enumerate(chosen):
        logs = [
            math.log(max(_matches(counts[place], found, place), _NONE) / counts[place].total())
            for counts, found in zip(orders, most, strict=True)
            if counts[place]
        ]
        total += _brevity(len(row), lengths) * math.exp(sum(logs) / len(logs)) if logs else 0.0
    return round(total / len(chosen), 3)


def _sequences(row: Sequence[str], n: int) -> Iterable[tuple[str, ...]]:
    return zip(*(row[k:] for k in range(n)), strict=False)


_Most = dict[tuple[str, ...], tuple[int, int, int]]
"""For each sequence its highest count in a text, that text's place, and the highest count in any other."""


def _most(counts: Sequence[Counter[tuple[str, ...]]]) -> _Most:
    most: _Most = {}
    for place, counter in enumerate(counts):
        for sequence, count in counter.items():
            first, owner, second = most.get(sequence, (0, -1, 0))
            if count > first:
                most[sequence] = (count, place, first)
            elif count > second:
                most[sequence] = (first, owner, count)
    return most


def _matches(counter: Counter[tuple[str, ...]], most: _Most, place: int) -> int:
    """Return how many sequences of a text some other text has as well, each as often as that one at most."""
    matches = 0
    for sequence, count in counter.items():
        first, owner, second = most[sequence]
        matches += min(count, second if owner == place else first)
    return matches


def _brevity(length: int, lengths: Sequence[int]) -> float:
    """Return BLEU's penalty for a text shorter than the nearest length of another one."""
    at = bisect_left(lengths, length)
    others = [*lengths[max(at - 1, 0) : at], *lengths[at + 1 : at + 2]]  # its own length stands at `at`
    nearest = min(others, key=lambda other: (abs(other - length), other))
    return 1.0 if length >= nearest else math.exp(1 - nearest / length) if length else 0.0
