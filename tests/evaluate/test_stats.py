"""Intervals and tests against published values and against what they mean."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.evaluate.stats import (
    mcnemar,
    mean_interval,
    minimum_detectable_difference,
    newcombe_paired,
    paired_difference,
    rows_needed,
    wilson,
)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    # Newcombe, Statistics in Medicine 17, 1998, 857-872, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_agrees_with_published_intervals(k: int, n: int, low: float, high: float) -> None:
    assert wilson(k, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 5000), st.data())
def test_wilson_holds_the_estimate_and_is_symmetric(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    low, high = wilson(k, n)
    assert 0 <= low <= (k / n if n else 0.5) <= high <= 1
    assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_wilson_without_rows_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("fixed", "broken", "p"),
    [(15, 5, 43400 / 2**20), (0, 0, 1.0), (5, 0, 0.0625), (3, 3, 1.0), (1, 0, 1.0), (10, 1, 24 / 2**11)],
)
def test_mcnemar_is_the_two_sided_sign_test(fixed: int, broken: int, p: float) -> None:
    assert mcnemar(fixed, broken) == pytest.approx(p)
    assert mcnemar(broken, fixed) == mcnemar(fixed, broken)


def test_mcnemar_does_not_overflow_on_large_counts() -> None:
    assert 0 < mcnemar(4000, 5000) < 1e-20
    assert mcnemar(5000, 5000) == 1.0


def test_newcombe_agrees_with_the_published_paired_interval() -> None:
    # Newcombe, Statistics in Medicine 17, 1998, 2635-2650, table II, method 10: 20, 12, 2, 16 of 50
    assert newcombe_paired(20, 12, 2, 16) == pytest.approx((0.0562, 0.3292), abs=5e-4)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=200))
def test_the_interval_holds_the_difference_and_mirrors_when_the_runs_are_swapped(
    pairs: list[tuple[bool, bool]],
) -> None:
    before, after = [a for a, _ in pairs], [b for _, b in pairs]
    there, back = paired_difference(before, after), paired_difference(after, before)
    assert -1 <= there.low <= there.difference <= there.high <= 1
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low), abs=1e-12)
    assert back.p == there.p
    assert there.difference == pytest.approx(there.after - there.before)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = random.Random(7)
    covered = 0
    for _ in range(1000):
        before = [rng.random() < 0.4 for _ in range(60)]
        after = [rng.random() < (0.85 if right else 0.35) for right in before]
        interval = paired_difference(before, after)
        covered += interval.low <= 0.4 * 0.85 + 0.6 * 0.35 - 0.4 <= interval.high
    assert 925 <= covered <= 985


def test_runs_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        paired_difference([True], [True, False])


def test_the_detectable_difference_is_detected_with_the_promised_power() -> None:
    n, discordant = 300, 0.3
    difference = minimum_detectable_difference(n, discordant)
    rng, found = random.Random(3), 0
    for _ in range(600):
        fixed = broken = 0
        for _ in range(n):
            draw = rng.random()
            fixed += draw < (discordant + difference) / 2
            broken += (discordant + difference) / 2 <= draw < discordant
        z = (fixed - broken) / math.sqrt(max(1, fixed + broken))  # the normal form that the formula is about
        found += abs(z) > 1.96
    assert 0.75 < found / 600 < 0.86


@given(st.integers(1, 10_000), st.floats(0.01, 1))
def test_more_rows_never_make_the_detectable_difference_larger(n: int, discordant: float) -> None:
    here = minimum_detectable_difference(n, discordant)
    assert 0 < minimum_detectable_difference(2 * n, discordant) <= here + 1e-12 <= discordant + 2e-12


def test_the_rows_that_are_needed_show_the_difference_that_they_are_needed_for() -> None:
    for n, discordant in ((200, 0.3), (1000, 0.1), (60, 0.9)):
        shown = minimum_detectable_difference(n, discordant)
        assert abs(rows_needed(shown, discordant) - n) <= 1
    assert rows_needed(0.01, 0.2) > rows_needed(0.02, 0.2)
    with pytest.raises(ValueError, match="no difference"):
        rows_needed(0.0, 0.2)


@pytest.mark.slow
def test_the_interval_of_a_mean_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = random.Random(5)
    hits = 0
    for k in range(200):
        values = [rng.random() ** 2 for _ in range(40)]  # skewed, mean 1/3
        _, low, high = mean_interval(values, seed=k)
        hits += low <= 1 / 3 <= high
    assert 175 <= hits <= 199


@given(st.lists(st.floats(-1e6, 1e6), max_size=30))
def test_the_interval_of_a_mean_holds_the_mean_and_does_not_hang_on_chance(values: list[float]) -> None:
    mean, low, high = mean_interval(values)
    assert low <= mean + 1e-6
    assert mean - 1e-6 <= high
    assert mean_interval(values) == (mean, low, high)
