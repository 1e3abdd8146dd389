"""Wrong answers on purpose: every mistake that can be made in a row, sorted by the check that finds it.

What a check finds is what the verb `verify` drops: no label of ours decides it. Mistakes that pass every
check are wrong all the same, for they were made from an answer that is right.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from callwright.errors import RunError
from callwright.pair import Corruptions, Ready
from callwright.record import Trajectory
from callwright.store import row_seed
from callwright.study.lab import Lab
from callwright.study.materials import noted

Kind = Literal["format", "need", "execution", "grounding", "semantic"]
"""What finds a mistake first: whether the calls are well formed, whether calls are due at all, what happens
when they are executed, where values come from; semantic: no check does."""
FAILING: tuple[Kind, ...] = ("format", "execution")
"""Calls that can not be executed: what APIGen's first two stages remove."""
UNMEANT: tuple[Kind, ...] = ("need", "grounding", "semantic")
"""Calls that run and are not what was asked for: what is left to its third stage."""
ANY: tuple[Kind, ...] = (*FAILING, *UNMEANT)
MARK = "#wrong-"
_NEED = ("needless-call", "needless-refusal")


def every_mistake(rows: Iterable[Trajectory], *, seed: int) -> Iterator[Trajectory]:
    """Yield each row once per kind of mistake that can be made in its answer; ids tell row and mistake."""
    make = Corruptions(seed)
    for row in rows:
        (offer,) = make([Ready(row, row)])
        seen: set[str] = set()
        for one in offer.candidates:
            if one.error_class not in seen:
                seen.add(one.error_class)
                messages = (*row.messages[:-1], one.rejected)
                wrong = replace(row, id=f"{row.id}{MARK}{one.error_class}", messages=messages, issues=())
                yield noted(wrong, mistake=one.error_class)


def spoiled(
    right: Iterable[Trajectory],
    wrong: Iterable[Trajectory],
    checked: Iterable[Trajectory],
    grounded: Iterable[Trajectory],
    executed: Iterable[Trajectory],
    *,
    kinds: Sequence[Kind],
    share: float,
    seed: int,
) -> Iterator[Trajectory]:
    """Yield the right rows, a share of them with a wrong answer of some kinds in place of their own.

    `checked`, `grounded` and `executed` are the wrong rows that pass the checks without execution, those and
    grounding, those and execution. Which mistake a row gets is drawn by its seed, each class alike. Raises
    `RunError` if too few rows can be spoiled in this way.
    """
    passes = [{row.id for row in rows} for rows in (checked, grounded, executed)]
    mistakes: dict[str, list[Trajectory]] = {}
    for row in wrong:
        if kind_of(row.id, *passes) in kinds:
            mistakes.setdefault(row.id.rpartition(MARK)[0], []).append(row)
    rows = list(right)
    wanted = round(share * len(rows))
    able = sorted((row.id for row in rows if row.id in mistakes), key=lambda name: row_seed(seed, name))
    if len(able) < wanted:
        raise RunError(
            "too few rows in which such a mistake can be made", expected=f"{wanted:,} of {len(rows):,}",
            got=f"{len(able):,}",
        )  # fmt: skip
    chosen = set(able[:wanted])
    for row in rows:
        drawn = random.Random(row_seed(seed, row.id))
        yield drawn.choice(mistakes[row.id]) if row.id in chosen else row


def kind_of(row_id: str, checked: set[str], grounded: set[str], executed: set[str]) -> Kind:
    """Return which check is the first to find a mistake, by what passed which checks."""
    if row_id not in checked:
        return "need" if row_id.rpartition(MARK)[2] in _NEED else "format"
    if row_id not in executed:
        return "execution"
    return "semantic" if row_id in grounded else "grounding"


def with_mistakes(
    lab: Lab, tools: Path, right: Path, seed: int, *, kinds: Sequence[Kind] = ANY, share: float
) -> Path:
    """Return a file of right rows, a share of them spoiled."""
    if not share:
        return right
    wrong = lab.rows("wrong", every_mistake, right, seed=seed)
    passes = [
        lab.verb("verify", wrong, *words, makes="rows.jsonl")
        for words in ((), ("--min-grounding", "1"), ("--tools", tools))
    ]
    return lab.rows("spoil", spoiled, right, wrong, *passes, kinds=list(kinds), share=share, seed=seed)
