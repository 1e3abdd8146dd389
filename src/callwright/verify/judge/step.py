"""The judge as a data step: rows in, rows with votes or dropped rows out, in the same order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from callwright.record import Dropped, Trajectory
from callwright.verify.judge.committee import Committee
from callwright.verify.judge.decision import settle

STRETCH = 64
"""Rows asked about together: enough to keep a server busy, few enough to wait for."""
_HELD = 1024
"""Rows held at most, those included that an earlier stage dropped."""


@dataclass(frozen=True)
class JudgeStep:
    """The last stage of verify: keeps the rows that a committee passes, and those it can not decide.

    Rows that an earlier stage dropped go through as they are.
    """

    committee: Committee

    def __call__(self, rows: Iterable[Trajectory | Dropped]) -> Iterator[Trajectory | Dropped]:
        """Yield every row once, in order; raises `ModelError` where a judge does not answer."""
        for stretch in _stretches(rows):
            decisions = iter(self.committee.judge([row for row in stretch if isinstance(row, Trajectory)]))
            for row in stretch:
                yield row if isinstance(row, Dropped) else settle(row, next(decisions))


def _stretches(rows: Iterable[Trajectory | Dropped]) -> Iterator[list[Trajectory | Dropped]]:
    stretch: list[Trajectory | Dropped] = []
    judged = 0
    for row in rows:
        stretch.append(row)
        judged += isinstance(row, Trajectory)
        if judged == STRETCH or len(stretch) == _HELD:
            yield stretch
            stretch, judged = [], 0
    if stretch:
        yield stretch
