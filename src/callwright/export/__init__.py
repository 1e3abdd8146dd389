"""Trajectories → the layouts that trainers, hubs and other tools read, one small module per layout.

    report = export(read(Path("rows.jsonl")), Path("train.jsonl"), "llamafactory")

The inverse of `unify`. Every row is written, or dropped with a reason (see `REASONS`) and the JSON path; what
a layout has no place for is named in its `LOSES`, and the report counts the rows that had something there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from callwright.errors import ConfigError
from callwright.export import (
    atif,
    hermes,
    hf,
    llamafactory,
    openai,
    parquet,
    responses,
    trl,
    xlam,
    xlam2,
)
from callwright.export.layout import REASONS, Layout, Losses, Unexpressible
from callwright.export.sink import STAGE, ExportSink
from callwright.record import Dropped, Json, Trajectory
from callwright.store import Report
from callwright.store import read as read_lines

__all__ = ["EXPORTS", "REASONS", "Layout", "Losses", "Unexpressible", "export", "read"]

EXPORTS: dict[str, Layout] = {
    "openai": openai,
    "responses": responses,
    "hf": hf,
    "trl": trl,
    "llamafactory": llamafactory,
    "hermes": hermes,
    "xlam": xlam,
    "xlam2": xlam2,
    "atif": atif,
    "parquet": parquet,
}
"""Layout name to the module that writes it; a new layout is one module and one line here."""


def read(path: Path, stage: str = STAGE) -> Iterator[Trajectory | Dropped]:
    """Yield the trajectories of a file of lines, or of a Parquet file that `export` wrote."""
    return parquet.read(path, stage) if path.name.endswith(".parquet") else read_lines(path, stage)


def export(
    rows: Iterable[Trajectory | Dropped], out: Path, to: str, config: Mapping[str, Json] | None = None
) -> Report:
    """Write `rows` in a layout of `EXPORTS`, with the dropped ones and the report beside it.

    Raises `ConfigError` for an unknown layout and for a name that does not fit it.
    """
    if to not in EXPORTS:
        raise ConfigError("unknown layout", expected=", ".join(EXPORTS), got=to)
    layout = EXPORTS[to]
    with ExportSink(out, layout, config or {"to": to}) as sink:
        kind = ""
        for t in rows:
            if isinstance(t, Dropped):
                sink.drop(t)
                continue
            try:
                row, line = _rendered(layout, t)
                kind = kind or _kind(row)
                if _kind(row) != kind:
                    raise Unexpressible("mixed-kinds", "preference", f"the first row has {kind}")
            except Unexpressible as reason:
                sink.drop(_dropped(t, reason))
            else:
                sink.keep(t, row, line)
    return sink.report


def _kind(row: Mapping[str, Json]) -> str:
    """Return the field by which a row of a pair differs from one without."""
    return "chosen and rejected" if "rejected" in row else "messages"


def _rendered(layout: Layout, t: Trajectory) -> tuple[dict[str, Json], bytes]:
    try:
        row = layout.render(t)
        return row, msgspec.json.encode(row)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Unexpressible("not-encodable", "", str(error)) from None


def _dropped(t: Trajectory, reason: Unexpressible) -> Dropped:
    return Dropped(
        id=t.id, stage=STAGE, reason=reason.reason, path=reason.path, detail=reason.detail,
        row=msgspec.to_builtins(t),
    )  # fmt: skip
