"""What a judge says about a row, or that nothing can be made of its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Unsupported(NamedTuple):
    """An argument value that a judge finds no support for, in the judge's words."""

    argument: str = ""
    """Name or path of the argument; empty where only the value was named."""
    value: str | None = None
    """The value as text; None where only the argument was named."""


class StepOpinion(NamedTuple):
    """What a judge says about one assistant turn."""

    step: int
    """Counted from 1; 0 for findings that name no step."""
    score: float | None = None
    unsupported: tuple[Unsupported, ...] = ()


@dataclass(frozen=True)
class Opinion:
    """A readable answer. It has a rating from 0 to 5, or says whether the row passes, or both."""

    passes: bool | None = None
    rating: float | None = None
    steps: tuple[StepOpinion, ...] = ()
    why: str = ""


class Unreadable(NamedTuple):
    """An answer that is no opinion: the judge abstains."""

    complaint: str
    """One clause that says what is wrong, fit to be told to the judge."""
