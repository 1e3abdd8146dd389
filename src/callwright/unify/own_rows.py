"""Files of rows that are trajectories already: what unify itself writes, and what reads them as they are.

>>> are_trajectories([])
False
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from callwright.record import Trajectory
from callwright.unify import files
from callwright.unify.rows import Element


def are_trajectories(first: Sequence[Element]) -> bool:
    """Tell whether rows are what unify itself writes; as another layout, they would lose what they say."""
    try:
        rows = [msgspec.convert(element.value, Trajectory) for element in first]
    except (msgspec.ValidationError, RecursionError):
        return False
    return bool(rows) and all(row.messages for row in rows)


def parted(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the paths that are to be unified, and the named files that hold trajectories already.

    Raises `DataError` for a path that means no file. Folders are taken for raw data, whatever they hold.
    """
    raw: list[Path] = []
    own: list[Path] = []
    for path in paths:
        if path.is_dir():
            raw.append(path)
            continue
        for file in files.walk([path], []):
            (own if are_trajectories(files.peek(file.path)) else raw).append(file.path)
    return raw, own
