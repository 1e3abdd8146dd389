"""Trajectories as Parquet: one column per field, what is nested as JSON text; lossless and readable back.

JSON text keeps one schema for all rows, whatever their arguments, and any query engine can take it apart.
`dataset` and `license` are written beside the source, to filter by; they are not read back.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from callwright.errors import DataError
from callwright.export.columns import pyarrow
from callwright.export.layout import Losses
from callwright.record import Dropped, Json, Trajectory, decode, encode

CONTAINER: Literal["parquet"] = "parquet"
LOSES = Losses((), "Nothing.")
PLAIN = ("id", "schema_version", "fingerprint")
NESTED = ("source", "task", "tools", "messages", "outcome", "preference", "issues", "extra")
COLUMNS = (*PLAIN, *NESTED, "dataset", "license")
_MARK = b"callwright"
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def render(t: Trajectory) -> dict[str, Json]:
    """Return the columns; a field that is left out on the wire is null."""
    row: dict[str, Json] = {name: getattr(t, name) for name in PLAIN}
    for name, raw in _fields.decode(encode(t)).items():
        if name in NESTED:
            row[name] = bytes(raw).decode()
    return row | {
        "dataset": t.source.dataset if t.source else None,
        "license": t.source.license if t.source else None,
    }


def schema(arrow: Any) -> Any:
    """Return the schema of the file; its metadata says whose it is."""
    fields = [arrow.field(name, arrow.string()) for name in COLUMNS]
    return arrow.schema(fields, metadata={_MARK: b"trajectories"})


def read(path: Path, stage: str = "read") -> Iterator[Trajectory | Dropped]:
    """Yield the trajectories of a file that `render` filled; raises `DataError` for any other."""
    arrow = pyarrow()
    try:
        with arrow.parquet.ParquetFile(path) as file:
            if _MARK not in (file.schema_arrow.metadata or {}):
                raise DataError(
                    "holds no trajectories",
                    place=str(path),
                    got=f"columns {', '.join(file.schema_arrow.names[:10])}",
                    hint="`callwright unify` makes them from raw data",
                )
            yield from _rows(file, path, stage)
    except FileNotFoundError:
        raise DataError("no such file", place=str(path)) from None
    except (OSError, arrow.ArrowException) as error:
        raise DataError("can not be read", place=str(path), got=str(error)) from None


def _rows(file: Any, path: Path, stage: str) -> Iterator[Trajectory | Dropped]:
    number = 0
    for batch in file.iter_batches(batch_size=256, columns=[*PLAIN, *NESTED]):
        for row in batch.to_pylist():
            number += 1
            try:
                yield decode(_line(row))
            except (ValueError, RecursionError) as error:
                place = f"{path.name}:{number}"
                yield Dropped(
                    id=str(row["id"]), stage=stage, reason="not-a-trajectory", path=place,
                    detail=str(error), row=row,
                )  # fmt: skip


def _line(row: dict[str, str | None]) -> bytes:
    fields = {name: row[name] for name in PLAIN if row[name] is not None}
    nested = {name: msgspec.Raw((row[name] or "").encode()) for name in NESTED if row[name] is not None}
    return msgspec.json.encode({**fields, **nested})
