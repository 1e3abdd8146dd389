"""One format or each source its own: equal content, asked in either, and in wordings that nobody trained."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from callwright.study.design import Exam, Study
from callwright.study.materials import IN_OTHER_FORMS, Materials
from callwright.study.public import Public, native_rows

WORDINGS = 4
"""Rows of BFCL that are asked in each of its 26 wordings."""


def formats(m: Materials) -> Study:
    """Compare the same rows in one form and in their sources' own."""
    public = Public(m)

    def native(seed: int) -> Path:
        return m.lab.rows("native", native_rows, public.training(seed))

    def mixed(seed: int) -> Path:
        return m.varied(public.training(seed), IN_OTHER_FORMS, seed)

    def wordings(arm: object, model: Path | str) -> Path:
        return m.lab.verb(
            "evaluate", "bfcl", "--categories", "format_sensitivity", "--limit", str(WORDINGS),
            "--model", model, "--max-tokens", str(m.settings.max_tokens), makes="run",
        )  # fmt: skip

    more = [Exam("BFCL in 26 wordings", wordings, 26 * WORDINGS, lambda r: "all wordings")]
    return Study(
        name="formats",
        title="One format, or each source its own",
        question="Does one form for all rows help, and how does a model take other forms?",
        arms=[
            m.arm("unified", "all rows in one form", public.training),
            m.arm("native", "the same rows in their sources' forms", native),
            m.arm("varied", "the same rows, half of each in another format, layout and wording", mixed),
        ],
        exams=[
            m.exam("asked in the unified form", rows=public.questions),
            m.exam("asked in the sources' forms", rows=partial(public.questions, native=True)),
            *public.bfcl(),
            *(more if m.settings.bfcl else []),
        ],
        notes=["BFCL's wordings are the official prompts of its category format_sensitivity."],
    )
