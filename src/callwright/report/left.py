"""What a build leaves in its folder, read as far as it is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from callwright.errors import CallwrightError
from callwright.evaluate.compare import Comparison, compare
from callwright.evaluate.results import Result, read_results


def json_of(path: Path) -> dict[str, Any] | None:
    """Return the object in a file; None where there is no such file."""
    if not path.is_file():
        return None
    parsed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return parsed


Scored = tuple[list[Result], list[Result]]
"""The rows of a benchmark before and after."""


def scored(run: Path, name: str) -> tuple[Scored, Comparison] | None:
    """Return the rows of a benchmark, and how they differ; None while there are not both sides."""
    before, after = (run / side / name / "results.jsonl" for side in ("before", "after"))
    if not (before.is_file() and after.is_file()):
        return None
    rows = read_results(before), read_results(after)
    try:
        return rows, compare(*rows)
    except CallwrightError:
        return None  # one side is of an earlier suite; its stage is about to run again
