"""What a source works on: one raw row with its place, and the two ways out of it.

A source either returns a `Trajectory` or raises `BadRow`; the driver turns the latter, and every shape
error of `shape`, into a `Dropped` that carries the reason, the JSON path and the row itself.

    >>> shape({"query": 3}, Query, "rows[0]")
    Traceback (most recent call last):
    callwright.unify.rows.BadRow: wrong-type at rows[0].query: Expected `str`, got `int`
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.strict_json import decode as decode

REASONS = {
    "not-json": "the text is no JSON: truncated, NaN, a broken escape, a number out of range",
    "not-utf8": "the text is no UTF-8",
    "duplicate-key": "an object has the same key twice; which value is meant nobody can tell",
    "too-long": "a row of more than 256 MiB",
    "not-an-object": "the row is JSON, but no object",
    "missing-field": "a field that the source always has is absent",
    "wrong-type": "a field has another type than the source's",
    "bad-tools": "the list of tools can not be read",
    "bad-calls": "a call can not be read, not even its name",
    "calls-in-text": "calls are written inside the text: another layout, they would be lost",
    "unknown-role": "a message has a role that the source does not have",
    "empty-conversation": "no message at all",
    "too-deep": "nested deeper than can be read",
    "secret": "a credential is in it, and `--secrets drop` was asked for",
    "not-encodable": "it holds what JSON can not, such as half a character",
}
"""Why a row is dropped here; `Dropped.reason` is one of these keys."""

EVIDENCE = {
    "real": "published rows",
    "exemplar": "rows that others wrote in its layout",
    "specification": "its description",
}
"""What a source can have been written against; `Source.SEEN` is one of these keys."""


class Query(msgspec.Struct):
    """The smallest row: a query."""

    query: str


class BadRow(Exception):
    """A row that can not become a trajectory; never leaves `callwright.unify`."""

    def __init__(self, reason: str, path: str, detail: str) -> None:
        super().__init__(f"{reason} at {path}: {detail}" if path else f"{reason}: {detail}")
        self.reason = reason
        self.path = path
        self.detail = detail

    def __reduce__(self) -> tuple[object, ...]:
        return (BadRow, (self.reason, self.path, self.detail))


class Element(msgspec.Struct, gc=False):
    """One value of a file: an element of its JSON array or one of its lines."""

    number: int
    """Position in the file, from 0; blank lines do not count."""
    value: Json
    """The decoded value, or the text itself where it did not decode."""
    error: BadRow | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A raw file, and how its rows are named."""

    path: Path
    uri: str
    """Path relative to the folder that was given."""
    stem: str
    """What stands for the file in the ids of its trajectories; unique among the files of one call."""
    explicit: bool = True
    """Named by the caller, not found in a folder."""


class Row(msgspec.Struct, gc=False):
    """One raw row and where it comes from."""

    value: Json
    number: int
    file: File
    id: str
    license: str
    split: str = ""


class Source(Protocol):
    """What a source module offers; a module of this package implements it by having these names."""

    @property
    def LICENSES(self) -> Mapping[str, str]:
        """Part of a file's name to its licence; the entry of the empty string holds for every file."""

    @property
    def FIELDS(self) -> tuple[str, ...]:
        """Top-level fields of a row, to name the nearest source of a file that none recognises."""

    @property
    def LOSES(self) -> str:
        """What a raw row says and its trajectory does not."""

    @property
    def SEEN(self) -> str:
        """A key of `EVIDENCE`: what the source was written against."""

    def detect(self, value: Mapping[str, Json]) -> str:
        """Say why this object is a row of the source, or return an empty string.

        A row that is no object is shown as ``{"": row}``.
        """
        ...

    def rows(self, file: File) -> Iterator[Element]:
        """Yield the rows of a file, also those that did not decode."""
        ...

    def convert(self, row: Row) -> Trajectory:
        """Return the trajectory of a row; raises `BadRow`."""
        ...


T = TypeVar("T")


def shape(value: Json, kind: type[T], path: str = "") -> T:
    """Return `value` as `kind`, a msgspec type, without any coercion; raises `BadRow` with the JSON path."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _bad_shape(str(error), path) from None


def other_fields(value: Mapping[str, Json], known: frozenset[str]) -> dict[str, Json]:
    """Return what the row carries beyond the fields that the source reads."""
    return {key: item for key, item in value.items() if key not in known}


def _bad_shape(message: str, path: str) -> BadRow:
    what, _, where = message.partition(" - at `")
    inner = where.removesuffix("`").removeprefix("$")
    place = f"{path}{inner}" if path else inner.removeprefix(".")
    if "missing required field" in what:
        field = what.split("`")[1]
        return BadRow("missing-field", f"{place}.{field}" if place else field, what)
    if not place and what.startswith("Expected `object`"):
        return BadRow("not-an-object", "", what)
    return BadRow("wrong-type", place, what)
