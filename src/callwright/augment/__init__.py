"""Write variants of a row: other orders, formats, layouts and names, more tools, fewer tools, less told.

    >>> from callwright.record import Trajectory
    >>> [t.id for t in AugmentStep(seed=7)([Trajectory(id="a")])]
    ['a', 'a#a1']

Two kinds of variants. Most mean the same: the calls, read through the mask where there is one, are those of
the row that they were made of. `irrelevant` and `unclear` make a row in which no call is right, and say so in
``task.expects``. Every variant is held against its row; one that lost its label is dropped. A variant's
randomness comes from the seed and its id alone; what was done stands in ``extra["augment"]`` (see `lineage`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import msgspec

from callwright.augment.distractors import distract
from callwright.augment.kits import share_tools
from callwright.augment.layout import as_schemas, lay_out
from callwright.augment.lineage import lineage
from callwright.augment.masking import mask
from callwright.augment.order import shuffle
from callwright.augment.output_format import OTHERS, assign, swap_keys
from callwright.augment.policy import DEFAULT_POLICY, OPERATIONS, Policy, policy_of
from callwright.augment.preservation import label_lost
from callwright.augment.refusals import irrelevant, unclear
from callwright.augment.wording import reword
from callwright.errors import ConfigError
from callwright.formats import format_named
from callwright.record import Dropped, Tool, Trajectory
from callwright.store import row_seed

__all__ = [
    "DEFAULT_POLICY",
    "OPERATIONS",
    "AugmentStep",
    "Policy",
    "label_lost",
    "lineage",
    "policy_of",
    "share_tools",
]

STAGE = "augment"
USUAL = policy_of(DEFAULT_POLICY)
Change = Callable[[Trajectory, random.Random], Trajectory]
"""Returns the row changed, or the very same row where it does not apply."""


@dataclass(frozen=True)
class AugmentStep:
    """The augment stage: yields every row and, after it, its variants."""

    seed: int
    copies: int = 1
    """Variants per row."""
    policy: Policy = USUAL
    """What is done to which share of them."""
    keep_original: bool = True
    """Yield the unchanged row too."""
    formats: Sequence[str] = ()
    """Output formats to draw from; all of them if empty."""
    pool: Sequence[Tool] = ()
    """Tools of other rows, to be offered beside a row's own."""

    def __post_init__(self) -> None:
        if self.copies < 0:
            raise ConfigError("impossible number of copies", expected="0 or more", got=str(self.copies))
        for name in self.formats:
            format_named(name)

    def __call__(self, rows: Iterable[Trajectory]) -> Iterator[Trajectory | Dropped]:
        for t in rows:
            if self.keep_original:
                yield t
            for copy in range(1, self.copies + 1):
                yield self._variant(t, copy)

    def _variant(self, t: Trajectory, copy: int) -> Trajectory | Dropped:
        new_id = f"{t.id}#a{copy}"
        rng = random.Random(row_seed(self.seed, new_id))
        # Drawn before anything is done, so that no operation changes the luck of those behind it.
        chosen = [name for name, share in self._shares if rng.random() < share]
        variant, done = t, []
        for name in chosen:
            changed = self._changes[name](variant, rng)
            if changed is not variant:
                variant = changed
                done.append(name)
        if reason := label_lost(t, variant):
            return Dropped(new_id, STAGE, "label-lost", detail=f"{reason}, after {', '.join(done)}")
        note = lineage(t, variant, copy, {"seed": self.seed, "done": done})
        return msgspec.structs.replace(variant, id=new_id, extra={**variant.extra, "augment": note})

    @cached_property
    def _shares(self) -> list[tuple[str, float]]:
        return [(name, getattr(self.policy, name)) for name in OPERATIONS]

    @cached_property
    def _changes(self) -> dict[str, Change]:
        """Return the operations by name."""
        return {
            "irrelevant": partial(irrelevant, pool=self.pool),
            "unclear": unclear,
            "distractors": partial(distract, pool=self.pool),
            "mask": mask,
            "order": shuffle,
            "format": partial(assign, names=self.formats or OTHERS),
            "keys": swap_keys,
            "wording": reword,
            "layout": lay_out,
            "schemas": as_schemas,
        }
