"""Raw rows → finished lines, a chunk at a time: what a worker does, and what a single process does.

A line holds the very bytes that `record.encode` writes. Tools repeat from row to row, and writing them again
would cost more than all the rest; so each is written once, and its bytes are put into the lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from callwright.record import Dropped, Trajectory
from callwright.secrets import innocent
from callwright.store import encoded
from callwright.unify.convert import STAGE, Converter, Origin
from callwright.unify.elements import decoded
from callwright.unify.gate import Gate
from callwright.unify.pieces import Block
from callwright.unify.rows import Element
from callwright.unify.tools import encoded_tools

_ROWS = 64
"""Rows of a chunk that a source has made of its file; how large they are nobody knows."""

_Line: Any = msgspec.defstruct(
    "_Line",
    [
        (f.name, Any, msgspec.field(default=f.default) if f.default is not msgspec.NODEFAULT
         else msgspec.field(default_factory=f.default_factory) if f.default_factory is not msgspec.NODEFAULT
         else msgspec.field())
        for f in msgspec.structs.fields(Trajectory)
    ],
    omit_defaults=True,
    gc=False,
)  # fmt: skip
"""A trajectory whose tools may be bytes that are written already."""
_write = msgspec.json.Encoder().encode
_write_lines: Callable[[list[Any]], bytes] = msgspec.json.Encoder().encode_lines
_UNWRITABLE = (ValueError, TypeError, OverflowError, RecursionError)
Row = Trajectory | Dropped


class Chunk(NamedTuple):
    """Some rows of one file: their texts where they stand as they are, or what a source made of the file."""

    origin: Origin
    rows: Block | list[Element]

    @property
    def size(self) -> int:
        """Return the number of rows."""
        return len(self.rows.texts if isinstance(self.rows, Block) else self.rows)


class Batch(NamedTuple):
    """The lines of one chunk; `reasons` count the dropped ones, `licenses` the kept ones."""

    rows: int
    kept: bytes
    dropped: bytes
    reasons: dict[str, int]
    licenses: dict[str, int]


def chunks(origin: Origin, rows: Iterator[Element]) -> Iterator[Chunk]:
    """Cut the rows that a source made of a file."""
    while held := list(islice(rows, _ROWS)):
        yield Chunk(origin, held)


class ToLines:
    """The work on a chunk; picklable."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def __call__(self, chunk: Chunk) -> Batch:
        """Return the lines; raises `GateError` for a secret if the gate is closed to them."""
        rows = chunk.rows
        elements = decoded(rows) if isinstance(rows, Block) else rows
        made = list(Converter(chunk.origin).rows(elements))
        # All at once costs a third. A chunk with anything suspicious in it is looked at row by row.
        try:
            batch = batch_of(made)
        except _UNWRITABLE:
            batch = None
        if batch and innocent(str(batch.kept, "utf-8")) and innocent(str(batch.dropped, "utf-8")):
            return batch
        passed = [self._gate(*written(row)) for row in made]
        return batch_of([row for row, _ in passed])


def batch_of(made: list[Row]) -> Batch:
    """Return the lines of rows; raises one of `_UNWRITABLE` if JSON can not hold one of them."""
    kept = [row for row in made if isinstance(row, Trajectory)]
    dropped = [row for row in made if isinstance(row, Dropped)]
    return Batch(
        rows=len(made),
        kept=_write_lines([_with_written_tools(row) for row in kept]),
        dropped=_write_lines(dropped),
        reasons=Counter([row.reason for row in dropped]),
        licenses=Counter([row.source.license if row.source else "" for row in kept]),
    )


def written(row: Row) -> tuple[Row, bytes]:
    """Return a row with its line; one that JSON can not hold becomes a dropped one."""
    try:
        return row, bytes(_write(_with_written_tools(row) if isinstance(row, Trajectory) else row))
    except _UNWRITABLE:
        return encoded(row, STAGE)


def _with_written_tools(t: Trajectory) -> Any:
    if not t.tools:
        return t
    line = _Line(*msgspec.structs.astuple(t))
    line.tools = encoded_tools(t.tools)
    return line
