"""Which files a viewer is asked for: those that are named, and those of a run's folder that hold rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from callwright.errors import ConfigError, DataError
from callwright.report.viewer.rows import Rows

PATTERNS = ("*.jsonl", "*.jsonl.zst", "*.jsonl.gz")
_NO_ROWS = ("metrics.jsonl", "answers.jsonl", "log.jsonl", "state.jsonl", "pool.jsonl")
"""Files of a run that hold something else."""


def opened(places: Sequence[Path]) -> list[Rows]:
    """Return the files, named by what tells them apart; raises `ConfigError` where there is none.

    Of a folder all files of rows are taken, whatever else is there; a file that is named has to be one.
    """
    found: list[Rows] = []
    for place in places:
        if place.is_dir():
            found += _inside(place)
        elif place.is_file():
            found.append(Rows(place, place.name))
        else:
            raise ConfigError("no such file or folder", place=str(place))
    if not found:
        expected = "files of rows or results, or a run"
        raise ConfigError("nothing to view", place=", ".join(map(str, places)), expected=expected)
    return _told_apart(found)


def _inside(folder: Path) -> list[Rows]:
    files = sorted({file for pattern in PATTERNS for file in folder.rglob(pattern)})
    found = []
    for file in files:
        if file.name in _NO_ROWS or "checkpoints" in file.parts:
            continue
        try:
            found.append(Rows(file, str(file.relative_to(folder))))
        except DataError:
            continue  # something else that is kept in lines
    return found


def _told_apart(files: list[Rows]) -> list[Rows]:
    """Give files of the same name that of their folder, too."""
    names = [file.name for file in files]
    for file in files:
        if names.count(file.name) > 1:
            file.name = str(file.path)
    return files
