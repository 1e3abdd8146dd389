"""What result rows add up to: scores with intervals, mistakes, and which tool was taken for which.

>>> summarise([Result(id="a", column="simple", correct=True, strict=True)]).columns["simple"].accuracy
1.0
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import msgspec

from callwright.evaluate.mistakes import confusion, mistakes, value_kinds
from callwright.evaluate.results import Result, write_results
from callwright.evaluate.several_trials import Trials, by_task, share
from callwright.evaluate.stats import mean_interval
from callwright.record import Json
from callwright.store import write_json_atomic


class Mean(NamedTuple):
    """The mean of a measure over some rows: with Wilson's interval if all are 0 or 1, else a bootstrap's."""

    n: int
    mean: float
    low: float
    high: float


class Score(msgspec.Struct, frozen=True):
    """Accuracy over some rows, with 95 % Wilson intervals; over tasks where some were tried several times."""

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
    tasks: int | msgspec.UnsetType = msgspec.UNSET
    """How many tasks the rows are trials of, where there are several trials of one."""


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
    tasks = by_task(results)
    errors = Counter(r.error for r in results if not r.correct)
    return Score(
        len(results),
        sum(r.correct for r in results), *share([[r.correct for r in own] for own in tasks]),
        sum(r.strict for r in results), *share([[r.strict for r in own] for own in tasks]),
        dict(errors.most_common()),
        _means(tasks),
        len(tasks) if len(tasks) < len(results) else msgspec.UNSET,
    )  # fmt: skip


def _means(tasks: Iterable[Sequence[Result]]) -> dict[str, Mean]:
    names = dict.fromkeys(name for own in tasks for result in own for name in result.scores)
    measured = {name: [[r.scores[name] for r in own if name in r.scores] for own in tasks] for name in names}
    return {name: _mean([own for own in trials if own]) for name, trials in measured.items()}


def _mean(trials: Trials) -> Mean:
    values = [value for own in trials for value in own]
    if set(values) <= {0.0, 1.0}:
        return Mean(len(values), *share(trials))
    return Mean(len(values), *mean_interval([fmean(own) for own in trials]))


def save(results: Sequence[Result], out: Path, about: dict[str, Json]) -> Summary:
    """Write the results and their summary into the folder `out`, the summary last."""
    summary = summarise(results)
    write_results(out / "results.jsonl", results)
    write_json_atomic(out / "summary.json", {**about, **msgspec.to_builtins(summary)})
    return summary
