"""The learning rate over a run: how it warms up, and where it ends."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import TrainerControl, TrainerState, TrainingArguments

from callwright.train.budget import Budget
from callwright.train.config import Details
from callwright.train.schedule import Schedule, warmup_steps


def factors(details: Details, steps: int) -> list[float]:
    budget = Budget(
        Path("nowhere"),
        planned_steps=steps,
        minutes=None,
        details=details,
        tokens_per_step=int,
        progress=None,
    )
    return [budget.schedule.factor(step) for step in range(steps)]


def test_as_many_steps_warm_up_as_are_told() -> None:
    found = factors(Details(warmup_steps=100), 1000)
    assert found[:100] == pytest.approx([(step + 1) / 101 for step in range(100)])
    assert found[100] == 1.0
    assert all(before > after for before, after in pairwise(found[100:]))


def test_none_warm_up_if_told_so() -> None:
    assert factors(Details(warmup_steps=0), 10)[0] == 1.0


@pytest.mark.parametrize("floor", [0.0, 0.1, 1.0])
def test_the_cosine_ends_at_the_floor(floor: float) -> None:
    found = factors(Details(floor=floor), 1000)
    assert found[-1] == pytest.approx(floor, abs=1e-4)
    assert max(found) == pytest.approx(1.0)


@given(
    total=st.integers(1, 3000),
    told=st.none() | st.integers(0, 500),
    share=st.floats(0, 1),
)
def test_a_short_run_never_warms_up_for_more_than_half_of_its_told_steps(
    total: int, told: int | None, share: float
) -> None:
    found = warmup_steps(total, Details(warmup_steps=told, warmup_fraction=share))
    assert found == min(told, total // 2) if told is not None else 1 <= found <= 100


class Clock:
    """A run on a machine whose steps take as long as told, driven as the trainer drives it."""

    def __init__(
        self, out: Path, patch: pytest.MonkeyPatch, seconds: Callable[[int], float],
        details: Details | None = None, wanted: int = 0,
    ) -> None:  # fmt: skip
        self.now = 0.0
        patch.setattr("callwright.train.budget.time.monotonic", lambda: self.now)
        self.seconds = seconds
        self.arguments = TrainingArguments(output_dir=str(out), use_cpu=True)
        self.budget = Budget(
            out, planned_steps=4000, minutes=5, details=details or Details(), wanted_steps=wanted,
            tokens_per_step=lambda step: 1000, progress=None,
        )  # fmt: skip

    def go(self, begin: int = 0, until: int = 4000) -> list[float]:
        """Return the rates of the steps; the next one is asked for before a step is told to be over."""
        state, control = TrainerState(global_step=begin, max_steps=4000), TrainerControl()
        self.budget.on_train_begin(self.arguments, state, control)
        found = [self.budget.schedule.factor(begin)]
        while not control.should_training_stop and state.global_step < until:
            self.now += self.seconds(state.global_step)
            state.global_step += 1
            found.append(self.budget.schedule.factor(state.global_step))
            self.budget.on_step_end(self.arguments, state, control)
        return found[:-1]


def test_the_rate_only_rises_while_the_steps_that_fit_are_still_being_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(tmp_path, monkeypatch, lambda step: 1.0)
    found = clock.go()
    assert len(found) == clock.budget.total == 300
    assert clock.now == 300
    peak = found.index(max(found))
    assert peak == warmup_steps(300, Details()) == 30
    assert found[:peak] == sorted(found[:peak])
    assert found[0] == pytest.approx(1 / 101)
    assert found[13] == pytest.approx(14 / 31)


def test_a_machine_that_becomes_slower_gets_a_shorter_plan_and_the_rate_still_ends_at_the_floor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(tmp_path, monkeypatch, lambda step: 1.0 if step < 100 else 2.0)
    found = clock.go()
    assert len(found) == clock.budget.total == pytest.approx(200, abs=5)
    assert clock.now == pytest.approx(300, rel=0.04)
    assert not clock.budget.stopped_by_clock
    assert found[-1] == pytest.approx(0.1, abs=0.01)
    assert all(before >= after for before, after in pairwise(found[40:]))


@pytest.mark.parametrize(("wanted", "steps"), [(200, 300), (400, 400), (4000, 600)])
def test_a_slow_machine_gets_more_minutes_for_the_steps_that_are_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: int, steps: int
) -> None:
    for name in ("straight", "killed"):
        (tmp_path / name).mkdir()
    make = lambda name: Clock(tmp_path / name, monkeypatch, lambda step: 1.0, Details(stretch=2), wanted)  # noqa: E731
    straight = make("straight")
    rates = straight.go()
    assert len(rates) == straight.budget.total == straight.now == pytest.approx(steps, rel=0.02)
    assert not straight.budget.stopped_by_clock
    make("killed").go(until=100)
    assert make("killed").go(begin=90) == rates[90:]


def test_a_machine_that_recovers_gets_its_steps_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(tmp_path, monkeypatch, lambda step: 3.0 if 100 <= step < 130 else 1.0)
    found = clock.go()
    totals = [total for _, total in json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["plans"]]
    assert min(totals) < 200
    assert len(found) == totals[-1] == pytest.approx(240, abs=3)
    assert clock.now == pytest.approx(300, rel=0.01)
    assert found[-1] == pytest.approx(0.1, abs=0.01)


def test_a_resumed_run_follows_the_plans_that_were_made_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slower = lambda step: 1.0 if step < 100 else 2.0  # noqa: E731
    (tmp_path / "straight").mkdir()
    (tmp_path / "killed").mkdir()
    straight = Clock(tmp_path / "straight", monkeypatch, slower).go()
    Clock(tmp_path / "killed", monkeypatch, slower).go(until=160)
    resumed = Clock(tmp_path / "killed", monkeypatch, slower).go(begin=90)
    assert resumed[: 160 - 90] == straight[90:160]


def test_a_steady_machine_keeps_its_first_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(tmp_path, monkeypatch, lambda step: 1.0 + 0.2 * (step % 2))
    clock.go()
    [[step, total]] = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["plans"]
    assert step == 13
    assert Schedule(tmp_path / "plan.json", Details(), 4000, settled=False).total == total
