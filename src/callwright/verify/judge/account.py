"""What a committee did over a run: what each judge was asked, said and cost, and how far they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from callwright.models.prices import Price
from callwright.record import Json
from callwright.verify.judge.agreement import Coincidences
from callwright.verify.judge.decision import Decision, Vote
from callwright.verify.table import aligned, number


class Used(NamedTuple):
    """What a stretch of questions took from one judge."""

    asked: int = 0
    """Rows."""
    again: int = 0
    """Rows asked a second time, because the first answer could not be read."""
    from_journal: int = 0
    """Answers that an earlier run had paid for."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    new_prompt_tokens: int = 0
    """Tokens of answers that were not in the journal."""
    new_completion_tokens: int = 0

    def plus(self, other: Used) -> Used:
        """Return the sum."""
        return Used(*(a + b for a, b in zip(self, other, strict=True)))


@dataclass
class _Tally:
    """What one judge said so far."""

    name: str
    price: Price | None
    used: Used = field(default_factory=Used)
    abstained: int = 0
    passed: int = 0
    said: int = 0
    """Votes that say pass or fail."""
    ratings: int = 0
    total: float = 0.0

    def add(self, vote: Vote) -> None:
        opinion = vote.opinion
        self.abstained += opinion is None
        if opinion is not None and opinion.passes is not None:
            self.said += 1
            self.passed += opinion.passes
        if opinion is not None and opinion.rating is not None:
            self.ratings += 1
            self.total += opinion.rating

    def to_json(self) -> dict[str, Json]:
        used, price = self.used, self.price
        return {
            "judge": self.name,
            "asked": used.asked,
            "again": used.again,
            "from_journal": used.from_journal,
            "abstained": self.abstained,
            "pass_share": self.passed / self.said if self.said else None,
            "mean_rating": self.total / self.ratings if self.ratings else None,
            "prompt_tokens": used.prompt_tokens,
            "completion_tokens": used.completion_tokens,
            "dollars": price.dollars(used.prompt_tokens, used.completion_tokens) if price else None,
            "new_dollars": (
                price.dollars(used.new_prompt_tokens, used.new_completion_tokens) if price else None
            ),
        }


@dataclass
class Account:
    """Sums over a run; memory does not grow with the rows."""

    judges: list[_Tally]
    rows: int = 0
    kept: int = 0
    """Rows that the committee passed."""
    failed: int = 0
    undecided: int = 0
    """Rows on which every judge abstained: kept, neither passed nor failed."""
    unasked: int = 0
    """Rows without an assistant turn: kept, nothing to judge."""
    _passes: Coincidences = field(default_factory=Coincidences)
    _ratings: Coincidences = field(default_factory=Coincidences)

    @classmethod
    def of(cls, judges: Sequence[tuple[str, Price | None]]) -> Account:
        """Return an empty account for judges given as (name, price)."""
        return cls([_Tally(name, price) for name, price in judges])

    def spend(self, judge: int, used: Used) -> None:
        """Add what was asked of a judge."""
        self.judges[judge].used = self.judges[judge].used.plus(used)

    def add(self, decision: Decision) -> None:
        """Count one row."""
        self.rows += 1
        if not decision.votes:
            self.unasked += 1
        elif not decision.decided:
            self.undecided += 1
        elif decision.keeps:
            self.kept += 1
        else:
            self.failed += 1
        for tally, vote in zip(self.judges, decision.votes, strict=bool(decision.votes)):
            tally.add(vote)
        opinions = [vote.opinion for vote in decision.votes if vote.opinion is not None]
        self._passes.add([float(o.passes) for o in opinions if o.passes is not None])
        self._ratings.add([o.rating for o in opinions if o.rating is not None])

    @property
    def agreement(self) -> dict[str, float | None]:
        """Return Krippendorff's alpha, nominal over pass and fail, interval over ratings."""
        return {"passes": self._passes.alpha("nominal"), "rating": self._ratings.alpha("interval")}

    def to_json(self) -> dict[str, Json]:
        """Return plain JSON data for a report. Dollars are None where a judge has no price."""
        judges = [tally.to_json() for tally in self.judges]
        return {
            "rows": self.rows,
            "passed": self.kept,
            "failed": self.failed,
            "undecided": self.undecided,
            "unasked": self.unasked,
            "agreement": self.agreement,
            "dollars": _sum([judge["dollars"] for judge in judges]),
            "new_dollars": _sum([judge["new_dollars"] for judge in judges]),
            "judges": judges,
        }

    def text(self) -> str:
        """Return the account as aligned plain text."""
        lines = [_HEADER, *(_cells(tally.to_json()) for tally in self.judges)]
        counts = f"rows {self.rows}: passed {self.kept}, failed {self.failed}"
        for name, count in (("undecided", self.undecided), ("nothing to judge", self.unasked)):
            counts += f", {name} {count}" if count else ""
        passes, rating = (number(value) for value in self.agreement.values())
        return aligned(lines) + f"{counts}\nKrippendorff's alpha: pass or fail {passes}, rating {rating}\n"


_HEADER = (
    "judge", "asked", "again", "from journal", "abstained", "pass %", "rating",
    "prompt tokens", "answer tokens", "dollars", "new dollars",
)  # fmt: skip


def _cells(judge: dict[str, Json]) -> tuple[str, ...]:
    share = judge["pass_share"]
    return (
        judge["judge"],
        *(str(judge[key]) for key in ("asked", "again", "from_journal", "abstained")),
        number(None if share is None else 100 * share, 1),
        number(judge["mean_rating"], 2),
        *(f"{judge[key]:,}" for key in ("prompt_tokens", "completion_tokens")),
        number(judge["dollars"], 4),
        number(judge["new_dollars"], 4),
    )


def _sum(dollars: Sequence[float | None]) -> float | None:
    known = [amount for amount in dollars if amount is not None]
    return sum(known) if len(known) == len(dollars) else None
