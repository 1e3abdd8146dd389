"""What rows add up to: measures with intervals that have a width."""

import pytest

from callwright.evaluate.results import Result
from callwright.evaluate.stats import mean_interval, wilson
from callwright.evaluate.summary import Mean, score


def rows(values: list[float]) -> list[Result]:
    return [
        Result(id=str(i), column="c", correct=True, strict=True, scores={"measure": value})
        for i, value in enumerate(values)
    ]


@pytest.mark.parametrize("values", [[1.0] * 3, [0.0] * 7, [1.0, 0.0, 1.0]])
def test_a_measure_of_yes_and_no_has_wilsons_interval(values: list[float]) -> None:
    found = score(rows(values)).means["measure"]
    assert found == Mean(len(values), sum(values) / len(values), *wilson(sum(values), len(values)))
    assert found.low < found.high


def test_a_measure_in_between_has_an_interval_by_resampling() -> None:
    values = [0.5, 1.0, 0.0, 0.25]
    assert score(rows(values)).means == {"measure": Mean(4, *mean_interval(values))}


def test_a_measure_is_summed_up_over_the_rows_that_have_it() -> None:
    without = Result(id="x", column="c", correct=False, strict=False)
    assert score([*rows([1.0, 1.0]), without]).means["measure"].n == 2
