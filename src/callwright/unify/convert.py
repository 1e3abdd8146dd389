"""One raw row → one trajectory or one dropped row; whatever a source raises about a row ends here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from callwright.record import Dropped, Json, Trajectory
from callwright.unify.rows import BadRow, Element, File, Row
from callwright.unify.sources import SOURCES

STAGE = "unify"
_SPLIT = re.compile(r"(?<![a-z])(train|test|valid|dev|eval)(?:ing|ation)?(?![a-z])")


class Origin(NamedTuple):
    """What all rows of a file have in common."""

    file: File
    source: str
    """A key of `SOURCES`."""

    def about(self) -> tuple[str, str]:
        """Return licence and split, as the names of file and folder tell them."""
        name = f"{self.file.path.parent.name}/{self.file.stem}".lower()
        licenses = SOURCES[self.source].LICENSES
        license = next((value for part, value in licenses.items() if part in name), "")
        split = _SPLIT.search(self.file.stem.lower())
        return license, split[1] if split else ""


class Converter:
    """Turns the elements of one file into rows."""

    def __init__(self, origin: Origin) -> None:
        self._file = origin.file
        self._convert = SOURCES[origin.source].convert
        self._prefix = f"{origin.source}/{origin.file.stem}/"
        self._license, self._split = origin.about()

    def rows(self, elements: Iterable[Element]) -> Iterator[Trajectory | Dropped]:
        """Yield what became of each element."""
        convert, prefix, file = self._convert, self._prefix, self._file
        license, split = self._license, self._split
        for element in elements:
            number = element.number
            row = Row(element.value, number, file, f"{prefix}{number}", license, split)
            try:
                if element.error is not None:
                    raise element.error
                yield convert(row)
            except BadRow as bad:
                yield _dropped(row, bad)
            except RecursionError:
                yield _dropped(row, BadRow("too-deep", "", "nested too deeply"))


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
