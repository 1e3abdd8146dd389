"""Tasks that were tried several times: trials of one task are alike, so intervals and tests are over tasks.

An agent that always does the same is as sure after twenty trials of twelve tasks as it was after one. What
is said here of tasks that were tried once is what `stats` says of their rows.

>>> once, often = [[1.0], [0.0]], [[1.0] * 20, [0.0] * 20]
>>> share(once) == share(often)
True
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import fmean, pstdev, variance
from typing import NamedTuple

from callwright.evaluate.results import Result
from callwright.evaluate.stats import MeanInterval, square_and_add, wilson

Trials = Sequence[Sequence[float]]
"""A value for each trial of each task: ``trials[task][trial]``."""


class TaskDifference(NamedTuple):
    """Two runs over the same trials: how much the second is better, with its interval and p value."""

    n: int
    """Trials, of all tasks together."""
    before: float
    after: float
    difference: float
    low: float
    high: float
    p: float
    fixed: int
    """Tasks that are right more often after."""
    broken: int
    """Tasks that are right more often before."""
    tasks: int
    square: float
    """Mean, over tasks, of the squared difference: for tasks that were tried once the share that changed."""


def task_of(result: Result) -> tuple[str, str]:
    """Return what the trials of a task have in common; a row that names no task is one of its own."""
    return result.column, str(result.conditions.get("task", result.id))


def by_task(results: Iterable[Result]) -> list[list[Result]]:
    """Return the trials of each task."""
    tasks: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        tasks.setdefault(task_of(result), []).append(result)
    return list(tasks.values())


def share(trials: Trials) -> MeanInterval:
    """Return the mean over tasks of values that are 0 or 1, with its 95 % interval.

    It is Wilson's, of as many trials as would lie so far apart by chance alone: no fewer than there are
    tasks, no more than there are trials (Franco et al., J. Survey Statistics and Methodology 7, 2019, 334).
    """
    n, tasks = sum(map(len, trials)), len(trials)
    if n == tasks:
        k = sum(own[0] for own in trials)
        return MeanInterval(k / max(n, 1), *wilson(k, n))
    means = [fmean(own) for own in trials]
    mean = fmean(means)
    apart = variance(means) / tasks if tasks > 1 else 0.0
    chance = mean * (1 - mean)
    worth = float(tasks)
    if chance and tasks > 1:
        worth = max(worth, min(n, chance / apart if apart else n))
    return MeanInterval(mean, *wilson(mean * worth, worth))


def difference(before: Trials, after: Trials) -> TaskDifference:
    """Compare two runs task by task; raises ValueError unless they tried each task equally often.

    The interval is Newcombe's as in `stats.paired_difference`, of means over tasks; p is that of McNemar's
    test in its general form, the signs of the tasks' differences (Fisher's randomization test), exact.
    """
    sizes = [len(own) for own in before]
    if sizes != [len(own) for own in after]:
        raise ValueError("the runs have different numbers of trials")
    a, b = [fmean(own) for own in before], [fmean(own) for own in after]
    own, other = share(before), share(after)
    low, high = square_and_add(own, other, _correlation(a, b))
    unit = math.lcm(*sizes)
    changes = [
        round((sum(y) - sum(x)) * (unit // size)) for x, y, size in zip(before, after, sizes, strict=True)
    ]
    return TaskDifference(
        sum(sizes), own.mean, other.mean, other.mean - own.mean, low, high, sign_flips(changes),
        sum(change > 0 for change in changes), sum(change < 0 for change in changes),
        len(sizes), fmean((y - x) ** 2 for x, y in zip(a, b, strict=True)),
    )  # fmt: skip


def _correlation(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the correlation of two runs' means, with Newcombe's continuity correction where positive."""
    spread = pstdev(before) * pstdev(after)
    if not spread:
        return 0.0
    centre_before, centre_after = fmean(before), fmean(after)
    both = fmean((x - centre_before) * (y - centre_after) for x, y in zip(before, after, strict=True))
    if both > 0:
        both = max(both - 1 / (2 * len(before)), 0.0)
    return max(-1.0, min(1.0, both / spread))


def sign_flips(changes: Sequence[int]) -> float:
    """Return how often changes with signs drawn by lot add up to as much, either way."""
    total = abs(sum(changes))
    masses = {0: 1.0}
    for change in filter(None, changes):
        drawn: dict[int, float] = {}
        for reached, mass in masses.items():
            for to in (reached - change, reached + change):
                drawn[to] = drawn.get(to, 0.0) + mass / 2
        masses = drawn
    return min(1.0, math.fsum(mass for reached, mass in masses.items() if abs(reached) >= total))
