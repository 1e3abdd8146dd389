"""Lines of rows → finished lines, a chunk at a time: what a worker of the verb does.

Rows cross to a worker as the bytes of their lines and come back as the bytes of theirs, so the parent reads
and writes, and neither decodes nor encodes: with rows in between it would be busier than its workers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from callwright.engine import Row, Task
from callwright.engine.rows import apply
from callwright.errors import GateError
from callwright.record import Dropped, Trajectory
from callwright.store import encoded, read_lines, row_of
from callwright.verify.funnel import FunnelCounts
from callwright.verify.step import STRETCH, VerifyStep

STAGE = "verify"


class Chunk(NamedTuple):
    """Some lines of a file, each with its number."""

    name: str
    lines: list[tuple[int, bytes]]


class Batch(NamedTuple):
    """What became of a chunk; `reasons` count the dropped rows, `licenses` the kept ones."""

    rows: int
    kept: bytes
    dropped: bytes
    reasons: dict[str, int]
    licenses: dict[str, int]
    counts: FunnelCounts
    trajectories: int
    """Lines that were trajectories."""


def chunks(path: Path) -> Iterator[Task]:
    """Cut a file into tasks for `ToLines`."""
    numbered = read_lines(path)
    while held := list(islice(numbered, STRETCH)):
        place = f"lines {held[0][0]} to {held[-1][0]} of {path.name}"
        yield Task(place, Chunk(path.name, held))


class ToLines:
    """The work on a chunk; picklable if the step is."""

    def __init__(self, step: VerifyStep) -> None:
        self._step = step

    def __call__(self, chunk: Chunk) -> Batch:
        """Return the lines of a chunk; raises `GateError` for a row with a credential."""
        rows = [row_of(line, f"{chunk.name}:{number}", STAGE) for number, line in chunk.lines]
        made = sum(isinstance(row, Trajectory) for row in rows)
        return _batch(list(gated(apply(self._step, rows))), made)


def gated(rows: Iterator[Row]) -> Iterator[Row]:
    """Yield rows; raises `GateError` for the first that holds a credential, before it is written."""
    for row in rows:
        if isinstance(row, Dropped) and row.stage == STAGE and row.reason == "secret":
            raise GateError(
                f"holds what looks like a secret ({row.detail.rpartition('got ')[2]})",
                place=f"{row.id}: {row.path}",
                hint="`callwright unify --secrets redact` replaces it, --secrets drop leaves such rows out",
            )
        yield row


def _batch(rows: list[Row], trajectories: int) -> Batch:
    kept: list[bytes] = []
    dropped: list[bytes] = []
    reasons: Counter[str] = Counter()
    licenses: Counter[str] = Counter()
    counts = FunnelCounts()
    for row in rows:
        row, line = encoded(row, STAGE)
        counts.add(row)
        if isinstance(row, Dropped):
            reasons[row.reason] += 1
            dropped.append(line)
        else:
            licenses[row.source.license if row.source else ""] += 1
            kept.append(line)
    return Batch(len(rows), _joined(kept), _joined(dropped), reasons, licenses, counts, trajectories)


def _joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)
