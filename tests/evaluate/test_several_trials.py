"""More trials of the same tasks make nobody surer than they should be; with one of each all is as it was."""

import itertools
import random
from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.evaluate.compare import compare, table
from callwright.evaluate.results import Result
from callwright.evaluate.several_trials import TaskDifference, difference, share, sign_flips
from callwright.evaluate.stats import PairedDifference, mcnemar, paired_difference, wilson
from callwright.evaluate.summary import score, summarise
from callwright.evaluate.taubench.baselines import refuse
from callwright.evaluate.taubench.home import library
from callwright.evaluate.taubench.session import TauWorld
from callwright.evaluate.worlds import followed

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40)


def rows(right: Sequence[bool], trials: int) -> list[Result]:
    """Return the rows of an agent that does the same in every trial."""
    return [
        Result(
            id=f"t{task}~{trial}", column="c", correct=correct, strict=correct, scores={"steps": 3.0 + task},
            conditions={"task": f"t{task}", "trial": trial},
        )
        for trial in range(trials)
        for task, correct in enumerate(right)
    ]  # fmt: skip


@given(PAIRS, st.integers(2, 9))
def test_trials_that_all_end_alike_tell_as_much_as_one(pairs: list[tuple[bool, bool]], trials: int) -> None:
    before, after = [a for a, _ in pairs], [b for _, b in pairs]
    once = wilson(sum(before), len(before))
    assert share([[x] * trials for x in before])[1:] == pytest.approx(once, abs=1e-9)
    told = paired_difference(before, after)
    found = difference([[x] * trials for x in before], [[x] * trials for x in after])
    assert (found.low, found.high, found.p) == pytest.approx((told.low, told.high, told.p), abs=1e-9)
    assert (found.before, found.after) == pytest.approx((told.before, told.after))
    assert (found.fixed, found.broken, found.tasks) == (told.fixed, told.broken, told.n)
    assert found.square == pytest.approx((told.fixed + told.broken) / told.n)


def test_a_policy_that_always_does_the_same_is_as_sure_after_twenty_trials_as_after_one() -> None:
    tasks = library()

    def scored(trials: int) -> list[Result]:
        return followed([TauWorld(tasks, trial=trial) for trial in range(trials)], lambda _: refuse)

    once, often = summarise(scored(1)), summarise(scored(20))
    assert (often.all.low, often.all.high) == pytest.approx((once.all.low, once.all.high))
    assert (often.all.strict_low, often.columns["library"].low) == pytest.approx((once.all.low, once.all.low))
    assert often.all.means["reward"][1:] == pytest.approx(once.all.means["reward"][1:])
    assert (often.all.n, often.all.correct, often.all.tasks) == (240, 40, 12)


def test_a_measure_that_counts_has_its_interval_over_tasks_too() -> None:
    once, often = (score(rows([True] * 12, trials)).means["steps"] for trials in (1, 20))
    assert once[1:] == often[1:]
    assert once.low < once.mean < once.high


def test_more_trials_of_an_agent_that_differs_tell_more_but_not_of_other_tasks() -> None:
    rng = random.Random(4)
    held, width = 0, {1: 0.0, 8: 0.0}
    for _ in range(300):
        chances = [rng.betavariate(2, 3) for _ in range(20)]
        trials = [[float(rng.random() < chance) for _ in range(8)] for chance in chances]
        _, low, high = share(trials)
        held += low <= 0.4 <= high
        width[8] += high - low
        width[1] += (lambda w: w[1] - w[0])(wilson(sum(own[0] for own in trials), 20))
    assert 273 <= held <= 297
    assert width[8] < 0.8 * width[1]


@pytest.mark.parametrize("chance", [lambda rng: rng.betavariate(2, 2), lambda rng: float(rng.random() < 0.5)])
def test_two_agents_that_are_alike_differ_no_more_often_than_p_says(
    chance: Callable[[random.Random], float],
) -> None:
    rng = random.Random(6)
    false = held = 0
    for _ in range(300):
        sides = [[chance(rng) for _ in range(15)] for _ in range(2)]
        runs = [[[float(rng.random() < p) for _ in range(5)] for p in side] for side in sides]
        found = difference(*runs)
        false += found.p < 0.05
        held += found.low <= 0 <= found.high
    assert false <= 22  # of 300; at 5 % more come once in 50 such tests
    assert held >= 273


def test_one_task_says_nothing_of_others_however_often_it_was_tried() -> None:
    assert share([[1.0] * 50])[1:] == wilson(1, 1)
    low, high = share([[1.0, 0.0] * 25])[1:]
    assert high - low > 0.7


@given(st.integers(0, 12), st.integers(0, 12))
def test_signs_drawn_by_lot_are_mcnemars_test_where_each_task_was_tried_once(fixed: int, broken: int) -> None:
    assert sign_flips([1] * fixed + [-1] * broken + [0] * 3) == pytest.approx(mcnemar(fixed, broken))


@given(st.lists(st.integers(-5, 5), max_size=8))
def test_every_draw_of_signs_is_counted_once(changes: list[int]) -> None:
    drawn = [sum(s * c for s, c in zip(signs, changes, strict=True))
             for signs in itertools.product((1, -1), repeat=len(changes))]  # fmt: skip
    as_far = sum(abs(each) >= abs(sum(changes)) for each in drawn)
    assert sign_flips(changes) == pytest.approx(as_far / len(drawn))


def test_tasks_may_have_been_tried_unequally_often() -> None:
    before, after = [[0.0, 0.0], [0.0, 1.0, 0.0]], [[1.0, 0.0], [1.0, 1.0, 0.0]]
    found = difference(before, after)
    assert (found.n, found.tasks, found.fixed, found.broken, found.p) == (5, 2, 2, 0, 0.5)
    assert found.difference == pytest.approx((1 / 2 + 1 / 3) / 2)
    with pytest.raises(ValueError, match="different numbers"):
        difference(before, [[1.0, 0.0], [1.0, 1.0]])


def test_a_comparison_of_trials_is_over_tasks_and_says_so() -> None:
    before, after = [True] * 2 + [False] * 10, [True] * 4 + [False] * 8
    once, often = (compare(rows(before, trials), rows(after, trials)) for trials in (1, 20))
    assert isinstance(once.all, PairedDifference)
    assert isinstance(often.all, TaskDifference)
    assert often.all.p == pytest.approx(once.all.p) == 0.5
    assert (often.all.low, often.all.high) == pytest.approx((once.all.low, once.all.high))
    assert often.columns["c"] == often.all
    assert len(often.fixed) == 40
    one, many = table(once).splitlines(), table(often).splitlines()
    assert [line.split()[1] for line in many[1:3]] == ["12x20", "12x20"]
    assert [line.split()[2:] for line in many[1:3]] == [line.split()[2:] for line in one[1:3]]
    assert many[-1] == one[-1].replace("12 rows", "12 tasks")
    assert "agree on all 12 tasks" in table(compare(rows(before, 3), rows(before, 3)))


def test_nothing_is_said_of_trials_where_each_task_was_tried_once() -> None:
    right = [True, False, True]
    plain = [msgspec.structs.replace(row, conditions={}) for row in rows(right, 1)]
    assert score(rows(right, 1)) == score(plain)
    assert "tasks" not in msgspec.to_builtins(score(plain))
    assert msgspec.to_builtins(score(rows(right, 2)))["tasks"] == 3
