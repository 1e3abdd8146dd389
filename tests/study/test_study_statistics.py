"""Effects and their intervals hold what they promise, on data of which the truth is known."""

import doctest
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.evaluate.stats import mcnemar, wilson
from callwright.study import effects
from callwright.study.effects import Apart, Effect, apart, crossed_mean, effect, holm, t_below, t_quantile
from callwright.study.power import ASSUMED, Noise, detectable, rows_needed, seeds_needed

Table = list[list[float]]


@pytest.mark.parametrize(
    ("p", "freedom", "expected"),
    [(0.975, 1, 12.7062), (0.975, 2, 4.3027), (0.975, 9, 2.2622), (0.95, 30, 1.6973), (0.975, 1000, 1.9623)],
)
def test_students_quantiles_are_those_of_the_tables(p: float, freedom: float, expected: float) -> None:
    assert t_quantile(p, freedom) == pytest.approx(expected, abs=1e-4)


@given(st.floats(-30, 30), st.floats(1, 500))
def test_students_distribution_is_symmetric_and_inverted_by_its_quantile(t: float, freedom: float) -> None:
    assert t_below(t, freedom) + t_below(-t, freedom) == pytest.approx(1, abs=1e-9)
    p = t_below(abs(t), freedom)
    if 0.5 < p < 0.9999:
        assert t_quantile(p, freedom) == pytest.approx(abs(t), rel=1e-4, abs=1e-4)


def drawn(rng: random.Random, rows: int, seeds: int, seed_sd: float, gain: float) -> tuple[Table, Table]:
    """Return answers of two arms: rows of their own difficulty and gain, seeds of their own luck."""
    ease = [rng.uniform(0.2, 0.8) for _ in range(rows)]
    gains = [rng.gauss(gain, 0.1) for _ in range(rows)]
    before, after = [], []
    for _ in range(seeds):
        luck = rng.gauss(0, seed_sd)
        before.append([float(rng.random() < e) for e in ease])
        after.append([float(rng.random() < e + g + luck) for e, g in zip(ease, gains, strict=True)])
    return before, after


@pytest.mark.parametrize("seed_sd", [0.0, 0.04])
def test_intervals_hold_the_truth_as_often_as_they_say(seed_sd: float) -> None:
    rng = random.Random(f"coverage {seed_sd}")
    held = 0
    for _ in range(150):
        found = effect(*drawn(rng, 60, 3, seed_sd, 0.1))
        held += found.low <= 0.1 <= found.high
    assert held >= 136  # of 150; at 95 % fewer come once in 60 such tests


def test_all_arms_together_tell_how_far_trainings_lie_apart() -> None:
    """Intervals from all arms hold the truth as often, and are narrower than those of two arms alone."""
    rng = random.Random("together")
    held, widths = 0, [0.0, 0.0]
    for _ in range(80):
        ease = [rng.uniform(0.3, 0.7) for _ in range(60)]
        luck = [[rng.gauss(0, 0.05) for _ in range(3)] for _ in range(6)]
        arms = [[[float(rng.random() < e + own) for e in ease] for own in lucks] for lucks in luck]
        pooled = apart(arms)
        assert pooled is not None
        assert pooled.freedom == 10
        two = pooled._replace(square=2 * pooled.square)
        together, alone = effect(arms[0], arms[1], two), effect(arms[0], arms[1])
        assert together.difference == alone.difference
        held += together.low <= 0 <= together.high
        widths = [w + e.high - e.low for w, e in zip(widths, (together, alone), strict=True)]
    assert held >= 70
    assert widths[0] < 0.8 * widths[1]


def test_nothing_lies_apart_where_seeds_do_the_same_to_every_arm() -> None:
    arms = [[[1, 0, 0], [1, 1, 0]], [[1, 1, 0], [1, 1, 1]]]
    assert apart(arms) == (pytest.approx(0), 1)
    assert apart(arms[:1]) is None
    assert apart([[[1, 0]], [[0, 1]]]) is None


def test_rows_alone_would_promise_too_much() -> None:
    """Seeds that differ widen the interval: one that counts rows only would exclude 0 far too often."""
    rng = random.Random("seeds")
    false = 0
    for _ in range(80):
        false += effect(*drawn(rng, 200, 3, 0.08, 0.0)).p < 0.05
    assert false <= 9


def test_a_difference_that_is_there_is_found() -> None:
    found = effect(*drawn(random.Random(3), 300, 5, 0.01, 0.2))
    assert found.p < 0.01
    assert found.low > 0.1
    assert found.difference == pytest.approx(found.arm - found.baseline)


def test_arms_that_agree_everywhere_still_have_an_interval() -> None:
    found = effect([[1, 0, 1]] * 3, [[1, 0, 1]] * 3)
    assert (found.difference, found.p) == (0, 1)
    assert found.low < 0 < found.high


@pytest.mark.parametrize("n", [1, 2, 3, 6, 10])
@pytest.mark.parametrize("seeds", [1, 3])
def test_rows_that_all_change_alike_are_no_more_than_so_many_rows(n: int, seeds: int) -> None:
    found = effect([[0] * n] * seeds, [[1] * n] * seeds)
    assert found.p == pytest.approx(mcnemar(n, 0))
    assert found.low < found.high == found.difference == 1
    assert found.low == pytest.approx(1 - 2 * wilson(0, n).high)
    back = effect([[1] * n] * seeds, [[0] * n] * seeds)
    assert (back.low, back.high, back.p) == pytest.approx((-found.high, -found.low, found.p))
    assert crossed_mean([[1] * n] * seeds)[3:5] == pytest.approx(wilson(n, n))
    assert crossed_mean([[0] * n] * seeds)[3:5] == pytest.approx(wilson(0, n))


def test_rows_that_change_alike_stay_few_where_other_arms_tell_of_the_seeds() -> None:
    """What is known of trainings does not make three rows more."""
    before, after = [[0, 0, 0]] * 3, [[1, 1, 1]] * 3
    found = effect(before, after, Apart(1e-6, 20))
    assert found.p == pytest.approx(mcnemar(3, 0))
    assert found.low == pytest.approx(1 - 2 * wilson(0, 3).high)
    half = effect([[0, 1 / 3, 2 / 3]], [[1 / 3, 2 / 3, 1]])  # alike but for rounding
    assert half.p == pytest.approx(mcnemar(3, 0))
    assert half.low < 0 < half.difference < half.high < 1


def test_rows_may_come_to_the_same_by_chance() -> None:
    found = crossed_mean([[0, 1], [1, 0]])
    assert found.low == pytest.approx(0.5 - 0.5 * wilson(0, 2).high)
    assert found.high == pytest.approx(0.5 + 0.5 * wilson(0, 2).high)


def test_one_seed_is_told_from_rows_alone() -> None:
    found = crossed_mean([[1, 0, 1, 1]])
    assert (found.seeds, found.seed_sd) == (1, 0)
    assert found.low < 0.75 < found.high


@pytest.mark.parametrize("arm", [[[1, 0]], [[1], [0]], []])
def test_arms_of_other_rows_or_seeds_are_refused(arm: Table) -> None:
    with pytest.raises(ValueError, match="paired"):
        effect([[1, 0], [0, 1]], arm)


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_never_lowers(p_values: dict[str, float]) -> None:
    adjusted = holm(p_values)
    assert list(adjusted) == list(p_values)
    ranked = sorted(p_values, key=p_values.__getitem__)
    assert [adjusted[name] for name in ranked] == sorted(adjusted.values())
    assert all(p_values[name] <= adjusted[name] <= 1 for name in p_values)


def test_holm_is_that_of_the_textbook() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})


@pytest.mark.parametrize("noise", [ASSUMED, Noise(0.1, 0.2, 0.005)])
def test_more_rows_and_more_seeds_show_smaller_differences(noise: Noise) -> None:
    assert detectable(400, 3, noise) < detectable(100, 3, noise)
    assert detectable(100, 8, noise) < detectable(100, 3, noise)


def test_the_plan_is_as_good_as_its_suppositions() -> None:
    """A difference that can be detected in four of five studies is detected in about that many."""
    rng = random.Random("power")
    rows, seeds = 100, 4

    def found(gain: float) -> Effect:
        return effect(*drawn(rng, rows, seeds, 0.02, gain))

    disagree = sum(found(0.1).disagree for _ in range(20)) / 20
    size = detectable(rows, seeds, Noise(disagree, 0.05, 0.02))
    assert 0.65 < sum(found(size).p < 0.05 for _ in range(100)) / 100 < 0.95


def test_what_it_takes_is_the_least_that_does() -> None:
    noise = Noise(0.2, 0.2, 0.005)
    rows = rows_needed(4, noise)
    assert rows is not None
    assert detectable(rows, 4, noise) <= 0.05 < detectable(rows - 1, 4, noise)
    seeds = seeds_needed(400, noise)
    assert seeds is not None
    assert detectable(400, seeds, noise) <= 0.05
    assert rows_needed(2, Noise(0.2, 0.2, 0.2)) is None


def test_the_examples_of_effects_run() -> None:
    assert doctest.testmod(effects).failed == 0
