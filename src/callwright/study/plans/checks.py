"""What each check costs and what it buys, for calls of different complexity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from callwright.store import Report, report_path
from callwright.study.design import Contrast, Extra, Study
from callwright.study.lab import Lab, trajectories
from callwright.study.materials import Materials
from callwright.study.plans.verification import dirty
from callwright.study.wrong import MARK

DOSE = 0.4
Words = tuple[str | Path, ...]


def checks(m: Materials) -> Study:
    """Compare training on wrong rows with training on what each further check leaves of them."""
    levels: dict[str, Words] = {
        "form": (),
        "form + grounding": ("--min-grounding", "1"),
        "form + grounding + execution": ("--min-grounding", "1", "--tools", m.tools),
    }

    def passed(seed: int, words: Words) -> Path:
        return m.lab.verb("verify", dirty(m, seed, DOSE), *words, makes="rows.jsonl")

    def left(words: Words) -> Callable[[int], Path]:
        return lambda seed: m.first(passed(seed, words), m.settings.rows)

    def told(lab: Lab, seeds: Sequence[int]) -> list[Extra]:
        seed = seeds[0]
        rows = [("no check", *_counted(dirty(m, seed, DOSE)), "0", "0")]
        for name, words in levels.items():
            path = passed(seed, words)
            report = Report.load(report_path(path))
            cost = 1000 * report.seconds / max(1, report.rows_in)
            rows.append((name, *_counted(path), f"{cost:.1f}", "0"))
        headers = ("checks", "right rows left", "wrong rows left", "wrong", "ms a row", "tokens a row")
        return [Extra(f"What checks leave of {DOSE:.0%} wrong rows (seed {seed})", headers, tuple(rows))]

    return Study(
        name="checks",
        title="What checks cost, and what they buy",
        question="Which accuracy does each check buy, and for which calls?",
        arms=[
            m.arm(
                "no check", f"{DOSE:.0%} of the answers are wrong",
                lambda seed: m.first(dirty(m, seed, DOSE), m.settings.rows),
            ),
            *(m.arm(name, f"what verify leaves by {name}", left(words)) for name, words in levels.items()),
            m.arm(
                "all right", "no answer is wrong: a check that finds everything",
                m.right,
            ),
        ],
        exams=[m.exam()],
        contrasts=[Contrast("with grounding, against without", ["no check", "form"], [*levels][1:])],
        notes=["Rows that a check removes are replaced by further ones: all arms have as many rows."],
        tables=told,
    )  # fmt: skip


def _counted(path: Path) -> tuple[str, str, str]:
    wrong = [MARK in row.id for row in trajectories(path)]
    return f"{wrong.count(False):,}", f"{wrong.count(True):,}", f"{sum(wrong) / max(1, len(wrong)):.1%}"
