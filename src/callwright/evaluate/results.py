"""Result rows: one line per graded row, the same for every benchmark, and what they add up to.

>>> summarise([Result(id="a", column="simple", correct=True, strict=True)]).columns["simple"].accuracy
1.0
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from callwright.errors import DataError
from callwright.evaluate.stats import mean_interval, wilson
from callwright.record import Json
from callwright.store import read_lines
from callwright.store.files import sync, write_error

Measure = Literal["correct", "strict"]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one row, with everything needed to look at it."""

    id: str
    column: str
    """The group that scores are reported for: a benchmark's category, a suite's column."""
    style: str = ""
    correct: bool
    strict: bool
    """Right without any allowance; equals `correct` where a benchmark knows one measure only."""
    error: str = ""
    """Why the row is wrong; empty if it is correct."""
    where: str = ""
    """Which tool or argument the error is about."""
    request: str = ""
    gold: Json = None
    predicted: Json = None
    """The calls that were read from `text`; None where it could not be read."""
    text: str = ""
    scores: dict[str, float] = {}
    """What a benchmark measures beside right and wrong: reward, progress, steps, cache misses."""
    conditions: dict[str, Json] = {}
    """What the verdict depends on: variant, sha256 of the data, seed, limits, prompt, tagger or judge."""


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


def summarise(results: Sequence[Result]) -> Summary:
    """Return scores; columns and styles in the order in which they first appear."""
    styled = [result for result in results if result.style]
    return Summary(
        score(results),
        _grouped(results, lambda result: result.column),
        _grouped(styled, lambda result: result.style),
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


def write_results(path: Path, results: Iterable[Result]) -> None:
    """Write one line per result; `path` holds the old content or all of the new."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            stream.writelines(_line(result) for result in results)
            sync(stream)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise write_error(path, error) from None


def read_results(path: Path) -> list[Result]:
    """Return the results in a file; raises DataError with the line that is none."""
    results = []
    for number, line in read_lines(path):
        try:
            results.append(msgspec.convert(json.loads(line), Result))
        except (ValueError, RecursionError) as error:
            raise DataError("not a result row", place=f"{path}:{number}", got=str(error)) from None
    return results


def _line(result: Result) -> bytes:
    plain: dict[str, Any] = msgspec.to_builtins(result)
    # Escapes, because a model's argument may hold a lone surrogate, which UTF-8 can not.
    return json.dumps(plain, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
