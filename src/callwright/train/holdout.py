"""Rows that are not trained on: whole groups of them, a group being all rows that ask for the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import xxhash

MOST = 64
"""Rows that are measured at most; more tell little more and take the time of training."""


class Grouped(Protocol):
    """A row or pair to train on."""

    @property
    def group(self) -> bytes:
        """A hash of what is asked for."""
        ...

    @property
    def calls(self) -> bool:
        """Whether it teaches to call something."""
        ...


Kept = TypeVar("Kept", bound=Grouped)


def set_aside(rows: Sequence[Kept], share: float, seed: int) -> tuple[list[Kept], list[Kept]]:
    """Return the rows to train on and those to measure: about `share` of them, at most `MOST`.

    Which groups are set aside depends on the seed and on the groups, not on the order of the rows.
    """
    wanted = min(round(share * len(rows)), MOST)
    sizes: dict[bytes, int] = {}
    for row in rows:
        sizes[row.group] = sizes.get(row.group, 0) + 1
    aside: set[bytes] = set()
    for group in sorted(sizes, key=lambda g: xxhash.xxh3_64_intdigest(g, seed)):
        if sizes[group] <= wanted and len(aside) + 1 < len(sizes):
            aside.add(group)
            wanted -= sizes[group]
    return [r for r in rows if r.group not in aside], [r for r in rows if r.group in aside]
