"""Count what each stage took away, per source: the table of APIGen (arXiv 2406.18518) with our codes in it.

Stages are format (structure, parse, offered, schema, and what the row itself contradicts), execution, and
semantic, which reads "not run" without a judge. Beside it stands a table of the error classes of xLAM §3.3.
The paper's argument hallucination of type 1, names that are absent from the list, is told by exact match of
names and counts as undefined function or undefined argument; its type 2, values that neither the query nor
earlier observations support, counts as hallucinated value, whether grounding or a judge found it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field

from callwright.record import Dropped, Issue, Json, Trajectory
from callwright.verify import (
    arguments,
    duplicates,
    execution,
    expectation,
    gate,
    grounding,
    offered,
    parsing,
    reasoning,
    structure,
)
from callwright.verify.table import aligned

ERROR_CLASSES: dict[str, str] = {
    # issue code → class of xLAM §3.3; codes that the paper does not name stay out
    "undefined-function": "undefined-function",
    "unknown-argument": "undefined-argument",
    "wrong-type": "wrong-type",
    "not-in-enum": "wrong-type",
    "bad-format": "wrong-type",
    "bad-pattern": "wrong-type",
    "out-of-bounds": "wrong-type",
    "invalid-value": "wrong-type",
    "ungrounded-value": "hallucinated-value",
    "hallucinated-argument": "hallucinated-value",
    "duplicate-call": "low-quality-reasoning",
    "repeated-turn": "low-quality-reasoning",
    "repeated-call": "low-quality-reasoning",
    "unexpected-call": "low-quality-reasoning",
    "missing-call": "low-quality-reasoning",
    "empty-thought": "low-quality-reasoning",
    "repeated-thought": "low-quality-reasoning",
    "thought-contradicts-call": "low-quality-reasoning",
    "call-loop": "low-quality-reasoning",
    "ignored-observation": "low-quality-reasoning",
    "leaked-markup": "low-quality-reasoning",
    "judge-rejected": "low-quality-reasoning",
    "low-rating": "low-quality-reasoning",
    "low-rated-step": "low-quality-reasoning",
}
CLASSES = tuple(dict.fromkeys(ERROR_CLASSES.values()))
"""The five classes, in the order of the paper."""

FORMAT_STAGES: dict[str, tuple[str, ...]] = {
    "gate": gate.CODES,
    "structure": structure.CODES,
    "parse": parsing.CODES,
    "offered": offered.CODES,
    "schema": arguments.CODES,
    "duplicates": duplicates.CODES,
    "expectation": expectation.CODES,
    "reasoning": reasoning.CODES,
    "grounding": grounding.CODES,
}
JUDGED = ("judge-rejected", "low-rating", "hallucinated-argument")
"""Codes by which a judge drops a row."""
_STAGE_OF = {
    **{code: stage for stage, codes in FORMAT_STAGES.items() for code in codes},
    **dict.fromkeys(execution.CODES, "execution"),
    **dict.fromkeys(JUDGED, "semantic"),
}
_NOT_RUN = "not run"


@dataclass(frozen=True)
class ClassCount:
    """How often an error class occurs among the rows of a source."""

    failed: int = 0
    """Rows dropped for it; the first error of a row decides."""
    warned: int = 0
    """Kept rows that carry a warning of the class."""
    rate: float = 0.0
    """Share of all rows that failed or were warned."""


@dataclass(frozen=True)
class FunnelRow:
    """The funnel of one source; rows = sum of format + execution + semantic + passed."""

    source: str
    rows: int
    format: Mapping[str, int]
    """Rows that failed, by the check that decided; "unreadable" were no trajectories at all."""
    execution: int | None
    """Rows whose calls failed; None where nothing was executed."""
    semantic: int | None
    """Rows that a judge rejected; None where none was asked."""
    passed: int
    classes: Mapping[str, ClassCount]
    """The five error classes of xLAM §3.3, in its order."""


@dataclass(frozen=True)
class Funnel:
    """The funnel of a run, one row per source in order of appearance, and the total."""

    sources: tuple[FunnelRow, ...]
    total: FunnelRow

    def to_json(self) -> dict[str, Json]:
        """Return plain JSON data for a report."""
        return asdict(self)

    def text(self) -> str:
        """Return both tables as aligned plain text: the stages, and the error classes."""
        shown = [*self.sources, self.total] if len(self.sources) != 1 else list(self.sources)
        stages = aligned([_HEADER, *(_cells(row) for row in shown)])
        classes = aligned([("source", *CLASSES), *(_class_cells(row) for row in shown)])
        by_check = ", ".join(f"{name} {count}" for name, count in self.total.format.items())
        return f"{stages}format by check: {by_check}\n{_EXPLAINED}\n{classes}"


@dataclass
class _Count:
    rows: int = 0
    passed: int = 0
    executed: int = 0
    judged: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    warned: Counter[str] = field(default_factory=Counter)

    def merge(self, other: _Count) -> None:
        self.rows += other.rows
        self.passed += other.passed
        self.executed += other.executed
        self.judged += other.judged
        for mine, theirs in (
            (self.lost, other.lost),
            (self.failed, other.failed),
            (self.warned, other.warned),
        ):
            mine.update(theirs)


class FunnelCounts:
    """The counts behind a funnel: rows are added one by one, the counts of another worker all at once.

    Rows may tell of an earlier run; `executes` and `judges` say what this one does.
    """

    def __init__(
        self,
        by: Callable[[Trajectory | Dropped], str] | None = None,
        *,
        executes: bool = True,
        judges: bool = True,
    ) -> None:
        self._by = _source if by is None else by
        self._executes = executes
        self._judges = judges
        self._sources: dict[str, _Count] = {}

    def add(self, row: Trajectory | Dropped) -> None:
        """Count one row that the verify stage put out, under its source or what `by` names."""
        _add(self._sources.setdefault(self._by(row), _Count()), row)

    def merge(self, other: FunnelCounts) -> None:
        """Add what another worker counted."""
        for name, count in other._sources.items():
            self._sources.setdefault(name, _Count()).merge(count)

    def funnel(self) -> Funnel:
        """Return the table."""
        total = _Count()
        for count in self._sources.values():
            total.merge(count)
        rows = tuple(self._row(name, count) for name, count in self._sources.items())
        return Funnel(rows, self._row("total", total))

    def _row(self, name: str, count: _Count) -> FunnelRow:
        stages = ("unreadable", *FORMAT_STAGES, "other")
        always = ("structure", "parse", "offered", "schema")
        return FunnelRow(
            source=name,
            rows=count.rows,
            format={stage: count.lost[stage] for stage in stages if count.lost[stage] or stage in always},
            execution=count.lost["execution"] if self._executes and count.executed else None,
            semantic=count.lost["semantic"] if self._judges and count.judged else None,
            passed=count.passed,
            classes={name: _class(count, name) for name in CLASSES},
        )


def funnel(rows: Iterable[Trajectory | Dropped], *, executes: bool = True, judges: bool = True) -> Funnel:
    """Return the funnel of what the verify stage put out, dropped rows included; see `FunnelCounts`."""
    counts = FunnelCounts(executes=executes, judges=judges)
    for row in rows:
        counts.add(row)
    return counts.funnel()


def _add(count: _Count, row: Trajectory | Dropped) -> None:
    count.rows += 1
    extra = row.extra if isinstance(row, Trajectory) else _extra(row)
    count.judged += "judge" in extra
    verified = extra.get("verify")
    count.executed += isinstance(verified, dict) and verified.get("executed") is True
    if isinstance(row, Trajectory):
        count.passed += 1
        count.warned.update({ERROR_CLASSES[i.code] for i in row.issues if _warns(i)})
        return
    stage = _STAGE_OF.get(row.reason, "other") if row.stage == "verify" else "unreadable"
    count.lost[stage] += 1
    count.executed += stage == "execution"
    count.judged += stage == "semantic"
    if row.stage == "verify" and row.reason in ERROR_CLASSES:
        count.failed[ERROR_CLASSES[row.reason]] += 1


def _warns(issue: Issue) -> bool:
    return issue.code in ERROR_CLASSES and issue.severity == "warning"


def _extra(row: Dropped) -> Mapping[str, Json]:
    extra = row.row.get("extra") if isinstance(row.row, dict) else None
    return extra if isinstance(extra, dict) else {}


def _source(row: Trajectory | Dropped) -> str:
    if isinstance(row, Trajectory):
        return row.source.dataset if row.source is not None else "unknown"
    source = row.row.get("source") if isinstance(row.row, dict) else None
    name = source.get("dataset") if isinstance(source, dict) else None
    return name if isinstance(name, str) else "unknown"


def _class(count: _Count, name: str) -> ClassCount:
    failed, warned = count.failed[name], count.warned[name]
    return ClassCount(failed, warned, round((failed + warned) / count.rows, 6) if count.rows else 0.0)


_HEADER = ("source", "rows", "fail format", "fail execution", "fail semantic", "pass", "pass %")


def _cells(row: FunnelRow) -> tuple[str, ...]:
    share = f"{100 * row.passed / row.rows:.2f}" if row.rows else "-"
    execution_cell = _NOT_RUN if row.execution is None else str(row.execution)
    semantic_cell = _NOT_RUN if row.semantic is None else str(row.semantic)
    failed = sum(row.format.values())
    return (row.source, str(row.rows), str(failed), execution_cell, semantic_cell, str(row.passed), share)


_EXPLAINED = "error classes: rows failed + kept rows warned, share of rows"


def _class_cells(row: FunnelRow) -> tuple[str, ...]:
    return (row.source, *(_class_cell(row.classes[name]) for name in CLASSES))


def _class_cell(count: ClassCount) -> str:
    if not count.failed and not count.warned:
        return "0"
    return f"{count.failed} + {count.warned}  {100 * count.rate:.1f} %"
