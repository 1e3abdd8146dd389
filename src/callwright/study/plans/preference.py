"""SFT against SFT and DPO, and what the rejected answers of the pairs should come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from callwright.store import dropped_path
from callwright.study.design import Arm, Contrast, Study
from callwright.study.materials import Materials
from callwright.study.wrong import every_mistake


def preference(m: Materials) -> Study:
    """Compare a model after SFT with what DPO makes of it, by pairs of different origin."""
    number = m.settings.rows // 2

    def corrupted(seed: int) -> Path:
        return m.pairs(m.unseen(seed), seed)

    def failed(seed: int) -> Path:
        wrong = m.lab.rows("wrong", every_mistake, m.unseen(seed), seed=seed)
        kept = m.lab.verb("verify", wrong, "--tools", m.tools, makes="rows.jsonl")
        return m.pairs(m.unseen(seed), seed, "--failures", dropped_path(kept), "--no-corruption")

    def weaker(seed: int) -> Path:
        model = m.tuned(m.first(m.pool(seed), m.settings.rows // 4), seed)
        words = ("--no-corruption", "--tools", m.tools, "--max-tokens", str(m.settings.max_tokens))
        return m.pairs(m.unseen(seed), seed, "--model", model, *words)

    def arm(name: str, differs: str, pairs: Callable[[int], Path]) -> Arm:
        return Arm(name, differs, lambda seed: m.preferred(m.tuned(m.right(seed), seed), pairs(seed), seed))

    preferred = [
        arm("DPO, corruption", "rejected: right answers that are spoiled in one thing", corrupted),
        arm("DPO, verified failures", "rejected: wrong answers that verify dropped", failed),
        arm("DPO, weaker model", "rejected: what a model with a quarter of the rows got wrong", weaker),
    ]
    more = "as many further rows by SFT instead of pairs by DPO"
    return Study(
        name="preference",
        title="Preference after supervision",
        question="Does DPO add to SFT, and where should rejected answers come from?",
        arms=[
            m.arm("SFT", "no preference training", m.right),
            *preferred,
            m.arm("more SFT", more, lambda seed: m.first(m.pool(seed), m.settings.rows + number)),
        ],
        exams=[m.exam()],
        contrasts=[Contrast("DPO on any of these", ["SFT"], [arm.name for arm in preferred])],
        notes=[
            "Pairs are made of rows that SFT has not seen, at most half as many as SFT had. Verified "
            "failures are mistakes made on purpose of which verify, with execution, dropped the row.",
        ],
    )
