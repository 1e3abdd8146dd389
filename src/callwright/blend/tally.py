"""What met what in a blend: counts per input, per pair of inputs, per benchmark and per licence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TypeVar

from callwright.blend.sides import Side
from callwright.record import Json, Source, Trajectory

UNKNOWN = "unknown"
Key = TypeVar("Key")
_LISTED = 12
"""Pairs of inputs that the printed table names; the report has them all."""


@dataclass
class Tally:
    """Filled while the rows pass; complete when the last one has come out."""

    rows_in: dict[str, int] = field(default_factory=dict)
    """Rows per input, in the order of the inputs."""
    kept: Counter[tuple[str, Side]] = field(default_factory=Counter)
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Dropped rows per input and reason, those that came in as dropped included."""
    met: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How often a row of an input (second) was a duplicate of one of another (third), by reason (first)."""
    asked: dict[str, int] = field(default_factory=dict)
    """Questions per benchmark that was looked for."""
    unread: Counter[str] = field(default_factory=Counter)
    """Lines and objects per benchmark in which no question was found."""
    contaminated: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Rows per benchmark, input and kind of evidence."""
    licences: Counter[tuple[str, bool]] = field(default_factory=Counter)
    """Kept rows per licence, and whether it forbids commercial use."""
    unchecked: int = 0
    """Candidates for near-duplicates that were not looked at, because one row had too many."""

    def keep(self, name: str, side: Side, row: Trajectory) -> None:
        """Count a row that goes out."""
        self.kept[name, side] += 1
        source = row.source or Source("")
        self.licences[source.license or UNKNOWN, source.noncommercial] += 1

    def to_json(self) -> dict[str, Json]:
        """Return the tally as plain JSON data."""
        total = self.kept.total()
        return {
            "inputs": {name: self._input(name, total) for name in self.rows_in},
            "met": [
                {"reason": reason, "dropped": here, "kept": there, "rows": count}
                for (reason, here, there), count in _largest(self.met)
            ],
            "benchmarks": {
                benchmark: {
                    "questions": count,
                    "unread": self.unread[benchmark],
                    "rows": self._rows_of(benchmark),
                }
                for benchmark, count in self.asked.items()
            },
            "licences": {
                name: {"rows": count, "noncommercial": noncommercial}
                for (name, noncommercial), count in _largest(self.licences)
            },
            "noncommercial": self._noncommercial,
            "unchecked": self.unchecked,
        }

    def table(self) -> str:
        """Return the tally as lines for a person."""
        width = max([5, *map(len, self.rows_in)])
        total = self.kept.total()
        lines = [f"  {'input':<{width}} {'in':>9} {'train':>9} {'valid':>9} {'share':>7}  dropped"]
        for name, count in self.rows_in.items():
            train, valid = self.kept[name, "train"], self.kept[name, "valid"]
            reasons = ", ".join(f"{reason} {n:,}" for reason, n in self._reasons(name).items())
            share = f"{(train + valid) / total:.1%}" if total else "-"
            lines.append(
                f"  {name:<{width}} {count:>9,} {train:>9,} {valid:>9,} {share:>7}  {reasons or '-'}"
            )
        for (reason, here, there), count in _largest(self.met)[:_LISTED]:
            if here != there:
                lines.append(f"  {count:,} of {here} against {there}: {reason}")
        for benchmark, asked in self.asked.items():
            rows = self._rows_of(benchmark)
            said = ", ".join(f"{name} {n:,}" for name, kinds in rows.items() for n in [sum(kinds.values())])
            lines.append(f"  {benchmark} ({asked:,} questions) found in: {said or 'no row'}")
            if count := self.unread[benchmark]:
                lines.append(f"  {benchmark}: no question was found in {count:,} of its lines or objects")
        licences = ", ".join(f"{name} {count:,}" for (name, _), count in _largest(self.licences))
        lines.append(f"  licences: {licences or '-'}")
        if self._noncommercial:
            lines.append(f"  {self._noncommercial:,} rows may not be used commercially")
        if self.unchecked:
            lines.append(f"  {self.unchecked:,} candidates for near-duplicates were too many to look at")
        return "\n".join(lines)

    @property
    def _noncommercial(self) -> int:
        return sum(count for (_, noncommercial), count in self.licences.items() if noncommercial)

    def _input(self, name: str, total: int) -> dict[str, Json]:
        train, valid = self.kept[name, "train"], self.kept[name, "valid"]
        reasons = self._reasons(name)
        return {
            "rows_in": self.rows_in[name],
            "kept": train + valid,
            "train": train,
            "valid": valid,
            "dropped": sum(reasons.values()),
            "reasons": reasons,
            "share": round((train + valid) / total, 6) if total else 0.0,
        }

    def _reasons(self, name: str) -> dict[str, int]:
        own = Counter({reason: count for (owner, reason), count in self.dropped.items() if owner == name})
        return dict(_largest(own))

    def _rows_of(self, benchmark: str) -> dict[str, dict[str, int]]:
        rows: dict[str, dict[str, int]] = {}
        for (owner, name, kind), count in sorted(self.contaminated.items()):
            if owner == benchmark:
                rows.setdefault(name, {})[kind] = count
        return rows


def _largest(counts: Counter[Key]) -> list[tuple[Key, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
