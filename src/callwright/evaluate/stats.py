"""Intervals and tests for right-or-wrong scores, on the standard library.

>>> low, high = wilson(81, 263)
>>> round(low, 4), round(high, 4)
(0.2553, 0.3662)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from statistics import NormalDist
from typing import NamedTuple


class Interval(NamedTuple):
    """Lower and upper bound."""

    low: float
    high: float


class PairedDifference(NamedTuple):
    """Two runs over the same rows: how much the second is better, with its interval and p value."""

    n: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    p: float
    fixed: int
    """Rows wrong before and right after."""
    broken: int
    """Rows right before and wrong after."""


def wilson(k: float, n: float, *, confidence: float = 0.95) -> Interval:
    """Return Wilson's score interval of k successes in n trials (Wilson 1927), (0, 1) without a trial.

    `n` is no whole number where trials hang together and tell as much as so many that do not.
    """
    if n == 0:
        return Interval(0.0, 1.0)
    z = _z(confidence)
    p = k / n
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the ends the bound is exact, and rounding must not push it beyond.
    low = 0.0 if k == 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if k == n else min(1.0, (centre + half) / scale)
    return Interval(low, high)


class MeanInterval(NamedTuple):
    """A mean with the bounds of its interval."""

    mean: float
    low: float
    high: float


def mean_interval(values: Sequence[float], *, confidence: float = 0.95, seed: int = 0) -> MeanInterval:
    """Return the mean and its percentile bootstrap interval (Efron 1979); (0, 0, 0) without a value."""
    n = len(values)
    if n == 0:
        return MeanInterval(0.0, 0.0, 0.0)
    # Of many values fewer samples will do, and 400,000 draws take about a tenth of a second.
    draws = max(400, min(2000, 400_000 // n))
    rng = Random(seed)
    means = sorted(math.fsum(rng.choices(values, k=n)) / n for _ in range(draws))
    cut = round((1 - confidence) / 2 * draws)
    return MeanInterval(math.fsum(values) / n, means[cut], means[draws - 1 - cut])


def mcnemar(fixed: int, broken: int) -> float:
    """Return the exact two-sided p value of McNemar's test from the two counts of discordant pairs."""
    n = fixed + broken
    if n == 0:
        return 1.0
    tail = coefficient = 1
    for i in range(min(fixed, broken)):
        coefficient = coefficient * (n - i) // (i + 1)
        tail += coefficient
    # Integers until here, and logarithms of them: the sum overflows a float from n = 1030 on.
    return min(1.0, math.exp(math.log(tail) - (n - 1) * math.log(2)))


def paired_difference(
    before: Sequence[bool], after: Sequence[bool], *, confidence: float = 0.95
) -> PairedDifference:
    """Compare two runs row by row.

    The interval is Newcombe's square-and-add interval for paired proportions (Statistics in Medicine 17,
    1998, 2635-2650, method 10); p is McNemar's, exact.
    """
    if len(before) != len(after):
        raise ValueError(f"paired runs differ in length: {len(before)} and {len(after)}")
    n = len(before)
    both = sum(a and b for a, b in zip(before, after, strict=True))
    broken = sum(before) - both
    fixed = sum(after) - both
    if n == 0:
        return PairedDifference(0, 0.0, 0.0, 0.0, -1.0, 1.0, 1.0, 0, 0)
    low, high = newcombe_paired(both, fixed, broken, n - both - fixed - broken, confidence=confidence)
    return PairedDifference(
        n,
        sum(before) / n,
        sum(after) / n,
        (fixed - broken) / n,
        low,
        high,
        mcnemar(fixed, broken),
        fixed,
        broken,
    )


def newcombe_paired(
    both: int, fixed: int, broken: int, neither: int, *, confidence: float = 0.95
) -> Interval:
    """Return Newcombe's interval (method 10) of (fixed - broken) / n from a paired table."""
    n = both + fixed + broken + neither
    before = MeanInterval((both + broken) / n, *wilson(both + broken, n, confidence=confidence))
    after = MeanInterval((both + fixed) / n, *wilson(both + fixed, n, confidence=confidence))
    return square_and_add(before, after, _correlation(both, fixed, broken, neither))


def square_and_add(before: MeanInterval, after: MeanInterval, phi: float) -> Interval:
    """Return the interval of a difference from those of its two sides, which have the correlation phi."""
    difference = after.mean - before.mean

    def spread(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b))

    return Interval(
        max(-1.0, difference - spread(after.mean - after.low, before.high - before.mean)),
        min(1.0, difference + spread(after.high - after.mean, before.mean - before.low)),
    )


def _correlation(both: int, fixed: int, broken: int, neither: int) -> float:
    """Return phi of the paired table, with Newcombe's continuity correction where it is positive."""
    n = both + fixed + broken + neither
    margins = (both + fixed) * (broken + neither) * (both + broken) * (fixed + neither)
    if margins == 0:
        return 0.0
    numerator: float = both * neither - fixed * broken
    if numerator > 0:
        numerator = max(numerator - n / 2, 0.0)
    return numerator / math.sqrt(margins)


def minimum_detectable_difference(
    n: int, discordant: float, *, confidence: float = 0.95, power: float = 0.8
) -> float:
    """Return the smallest true difference that n paired rows show with this power.

    `discordant` is the share of rows on which the runs are expected to disagree; no difference can be larger,
    so that share is returned where even it is not enough. Source: Connor, Biometrics 43, 1987, 207-211.
    """
    if n <= 0 or discordant <= 0:
        return max(0.0, discordant)
    low, high = 0.0, discordant
    for _ in range(60):
        middle = (low + high) / 2
        if _rows_needed(middle, discordant, confidence, power) > n:
            low = middle
        else:
            high = middle
    return high


def rows_needed(difference: float, discordant: float, *, confidence: float = 0.95, power: float = 0.8) -> int:
    """Return how many paired rows show a true difference with this power (Connor 1987), at least 1.

    `discordant` is the share of rows on which the runs disagree; raises ValueError for no difference.
    """
    if difference <= 0:
        raise ValueError(f"no difference to be shown: {difference}")
    return max(1, math.ceil(_rows_needed(difference, max(discordant, difference), confidence, power)))


def _rows_needed(difference: float, discordant: float, confidence: float, power: float) -> float:
    if difference == 0:
        return math.inf
    rest = max(0.0, discordant - difference**2)
    root = _z(confidence) * math.sqrt(discordant) + NormalDist().inv_cdf(power) * math.sqrt(rest)
    return (root / difference) ** 2


def shown_p(p: float) -> str:
    """Return a p value as tables show it."""
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf(0.5 + confidence / 2)
