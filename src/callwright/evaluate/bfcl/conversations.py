"""BFCL's categories of several turns, as worlds in the order in which they have to be played.

>>> rows = conversations(["multi_turn_base"], recited)      # doctest: +SKIP
>>> sum(row.correct for row in rows), len(rows)             # doctest: +SKIP
(200, 200)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from callwright import assets
from callwright.evaluate.bfcl.memory import rows as memory
from callwright.evaluate.bfcl.memory import world as remembering
from callwright.evaluate.bfcl.memory.rows import CATEGORY as MEMORY
from callwright.evaluate.bfcl.memory.world import MemoryWorld, PrerequisiteWorld, snapshots
from callwright.evaluate.bfcl.multi_turn import rows as multi_turn
from callwright.evaluate.bfcl.multi_turn import world as talking
from callwright.evaluate.bfcl.multi_turn.calls import Read
from callwright.evaluate.bfcl.multi_turn.dialogue import Style
from callwright.evaluate.bfcl.multi_turn.world import MultiTurnWorld
from callwright.evaluate.results import Result
from callwright.evaluate.worlds import Worlds
from callwright.record import Json

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


def ids_of(categories: Sequence[str]) -> dict[str, list[str]]:
    """Return the ids of all rows of each category."""
    found: dict[str, list[str]] = {name: [] for name in categories}
    for row in multi_turn.load([name for name in categories if name != MEMORY]).rows:
        found[row.category].append(row.id)
    if MEMORY in categories:
        found[MEMORY] = [question.id for question in memory.load().questions]
    return found


def replayed(
    categories: Sequence[str], answers: Mapping[str, Json], about: Mapping[str, Json], read: Read
) -> list[Result]:
    """Return the verdicts on results of official runs, by the ids of their rows.

    `read` finds the calls of a step. Rows without an answer are left out.
    """
    told = {**about, "wheel_sha256": assets.BFCL.sha256}
    talks = multi_turn.load([name for name in categories if name != MEMORY])
    results = [
        talking.replayed(
            row,
            answers[row.id],
            {**told, "variant": "bfcl-v4-multi-turn/replay", "data_sha256": talks.sha256[row.category]},
            read,
        )
        for row in talks.rows
        if row.id in answers
    ]
    if MEMORY in categories:
        asked = memory.load()
        of_memory = {**told, "variant": "bfcl-v4-memory-kv/replay", "data_sha256": asked.sha256}
        results += [
            remembering.replayed(question, answers[question.id], of_memory, read)
            for question in asked.questions
            if question.id in answers
        ]
    return results
