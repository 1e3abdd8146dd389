"""Result rows: one line per graded row, the same for every benchmark."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from callwright.errors import DataError
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


def with_conditions(results: Sequence[Result], more: Mapping[str, Json]) -> list[Result]:
    """Return the rows with more of what their verdicts depend on: model, weights, limits."""
    return [msgspec.structs.replace(row, conditions={**row.conditions, **more}) for row in results]


def write_results(path: Path, results: Iterable[Result]) -> None:
    """Write one line per result; `path` holds the old content or all of the new."""
    write_lines(path, (_line(result) for result in results))


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write lines, each with its end; `path` holds the old content or all of the new."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            stream.writelines(lines)
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
