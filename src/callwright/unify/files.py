"""Raw files: find them, open them, and take them apart into rows.

JSON of any kind (see `elements`), compressed or not (.gz, .zst), Parquet, and Arrow as `datasets` saves it.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from callwright.errors import DataError
from callwright.record import Json
from callwright.store import BROKEN, open_bytes
from callwright.unify import columns
from callwright.unify.elements import blocks as blocks_of
from callwright.unify.elements import decoded
from callwright.unify.pieces import Block
from callwright.unify.rows import BadRow, Element, File

COMPRESSIONS = (".gz", ".zst")
_LINE_SUFFIXES = (".jsonl", ".ndjson")
_JSON_SUFFIXES = (*_LINE_SUFFIXES, ".json", ".traj")
SUFFIXES = (*_JSON_SUFFIXES, *columns.SUFFIXES)


def walk(paths: Sequence[Path], notes: list[str]) -> list[File]:
    """Return the data files that `paths` mean: files, folders (recursively, sorted) and glob patterns.

    Files of a folder that can not hold rows, or are hidden, are left out and noted; links are followed.
    """
    found: list[tuple[Path, str, bool]] = []
    for path in paths:
        if path.is_dir():
            found += [(file, uri, False) for file, uri in _of_folder(path, notes)]
        elif path.is_file():
            found.append((path, _legible(path.name), True))
        elif path.exists():
            hint = "write it to a file first: it is read twice, to recognise it and to convert it"
            raise DataError("is no regular file", place=str(path), expected="a file or a folder", hint=hint)
        else:
            found += [(file, _legible(file.name), True) for file in _of_pattern(path)]
    once: dict[Path, tuple[Path, str, bool]] = {}
    for path, uri, explicit in found:
        if path.resolve() in once:
            notes.append(f"{uri}: named twice, read once")
        else:
            once[path.resolve()] = (path, uri, explicit)
    return _with_stems(_distinct(list(once.values())))


def named(paths: Sequence[Path]) -> list[str]:
    """Return paths as they were given, in characters that a report can hold."""
    return [_legible(str(path)) for path in paths]


def rows(file: File) -> Iterator[Element]:
    """Yield the elements of a file as rows: what most sources do."""
    return elements(file.path)


def entries(file: File, key: str) -> Iterator[Element]:
    """Yield a row per entry of the objects that a file holds, with the entry's name under `key`."""
    number = 0
    for element in elements(file.path):
        error = element.error
        if error is None and not isinstance(element.value, dict):
            error = BadRow("not-an-object", "", f"expected entries, got {type(element.value).__name__}")
        values = [element.value] if error else [_named(key, k, v) for k, v in element.value.items()]
        for value in values:
            yield Element(number, value, error)
            number += 1


def _named(key: str, name: str, entry: Json) -> Json:
    return {key: name, **entry} if isinstance(entry, dict) else entry


def is_json(path: Path) -> bool:
    """Tell whether the rows of a file are text."""
    return path.suffix not in columns.SUFFIXES


def elements(path: Path) -> Iterator[Element]:
    """Yield the rows of a file in order; raises `DataError` for one that can not be read at all."""
    if not is_json(path):
        return columns.elements(path)
    return (element for block in blocks(path) for element in decoded(block))


def blocks(path: Path) -> Iterator[Block]:
    """Yield the rows of a JSON file as text."""
    says_lines = any(path.name.removesuffix(c).endswith(_LINE_SUFFIXES) for c in (*COMPRESSIONS, ""))
    try:
        with open_bytes(path) as stream:
            yield from blocks_of(stream, str(path), lines=says_lines)
    except BROKEN as error:
        raise DataError("can not be read", place=str(path), got=_one_line(error)) from error


def _one_line(error: Exception) -> str:
    return " ".join(((error.strerror if isinstance(error, OSError) else None) or str(error)).split())


def peek(path: Path, count: int = 8) -> list[Element]:
    """Return the first rows of a file without reading all of it."""
    return list(islice(elements(path), count))


def plain_name(path: Path) -> str:
    """Return the file's name without the suffixes of its format."""
    name = _legible(path.name)
    for suffix in (*COMPRESSIONS, *SUFFIXES):
        name = name.removesuffix(suffix)
    return name


def _legible(name: str) -> str:
    """Return a name that can be written: one that is no UTF-8 reaches us with halves of characters in it."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _of_folder(folder: Path, notes: list[str]) -> Iterator[tuple[Path, str]]:
    for file in sorted(_below(folder, notes)):
        uri = _within(folder, file)
        name = file.name
        for suffix in COMPRESSIONS:
            name = name.removesuffix(suffix)
        if not name.endswith(SUFFIXES):
            notes.append(f"{uri}: passed over, its name says that it holds no rows")
        elif not file.is_file():
            notes.append(f"{uri}: passed over, no regular file")
        elif not columns.holds_rows(file):
            notes.append(f"{uri}: passed over, no rows of the data set that is saved here")
        else:
            yield file, uri


def _below(folder: Path, notes: list[str]) -> Iterator[Path]:
    """Yield the files below a folder; each folder once, and by way of a link only if there is no other."""

    def unreadable(error: OSError) -> None:
        notes.append(f"{_within(folder, Path(error.filename))}: passed over, {_one_line(error)}")

    entered: set[Path] = set()
    tops, above = [folder], folder.resolve().parents
    for top in tops:
        if top.resolve() in entered or top.resolve() in above:
            notes.append(f"{_within(folder, top)}: passed over, a link to what is read anyway, or above it")
            continue
        for place, folders, names in os.walk(top, onerror=unreadable):
            here = Path(place)
            entered.add(here.resolve())
            hidden = sorted(name for name in (*folders, *names) if name.startswith("."))
            notes += [f"{_within(folder, here / name)}: passed over, hidden" for name in hidden]
            inner = [here / name for name in sorted(folders) if name not in hidden]
            tops += [path for path in inner if path.is_symlink()]
            folders[:] = [p.name for p in inner if not p.is_symlink() and p.resolve() not in entered]
            yield from (here / name for name in names if name not in hidden)


def _within(folder: Path, path: Path) -> str:
    return _legible(path.relative_to(folder).as_posix())


def _of_pattern(path: Path) -> list[Path]:
    if not re.search(r"[*?\[]", str(path)):
        raise DataError("no such file or folder", place=str(path))
    parts = path.parts
    first = next(i for i, part in enumerate(parts) if re.search(r"[*?\[]", part))
    found = sorted(p for p in Path(*parts[:first]).glob(str(Path(*parts[first:]))) if p.is_file())
    if not found:
        raise DataError("no file matches the pattern", place=str(path))
    return found


def _distinct(found: Sequence[tuple[Path, str, bool]]) -> list[tuple[Path, str, bool]]:
    """Tell files of one name apart by the folders that lead to them from where all the files lie."""
    uris = Counter(uri for _, uri, _ in found)
    if len(uris) == len(found):
        return list(found)
    top = os.path.commonpath([os.path.abspath(path.parent) for path, _, _ in found])
    return [
        (path, _legible(os.path.relpath(path, top)) if uris[uri] > 1 else uri, explicit)
        for path, uri, explicit in found
    ]


def _with_stems(found: Sequence[tuple[Path, str, bool]]) -> list[File]:
    """Give each file a stem that no other has: its name, with its folders where names repeat."""
    names = Counter(plain_name(path) for path, _, _ in found)
    taken: Counter[str] = Counter()
    files = []
    for path, uri, explicit in found:
        stem = plain_name(path)
        if names[stem] > 1:
            stem = (Path(uri).parent / stem).as_posix()
        taken[stem] += 1
        if taken[stem] > 1:
            stem = f"{stem}~{taken[stem]}"
        files.append(File(path, uri, stem, explicit))
    return files
