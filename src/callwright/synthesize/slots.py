"""What a run asks of a generator, and what every generator promises."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

import msgspec

from callwright.record import Dropped, Trajectory

Candidate = Trajectory | Dropped
"""A row that is still to be checked, or why none could be made."""
Judge = Callable[[Iterable[Candidate]], Iterator[Candidate]]
"""Drops the rows whose calls do not do what was asked."""
REQUEST = "messages[0].content"
"""The path of what the user asks for, in a row of one request."""


class Slot(NamedTuple):
    """A place for candidates: its number in the run, and the style that is wanted there."""

    number: int
    style: str


class Failure(NamedTuple):
    """A candidate that a check refused, and what the check said."""

    row: Trajectory
    dropped: Dropped


class Generator(Protocol):
    """Makes candidates; which ones depends on the slot and on what was accepted before, on nothing else."""

    @property
    def name(self) -> str:
        """Return the name that rows and reports carry."""
        ...

    @property
    def per_slot(self) -> float:
        """Return how many candidates a slot is likely to get."""
        ...

    @property
    def min_grounding(self) -> float:
        """Return which share of the values must be traceable to the request."""
        ...

    def propose(self, slots: Sequence[Slot]) -> list[list[Candidate]]:
        """Return the candidates for each slot; raises `ModelError` for an outage."""
        ...

    def repair(self, failures: Sequence[Failure]) -> list[Candidate]:
        """Return second attempts at what failed; there may be fewer, or none."""
        ...

    def finish(self, row: Trajectory) -> Candidate:
        """Return a row that passed every check as its style wants it, or why that is not possible."""
        ...


def dropped(row: Trajectory, reason: str, detail: str, path: str = "") -> Dropped:
    """Return a row that this stage does not keep."""
    return Dropped(id=row.id, stage="synthesize", reason=reason, path=path, detail=detail[:300],
                   row=msgspec.to_builtins(row))  # fmt: skip
