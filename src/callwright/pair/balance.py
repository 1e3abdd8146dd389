"""Which of its candidates a row gets: no class dominates, and neither length nor calling gives anything away.

A reward that a model learns from pairs follows whatever tells the sides apart. Were rejected answers mostly
shorter, or mostly calls where none is due, it would learn to be long, or to refuse.
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
CALLS = {"needless-call": 1, "needless-refusal": -1}
"""Classes in which only one side calls: 1 where that is the rejected one."""
CALLING = 4
"""How much more a pair counts that makes these two more unlike than one that unbalances lengths, if the first
is ahead: where no call is due there is no other mistake to choose, so the second has to follow."""
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
        Who calls counts as well (see `CALLING`). Of equals the first one wins.
        """
        open_ones = [each for each in candidates if not self.is_full(each.error_class)]
        return sorted(open_ones, key=self._cost)

    def is_full(self, error_class: str) -> bool:
        """Tell whether a class may have no more pairs."""
        return self.classes[error_class] >= max(FEW, self._max_share * (self.pairs + 1))

    def _cost(self, one: Candidate) -> float:
        lean = sum(sign * count for (_, sign), count in self.lengths.items())
        called = sum(sign * self.classes[name] for name, sign in CALLS.items())
        cost = self.classes[one.error_class] + one.longer * lean
        cost += CALLS.get(one.error_class, 0) * called * (CALLING if called > 0 else 1)
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
        return self._better(counts["rejected_longer"], counts["rejected_shorter"])

    def guess_by_calling(self) -> float:
        """Return how often the better guess by which side calls, if one does, finds the rejected one."""
        return self._better(*(self.classes[name] for name in CALLS))

    def _better(self, one: int, other: int) -> float:
        """Return how often the better of two rules is right; half of the time where neither says anything."""
        return 0.5 + abs(one - other) / 2 / self.pairs if self.pairs else 0.5

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
            "calling": {"guess": round(self.guess_by_calling(), 4)},
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
        told = (
            f"the rejected answer by its length alone: {self.guess():.1%} right, "
            f"by who calls: {self.guess_by_calling():.1%}"
        )
        return aligned([header, *lines]) + told

    def _names(self) -> list[str]:
        return [name for name in CLASSES if self.classes[name]]
