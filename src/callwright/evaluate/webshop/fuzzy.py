"""How alike two phrases are, as thefuzz 0.19's `token_set_ratio` tells it, which WebShop's reward asks.

Words are compared as sets: what both have, and what each has beside that; the best of three ratios counts, in
whole percent. The ratio is the standard library's `SequenceMatcher`, as it is in thefuzz where the optional
Levenshtein package is not installed, and WebShop's requirements do not name it. Characters from U+0080 to
U+00FF are dropped, other signs part words, case does not matter.

>>> token_set_ratio("perfect gift", "great gift"), token_set_ratio("red", "Red; large")
(64, 100)
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

_DROPPED = dict.fromkeys(range(0x80, 0x100))
_SIGNS = re.compile(r"\W")


def token_set_ratio(one: str, other: str) -> int:
    """Return a likeness from 0 to 100."""
    first, second = _words(one), _words(other)
    if not first or not second:
        return 0
    shared = first & second
    if shared and shared in (first, second):
        return 100
    common = " ".join(sorted(shared))
    left = f"{common} {' '.join(sorted(first - second))}".strip()
    right = f"{common} {' '.join(sorted(second - first))}".strip()
    best = _ratio(left, right)
    if common:
        # The common words open either side, so all of them match.
        best = max(best, *(_percent(len(common), len(common) + len(side)) for side in (left, right)))
    return best


@lru_cache(maxsize=1 << 16)
def alike(one: str, other: str) -> bool:
    """Return whether two phrases count as the same, which is above 85."""
    return token_set_ratio(one, other) > 85


@lru_cache(maxsize=1 << 14)
def _words(text: str) -> frozenset[str]:
    return frozenset(_SIGNS.sub(" ", text.translate(_DROPPED)).lower().split())


def _percent(common: int, length: int) -> int:
    return round(100 * (2 * common / length))


def _ratio(one: str, other: str) -> int:
    return round(100 * SequenceMatcher(None, one, other).ratio())
