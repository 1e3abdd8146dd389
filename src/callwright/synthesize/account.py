"""What became of the candidates of a run: counted by generator, by style and by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from callwright.models.prices import Price
from callwright.record import Dropped, Json, Trajectory
from callwright.synthesize.slots import Candidate
from callwright.verify.funnel import FunnelCounts, FunnelRow
from callwright.verify.table import aligned

APART = ("duplicate", "in-other-split", "surplus", "unsamplable")
"""Reasons that say nothing about the quality of a candidate; they stay out of the funnel."""


@dataclass
class Spent:
    """What a generator took, answers from the journal included."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    price: Price | None = None
    largest: int = 0
    """Tokens of the answer that took most."""
    dearest: float = 0.0
    """Dollars of the answer that cost most."""

    def add(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Count one answer."""
        self.requests += 1
        self.largest = max(self.largest, prompt_tokens + completion_tokens)
        if self.price is not None:
            self.dearest = max(self.dearest, self.price.dollars(prompt_tokens, completion_tokens))
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens

    @property
    def tokens(self) -> int:
        """Return all tokens."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def usd(self) -> float:
        """Return the dollars, 0 where no price is known."""
        return self.price.dollars(self.prompt_tokens, self.completion_tokens) if self.price else 0.0


@dataclass
class Account:
    """The counts of a run; filled in as rows are taken."""

    candidates: int = 0
    accepted: int = 0
    stopped: str = ""
    """Why the run ended before it had all rows; empty if it has."""
    styles: Counter[str] = field(default_factory=Counter)
    """Accepted rows per style."""
    families: Counter[str] = field(default_factory=Counter)
    """Accepted rows per phrasing family of the grammar."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Dropped candidates per reason."""
    repairs: Counter[str] = field(default_factory=Counter)
    """Second attempts per generator; those that were accepted under the name with " accepted" behind it."""
    generators: Counter[str] = field(default_factory=Counter)
    """Accepted rows per generator, repaired ones included."""
    spent: dict[str, Spent] = field(default_factory=dict)
    """What each generator took that asks a model."""
    first: FunnelCounts = field(default_factory=lambda: FunnelCounts(by=generator_of))
    """First attempts, by generator."""

    def add(self, row: Candidate, generator: str, *, repaired: bool) -> None:
        """Count what became of a candidate."""
        self.candidates += 1
        if repaired:
            self.repairs[generator] += 1
        elif not (isinstance(row, Dropped) and row.reason in APART):
            self.first.add(row)
        if isinstance(row, Dropped):
            self.reasons[row.reason] += 1
            return
        self.accepted += 1
        self.generators[generator] += 1
        made = row.extra["synthesize"]
        self.styles[made["style"]] += 1
        self.families[made["family"]] += 1
        if repaired:
            self.repairs[f"{generator} accepted"] += 1

    def note(self) -> str:
        """Return what a progress bar tells beside the accepted rows."""
        tokens = sum(one.tokens for one in self.spent.values())
        usd = sum(one.usd for one in self.spent.values())
        told = [f"{self.candidates:,} candidates"]
        if tokens:
            told.append(f"{tokens:,} tokens")
        if usd:
            told.append(f"${usd:.4f}")
        return " · ".join(told)

    def to_json(self) -> dict[str, Json]:
        """Return the account as plain JSON data, for a report."""
        return {
            "candidates": self.candidates, "accepted": self.accepted, "stopped": self.stopped,
            "styles": dict(sorted(self.styles.items())),
            "families": dict(sorted(self.families.items())), "reasons": dict(sorted(self.reasons.items())),
            "repairs": dict(sorted(self.repairs.items())),
            "generators": dict(sorted(self.generators.items())),
            "spent": {name: _spent(one) for name, one in self.spent.items()},
            "funnel": self.first.funnel().to_json(),
        }  # fmt: skip

    def text(self) -> str:
        """Return the funnel in APIGen's columns (arXiv 2406.18518), one line per generator."""
        return aligned([_HEADER, *map(self._line, self.first.funnel().sources)])

    def _line(self, row: FunnelRow) -> tuple[str, ...]:
        name = row.source
        repaired = (
            f"{self.repairs[f'{name} accepted']} of {self.repairs[name]}" if self.repairs[name] else "-"
        )
        spent, kept = self.spent.get(name), self.generators[name]
        return (
            name,
            f"{row.rows:,}",
            f"{row.passed:,}",
            f"{sum(row.format.values()):,}",
            "not run" if row.execution is None else f"{row.execution:,}",
            "not run" if row.semantic is None else f"{row.semantic:,}",
            f"{row.passed / row.rows:.2%}" if row.rows else "-",
            repaired,
            f"{spent.tokens / kept:,.0f}" if spent and kept else "-",
            f"{spent.usd / kept:.5f}" if spent and kept and spent.price else "-",
        )


_HEADER = (
    "generator", "candidates", "verified", "fail format", "fail execution", "fail semantic", "pass rate",
    "repaired", "tokens a row", "$ a row",
)  # fmt: skip


def generator_of(row: Candidate) -> str:
    """Return which generator a row is from."""
    if isinstance(row, Trajectory):
        return row.source.adapter if row.source is not None else "unknown"
    source: Json = row.row.get("source") if isinstance(row.row, Mapping) else None
    name = source.get("adapter") if isinstance(source, Mapping) else None
    return name if isinstance(name, str) else "unknown"


def _spent(one: Spent) -> dict[str, Json]:
    return {
        "requests": one.requests, "prompt_tokens": one.prompt_tokens,
        "completion_tokens": one.completion_tokens, "usd": round(one.usd, 6) if one.price else None,
    }  # fmt: skip


def why_not(account: Account, accept: int) -> Sequence[str]:
    """Return lines that tell why there are fewer rows than wanted; none if there are enough."""
    if account.accepted >= accept:
        return ()
    told = [f"{account.accepted:,} of {accept:,} rows: {account.stopped}"]
    for reason, count in account.reasons.most_common(5):
        told.append(f"  {count:,} candidates dropped: {reason}")
    return told
