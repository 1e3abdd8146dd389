"""Which side the kin of a row are on: the row that it was made of, and whatever else was made of that one.

Rows know each other by an id, and ids of files made apart may be the same: two `train.jsonl` in different
folders number their rows alike. So an id makes no kin of two rows of which neither is a variant. A variant
belongs to the row of its id in its own input or, if that has none, to that of the only other input with one.
"""

from __future__ import annotations

from typing import NamedTuple

from callwright.blend.keys import is_variant
from callwright.blend.table import Table
from callwright.record import Trajectory


class _Line(NamedTuple):
    """What is remembered of the rows of one id, and of their variants."""

    source: int
    """The input of the latest."""
    several: bool
    """Other inputs have, or may have, another row of that id."""
    rooted: bool
    """Not only variants were seen."""
    side: int


def _number(source: int, several: bool, rooted: bool, side: int) -> int:
    """Return a line as a table keeps it."""
    return source << 3 | several << 2 | rooted << 1 | side


def _line(number: int) -> _Line:
    return _Line(number >> 3, bool(number & 4), bool(number & 2), number & 1)


class Kin:
    """Remembers the sides of rows by their ids; the inputs come one after the other."""

    def __init__(self) -> None:
        self._lines = Table()
        self._source = 0

    def begin(self) -> None:
        """Say that the rows to come are those of another input."""
        self._source += 1

    def side(self, row: Trajectory, root: int) -> int | None:
        """Return the number of the side of a row's kin; None if it has none. `root` is the root's key."""
        number = self._lines.get(root)
        if number is None:
            return None
        line = _line(number)
        return line.side if self._is_kin(row, line) else None

    def put(self, row: Trajectory, root: int, side: int) -> None:
        """Remember the number of a row's side."""
        number = self._lines.get(root)
        several, rooted = False, not is_variant(row)
        if number is not None:
            line = _line(number)
            several = line.several or (line.source != self._source and not self._is_kin(row, line))
            rooted = rooted or line.rooted
        self._lines.put(root, _number(self._source, several, rooted, side))

    def _is_kin(self, row: Trajectory, line: _Line) -> bool:
        if is_variant(row):
            return line.source == self._source or not line.several
        return not line.rooted and not line.several
