"""What a study of so many rows and seeds can show, told before it runs.

A difference between two arms is seen through three kinds of noise: on which rows the two disagree, how much
of that is the row's and would come again with other seeds, and how far trainings with other seeds lie apart.
What is assumed of them is written beside each result, with what was found.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

from callwright.study.effects import t_quantile

AIM = 0.05
"""The difference that is worth seeing: five points."""
POWER = 0.8


class Noise(NamedTuple):
    """What stands between an arm and its effect."""

    disagree: float
    """Share of rows on which two arms with the same seed differ."""
    lasting: float
    """Share of that which is the row's own: it is the same for other seeds, and more of them do not help."""
    seed_sd: float
    """Standard deviation of a difference between seeds, that of rows left out."""


ASSUMED = Noise(disagree=0.25, lasting=0.4, seed_sd=0.02)


def detectable(n: int, seeds: int, noise: Noise = ASSUMED, *, arms: int = 2) -> float:
    """Return the smallest true difference that n rows and so many seeds show in four of five studies.

    All `arms` of a study tell how far trainings lie apart (`effects.apart`).
    """
    error, freedom = _error(n, seeds, noise, arms)
    return min(1.0, (t_quantile(0.975, freedom) + NormalDist().inv_cdf(POWER)) * error)


def rows_needed(seeds: int, noise: Noise = ASSUMED, difference: float = AIM, *, arms: int = 2) -> int | None:
    """Return how many rows show a difference with so many seeds; None where no number of them does."""
    if detectable(10**7, seeds, noise, arms=arms) > difference:
        return None
    low, high = 1, 10**7
    while low < high:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if detectable(middle, seeds, noise, arms=arms) <= difference else (middle + 1, high)
        )
    return low


def seeds_needed(n: int, noise: Noise = ASSUMED, difference: float = AIM, *, arms: int = 2) -> int | None:
    """Return how many seeds show a difference with n rows; None where a hundred do not."""
    return next((s for s in range(2, 101) if detectable(n, s, noise, arms=arms) <= difference), None)


def _error(n: int, seeds: int, noise: Noise, arms: int) -> tuple[float, float]:
    """Return the standard error of a mean difference and its degrees of freedom (Satterthwaite)."""
    own = noise.disagree * (1 - noise.lasting)
    rows = (own + seeds * noise.disagree * noise.lasting) / (n * seeds)
    trainings = own / (n * seeds) + (noise.seed_sd**2 / seeds if seeds > 1 else 0.0)
    left = own / (n * seeds)
    total = rows + trainings - left
    if seeds == 1:
        return math.sqrt(rows), float(max(n - 1, 1))
    parts = rows**2 / max(n - 1, 1) + trainings**2 / ((arms - 1) * (seeds - 1))
    return math.sqrt(total), max(1.0, total**2 / parts)
