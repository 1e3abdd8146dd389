"""Does verification pay: what a model learns from rows that checks would have removed (APIGen's ablation)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from callwright.study.design import Contrast, Study
from callwright.study.materials import Materials
from callwright.study.wrong import ANY, FAILING, UNMEANT, Kind, with_mistakes

DOSES = (0.05, 0.1, 0.2, 0.4)
BACK = 0.2
"""Share of rows that fail one of APIGen's stages in the two arms that add such rows back."""


def verification(m: Materials) -> Study:
    """Compare right rows with rows of which a share is wrong, in number all the same."""

    def rows(share: float, kinds: Sequence[Kind] = ANY) -> Callable[[int], Path]:
        return lambda seed: m.first(dirty(m, seed, share, kinds), m.settings.rows)

    failing, unmeant = rows(BACK, FAILING), rows(BACK, UNMEANT)
    arms = [
        m.arm("verified", "every row is right", rows(0.0)),
        m.arm("failed execution", f"{BACK:.0%} of the answers can not be executed", failing),
        m.arm("failed semantics", f"{BACK:.0%} run and are not what was asked for", unmeant),
        *(m.arm(f"{dose:.0%} wrong", f"{dose:.0%} of the answers are wrong", rows(dose)) for dose in DOSES),
    ]
    return Study(
        name="verification",
        title="With and without verification",
        question="What do rows that verification would have removed do to a model?",
        arms=arms,
        exams=[m.exam()],
        contrasts=[
            Contrast(
                "20 or 40% wrong, against 5% at most", ["verified", "5% wrong"], ["20% wrong", "40% wrong"]
            ),
        ],
        notes=[
            "Wrong answers are made from right ones by one mistake each (ten kinds, drawn alike); which "
            "check finds them is decided by what verify drops. All arms have as many rows and requests.",
        ],
    )


def dirty(m: Materials, seed: int, share: float, kinds: Sequence[Kind] = ANY) -> Path:
    """Return the rows of a seed, a share of them with a wrong answer."""
    return with_mistakes(m.lab, m.tools, m.pool(seed), seed, kinds=kinds, share=share)
