"""Decides, row by row, what stays: what is not contaminated, not said before, not too common, on one side.

Rows are held against kept rows only, so the first of equal rows stays, and what stays depends on the order of
the inputs, never on the order in which the blend goes out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import NamedTuple

import msgspec

from callwright.blend.contamination import Benchmarks
from callwright.blend.keys import digest, equal_keys, facts, structure, variant
from callwright.blend.near import Look, Near
from callwright.blend.sides import SIDES, Side, Sides, Straddles, noted
from callwright.blend.table import Table, Texts, eight
from callwright.blend.tally import Tally
from callwright.record import Dropped, Trajectory


class Kept(NamedTuple):
    """A row that stays, and its side."""

    row: Trajectory
    side: Side


class Sieve:
    """Takes the rows of one input after the other."""

    def __init__(
        self,
        sides: Sides,
        tally: Tally,
        *,
        near: Near | None = None,
        benchmarks: Benchmarks | None = None,
        max_per_structure: int | None = None,
    ) -> None:
        self._sides = sides
        self._tally = tally
        self._near = near
        self._benchmarks = benchmarks
        self._most = max_per_structure
        self._first = Table()
        self._taken = Table()
        self._structures: Counter[bytes] = Counter()
        self._ids = Texts()
        self._side_of = bytearray()
        self._variants: dict[int, bytes] = {}
        self._names: list[str] = []
        self._starts: list[int] = []

    def begin(self, name: str) -> None:
        """Say that the rows to come are those of another input."""
        self._names.append(name)
        self._starts.append(len(self._ids))
        self._sides.begin()
        self._tally.rows_in[name] = 0

    def take(self, row: Trajectory | Dropped) -> Kept | Dropped:
        """Return what becomes of a row."""
        self._tally.rows_in[self._names[-1]] += 1
        result = row if isinstance(row, Dropped) else self._judge(row)
        if isinstance(result, Dropped):
            self._tally.dropped[self._names[-1], result.reason] += 1
        return result

    def _judge(self, row: Trajectory) -> Kept | Dropped:
        found = self._benchmarks.evidence(row) if self._benchmarks is not None else None
        if found is not None:
            self._tally.contaminated[found.benchmark, self._names[-1], found.kind] += 1
            return drop(row, "contaminated", f"{found.benchmark}: {found.detail}", found.path)
        keys = equal_keys(row)
        same = next((number for key in keys if (number := self._first.get(eight(key))) is not None), None)
        if same is not None:
            return self._twice(row, same, "duplicate", "says the same as")
        look = self._look(row)
        apart = variant(row)
        for mate in look.same if look is not None else ():
            if self._variants.get(mate, b"") == apart:
                return self._twice(row, mate, "near-duplicate", "says almost the same as")
        kind = structure(row) if self._most is not None else None
        if self._most is not None and kind is not None and self._structures[kind] >= self._most:
            return drop(row, "over-structure", f"{self._most} rows of its structure are kept already")
        try:
            side = self._sides.place(row, {SIDES[self._side_of[k]] for k in look.same} if look else set())
        except Straddles as error:
            return drop(row, "straddles-split", str(error))
        row = self._under_an_id_of_its_own(row)
        if kind is not None:
            self._structures[kind] += 1
        if apart:
            self._variants[len(self._ids)] = apart
        self._remember(row, keys, look, side)
        return Kept(row, side)

    def _under_an_id_of_its_own(self, row: Trajectory) -> Trajectory:
        """Return the row; one whose id is taken, as in files made apart, with a number behind the id."""
        row_id = row.id
        while (times := self._taken.get(key := eight(digest("id", row_id)))) is not None:
            self._taken.put(key, times + 1)
            row_id = f"{row.id}~{times + 1}"
        self._taken.put(key, 1)
        if row_id == row.id:
            return row
        return msgspec.structs.replace(noted(row, "id", row.id), id=row_id)

    def _look(self, row: Trajectory) -> Look | None:
        if self._near is None:
            return None
        look = self._near.look(*facts(row))
        self._tally.unchecked = self._near.unchecked
        return look

    def _remember(self, row: Trajectory, keys: list[bytes], look: Look | None, side: Side) -> None:
        number = len(self._ids)
        self._ids.append(row.id)
        for key in keys:
            self._first.put(eight(key), number)
        if self._near is not None and look is not None:
            self._near.add(look)
            self._side_of.append(SIDES.index(side))

    def _twice(self, row: Trajectory, mate: int, reason: str, says: str) -> Dropped:
        there = self._names[bisect_right(self._starts, mate) - 1]
        self._tally.met[reason, self._names[-1], there] += 1
        return drop(row, reason, f"{says} {self._ids[mate]}")


def drop(row: Trajectory, reason: str, detail: str, path: str = "") -> Dropped:
    """Return a row as one that this stage did not keep."""
    return Dropped(
        id=row.id, stage="blend", reason=reason, path=path, detail=detail, row=msgspec.to_builtins(row)
    )
