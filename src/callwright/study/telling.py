"""What is said of a study: the plan before it runs, and what it found, as Markdown that docs can hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callwright.evaluate.stats import shown_p
from callwright.progress import clock
from callwright.settings import StudySettings
from callwright.study.design import Exam, Study
from callwright.study.effects import Effect
from callwright.study.findings import ALL, Compared, Findings, Score
from callwright.study.lab import Lab
from callwright.study.power import AIM, ASSUMED, detectable, rows_needed, seeds_needed

ROW_SECONDS, QUESTION_SECONDS = 0.6, 0.4
"""What a training row and a question take on two cores with AMX, until this machine has been seen at work."""


def plan(study: Study, settings: StudySettings, lab: Lab) -> str:
    """Say how much a study takes here, and what it can and can not show with that."""
    models = len(study.arms) * settings.seeds
    questions = sum(exam.questions for exam in study.exams)
    lines = [
        f"{study.name}: {study.question}",
        f"  {len(study.arms)} arms x {settings.seeds} seeds = {models} models of about {settings.rows:,} "
        f"rows, {questions:,} questions each",
        *(f"  {line}" for exam in study.exams for line in _power(exam, settings, len(study.arms))),
        f"  about {clock(models * _seconds(settings, questions, lab))}; what is there is not made again",
    ]
    return "\n".join(lines)


def _power(exam: Exam, settings: StudySettings, arms: int) -> Iterator[str]:
    seen = detectable(exam.questions, settings.seeds, arms=arms)
    yield (
        f"{exam.name}: shows differences from {100 * seen:.1f} points on with 80 % power, and can neither "
        f"show nor exclude smaller ones"
    )
    rows, seeds = rows_needed(settings.seeds, arms=arms), seeds_needed(exam.questions, arms=arms)
    ways = [f"{rows:,} questions" if rows else "", f"{seeds} seeds" if seeds else ""]
    told = " or ".join(filter(None, ways)) or "more of both, questions and seeds"
    if seen > AIM:
        yield f"  for {100 * AIM:.0f} points it takes {told}"


def assumed() -> str:
    """Say what the plan supposes."""
    return (
        f"Supposed: two arms differ on {ASSUMED.disagree:.0%} of the rows, {ASSUMED.lasting:.0%} of that "
        f"whatever the seed, and trainings with other seeds lie {100 * ASSUMED.seed_sd:.0f} points apart."
    )


def _seconds(settings: StudySettings, questions: int, lab: Lab) -> float:
    """Return about how long a model takes, by what this machine took before."""
    training = lab.usual_seconds("train-sft") or ROW_SECONDS * settings.rows
    exams = lab.usual_seconds("evaluate")
    return training + (exams or QUESTION_SECONDS * questions)


def markdown(found: Findings) -> str:
    """Return the tables of a study."""
    parts = [f"## {found.title}", "", found.question, "", verdict(found), "", *found.notes, ""]
    for exam in dict.fromkeys(score.exam for score in found.scores):
        parts += [f"### {exam}", "", *_overall(found, exam), "", *_columns(found, exam), ""]
    for extra in found.tables:
        parts += [f"### {extra.title}", "", *_table(extra.headers, extra.rows), ""]
    parts += [*_costs(found), ""]
    return "\n".join(parts)


def verdict(found: Findings) -> str:
    """Say what the intervals carry, and no more."""
    lines = []
    for exam in dict.fromkeys(score.exam for score in found.scores):
        own = [c for c in found.compared if c.exam == exam and c.column == ALL]
        clear = [c for c in own if c.p_holm < 0.05]
        told = "; ".join(f"{c.name} {_points(c.effect)}" for c in clear) or "no difference is clear of 0"
        lines.append(
            f"{exam}: {told} (p < 0.05 after Holm, {len(own)} comparisons, {over(found)}; "
            f"differences below {100 * found.saw[exam]:.1f} points could not be expected to show)."
        )
    return " ".join(lines)


def over(found: Findings) -> str:
    """Say how many trainings the intervals come from, and what one alone can not tell."""
    if len(found.seeds) == 1:
        return "1 seed: for other questions, not for other trainings"
    return f"{len(found.seeds)} seeds"


def _overall(found: Findings, exam: str) -> list[str]:
    headers = (
        "arm",
        "n x seeds",
        "right, 95 % interval",
        "by seed",
        "difference, 95 % interval",
        "p",
        "p, Holm",
    )
    compared = {c.name: c for c in found.compared if c.exam == exam and c.column == ALL}
    rows = [
        (
            score.arm, f"{score.mean.n} x {score.mean.seeds}", shown_mean(score),
            " ".join(f"{100 * share:.0f}" for share in score.by_seed),
            *(_effect(compared.pop(score.arm)) if score.arm in compared else ("", "", "")),
        )
        for score in found.scores
        if score.exam == exam and score.column == ALL
    ]  # fmt: skip
    rows += [(name, "", "", "", *_effect(c)) for name, c in compared.items()]
    return list(_table(headers, rows))


def _columns(found: Findings, exam: str) -> list[str]:
    own = [score for score in found.scores if score.exam == exam and score.column != ALL]
    columns = list(dict.fromkeys(score.column for score in own))
    if len(columns) < 2:
        return []
    by = {(score.arm, score.column): score for score in own}
    counts = {score.column: score.mean.n for score in own}
    headers = ("right in %", *(f"{column} ({counts[column]})" for column in columns))
    arms = list(dict.fromkeys(score.arm for score in own))
    rows = [(arm, *(f"{100 * by[arm, column].mean.value:.1f}" for column in columns)) for arm in arms]
    marked = {(c.name, c.column) for c in found.compared if c.exam == exam and c.p_holm < 0.05}
    starred = [
        (row[0], *(f"{cell} *" if (row[0], column) in marked else cell
                   for cell, column in zip(row[1:], columns, strict=True)))
        for row in rows
    ]  # fmt: skip
    return list(_table(headers, starred))


def _costs(found: Findings) -> list[str]:
    rows = [
        (
            arm, f"{sum(c.training_seconds for c in costs) / len(costs):.0f}",
            f"{sum(c.steps for c in costs) / len(costs):.0f}",
            f"{sum(c.tokens for c in costs) / len(costs):,.0f}",
            f"{max(c.peak_memory_mb for c in costs):,}",
        )
        for arm, costs in found.costs.items()
    ]  # fmt: skip
    headers = ("arm", "training s, mean", "steps", "tokens", "peak MB")
    return ["### What it took", "", *_table(headers, rows)]


def shown_mean(score: Score) -> str:
    """Return a score as tables show it."""
    m = score.mean
    return f"{100 * m.value:.1f} % ({100 * max(0.0, m.low):.1f} … {100 * min(1.0, m.high):.1f})"


def _effect(compared: Compared) -> tuple[str, str, str]:
    return _points(compared.effect), shown_p(compared.effect.p), shown_p(compared.p_holm)


def _points(e: Effect) -> str:
    return f"{100 * e.difference:+.1f} ({100 * e.low:+.1f} … {100 * e.high:+.1f})"


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headers)} |"
    yield f"|{' --- |' * len(headers)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
