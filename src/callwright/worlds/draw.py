"""Draws the words and numbers of which initial states are made, from one half of the pools.

Left out are the names that BFCL's own rows hold too, so that no state tells of these people.
"""

from __future__ import annotations

import random
import re
from functools import lru_cache

from callwright.synthesize import pools
from callwright.synthesize.pools import Half, half

_TAKEN = frozenset({"David", "Emma"})
_SENTENCES = pools.MESSAGES + pools.TASKS + pools.NOTES + pools.DETAILS + pools.PHRASES


class Draw:
    """Random words and numbers."""

    def __init__(self, rng: random.Random, values: Half) -> None:
        self.rng = rng
        self._values = values

    def one(self, pool: tuple[str, ...]) -> str:
        """Return a word of the half of a pool."""
        return self.rng.choice(_left(pool, self._values))

    def some(self, pool: tuple[str, ...], low: int, high: int) -> list[str]:
        """Return several different words of the half of a pool."""
        left = _left(pool, self._values)
        return self.rng.sample(left, min(len(left), self.rng.randint(low, high)))

    def chance(self, share: float) -> bool:
        """Return true in that share of cases."""
        return self.rng.random() < share

    def amount(self, low: float, high: float, digits: int = 2) -> float:
        """Return a number with so many decimal places."""
        return round(self.rng.uniform(low, high), digits)

    def number(self, digits: int) -> int:
        """Return a whole number of so many digits."""
        return self.rng.randrange(10 ** (digits - 1), 10**digits)

    def date(self, year: int, month: int | None = None) -> str:
        """Return a date of a year, or of one of its months."""
        return f"{year}-{month or self.rng.randint(1, 12):02d}-{self.rng.randint(1, 28):02d}"

    def clock(self) -> str:
        """Return a time of the day."""
        return f"{self.rng.randint(7, 21):02d}:{self.rng.randrange(60):02d}"

    def sentence(self) -> str:
        """Return something that people write to each other or note down."""
        text = self.one(_SENTENCES)
        return f"{text[0].upper()}{text[1:]}."

    def person(self) -> str:
        """Return a full name."""
        return f"{self.one(pools.FIRST_NAMES)} {self.one(pools.LAST_NAMES)}"

    def handle(self) -> str:
        """Return a name such as people give themselves."""
        if self.chance(0.4):
            return self.one(pools.USERNAMES)
        return f"{self.one(pools.WORDS)}_{self.one(pools.FIRST_NAMES).lower()}"

    def handles(self, n: int) -> list[str]:
        """Return so many different handles."""
        found: dict[str, None] = {}
        while len(found) < n:
            found.setdefault(self.handle())
        return list(found)


def slug(text: str) -> str:
    """Return a text as the stem of a file's name.

    >>> slug("Parents' evening")
    'parents_evening'
    """
    return "_".join(re.findall(r"[a-z0-9]+", text.lower().replace("'", "")))


@lru_cache(maxsize=256)
def _left(pool: tuple[str, ...], values: Half) -> tuple[str, ...]:
    return tuple(word for word in half(pool, values) if word not in _TAKEN)
