"""BFCL's categories of several turns, as worlds in the order in which they have to be played.

>>> rows = conversations(["multi_turn_base"], recited)      # doctest: +SKIP
>>> sum(row.correct for row in rows), len(rows)             # doctest: +SKIP
(200, 200)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from callwright.evaluate.bfcl.memory.rows import CATEGORY as MEMORY
from callwright.evaluate.bfcl.memory.world import MemoryWorld, PrerequisiteWorld, snapshots
from callwright.evaluate.bfcl.multi_turn.dialogue import Style
from callwright.evaluate.bfcl.multi_turn.world import MultiTurnWorld
from callwright.evaluate.results import Result
from callwright.evaluate.worlds import Worlds

Play = Callable[[Worlds, int | None], list[Result]]
"""Plays so many tasks of each world, all of them for None."""


def conversations(
    categories: Sequence[str],
    play: Play,
    *,
    limit: int | None = None,
    style: Style = "native",
    output_format: str = "",
) -> list[Result]:
    """Return the results of `categories`, evenly spread `limit` rows of each.

    Before memory's questions come the conversations that tell what is asked for, all of them.
    """
    worlds = [
        MultiTurnWorld((name,), style=style, output_format=output_format)
        for name in categories
        if name != MEMORY
    ]
    results = play(worlds, limit) if worlds else []
    if MEMORY in categories:
        told = play([PrerequisiteWorld(style=style, output_format=output_format)], None)
        asked = MemoryWorld(snapshots(told), style=style, output_format=output_format)
        results += play([asked], limit)
    return results
