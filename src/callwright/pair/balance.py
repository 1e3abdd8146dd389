"""Which of its candidates a row gets: no class of mistake dominates, and length gives nothing away.

A reward that a model learns from pairs follows whatever tells the sides apart. Were rejected answers mostly
shorter, or mostly refusals, it would learn that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from callwright.pair.candidate import ORIGINS, Candidate
from callwright.pair.classes import CLASSES
from callwright.record import Json
from callwright.verify.table import aligned

HEADSTART = (2, 0.1)
"""Pairs, and share of all pairs, by which real mistakes may bring their class before the least used one."""
FEW = 16
"""Pairs that a class may have before its share is looked at."""
_SIGNS = {1: "rejected_longer", 0: "as_long", -1: "rejected_shorter"}


class Balance:
    """Chooses, and counts what was chosen."""

    def __init__(self, max_share: float = 1.0) -> None:
        self._max_share = max_share
        self.classes: Counter[str] = Counter()
        self.made: Counter[tuple[str, str]] = Counter()
        """Pairs by class and origin."""
        self.lengths: Counter[tuple[str, int]] = Counter()
        """Pairs by class and by whether the rejected answer is longer."""

    @property
    def pairs(self) -> int:
        """Return how many pairs there are."""
        return self.classes.total()

    def ordered(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Return the candidates, the most wanted first, without those of a class that has its full share.

        Each pair that a class has counts against it as much as each pair that its length would unbalance.
        Of equals the first one wins.
        """
        open_ones = [each for each in candidates if not self.is_full(each.error_class)]
        return sorted(open_ones, key=self._cost)

    def is_full(self, error_class: str) -> bool:
        """Tell whether a class may have no more pairs."""
        return self.classes[error_class] >= max(FEW, self._max_share * (self.pairs + 1))

    def _cost(self, one: Candidate) -> float:
        lean = sum(sign * count for (_, sign), count in self.lengths.items())
        cost = self.classes[one.error_class] + one.longer * lean
        few, share = HEADSTART
        return cost if one.origin == "corruption" else cost - few - share * self.pairs

    def add(self, chosen: Candidate) -> None:
        """Count a pair."""
        self.classes[chosen.error_class] += 1
        self.made[chosen.error_class, chosen.origin] += 1
        self.lengths[chosen.error_class, chosen.longer] += 1

    def guess(self) -> float:
        """Return how often the better guess by length alone, longer or shorter, finds the rejected answer."""
        counts = self._signs()
        best = max(counts["rejected_longer"], counts["rejected_shorter"]) + counts["as_long"] / 2
        return best / self.pairs if self.pairs else 0.5

    def _signs(self) -> dict[str, int]:
        counts = dict.fromkeys(_SIGNS.values(), 0)
        for (_, sign), count in self.lengths.items():
            counts[_SIGNS[sign]] += count
        return counts

    def to_json(self) -> dict[str, Json]:
        """Return the counts as plain data."""
        return {
            "pairs": self.pairs,
            "classes": {
                name: {
                    "pairs": self.classes[name],
                    "share": round(self.classes[name] / self.pairs, 4),
                    **{origin: self.made[name, origin] for origin in ORIGINS if self.made[name, origin]},
                    **{word: self.lengths[name, sign] for sign, word in _SIGNS.items()},
                }
                for name in self._names()
            },
            "length": {**self._signs(), "guess": round(self.guess(), 4)},
        }

    def text(self) -> str:
        """Return a table for people."""
        if not self.pairs:
            return "no pair could be made"
        header = ("error class", "pairs", "share", *ORIGINS, "longer", "as long", "shorter")
        lines = [
            (
                name,
                f"{self.classes[name]:,}",
                f"{self.classes[name] / self.pairs:.1%}",
                *(f"{self.made[name, origin]:,}" for origin in ORIGINS),
                *(f"{self.lengths[name, sign]:,}" for sign in _SIGNS),
            )
            for name in self._names()
        ]
        told = f"the rejected answer by its length alone: {self.guess():.1%} right"
        return aligned([header, *lines]) + told

    def _names(self) -> list[str]:
        return [name for name in CLASSES if self.classes[name]]
