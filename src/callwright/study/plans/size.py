"""Size against cost: the same training and the same questions for every base model at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from callwright.study.design import Arm, Model, Study
from callwright.study.materials import Materials


def size(m: Materials) -> Study:
    """Compare base models, each untrained and trained."""

    def untrained(base: str) -> Callable[[int], Model]:
        return lambda seed: base

    def trained(base: str) -> Callable[[int], Model]:
        return lambda seed: m.tuned(m.first(m.pool(seed), m.settings.rows), seed, base)

    arms = [
        arm
        for base in m.settings.base
        for arm in (
            Arm(f"{Path(base).name}, untrained", f"{base} as it is", untrained(base)),
            Arm(f"{Path(base).name}, trained", f"{base} after SFT", trained(base)),
        )
    ]
    return Study(
        name="size",
        title="Size against cost",
        question="What does a larger model cost, and what does it get for that?",
        arms=arms,
        exams=[m.exam()],
        notes=["Give --base several times to compare models that you have; only one is embedded."],
    )
