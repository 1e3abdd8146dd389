"""Rows of people's data, synthesized rows for the same tools, or both; tools seen and unseen."""

from __future__ import annotations

from pathlib import Path

from callwright.evaluate.results import Result
from callwright.study.columns import by_need, expected_calls
from callwright.study.design import Study
from callwright.study.materials import POOL, STYLES, Materials
from callwright.study.public import Public, is_unseen, only_seen


def mixture(m: Materials) -> Study:
    """Compare public rows, synthesized ones for their tools, and half of each."""
    public = Public(m)
    number = m.settings.rows

    def real(seed: int) -> Path:
        files = [m.lab.rows(name, only_seen, public.verified(name)) for name in public.sources]
        return m.blend(*files, seed=seed, against=public.against(), limit=number)

    def synthetic(seed: int) -> Path:
        made = m.lab.verb(
            "synthesize", real(seed), "--accept", str(POOL // 2 * number), "--styles", STYLES,
            "--seed", str(seed), makes="rows.jsonl",
        )  # fmt: skip
        return m.blend(made, seed=seed, against=public.against())

    def both(seed: int) -> Path:
        half = number // 2
        return m.blend(m.first(real(seed), half), m.first(synthetic(seed), number - half), seed=seed)

    def seen(result: Result) -> str:
        names = {call["name"] for call in expected_calls(result)}
        if not names:
            return "no call"
        return "tools unseen" if any(map(is_unseen, names)) else "tools seen, or of a kind that is"

    return Study(
        name="mixture",
        title="Real, synthetic, mixed",
        question="Do synthesized rows stand in for real ones, and for which requests?",
        arms=[
            m.arm("real", "public rows", lambda seed: m.first(real(seed), number)),
            m.arm(
                "synthetic", "rows synthesized for the tools of these",
                lambda seed: m.first(synthetic(seed), number),
            ),
            m.arm("mixed", "half of each", both),
        ],
        exams=[
            m.exam("held-out public rows", rows=public.questions, column=by_need),
            m.exam("the same, by tools seen", rows=public.questions, column=seen),
            *public.bfcl(),
        ],
        notes=[
            "A quarter of the tools, by a hash of their names, is offered in no training row: questions that "
            "want one of them stand under tools unseen.",
        ],
    )  # fmt: skip
