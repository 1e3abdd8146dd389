"""How much better one arm is than another: the same rows, asked after trainings with the same seeds.

Rows and seeds are both samples, of the questions that could be asked and of the trainings that could have
been, and they are crossed: every seed's model answers every row. So the variance of a mean difference has
three parts, of rows, of seeds and of what is left, which an analysis of variance tells apart; the degrees of
freedom of the whole are Satterthwaite's (Biometrics Bulletin 2, 1946, 110-114).

Two or three seeds tell little of how far trainings lie apart, so all arms of a study are asked together: what
is left of their means once arms and seeds are taken out (`Apart`). That supposes that trainings of every arm
vary alike.

Rows that all come to the same show no variance, and of three rows would make an interval without width. It
then reaches as far as Wilson's for rows of which none is different, and p is no less than the exact McNemar
test's.

>>> effect([[1, 0, 1, 1], [1, 0, 0, 1]], [[1, 1, 1, 1], [1, 1, 1, 1]]).difference
0.375
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from callwright.evaluate.stats import mcnemar, wilson

Table = Sequence[Sequence[float]]
"""A value per seed and row: ``table[seed][row]``, every seed with the same rows."""
_EQUAL = 1e-9
"""How far values may lie apart that are the same but for rounding."""


class Mean(NamedTuple):
    """A mean over rows and seeds with its 95 % interval, and how far seeds lie apart."""

    n: int
    seeds: int
    value: float
    low: float
    high: float
    p: float
    """Two-sided, against a mean of 0."""
    seed_sd: float
    """Standard deviation of the means of single seeds; 0 for one seed."""


class Effect(NamedTuple):
    """One arm against the baseline."""

    baseline: float
    arm: float
    difference: float
    low: float
    high: float
    p: float
    disagree: float
    """Share of rows and seeds on which the two differ."""
    seed_sd: float
    """Standard deviation, between seeds, of the difference."""
    n: int
    seeds: int


class Apart(NamedTuple):
    """How far trainings of the same arm lie apart, beyond what their seed does to every arm."""

    square: float
    """Variance of one arm's mean."""
    freedom: float


def apart(arms: Sequence[Table]) -> Apart | None:
    """Return the interaction of arms and seeds; None for fewer than two of either."""
    means = [[fmean(row) for row in table] for table in arms]
    count, seeds = len(means), len(means[0]) if means else 0
    if count < 2 or seeds < 2:
        return None
    whole = fmean(fmean(row) for row in means)
    by_arm = [fmean(row) for row in means]
    by_seed = [fmean(column) for column in zip(*means, strict=True)]
    left = sum(
        (x - a - s + whole) ** 2
        for a, row in zip(by_arm, means, strict=True)
        for x, s in zip(row, by_seed, strict=True)
    )
    freedom = (count - 1) * (seeds - 1)
    return Apart(left / freedom, float(freedom))


def effect(baseline: Table, arm: Table, trainings: Apart | None = None) -> Effect:
    """Compare two arms; raises ValueError unless both have the same seeds and rows.

    `trainings` is how far those of the two lie apart, from all arms of the study; by default from these two.
    """
    if [len(row) for row in baseline] != [len(row) for row in arm] or not baseline:
        raise ValueError("arms with different seeds or rows can not be paired")
    differences = [
        [after - before for before, after in zip(a, b, strict=True)]
        for a, b in zip(baseline, arm, strict=True)
    ]
    mean = crossed_mean(differences, trainings, least=-1.0)
    differing = fmean(float(d != 0) for row in differences for d in row)
    if differing == 0:  # no row changed: as far as Wilson's bound for none of n
        bound = wilson(0, mean.n).high
        mean = mean._replace(low=-bound, high=bound, p=1.0)
    return Effect(
        _mean_of(baseline), _mean_of(arm), mean.value, mean.low, mean.high, mean.p, differing,
        mean.seed_sd, mean.n, mean.seeds,
    )  # fmt: skip


def crossed_mean(values: Table, trainings: Apart | None = None, *, least: float = 0.0) -> Mean:
    """Return the mean of a table with an interval that holds for other rows and other seeds.

    With one seed it holds for other rows only: nothing tells how far trainings lie apart. Values lie between
    `least` and 1.
    """
    seeds, n = len(values), len(values[0])
    mean = _mean_of(values)
    by_seed = [fmean(row) for row in values]
    by_row = [fmean(column) for column in zip(*values, strict=True)]
    rows = seeds * sum((r - mean) ** 2 for r in by_row) / max(n - 1, 1)
    if seeds == 1 or n == 1:
        spread, freedom = rows, float(max(n - 1, 1))
        between = 0.0
    else:
        between = n * sum((s - mean) ** 2 for s in by_seed) / (seeds - 1)
        left = sum(
            (x - r - s + mean) ** 2
            for s, row in zip(by_seed, values, strict=True)
            for x, r in zip(row, by_row, strict=True)
        ) / ((n - 1) * (seeds - 1))
        pooled = trainings or Apart(between / n, float(seeds - 1))
        spread, freedom = _together(rows, n - 1, n * pooled.square, pooled.freedom, left)
    error = math.sqrt(spread / (n * seeds))
    reach = t_quantile(0.975, freedom) * error
    p = 2 * (1 - t_below(abs(mean) / error, freedom)) if error else float(mean == 0)
    sd = math.sqrt(between / n) if seeds > 1 else 0.0
    found = Mean(n, seeds, mean, mean - reach, mean + reach, min(1.0, p), sd)
    return _of_equal_rows(found, least) if max(by_row) - min(by_row) < _EQUAL else found


def _of_equal_rows(found: Mean, least: float) -> Mean:
    """Return a mean of rows that all come to the same with what that many rows leave open."""
    unlike = wilson(0, found.n).high
    low, high = found.value - unlike * (found.value - least), found.value + unlike * (1 - found.value)
    p = mcnemar(found.n, 0) if abs(found.value) > _EQUAL else 1.0
    return found._replace(low=min(low, found.low), high=max(high, found.high), p=max(p, found.p))


def _together(rows: float, rows_df: int, between: float, seeds_df: float, left: float) -> tuple[float, float]:
    """Return the mean square of the grand mean and its degrees of freedom, never less than its parts."""
    spread = rows + between - left
    if spread <= max(rows, between):
        return (rows, float(rows_df)) if rows >= between else (between, float(seeds_df))
    parts = rows**2 / rows_df + between**2 / seeds_df + left**2 / (rows_df * seeds_df)
    return spread, max(1.0, spread**2 / parts)


def _mean_of(values: Table) -> float:
    return fmean(x for row in values for x in row)


def t_below(t: float, freedom: float) -> float:
    """Return P(T < t) of Student's distribution, by Simpson's rule over the angle whose tangent is t/√ν."""
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)
    end, steps = math.atan(abs(t) / math.sqrt(freedom)), 400
    weights = (1 if i in (0, steps) else 4 if i % 2 else 2 for i in range(steps + 1))
    area = sum(w * math.pow(math.cos(end * i / steps), freedom - 1) for i, w in enumerate(weights))
    half = scale * area * end / steps / 3
    return min(1.0, 0.5 + half) if t > 0 else max(0.0, 0.5 - half)


def t_quantile(p: float, freedom: float) -> float:
    """Return t with P(T < t) = p for p above one half."""
    low, high = 0.0, 1e3
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if t_below(middle, freedom) < p else (low, middle)
    return high


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return p values that hold for all comparisons together (Holm, Scand. J. Statistics 6, 1979, 65-70)."""
    adjusted: dict[str, float] = {}
    highest = 0.0
    for rank, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = highest
    return {name: adjusted[name] for name in p_values}
