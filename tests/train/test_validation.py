"""Rows that are only measured: when, what is kept as the best, when a run ends early, and after a kill."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from callwright.train.budget import Budget
from callwright.train.config import Details
from callwright.train.validation import Seen, Validation

STEPS = 20


class Killed(BaseException):
    """What ends a run at once."""


class Run:
    """A run whose losses are written down beforehand, driven as the trainer drives it."""

    def __init__(
        self,
        out: Path,
        losses: dict[int, float],
        *,
        times: int = 5,
        patience: int = 0,
        torn: int | None = None,
    ) -> None:
        self.torn = torn
        """The step at which it is killed while the best state is being written."""
        self.kept: list[int] = []
        self.told: list[dict[str, float]] = []
        self.step = 0
        self.budget = Budget(
            out, planned_steps=STEPS, minutes=None, details=Details(), tokens_per_step=lambda step: 1,
            progress=None,
        )  # fmt: skip
        self.validation = Validation(
            self.budget,
            lambda: {"loss": losses[self.step], "accuracy": 0.5},
            lambda figures: self.told.append(dict(figures)),
            self._keep,
            times=times,
            patience=patience,
        )
        self.told_trainer: dict[str, Any] = {"args": TrainingArguments(output_dir=str(out), use_cpu=True)}

    def _keep(self) -> None:
        if self.step == self.torn:
            raise Killed
        self.kept.append(self.step)

    def go(self, *, begin: int = 0, until: int = STEPS) -> None:
        control = TrainerControl()
        state = TrainerState(global_step=begin, max_steps=STEPS)
        told = {**self.told_trainer, "state": state, "control": control}
        self.step = begin
        for callback in (self.budget, self.validation):
            callback.on_train_begin(**told)
        while state.global_step < until and not control.should_training_stop:
            state.global_step = self.step = state.global_step + 1
            for callback in (self.budget, self.validation):
                callback.on_step_end(**told)
        if until == STEPS:
            self.validation.on_train_end(**told)


FALLING = {0: 1.0, 4: 0.8, 8: 0.6, 12: 0.5, 16: 0.45, 20: 0.4}
RISING = {0: 1.0, 4: 0.8, 8: 0.6, 12: 0.7, 16: 0.65, 20: 0.9}


def test_it_measures_the_start_equal_distances_and_the_end(tmp_path: Path) -> None:
    run = Run(tmp_path, FALLING)
    run.go()
    assert run.validation.history == [Seen(step, loss) for step, loss in FALLING.items()]
    assert run.kept == [0, 4, 8, 12, 16, 20]
    lines = list(map(json.loads, (tmp_path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()))
    assert lines[0] == {"step": 0, "validation_loss": 1.0, "validation_accuracy": 0.5}
    assert [line["step"] for line in lines] == list(FALLING)
    assert run.told == [{k: v for k, v in line.items() if k != "step"} for line in lines]


def test_the_best_state_is_kept_and_a_later_equal_one_is_not(tmp_path: Path) -> None:
    run = Run(tmp_path, {**RISING, 16: 0.6})
    run.go()
    assert run.validation.best == Seen(8, 0.6)
    assert run.kept == [0, 4, 8]
    assert not run.validation.stopped


@pytest.mark.parametrize(("patience", "last"), [(1, 12), (2, 16), (3, 20), (0, 20)])
def test_a_run_ends_when_the_best_was_so_many_measurements_ago(
    tmp_path: Path, patience: int, last: int
) -> None:
    run = Run(tmp_path, RISING, patience=patience)
    run.go()
    assert run.step == last
    assert run.validation.stopped == (last < STEPS)
    assert run.validation.best == Seen(8, 0.6)


@pytest.mark.parametrize("killed", [2, 4, 9, 13, 19])
def test_a_run_that_is_killed_knows_what_was_measured_before(tmp_path: Path, killed: int) -> None:
    straight = Run(tmp_path / "straight", RISING, patience=3)
    (tmp_path / "straight").mkdir()
    straight.go()
    (tmp_path / "killed").mkdir()
    Run(tmp_path / "killed", RISING, patience=3).go(until=killed)
    again = Run(tmp_path / "killed", RISING, patience=3)
    again.go(begin=killed)
    assert again.validation.history == straight.validation.history
    assert again.validation.best == straight.validation.best


def test_a_kill_while_the_first_state_is_written_leaves_one_to_end_with(tmp_path: Path) -> None:
    """Training that never gets better than its start ends with the start, which has to be there then."""
    with pytest.raises(Killed):
        Run(tmp_path, {0: 0.3}, torn=0).go()
    again = Run(tmp_path, {**RISING, 0: 0.3})
    again.go()
    assert again.validation.best == Seen(0, 0.3)
    assert again.kept == [0]


def test_what_was_measured_after_the_checkpoint_is_measured_again(tmp_path: Path) -> None:
    Run(tmp_path, RISING).go(until=13)
    again = Run(tmp_path, FALLING)
    again.go(begin=6)
    assert [seen.loss for seen in again.validation.history] == [1.0, 0.8, 0.6, 0.5, 0.45, 0.4]
