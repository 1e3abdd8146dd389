"""Raw agent data of many layouts → `Trajectory`, one small module per layout; every row is accounted for.

    for row in unify([Path("toolalpaca/eval_real.json")]):
        ...

A row becomes exactly one `Trajectory` or one `Dropped`, which carries a reason (see `REASONS`), the JSON
path, the place ``file:row`` (rows count from 0) and the row itself. The source of each file is recognised by
its first rows. In a folder, files that hold no rows of a known source are passed over and noted; a file that
is named is never passed over. Call arguments that do not parse do not drop a row: `verify` judges them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from callwright.engine import Engine, Task, in_order
from callwright.errors import DataError
from callwright.record import Dropped, Trajectory
from callwright.unify import files
from callwright.unify.convert import STAGE, Converter, Origin
from callwright.unify.gate import Gate, Mode
from callwright.unify.lines import Batch, Chunk, ToLines, chunks, written
from callwright.unify.own_rows import are_trajectories
from callwright.unify.rows import EVIDENCE, REASONS, Element, File, Source
from callwright.unify.sources import SOURCES, Detection, detect, recognise, source_named, unrecognised

__all__ = [
    "EVIDENCE",
    "REASONS",
    "SOURCES",
    "STAGE",
    "Batch",
    "Detection",
    "Source",
    "detect",
    "unify",
    "unify_lines",
]


def unify(
    paths: Sequence[Path],
    source: str = "auto",
    *,
    secrets: Mode = "fail",
    notes: list[str] | None = None,
) -> Iterator[Trajectory | Dropped]:
    """Yield one trajectory or one dropped row per raw row, file by file in order.

    `paths` are files, folders and glob patterns; `source` is a key of `SOURCES`, or "auto" to recognise each
    file. What was recognised and what was passed over is appended to `notes`. A credential in the data raises
    `GateError`, drops its row ("drop") or is replaced ("redact"). Raises `DataError` before the first row
    when a file that was named, or every file of the folders, can not be recognised.
    """
    said = notes if notes is not None else []
    return _rows(_assigned(paths, source, said), Gate(secrets), said)


def _rows(origins: Sequence[Origin], gate: Gate, notes: list[str]) -> Iterator[Trajectory | Dropped]:
    for origin in origins:
        for row in Converter(origin).rows(_read(origin, notes)):
            yield gate(*written(row))[0]


def _assigned(paths: Sequence[Path], source: str, notes: list[str]) -> list[Origin]:
    if source != "auto":
        source_named(source)
    found = files.walk(paths, notes)
    if not found:
        place = ", ".join(map(str, paths))
        raise DataError("no data file found", place=place, expected=", ".join(files.SUFFIXES))
    return [Origin(file, name) for file, name in _assign(found, source, notes)]


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
        if source == "auto" and are_trajectories(first):
            hint = "they need no unify: verify, augment, blend and export read them as they are"
            if file.explicit:
                raise DataError("holds trajectories already", place=str(file.path), hint=hint)
            notes.append(f"{file.uri}: passed over, holds trajectories already")
            continue
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


def _read(origin: Origin, notes: list[str]) -> Iterator[Element]:
    count = 0
    for element in SOURCES[origin.source].rows(origin.file):
        yield element
        count += 1
    if not count:
        notes.append(f"{origin.file.uri}: no rows")


def unify_lines(
    paths: Sequence[Path],
    source: str = "auto",
    *,
    secrets: Mode = "fail",
    workers: int = 1,
    engine: Engine = "local",
    notes: list[str] | None = None,
) -> Iterator[Batch]:
    """Yield what `unify` yields as finished lines, in batches, by as many processes as wanted.

    Twice as fast as `unify` followed by writing, because tools are written once and not once per row.
    """
    said = notes if notes is not None else []
    chunks_of = (_chunk_tasks(origin, said) for origin in _assigned(paths, source, said))
    tasks = itertools.chain.from_iterable(chunks_of)
    return in_order(ToLines(Gate(secrets)), tasks, workers=workers, engine=engine)


def _chunk_tasks(origin: Origin, notes: list[str]) -> Iterator[Task]:
    """Yield the chunks of a file; where the source takes rows as they stand, workers decode them."""
    plain = SOURCES[origin.source].rows is files.rows and files.is_json(origin.file.path)
    cut: Iterator[Chunk]
    if plain:
        cut = (Chunk(origin, block) for block in files.blocks(origin.file.path))
    else:
        cut = chunks(origin, _read(origin, notes))
    number = 0
    for chunk in cut:
        yield Task(f"{origin.file.uri} from row {number}", chunk)
        number += chunk.size
    if plain and not number:
        notes.append(f"{origin.file.uri}: no rows")
