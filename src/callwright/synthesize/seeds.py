"""The example sampler: seed examples and, as they come, the rows that passed every check.

Which examples a prompt shows depends on the run's seed, the slot and the rows accepted before it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable

from callwright.record import Trajectory
from callwright.synthesize.contract import Pair

MOST_KEPT = 2000
"""Examples of a style that are remembered; beyond that a new one takes the place of a random old one."""
MOST_SHOWN = 3
"""Examples in a prompt at most; how many is random, none included."""


class Seeds:
    """Examples by style."""

    def __init__(self, rows: Iterable[Trajectory], seed: int) -> None:
        self._by_style: defaultdict[str, list[Pair]] = defaultdict(list)
        self._rng = random.Random(seed)
        self.given = 0
        """Examples that the user gave."""
        for row in rows:
            self.given += self.add(row)

    def add(self, row: Trajectory) -> bool:
        """Remember a row if it is a request with calls; tell whether it is."""
        answer = next((m for m in row.messages if m.role == "assistant"), None)
        asked = [m.content for m in row.messages if m.role == "user"]
        if answer is None or not answer.tool_calls or len(asked) != 1:
            return False
        pool = self._by_style[style_of(row)]
        pair = Pair(asked[0], answer.tool_calls)
        if len(pool) < MOST_KEPT:
            pool.append(pair)
        else:
            pool[self._rng.randrange(MOST_KEPT)] = pair
        return True

    def draw(self, style: str, rng: random.Random) -> list[Pair]:
        """Return some examples of a style, of one call where there are none of that style."""
        pool = self._by_style.get(style) or self._by_style.get("simple") or []
        return rng.sample(pool, min(len(pool), rng.randint(0, MOST_SHOWN)))


def style_of(row: Trajectory) -> str:
    """Return the style of a row by what it offers and calls.

    >>> style_of(Trajectory(id="a"))
    'irrelevant'
    """
    calls = next((m.tool_calls for m in row.messages if m.role == "assistant"), ())
    if not calls:
        return "missing" if row.task.expects == "clarify" else "irrelevant"
    if len(calls) == 1:
        return "simple" if len(row.tools or ()) < 2 else "multiple"
    return "parallel" if len({call.name for call in calls}) == 1 else "parallel_multiple"
