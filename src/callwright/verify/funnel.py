"""Count what each stage took away, per source: the table of APIGen (arXiv 2406.18518) with our codes in it.

Stages are format (structure, parse, offered, schema, and what the row itself contradicts), execution, and
semantic, which reads "not run" without a judge. Beside them stand the error classes of xLAM §3.3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from callwright.record import Dropped, Json, Trajectory
from callwright.verify import (
    arguments,
    duplicates,
    execution,
    expectation,
    grounding,
    offered,
    parsing,
    structure,
)

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
    "duplicate-call": "low-quality-reasoning",
    "repeated-turn": "low-quality-reasoning",
    "unexpected-call": "low-quality-reasoning",
    "missing-call": "low-quality-reasoning",
}

FORMAT_STAGES: dict[str, tuple[str, ...]] = {
    "structure": structure.CODES,
    "parse": parsing.CODES,
    "offered": offered.CODES,
    "schema": arguments.CODES,
    "duplicates": duplicates.CODES,
    "expectation": expectation.CODES,
    "grounding": grounding.CODES,
}
_STAGE_OF = {code: stage for stage, codes in FORMAT_STAGES.items() for code in codes} | dict.fromkeys(
    execution.CODES, "execution"
)
_NOT_RUN = "not run"


@dataclass(frozen=True)
class FunnelRow:
    """The funnel of one source; rows = sum of format + execution + passed."""

    source: str
    rows: int
    format: Mapping[str, int]
    """Rows that failed, by the check that decided; "unreadable" were no trajectories at all."""
    execution: int | None
    """Rows whose calls failed; None where nothing was executed."""
    semantic: int | None
    """Rows that a judge rejected; None where none was asked."""
    passed: int
    error_classes: Mapping[str, int]
    """Failed rows by class of xLAM §3.3, as far as the paper names one."""
    warned_classes: Mapping[str, int]
    """Kept rows that carry a warning of the class."""


@dataclass(frozen=True)
class Funnel:
    """The funnel of a run, one row per source in order of appearance, and the total."""

    sources: tuple[FunnelRow, ...]
    total: FunnelRow

    def to_json(self) -> dict[str, Json]:
        """Return plain JSON data for a report."""
        return asdict(self)

    def text(self) -> str:
        """Return the table as aligned plain text."""
        shown = [*self.sources, self.total] if len(self.sources) != 1 else list(self.sources)
        return _aligned([_HEADER, *(_cells(row) for row in shown)]) + _classes(self.total)


@dataclass
class _Count:
    rows: int = 0
    passed: int = 0
    executed: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    warned: Counter[str] = field(default_factory=Counter)


def funnel(rows: Iterable[Trajectory | Dropped]) -> Funnel:
    """Return the funnel of what the verify stage put out, dropped rows included."""
    counts: dict[str, _Count] = {}
    total = _Count()
    for row in rows:
        for count in (counts.setdefault(_source(row), _Count()), total):
            _add(count, row)
    return Funnel(tuple(_row(name, count) for name, count in counts.items()), _row("total", total))


def _add(count: _Count, row: Trajectory | Dropped) -> None:
    count.rows += 1
    if isinstance(row, Dropped):
        stage = _STAGE_OF.get(row.reason, "other") if row.stage == "verify" else "unreadable"
        count.failed[stage] += 1
        count.executed += stage == "execution"
        if row.reason in ERROR_CLASSES:
            count.classes[ERROR_CLASSES[row.reason]] += 1
        return
    count.passed += 1
    verified = row.extra.get("verify")
    count.executed += isinstance(verified, dict) and verified.get("executed") is True
    count.warned.update({ERROR_CLASSES[i.code] for i in row.issues if i.code in ERROR_CLASSES})


def _source(row: Trajectory | Dropped) -> str:
    if isinstance(row, Trajectory):
        return row.source.dataset if row.source is not None else "unknown"
    source = row.row.get("source") if isinstance(row.row, dict) else None
    name = source.get("dataset") if isinstance(source, dict) else None
    return name if isinstance(name, str) else "unknown"


def _row(name: str, count: _Count) -> FunnelRow:
    stages = ("unreadable", *FORMAT_STAGES, "other")
    return FunnelRow(
        source=name,
        rows=count.rows,
        format={
            s: count.failed[s]
            for s in stages
            if count.failed[s] or s in ("structure", "parse", "offered", "schema")
        },
        execution=count.failed["execution"] if count.executed else None,
        semantic=None,
        passed=count.passed,
        error_classes=dict(sorted(count.classes.items())),
        warned_classes=dict(sorted(count.warned.items())),
    )


_HEADER = ("source", "rows", "fail format", "fail execution", "fail semantic", "pass", "pass %")


def _cells(row: FunnelRow) -> tuple[str, ...]:
    share = f"{100 * row.passed / row.rows:.2f}" if row.rows else "-"
    execution_cell = _NOT_RUN if row.execution is None else str(row.execution)
    semantic_cell = _NOT_RUN if row.semantic is None else str(row.semantic)
    failed = sum(row.format.values())
    return (row.source, str(row.rows), str(failed), execution_cell, semantic_cell, str(row.passed), share)


def _aligned(lines: list[tuple[str, ...]]) -> str:
    widths = [max(len(line[k]) for line in lines) for k in range(len(_HEADER))]
    out = []
    for line in lines:
        first = line[0].ljust(widths[0])
        rest = "  ".join(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        out.append(f"{first}  {rest}\n")
    return "".join(out)


def _classes(total: FunnelRow) -> str:
    parts = [f"format by check: {_counts(total.format)}"]
    if total.error_classes:
        parts.append(f"failed rows by error class: {_counts(total.error_classes)}")
    if total.warned_classes:
        parts.append(f"kept rows with a warning: {_counts(total.warned_classes)}")
    return "".join(f"{part}\n" for part in parts)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
