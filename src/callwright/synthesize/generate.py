"""Exactly N accepted rows, each checked, and an account of the candidates that were not.

>>> from callwright.record import Tool
>>> city = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
>>> rows = synthesize([Tool(name="get_weather", parameters=city)], accept=3, seed=1)
>>> len([row for row in rows if isinstance(row, Trajectory)])
3
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from callwright import schema
from callwright.errors import ConfigError, ToolsError
from callwright.record import Dropped, Json, Observation, Tool, ToolCall, Trajectory
from callwright.store import row_seed
from callwright.synthesize.families import Families
from callwright.synthesize.pools import Half
from callwright.synthesize.propose import STYLES, Workshop, propose, workshop
from callwright.synthesize.values import Unsamplable
from callwright.synthesize.wording import Subject, subject_of

COLUMNS: Mapping[str, tuple[Families, Half]] = {
    "in_distribution": ("train", "train"),
    "held_out_phrasing": ("test", "train"),
    "held_out_values": ("train", "test"),
}
"""Columns of a suite: which phrasing families and which half of the values each one is made of."""
_GOLDEN = 0.6180339887498949
"""Multiples of the golden ratio modulo 1 spread so evenly that the style shares hold at any length."""


@dataclass
class Account:
    """What became of the candidates."""

    candidates: int = 0
    accepted: int = 0
    styles: Counter[str] = field(default_factory=Counter)
    """Accepted rows per style."""
    families: Counter[str] = field(default_factory=Counter)
    """Accepted rows per phrasing family."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Dropped candidates per reason."""

    def to_json(self) -> dict[str, Json]:
        """Return the account as plain JSON data, for a report."""
        return {
            "candidates": self.candidates, "accepted": self.accepted,
            "styles": dict(sorted(self.styles.items())),
            "families": dict(sorted(self.families.items())), "reasons": dict(sorted(self.reasons.items())),
        }  # fmt: skip


def synthesize(
    tools: Sequence[Tool],
    *,
    accept: int,
    seed: int,
    families: Families = "train",
    values: Half = "train",
    styles: Mapping[str, float] = STYLES,
    execute: Callable[[ToolCall], Observation] | None = None,
    settle: Callable[[Trajectory], Trajectory | Dropped] | None = None,
    max_candidates: int | None = None,
    avoid: Collection[str] = (),
    account: Account | None = None,
) -> Iterator[Trajectory | Dropped]:
    """Yield `accept` verified rows, and between them the candidates that failed and why.

    Candidate i depends on nothing but the tools, the seed, the split and i. Stages as in APIGen
    (arXiv 2406.18518): format (arguments against the schema), execution (every call of the row must succeed),
    then what `settle`, the verifier, makes of the row; exact duplicates and the requests in `avoid` go first
    of all. Fewer rows than `accept` come out only after `max_candidates` (default: 5 × accept + 200);
    `account` is filled in as rows are taken.
    """
    if not tools:
        raise ToolsError("no tools to synthesize requests for")
    account = account if account is not None else Account()
    shop = workshop([subject_of(tool) for tool in tools], families, values, seed)
    shares = _feasible(styles, shop.subjects)
    limit = 5 * accept + 200 if max_candidates is None else max_candidates
    seen: set[str] = set()
    while account.accepted < accept and account.candidates < limit:
        row = candidate(shop, shares, account.candidates)
        account.candidates += 1
        if isinstance(row, Trajectory):
            row = _judged(row, execute, settle, seen, avoid)
        if isinstance(row, Trajectory):
            account.accepted += 1
            made = row.extra["synthesize"]
            account.styles[made["style"]] += 1
            account.families[made["family"]] += 1
        else:
            account.reasons[row.reason] += 1
        yield row


def candidate(shop: Workshop, shares: Mapping[str, float], index: int) -> Trajectory | Dropped:
    """Return candidate `index`, unchecked; `Dropped` where its tool can not be put into words."""
    style = _style(shares, shop.seed, index)
    row_id = f"synth/{shop.column}/{style}/{index}"
    rng = random.Random(row_seed(shop.seed, row_id))
    try:
        return propose(shop, style, index, rng)
    except Unsamplable as error:
        return Dropped(id=row_id, stage="synthesize", reason="unsamplable", detail=str(error)[:300])


def _style(shares: Mapping[str, float], seed: int, index: int) -> str:
    total = sum(shares.values())
    place = ((index + seed % 9973) * _GOLDEN) % 1.0 * total
    for style, share in shares.items():
        place -= share
        if place < 0:
            return style
    return next(iter(shares))


def _feasible(styles: Mapping[str, float], subjects: Sequence[Subject]) -> dict[str, float]:
    """Return the styles that this number of tools allows."""
    unknown = set(styles) - set(STYLES)
    if unknown:
        raise ConfigError("unknown style", expected=", ".join(STYLES), got=", ".join(sorted(unknown)))
    impossible = {"multiple", "parallel_multiple"} if len(subjects) < 2 else set()
    if not any(s.params for s in subjects):
        impossible.add("parallel")
    shares = {s: share for s, share in styles.items() if share > 0 and s not in impossible}
    if not shares:
        raise ConfigError("no style is possible", expected="a style that fits the number of tools",
                          got=", ".join(styles) or "none")  # fmt: skip
    return shares


def _judged(
    row: Trajectory,
    execute: Callable[[ToolCall], Observation] | None,
    settle: Callable[[Trajectory], Trajectory | Dropped] | None,
    seen: set[str],
    avoid: Collection[str],
) -> Trajectory | Dropped:
    """Return the row if it passes every stage."""
    tools = {tool.name: tool for tool in row.tools or ()}
    for i, call in enumerate(row.messages[-1].tool_calls):
        where = f"messages[1].tool_calls[{i}].arguments"
        issue = next(schema.check(tools[call.name].parameters, call.arguments, where), None)
        if issue is not None:
            return _dropped(row, issue.code, issue.path, issue.got)
    text = row.messages[0].content
    if text in seen or text in avoid:
        return _dropped(row, "duplicate" if text in seen else "in-other-split", "messages[0].content", text)
    if execute is not None:
        for i, call in enumerate(row.messages[-1].tool_calls):
            observed = execute(call)
            if not observed.ok:
                detail = f"{call.name}: {observed.kind}: {observed.error}"
                return _dropped(row, "execution-failed", f"messages[1].tool_calls[{i}]", detail)
    settled = settle(row) if settle is not None else row
    if isinstance(settled, Trajectory):
        seen.add(text)
    return settled


def _dropped(row: Trajectory, reason: str, path: str, detail: str) -> Dropped:
    return Dropped(id=row.id, stage="synthesize", reason=reason, path=path, detail=detail[:300],
                   row=msgspec.to_builtins(row))  # fmt: skip
