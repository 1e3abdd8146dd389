"""What result rows add up to: scores with intervals, mistakes, and which tool was taken for which.

>>> summarise([Result(id="a", column="simple", correct=True, strict=True)]).columns["simple"].accuracy
1.0
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from callwright.evaluate.mistakes import confusion, mistakes, value_kinds
from callwright.evaluate.results import Result, write_results
from callwright.evaluate.stats import mean_interval, wilson
from callwright.record import Json
from callwright.store import write_json_atomic


class Mean(NamedTuple):
    """The mean of a measure over some rows, with its 95 % bootstrap interval."""

    n: int
    mean: float
    low: float
    high: float


class Score(msgspec.Struct, frozen=True):
    """Accuracy over some rows, with 95 % Wilson intervals."""

    n: int
    correct: int
    accuracy: float
    low: float
    high: float
    strict: int
    strict_accuracy: float
    strict_low: float
    strict_high: float
    errors: dict[str, int]
    """How often each error occurred, the most frequent first."""
    means: dict[str, Mean] = {}
    """The benchmark's own measures, over the rows that have them."""


class Summary(msgspec.Struct, frozen=True):
    """Scores over all rows, per column and per style."""

    all: Score
    columns: dict[str, Score]
    styles: dict[str, Score]
    variants: tuple[str, ...] = ()
    """What exactly was run, such as "tau-bench-v1/retail/test/scripted-user"."""
    mistakes: dict[str, int] = {}
    """How often each kind of mistake was made, the most frequent first."""
    value_kinds: dict[str, int] = {}
    """Of what kind the values were that were taken wrong."""
    confusion: dict[str, dict[str, int]] = {}
    """For each expected tool how often which tool was called in its place."""


def summarise(results: Sequence[Result]) -> Summary:
    """Return scores; columns and styles in the order in which they first appear."""
    styled = [result for result in results if result.style]
    return Summary(
        score(results),
        _grouped(results, lambda result: result.column),
        _grouped(styled, lambda result: result.style),
        tuple(dict.fromkeys(str(r.conditions["variant"]) for r in results if "variant" in r.conditions)),
        mistakes(results),
        value_kinds(results),
        confusion(results),
    )


def _grouped(results: Iterable[Result], key: Callable[[Result], str]) -> dict[str, Score]:
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    return {name: score(group) for name, group in groups.items()}


def score(results: Sequence[Result]) -> Score:
    """Return the score of some rows; accuracy is 0 where there are none."""
    n = len(results)
    correct, strict = sum(r.correct for r in results), sum(r.strict for r in results)
    errors = Counter(r.error for r in results if not r.correct)
    share = max(n, 1)
    return Score(
        n, correct, correct / share, *wilson(correct, n), strict, strict / share, *wilson(strict, n),
        dict(errors.most_common()), _means(results),
    )  # fmt: skip


def _means(results: Sequence[Result]) -> dict[str, Mean]:
    values: dict[str, list[float]] = {}
    for result in results:
        for name, value in result.scores.items():
            values.setdefault(name, []).append(value)
    return {name: Mean(len(own), *mean_interval(own)) for name, own in values.items()}


def save(results: Sequence[Result], out: Path, about: dict[str, Json]) -> Summary:
    """Write the results and their summary into the folder `out`, the summary last."""
    summary = summarise(results)
    write_results(out / "results.jsonl", results)
    write_json_atomic(out / "summary.json", {**about, **msgspec.to_builtins(summary)})
    return summary
