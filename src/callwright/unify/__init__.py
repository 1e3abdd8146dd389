"""Raw agent data of many layouts → `Trajectory`, one small module per layout; every row is accounted for.

    for row in unify([Path("toolalpaca/eval_real.json")]):
        ...

A row becomes exactly one `Trajectory` or one `Dropped`, which carries a reason (see `REASONS`), the JSON
path, the place ``file:row`` (rows count from 0) and the row itself. The source of each file is recognised by
its first rows. In a folder, files that hold no rows of a known source are passed over and noted; a file that
is named is never passed over. Call arguments that do not parse do not drop a row: `verify` judges them. Of
two equal keys in an object the last one counts, as JSON parsers have it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from callwright.errors import DataError
from callwright.record import Dropped, Json, Trajectory
from callwright.unify import files
from callwright.unify.rows import REASONS, BadRow, Element, File, Row, Source
from callwright.unify.sources import SOURCES, Detection, detect, recognise, source_named, unrecognised

__all__ = ["REASONS", "SOURCES", "Detection", "Source", "detect", "unify"]

STAGE = "unify"


def unify(
    paths: Sequence[Path], source: str = "auto", *, notes: list[str] | None = None
) -> Iterator[Trajectory | Dropped]:
    """Yield one trajectory or one dropped row per raw row, file by file in order.

    `paths` are files, folders and glob patterns; `source` is a key of `SOURCES`, or "auto" to recognise each
    file. What was recognised and what was passed over is appended to `notes`. Raises `DataError` before the
    first row when a file that was named, or every file of the folders, can not be recognised.
    """
    said = notes if notes is not None else []
    if source != "auto":
        source_named(source)
    found = files.walk(paths, said)
    if not found:
        place = ", ".join(map(str, paths))
        raise DataError("no data file found", place=place, expected=", ".join(files.SUFFIXES))
    return _unify(_assign(found, source, said), said)


def _assign(found: Sequence[File], source: str, notes: list[str]) -> list[tuple[File, str]]:
    """Pair each file with its source, and note those that belong to none."""
    assigned: list[tuple[File, str]] = []
    empty: list[File] = []
    first_error: DataError | None = None
    for file in found:
        try:
            first = files.peek(file.path)
        except DataError as error:
            if file.explicit:
                raise
            notes.append(f"{file.uri}: passed over, {error.what}")
            continue
        if not first:
            empty.append(file)
            continue
        seen = recognise(first)
        if source != "auto" and (file.explicit or (seen and seen.name == source)):
            assigned.append((file, source))
        elif source == "auto" and seen:
            notes.append(f"{file.uri}: {seen.name}, because of {seen.why}")
            assigned.append((file, seen.name))
        else:
            reason = unrecognised(file.path, first)
            if file.explicit:
                raise reason
            first_error = first_error or reason
            what = f"{seen.name}, not {source}" if seen else f"{reason.what}: {reason.got}"
            notes.append(f"{file.uri}: passed over, {what}")
    assigned += _assign_empty(empty, assigned, source, notes)
    if not assigned:
        if source == "auto" and first_error:
            raise first_error
        place = str(found[0].path.parent)
        raise DataError("no file with rows", place=place, expected=source, got="; ".join(notes[-5:]))
    order = {id(file): i for i, file in enumerate(found)}
    return sorted(assigned, key=lambda pair: order[id(pair[0])])


def _assign_empty(
    empty: Sequence[File], assigned: Sequence[tuple[File, str]], source: str, notes: list[str]
) -> Iterator[tuple[File, str]]:
    """Give an empty file the source of all its neighbours: in some sources a file is a row."""
    names = {name for _, name in assigned} if source == "auto" else {source}
    for file in empty:
        if len(names) == 1:
            notes.append(f"{file.uri}: empty")
            yield file, next(iter(names))
        elif file.explicit:
            raise DataError("is empty", place=str(file.path), expected="rows of a known source")
        else:
            notes.append(f"{file.uri}: passed over, empty")


def _unify(assigned: Sequence[tuple[File, str]], notes: list[str]) -> Iterator[Trajectory | Dropped]:
    for file, name in assigned:
        source = SOURCES[name]
        license = next((v for part, v in source.LICENSES.items() if part in file.stem.lower()), "")
        prefix = f"{name}/{file.stem}/"
        count = 0
        for element in source.rows(file):
            row = Row(element.value, element.number, file, f"{prefix}{element.number}", license)
            yield _convert(source, element, row)
            count += 1
        if not count:
            notes.append(f"{file.uri}: no rows")


def _convert(source: Source, element: Element, row: Row) -> Trajectory | Dropped:
    try:
        if element.error:
            raise element.error
        return source.convert(row)
    except BadRow as bad:
        return _dropped(row, bad)
    except RecursionError:
        return _dropped(row, BadRow("too-deep", "", "nested too deeply"))


def _dropped(row: Row, bad: BadRow) -> Dropped:
    return Dropped(
        id=row.id,
        stage=STAGE,
        reason=bad.reason,
        path=bad.path,
        detail=f"{row.file.uri}:{row.number}: {bad.detail}",
        row=_storable(row.value),
    )


def _storable(value: Json) -> Json:
    """Return the row, or its outline where it nests too deeply to be written again."""
    try:
        msgspec.json.encode(value)
    except (RecursionError, ValueError):
        return repr(value)[:1000]
    return value
