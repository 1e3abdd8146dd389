"""Rows on their way to and from workers: cut into chunks, packed as JSON, put back in order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, cast

import msgspec

from callwright.engine.task import Task
from callwright.record import Dropped, Trajectory

Row = Trajectory | Dropped
Step = Callable[[Iterable[Trajectory]], Iterator[Row]]


def apply(step: Step, rows: Iterable[Row]) -> Iterator[Row]:
    """Yield what `step` makes of `rows`; a row that an earlier stage dropped passes through in its place."""
    # A dropped row is a barrier: a step that reads ahead would otherwise move it.
    for dropped, group in itertools.groupby(rows, key=_is_dropped):
        if dropped:
            yield from group
        else:
            yield from step(cast(Iterable[Trajectory], group))


def _is_dropped(row: Row) -> bool:
    return isinstance(row, Dropped)


class _Batch(msgspec.Struct, array_like=True, gc=False):
    """Rows on the wire: the two kinds apart, because they carry no tag, and where the dropped ones stood."""

    kept: list[Trajectory]
    dropped: list[Dropped]
    places: list[int]


Packed = bytes | list[Row]
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Batch)


class Done(NamedTuple):
    """What became of a chunk: the rows that came out, and the error that ended it early."""

    rows: Packed
    error: Exception | None


class ApplyStep:
    """The work of one chunk; picklable if the step is."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def __call__(self, packed: Packed) -> Done:
        """Return what the step makes of a chunk; its exception travels beside the rows before it."""
        rows: list[Row] = []
        error: Exception | None = None
        try:
            rows.extend(apply(self._step, unpack(packed)))
        except Exception as raised:
            from callwright.engine.team import sendable

            error = sendable(raised)
        return Done(pack(rows), error)


def chunks(rows: Iterable[Row], size: int) -> Iterator[Task]:
    """Cut `rows` into tasks; what was read before `rows` failed comes out before the failure does."""
    batch: list[Row] = []
    number = before = 0
    try:
        for row in rows:
            batch.append(row)
            if len(batch) == size:
                number += 1
                yield _task(number, before, batch)
                before += len(batch)
                batch = []
    except Exception:
        if batch:
            yield _task(number + 1, before, batch)
        raise
    if batch:
        yield _task(number + 1, before, batch)


def _task(number: int, before: int, rows: list[Row]) -> Task:
    place = f"chunk {number}, rows {before + 1} to {before + len(rows)}, the first is {rows[0].id!r}"
    return Task(place, pack(rows))


def pack(rows: list[Row]) -> Packed:
    """Return rows as JSON, a third of the cost of a pickle; as they are if JSON can not hold them."""
    batch = _Batch(
        [row for row in rows if isinstance(row, Trajectory)],
        [row for row in rows if isinstance(row, Dropped)],
        [place for place, row in enumerate(rows) if isinstance(row, Dropped)],
    )
    try:
        return _encoder.encode(batch)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return rows


def unpack(packed: Packed) -> Iterator[Row]:
    """Yield the rows in their order."""
    if isinstance(packed, list):
        yield from packed
        return
    batch = _decoder.decode(packed)
    kept, dropped, places = iter(batch.kept), iter(batch.dropped), set(batch.places)
    for place in range(len(batch.kept) + len(batch.dropped)):
        yield next(dropped) if place in places else next(kept)
