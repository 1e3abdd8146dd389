"""Krippendorff's alpha: how far judges agree beyond chance, whoever abstains on whichever row.

Source: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011). The coincidence matrix is summed up
row by row, so memory depends on how many different values there are and not on how many rows.

    >>> seen = Coincidences()
    >>> for votes in ([1, 1], [0, 0], [1, 0], [1, 1]):
    ...     seen.add(votes)
    >>> round(seen.alpha("nominal"), 4)
    0.5333
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

Metric = Literal["nominal", "ordinal", "interval"]


class Coincidences:
    """How often two judges gave two values to the same row."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[float, float], float] = {}

    def add(self, values: Sequence[float]) -> None:
        """Count the values that one row was given; a row with fewer than two has nothing to compare."""
        counts = Counter(values)
        weight = len(values) - 1
        if weight < 1:
            return
        for a, of_a in counts.items():
            for b, of_b in counts.items():
                # Each ordered pair of different judges counts 1 / (judges of the row - 1).
                pairs = of_a * (of_b - (a == b)) / weight
                self._pairs[a, b] = self._pairs.get((a, b), 0.0) + pairs

    def alpha(self, metric: Metric) -> float | None:
        """Return 1 for perfect agreement, 0 for chance; None where chance leaves nothing to disagree on."""
        totals: dict[float, float] = {}
        for (a, _), count in self._pairs.items():
            totals[a] = totals.get(a, 0.0) + count
        totals = {value: total for value, total in sorted(totals.items()) if total}
        if len(totals) < 2:
            return None
        distance = _DISTANCES[metric](totals)
        observed = sum(count * distance(a, b) for (a, b), count in self._pairs.items() if a != b)
        expected = sum(totals[a] * totals[b] * distance(a, b) for a in totals for b in totals if a != b)
        return 1 - (sum(totals.values()) - 1) * observed / expected


_Distance = Callable[[float, float], float]
"""The squared difference of two values."""


def _nominal(totals: dict[float, float]) -> _Distance:
    return lambda a, b: float(a != b)


def _interval(totals: dict[float, float]) -> _Distance:
    return lambda a, b: (a - b) ** 2


def _ordinal(totals: dict[float, float]) -> _Distance:
    rank, below = {}, 0.0
    for value, total in totals.items():  # from the lowest; a value stands in the middle of its own ties
        rank[value] = below + total / 2
        below += total
    return lambda a, b: (rank[a] - rank[b]) ** 2


_DISTANCES: dict[Metric, Callable[[dict[float, float]], _Distance]] = {
    "nominal": _nominal,
    "ordinal": _ordinal,
    "interval": _interval,
}
