"""pass^k: how often an agent gets a task right k times in a row, from several trials of every task.

>>> won, lost = 4 * [True], 3 * [True] + [False]
>>> [round(each.mean, 3) for each in pass_hat({"a": won, "b": lost})]
[0.875, 0.75, 0.625, 0.5]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import comb
from typing import NamedTuple

from callwright.errors import DataError
from callwright.evaluate.results import Result
from callwright.evaluate.stats import mean_interval


class PassHat(NamedTuple):
    """pass^k over some tasks, with its 95 % bootstrap interval over tasks."""

    k: int
    tasks: int
    mean: float
    low: float
    high: float


def pass_hat(trials: Mapping[str, Sequence[bool]], *, seed: int = 0) -> list[PassHat]:
    """Return pass^k for every k up to the number of trials that all tasks have.

    The estimate of a task that was right c times of n is C(c, k) / C(n, k), without bias (arXiv 2406.12045
    §3); the mean over tasks has a bootstrap interval, because trials of one task are not independent.
    """
    most = min(map(len, trials.values()), default=0)
    return [
        PassHat(
            k,
            len(trials),
            *mean_interval([comb(sum(own), k) / comb(len(own), k) for own in trials.values()], seed=seed),
        )
        for k in range(1, most + 1)
    ]


def trials_of(results: Iterable[Result]) -> dict[str, list[bool]]:
    """Return the outcomes of each task from results of several trials; raises DataError for a trial twice."""
    seen: dict[tuple[str, object], bool] = {}
    for result in results:
        place = str(result.conditions.get("task", result.id)), result.conditions.get("trial", 0)
        if place in seen:
            raise DataError("a task has the same trial twice", place=result.id, got=f"trial {place[1]}")
        seen[place] = result.correct
    trials: dict[str, list[bool]] = {}
    for (task, _), correct in seen.items():
        trials.setdefault(task, []).append(correct)
    return trials
