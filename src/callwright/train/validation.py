"""Rows that are not trained on, measured while training: before it, at even distances, and at its end.

The best state by these measurements is the one that a run ends with, and a run that no longer becomes better
ends early.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from callwright.train.budget import Budget
from callwright.train.processes import agreed, processes

PREFIX = "validation_"
"""Of what was measured, in ``metrics.jsonl``."""


class Seen(NamedTuple):
    """The loss after a step."""

    step: int
    loss: float


class Validation(TrainerCallback):  # type: ignore[misc]  # transformers publishes no types
    """Measure, remember the best, and stop when it was `patience` measurements ago (0: never)."""

    def __init__(
        self, budget: Budget, measure: Callable[[], Mapping[str, float]],
        tell: Callable[[Mapping[str, float]], None], keep: Callable[[], None], *, times: int, patience: int,
    ) -> None:  # fmt: skip
        self.history: list[Seen] = []
        self.stopped = False
        self._budget = budget
        self._measure = measure
        self._tell = tell
        self._keep = keep
        self._times = times
        self._patience = patience

    @property
    def best(self) -> Seen:
        """The lowest loss so far, the first of equal ones."""
        return min(self.history, key=lambda seen: seen.loss)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Measure what training starts from, or go on from what an earlier session measured."""
        self.history = _read(self._budget.metrics_file)
        processes().wait_for_everyone()  # the first one is going to write what the others must not read
        if not self.history:
            took = self._look(state.global_step)
            self._budget.set_aside(0.0, self._times * took)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Measure at the times that the plan has for it."""
        step, total = state.global_step, self._budget.total
        if not total or step not in {round(total * k / self._times) for k in range(1, self._times + 1)}:
            return
        self._look(step)
        since = sum(seen.step > self.best.step for seen in self.history)
        if self._patience and since >= self._patience and step < total:
            self.stopped = True
            control.should_training_stop = True

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Measure the end of a run that the clock cut short."""
        if self.history[-1].step < state.global_step:
            self._look(state.global_step)

    def _look(self, step: int) -> float:
        began = time.monotonic()
        figures = self._measure()
        self.history.append(Seen(step, figures["loss"]))
        if self.best.step == step:
            self._keep()  # before its line: a run that was killed must not find a best that is not there
        if processes().is_main_process:
            named = {f"{PREFIX}{name}": value for name, value in figures.items()}
            with self._budget.metrics_file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps({"step": step, **named}) + "\n")
            self._tell(named)
        took = agreed(time.monotonic() - began)
        self._budget.set_aside(took)
        return took


def _read(metrics: Path) -> list[Seen]:
    if not metrics.is_file():
        return []
    lines = map(json.loads, metrics.read_text(encoding="utf-8").splitlines())
    return [Seen(x["step"], x[f"{PREFIX}loss"]) for x in lines if f"{PREFIX}loss" in x]
