"""The export of a model: which weights are meant, which tools it is for, and what evaluation found of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import msgspec

from callwright.errors import ConfigError, DataError
from callwright.evaluate.answers import fingerprint_of
from callwright.evaluate.summary import Score, Summary
from callwright.models import EMBEDDED
from callwright.models.adapters import base_of, left_in
from callwright.settings import ExportSettings
from callwright.train import Export, Measured, export_model
from callwright.train.export.config import Target
from callwright.weights import embedded_model
from callwright.worlds import open_world

TARGETS: tuple[str, ...] = get_args(Target)
"""What a model can be exported to; everything else that `export` writes are rows."""


class _Evaluated(Summary, frozen=True):
    """``summary.json`` of an evaluation, as far as a card tells of it."""

    fingerprint: str = ""


def exported(source: Path, out: Path, config: ExportSettings) -> list[Path]:
    """Write the model at `source` to the folder `out`; return the files that are there then."""
    model = embedded_model() if str(source) == EMBEDDED and not source.exists() else left_in(source)
    base_of(model)  # raises where there is no model
    measured = [one for run in config.results for one in _measured(Path(run), source)]
    wanted = Export(
        to=config.to,  # type: ignore[arg-type]  # the verb looked
        quantization=config.quantization,
        dtype=config.dtype,
        tools=tuple(open_world(config.tools).tools) if config.tools else (),
        measured=tuple(measured),
    )
    export_model(model, out, wanted)
    return sorted(out.iterdir())


def refuse_models(source: Path) -> None:
    """Raise `ConfigError` for a model where rows are meant."""
    if any((source / name).is_file() for name in ("config.json", "adapter_config.json", "train.json")):
        raise ConfigError("a model, no rows", place=str(source), expected=f"--to {' | '.join(TARGETS)}")


def _measured(run: Path, source: Path) -> Iterator[Measured]:
    """Yield what an evaluation found; raises `ConfigError` for one of other weights."""
    file = run / "summary.json"
    try:
        found = msgspec.json.decode(file.read_bytes(), type=_Evaluated)
    except OSError as error:
        raise DataError("no evaluation there", place=str(file), got=error.strerror or str(error)) from None
    except msgspec.DecodeError as error:
        raise DataError("not the summary of an evaluation", place=str(file), got=str(error)) from None
    if found.fingerprint != fingerprint_of(str(source)):
        raise ConfigError(
            "an evaluation of other weights", place=str(run), expected=f"one of {source}",
            hint="evaluate this model, or leave --results out",
        )  # fmt: skip
    name = _benchmark(found.variants) or run.name
    yield _row(name, "", found.all)
    if len(found.columns) > 1:
        yield from (_row(name, column, score) for column, score in found.columns.items())


def _benchmark(variants: Sequence[str]) -> str:
    """Return what the variants of a run have in common, such as bfcl_v4."""
    names = {variant.split("/")[0] for variant in variants}
    return names.pop() if len(names) == 1 else ""


def _row(benchmark: str, part: str, score: Score) -> Measured:
    return Measured(benchmark, part, score.n, score.accuracy, score.low, score.high)
