"""The learning rate over a run: how it warms up, and where it ends."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import TrainerControl, TrainerState, TrainingArguments

from callwright.train.budget import Budget, warmup_steps
from callwright.train.config import Details


def factors(details: Details, steps: int) -> list[float]:
    budget = Budget(
        Path("nowhere"),
        planned_steps=steps,
        minutes=None,
        details=details,
        tokens_per_step=int,
        progress=None,
    )
    return [budget.learning_rate_factor(step) for step in range(steps)]


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


def test_the_rate_only_rises_while_the_steps_that_fit_are_still_being_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(map(float, range(1000)))
    monkeypatch.setattr("callwright.train.budget.time.monotonic", lambda: next(clock))
    budget = Budget(
        tmp_path, planned_steps=4000, minutes=5, details=Details(), tokens_per_step=lambda step: 1000,
        progress=None,
    )  # fmt: skip
    state, control = TrainerState(global_step=0, max_steps=4000), TrainerControl()
    arguments = TrainingArguments(output_dir=str(tmp_path), use_cpu=True)
    budget.on_train_begin(arguments, state, control)
    found = [budget.learning_rate_factor(0)]
    while not control.should_training_stop:
        state.global_step += 1
        found.append(budget.learning_rate_factor(state.global_step))
        budget.on_step_end(arguments, state, control)
    assert state.global_step == budget.total == pytest.approx(300, abs=2)
    peak = found.index(max(found))
    assert peak == warmup_steps(budget.total, Details()) == 30
    assert found[:peak] == sorted(found[:peak])
    assert found[0] == pytest.approx(1 / 101)
    assert found[12] == pytest.approx(13 / 31)
