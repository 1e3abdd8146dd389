"""The training runs behind weights: what each was told, what it read and what came of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from callwright.store import sha256_file
from callwright.train.config import CONFIG, TrainSummary

WEIGHTS = "adapter_model.safetensors"
SUMMARY = "train.json"


class TrainingRun(NamedTuple):
    """A finished run."""

    summary: TrainSummary
    told: dict[str, Any]
    """Its configuration, with the hashes of what it read."""


def runs_behind(folder: Path) -> list[TrainingRun]:
    """Return the runs that led to the weights in a folder, the first one first; none for a model as it came.

    A run that started from another's adapter knows its hash; that one is looked for among its neighbours.
    """
    found: list[TrainingRun] = []
    place: Path | None = folder.parent
    while place is not None and (run := _run_in(place)) is not None:
        found.insert(0, run)
        place = _started_from(place, run.told.get("adapter"))
    return found


def _run_in(place: Path) -> TrainingRun | None:
    try:
        summary = msgspec.json.decode((place / SUMMARY).read_bytes(), type=TrainSummary)
        return TrainingRun(summary, json.loads((place / CONFIG).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _started_from(run: Path, adapter: str | None) -> Path | None:
    """Return the run whose adapter has this hash."""
    beside = sorted(run.parent.glob(f"*/adapter/{WEIGHTS}")) if adapter else []
    others = (file for file in beside if run not in file.parents)
    weights = next((file for file in others if sha256_file(file) == adapter), None)
    return weights.parent.parent if weights else None


def licences(runs: Sequence[TrainingRun]) -> dict[str, int]:
    """Return the licences of the rows that were trained on and how many each has; "" is not told."""
    counted: Counter[str] = Counter()
    for run in runs:
        counted.update(run.summary.licences)
    return dict(counted)
