"""Krippendorff's alpha against the worked examples of its author, and against its definition."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.verify.judge.agreement import Coincidences, Metric

# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), example D: four observers, twelve units.
FOUR_OBSERVERS = [
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
]
# The same paper, examples A (binary) and B (nominal): two observers, nothing missing.
BINARY = ["0 1 0 0 0 0 0 0 1 0", "1 1 1 0 0 1 0 0 0 0"]
NOMINAL = ["1 1 2 2 4 3 3 3 5 4 4 1", "2 1 2 2 2 3 3 3 5 4 4 4"]


def units(observers: list[str]) -> list[list[float]]:
    columns = zip(*(line.split() for line in observers), strict=True)
    return [[float(value) for value in column if value != "."] for column in columns]


def alpha(rows: list[list[float]], metric: Metric) -> float | None:
    seen = Coincidences()
    for values in rows:
        seen.add(values)
    return seen.alpha(metric)


@pytest.mark.parametrize(
    ("observers", "metric", "published"),
    [
        (FOUR_OBSERVERS, "nominal", 0.743),
        (FOUR_OBSERVERS, "ordinal", 0.815),
        (FOUR_OBSERVERS, "interval", 0.849),
        (BINARY, "nominal", 0.095),
        (NOMINAL, "nominal", 0.692),
    ],
)
def test_the_published_examples(observers: list[str], metric: Metric, published: float) -> None:
    found = alpha(units(observers), metric)
    assert found is not None
    assert round(found, 3) == published


def by_definition(rows: list[list[float]], metric: Metric) -> float | None:
    """Return 1 - observed / expected disagreement, over pairs as they stand: no coincidence matrix."""
    rows = [values for values in rows if len(values) > 1]
    pooled = [value for values in rows for value in values]

    def distance(a: float, b: float) -> float:
        if metric == "nominal":
            return float(a != b)
        if metric == "interval":
            return (a - b) ** 2
        low, high = min(a, b), max(a, b)
        between = sum(low <= value <= high for value in pooled)
        return (between - (pooled.count(a) + pooled.count(b)) / 2) ** 2 if a != b else 0.0

    observed = sum(
        sum(distance(a, b) for a, b in permutations(values, 2)) / (len(values) - 1) for values in rows
    )
    expected = sum(distance(a, b) for a, b in permutations(pooled, 2))
    if not expected:
        return None
    return 1 - (observed / len(pooled)) / (expected / (len(pooled) * (len(pooled) - 1)))


rows = st.lists(st.lists(st.integers(0, 5).map(float), max_size=4), max_size=8)


@given(rows, st.sampled_from(["nominal", "ordinal", "interval"]))
def test_alpha_is_what_its_definition_says(given_rows: list[list[float]], metric: Metric) -> None:
    assert alpha(given_rows, metric) == pytest.approx(by_definition(given_rows, metric))


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval"])
@pytest.mark.parametrize("given_rows", [[], [[1.0]], [[1.0], [0.0]], [[1.0, 1.0], [1.0, 1.0]]])
def test_without_pairs_or_variation_there_is_no_alpha(given_rows: list[list[float]], metric: Metric) -> None:
    assert alpha(given_rows, metric) is None


def test_full_agreement_is_one() -> None:
    assert alpha([[1.0, 1.0], [0.0, 0.0, 0.0]], "nominal") == 1.0
