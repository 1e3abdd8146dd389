"""What a study is: arms that differ in exactly one thing, exams that all of them take, and a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from callwright.evaluate.results import Result
from callwright.study.columns import own_column
from callwright.study.lab import Lab
from callwright.train.config import TrainSummary

Model = Path | str
"""What ``--model`` of the verbs takes: the folder of an adapter or a model, or a name."""


def training_of(model: Model) -> TrainSummary | None:
    """Return what the training of an adapter told of itself; None for a model that none of ours made."""
    file = model.parent / "train.json" if isinstance(model, Path) else None
    if file is None or not file.is_file():
        return None
    return msgspec.json.decode(file.read_bytes(), type=TrainSummary)


class Arm(NamedTuple):
    """One way of doing it."""

    name: str
    differs: str
    """In which one thing from the baseline, in words."""
    model: Callable[[int], Model]
    """Returns the model of a seed; makes what is missing for it."""


class Exam(NamedTuple):
    """Questions for every model."""

    name: str
    ask: Callable[[Arm, Model], Path]
    """Returns the folder of the evaluation."""
    questions: int
    """About how many; for the plan."""
    column: Callable[[Result], str] = own_column
    """The group that a question is reported in."""


class Extra(msgspec.Struct, frozen=True):
    """A table of a study's own."""

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Contrast(NamedTuple):
    """The mean of some arms against the mean of others, such as all with a factor against all without."""

    name: str
    low: Sequence[str]
    high: Sequence[str]


@dataclass(frozen=True)
class Study:
    """A question, and what answers it. The first arm is the baseline that all others are held against."""

    name: str
    title: str
    question: str
    arms: Sequence[Arm]
    exams: Sequence[Exam]
    notes: Sequence[str] = ()
    """What a reader has to know about arms and exams."""
    contrasts: Sequence[Contrast] = ()
    """Comparisons beside those of each arm with the baseline."""
    tables: Callable[[Lab, Sequence[int]], Sequence[Extra]] | None = None
    """More to be told than scores, made of what the steps of these seeds left."""
    contrasts_only: bool = False
    """Leave out the comparisons with the baseline: no arm of a factorial design means anything alone."""
