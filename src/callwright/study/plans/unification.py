"""Raw, unified, augmented: what each step of the paper's data pipeline changes, one factor at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from callwright.study.design import Contrast, Study
from callwright.study.materials import Materials
from callwright.study.public import Public, native_rows

AUGMENTED = {
    "order": ("order=1", "tools and parameters shuffled"),
    "delimiters": ("layout=0.5", "half of the prompts in another layout"),
    "formats": ("format=0.5", "half of the answers in another output format"),
    "instructions": ("wording=0.5", "half of the instructions in other words"),
    "masking": ("mask=0.33", "a third of the tools under names that say nothing"),
    "irrelevance": ("irrelevant=0.15", "15 % of the requests without a tool that fits"),
}
ALL = ",".join(policy for policy, _ in AUGMENTED.values())


def unification(m: Materials) -> Study:
    """Compare rows as their sources write them with verified rows in one form, and with variants of these."""
    public = Public(m)

    def raw(seed: int) -> Path:
        return m.lab.rows("native", native_rows, public.training(seed, verified=False))

    def augmented(policy: str) -> Callable[[int], Path]:
        return lambda seed: m.varied(public.training(seed), policy, seed)

    return Study(
        name="unification",
        title="Raw, unified, augmented",
        question="What do unification and each augmentation add, at an equal number of rows?",
        arms=[
            m.arm("unified", "verified rows in one form", public.training),
            m.arm("raw", "rows as their sources write them, not verified", raw),
            *(m.arm(f"+ {name}", says, augmented(policy)) for name, (policy, says) in AUGMENTED.items()),
            m.arm("+ all", "all of these at once", augmented(ALL)),
        ],
        exams=public.exams(),
        contrasts=[Contrast("any one augmentation", ["unified"], [f"+ {name}" for name in AUGMENTED])],
        notes=[
            "Every question is asked in the unified form. A variant stands in place of its row, so that all "
            "arms have as many rows. A source's own form is the output format and layout of ours that "
            "come nearest to it.",
        ],
    )
