"""The page of all studies in a folder: per exam a plot of differences with intervals, and the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from callwright.report.charts import Difference, forest
from callwright.report.page import Markup, Section, contents, page, section, table, tag
from callwright.store.files import wait_for_lock, write_atomic
from callwright.study.conduct import FILE
from callwright.study.findings import ALL, Compared, Findings
from callwright.study.telling import over, shown_mean, verdict

NAME = "report.html"
LOCK = "report.lock"


def write(folder: Path) -> Path:
    """Write ``report.html`` about every study in a folder, and return its path.

    Studies that run at once write it one after the other, and so the last of them tells of all.
    """
    with (folder / LOCK).open("a") as lock:
        wait_for_lock(lock.fileno())
        return _write(folder)


def _write(folder: Path) -> Path:
    studies = [
        msgspec.json.decode(file.read_bytes(), type=Findings) for file in sorted(folder.glob(f"*/{FILE}"))
    ]
    sections = [_study(found) for found in studies]
    header = tag(
        "header", tag("h1", "Studies"), tag("p", "What each factor changes, with intervals.", css="lead")
    )
    target = folder / NAME
    body = (header, contents(sections), *(one.content for one in sections))
    write_atomic(target, page("callwright: studies", *body).encode())
    return target


def _study(found: Findings) -> Section:
    arms = table(("arm", "differs in"), list(found.arms.items()))
    return section(
        found.title,
        tag("p", found.question),
        tag("p", verdict(found)),
        *(tag("p", note, css="soft") for note in found.notes),
        arms,
        *(part for told in plots(found) for part in _exam(found, *told)),
        *(
            part
            for extra in found.tables
            for part in (tag("h3", extra.title), table(extra.headers, extra.rows))
        ),
    )


def plots(found: Findings) -> Iterator[tuple[str, str, Markup]]:
    """Yield each exam, what its arms are held against, and their differences with intervals as a plot."""
    for exam in dict.fromkeys(score.exam for score in found.scores):
        own = [c for c in found.compared if c.exam == exam and c.column == ALL]
        against = " or ".join(dict.fromkeys(c.against for c in own))
        yield exam, against, forest([_difference(c) for c in own])


def _difference(compared: Compared) -> Difference:
    effect = compared.effect
    return Difference(compared.name, effect.difference, effect.low, effect.high)


def _exam(found: Findings, exam: str, against: str, plot: Markup) -> Sequence[Markup]:
    scores = [score for score in found.scores if score.exam == exam]
    columns = list(dict.fromkeys(score.column for score in scores))
    rows = [
        (arm, *(shown_mean(score) for column in columns for score in scores
                if score.arm == arm and score.column == column))
        for arm in dict.fromkeys(score.arm for score in scores)
    ]  # fmt: skip
    n = {score.column: score.mean.n for score in scores}
    headers = ("arm", *(f"{column}, n = {n[column]}" for column in columns))
    return (
        tag("h3", exam),
        tag("p", f"Points of difference to {against}, {over(found)}.", css="soft"),
        plot,
        table(headers, rows, numeric=range(1, len(headers))),
    )
