"""The generator that needs no model: a grammar over the tools' schemas."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from callwright.errors import ConfigError
from callwright.record import Dropped, Trajectory
from callwright.store import row_seed
from callwright.synthesize.propose import STYLES, Workshop, propose
from callwright.synthesize.slots import Candidate, Failure, Slot
from callwright.synthesize.values import Unsamplable

NAME = "grammar"
Fill = Callable[[Sequence[Slot]], Sequence[Candidate]]
"""Returns the candidate of each slot."""


class Grammar:
    """Writes one candidate a slot."""

    name = NAME
    per_slot = 1.0
    min_grounding = 0.0
    """Every value is in the text by construction; tracing knows fewer ways to say one than the grammar."""

    def __init__(self, shop: Workshop, fill: Fill | None = None) -> None:
        self._fill: Fill = fill or (lambda slots: [candidate(shop, slot) for slot in slots])

    def propose(self, slots: Sequence[Slot]) -> list[list[Candidate]]:
        """Return the candidate of each slot."""
        return [[row] for row in self._fill(slots)]

    def repair(self, failures: Sequence[Failure]) -> list[Candidate]:
        """Return nothing: a grammar does not learn from one failure."""
        return []

    def finish(self, row: Trajectory) -> Candidate:
        """Return the row as it is."""
        return row


def candidate(shop: Workshop, slot: Slot) -> Candidate:
    """Return the candidate of a slot; `Dropped` where its tool can not be put into words.

    It depends on nothing but the slot, the workshop's tools and seed, and what its coverage has counted.
    """
    # Not of the row's id, which tells sets of tools apart: what is drawn shall not depend on their wording.
    rng = random.Random(row_seed(shop.seed, f"synth/{shop.column}/{slot.style}/{slot.number}"))
    try:
        return propose(shop, slot.style, slot.number, rng)
    except Unsamplable as error:
        row_id = shop.row_id(slot.style, slot.number)
        return Dropped(id=row_id, stage="synthesize", reason="unsamplable", detail=str(error)[:300])


def feasible(styles: Mapping[str, float], shop: Workshop) -> dict[str, float]:
    """Return the styles that a workshop's tools allow."""
    unknown = set(styles) - set(STYLES)
    if unknown:
        raise ConfigError("unknown style", expected=", ".join(STYLES), got=", ".join(sorted(unknown)))
    impossible = {"multiple", "parallel_multiple"} if len(shop.subjects) < 2 else set()
    if not any(s.params for s in shop.subjects):
        impossible.add("parallel")
    if not shop.shortened:
        impossible.add("missing")
    shares = {s: share for s, share in styles.items() if share > 0 and s not in impossible}
    if not shares:
        raise ConfigError("no style is possible", expected="a style that fits the number of tools",
                          got=", ".join(styles) or "none")  # fmt: skip
    return shares
