"""Which of five factors matters most: half of all combinations, main effects clear of pairs of factors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from math import prod
from pathlib import Path

from msgspec.structs import replace

from callwright.record import Trajectory
from callwright.study.design import Arm, Contrast, Model, Study
from callwright.study.materials import IN_OTHER_FORMS, Materials
from callwright.study.wrong import with_mistakes

FACTORS = ("amount", "diversity", "verification", "formats", "DPO")
LOW = ("half of the rows", "every request four times", "20 % wrong", "one format", "SFT only")
HIGH = ("all rows", "every request once", "every row right", "half in other formats", "DPO after SFT")
WRONG = 0.2
REPEATED = 4


def factors(m: Materials) -> Study:
    """Compare sixteen arms of the 32 combinations: the fifth factor's level is the product of the others'."""
    arms = [_arm(m, (*four, prod(four))) for four in product((-1, 1), repeat=4)]
    contrasts = [
        Contrast(
            name,
            [arm.name for arm in arms if arm.name[at] == "-"],
            [arm.name for arm in arms if arm.name[at] == "+"],
        )
        for at, name in enumerate(FACTORS)
    ]
    table = [f"{name}: - {low}, + {high}" for name, low, high in zip(FACTORS, LOW, HIGH, strict=True)]
    return Study(
        name="factors",
        title="Which factor matters most",
        question="Of amount, diversity, verification, formats and DPO, which changes accuracy most?",
        arms=arms,
        exams=[m.exam()],
        notes=[
            f"A 2^(5-1) design of resolution V; the signs of an arm stand for {'; '.join(table)}. The effect "
            "of a factor is the mean of the eight arms with it minus the mean of the eight without.",
        ],
        contrasts=contrasts,
        contrasts_only=True,
    )


def _arm(m: Materials, levels: tuple[int, ...]) -> Arm:
    high = [level > 0 for level in levels]
    name = "".join("+" if level else "-" for level in high)
    differs = ", ".join(HIGH[at] if level else LOW[at] for at, level in enumerate(high))

    def model(seed: int) -> Model:
        adapter = m.tuned(rows(m, seed, *high[:4]), seed)
        if not high[4]:
            return adapter
        return m.preferred(adapter, m.pairs(m.unseen(seed), seed), seed)

    return Arm(name, differs, model)


def rows(m: Materials, seed: int, amount: bool, diversity: bool, verified: bool, varied: bool) -> Path:
    """Return the training rows for four of the factors."""
    number = m.settings.rows if amount else m.settings.rows // 2
    distinct = m.first(m.pool(seed), number if diversity else number // REPEATED)
    if not verified:
        distinct = with_mistakes(m.lab, m.tools, distinct, seed, share=WRONG)
    if not diversity:
        distinct = m.lab.rows("repeated", repeated, distinct, times=REPEATED)
    return m.varied(distinct, IN_OTHER_FORMS, seed) if varied else distinct


def repeated(rows: Iterable[Trajectory], *, times: int) -> Iterator[Trajectory]:
    """Yield all rows so many times, one round after the other, under ids of their own."""
    every = list(rows)
    for round_ in range(times):
        for row in every:
            yield replace(row, id=f"{row.id}@{round_}") if round_ else row
