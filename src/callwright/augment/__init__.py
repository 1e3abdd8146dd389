"""Write variants of a row that mean the same: another order of tools, another output format.

    >>> from callwright.record import Trajectory
    >>> [t.id for t in AugmentStep(seed=7)([Trajectory(id="a")])]
    ['a', 'a#a1']

Label-preserving by construction: a variant offers the same tools, makes the same calls and gets the same
verdict. A row's randomness comes from the seed and its id alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import msgspec

from callwright.augment.kits import share_tools
from callwright.augment.order import shuffle
from callwright.augment.output_format import assign
from callwright.errors import ConfigError
from callwright.record import Dropped, Trajectory
from callwright.store import row_seed

__all__ = ["KINDS", "AugmentStep", "share_tools"]

KINDS: dict[str, Callable[[Trajectory, random.Random], Trajectory]] = {"order": shuffle, "format": assign}
"""What can be varied, in the order in which it is applied."""


@dataclass(frozen=True)
class AugmentStep:
    """The augment stage: yields every row and, after it, its variants."""

    seed: int
    copies: int = 1
    """Variants per row."""
    kinds: tuple[str, ...] = ("order", "format")
    """Which of `KINDS` to apply."""
    format_share: float = 0.5
    """Share of the variants that may ask for another output format."""
    keep_original: bool = True
    """Yield the unchanged row too."""

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.kinds if kind not in KINDS]
        if unknown:
            raise ConfigError("unknown augmentation", expected=" | ".join(KINDS), got=", ".join(unknown))
        if self.copies < 0:
            raise ConfigError("impossible number of copies", expected="0 or more", got=str(self.copies))

    def __call__(self, rows: Iterable[Trajectory]) -> Iterator[Trajectory | Dropped]:
        for t in rows:
            if self.keep_original:
                yield t
            for copy in range(1, self.copies + 1):
                yield self._variant(t, copy)

    def _variant(self, t: Trajectory, copy: int) -> Trajectory:
        new_id = f"{t.id}#a{copy}"
        rng = random.Random(row_seed(self.seed, new_id))
        formatted = rng.random() < self.format_share
        done: list[str] = []
        variant = t
        for kind, change in KINDS.items():
            if kind not in self.kinds or (kind == "format" and not formatted):
                continue
            changed = change(variant, rng)
            if changed is not variant:
                done.append(kind)
            variant = changed
        note = {"of": t.id, "copy": copy, "done": done}
        return msgspec.structs.replace(variant, id=new_id, extra={**t.extra, "augment": note})
