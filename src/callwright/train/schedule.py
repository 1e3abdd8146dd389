"""How many steps a run has, and the learning rate of each: a linear warm-up, then a cosine down to a floor.

The number of steps can be planned again while a run goes. What was planned, and from which step on it holds,
is written down, so that a resumed run follows the rates of an undisturbed one.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import NamedTuple

from callwright.store import write_json_atomic
from callwright.train.config import Details

MAX_WARMUP_STEPS = 100


class Planned(NamedTuple):
    """A plan, and the first step that it holds for."""

    step: int
    total: int


class Schedule:
    """The plans of a run in their order; without one, what is expected holds."""

    def __init__(self, file: Path, details: Details, expected: int, *, settled: bool) -> None:
        """`expected` steps there are if nothing ends the run before; `settled` if that is the plan."""
        self._file = file
        self._details = details
        self._plans = _read(file) or ([Planned(0, expected)] if settled else [])
        self.expected = expected

    @property
    def total(self) -> int:
        """The number of steps by the latest plan; 0 until there is one."""
        return self._plans[-1].total if self._plans else 0

    def plan(self, step: int, total: int, *, write: bool) -> None:
        """Let `step` and those after it follow a plan of so many steps, and write it down where told."""
        self._plans.append(Planned(step, total))
        if write:
            write_json_atomic(self._file, {"plans": [list(p) for p in self._plans]})

    def factor(self, step: int) -> float:
        """Return the share of the peak that a step learns with, counted from 0."""
        total = next((p.total for p in reversed(self._plans) if p.step <= step), self.expected)
        warmup = warmup_steps(total, self._details)
        if step < warmup:
            return (step + 1) / (warmup + 1)
        done = (step - warmup) / max(1, total - warmup)
        floor = self._details.floor
        return floor + (1 - floor) / 2 * (1 + math.cos(math.pi * min(1.0, done)))


def warmup_steps(total: int, details: Details) -> int:
    """Return how many of `total` steps warm up."""
    if details.warmup_steps is not None:
        return min(details.warmup_steps, total // 2)
    return max(1, min(MAX_WARMUP_STEPS, round(total * details.warmup_fraction)))


def _read(file: Path) -> list[Planned]:
    if not file.is_file():
        return []
    return [Planned(*plan) for plan in json.loads(file.read_text(encoding="utf-8"))["plans"]]
