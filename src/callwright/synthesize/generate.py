"""Exactly N accepted rows, each checked, and an account of the candidates that were not.

Generators fill slots, wave after wave; every candidate then goes through the same funnel as any data, which
is `verify` itself: format, execution and, with a judge, meaning (APIGen, arXiv 2406.18518). What failed may
be mended once. What was accepted steers the next wave, so a run depends on its seed and on the answers it
got, not on when they came.

>>> from callwright.record import Tool
>>> city = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
>>> rows = synthesize([Tool(name="get_weather", parameters=city)], accept=3, seed=1)
>>> len([row for row in rows if isinstance(row, Trajectory)])
3
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

from callwright.errors import ConfigError
from callwright.record import Dropped, Tool, Trajectory
from callwright.synthesize.account import Account
from callwright.synthesize.families import Families
from callwright.synthesize.grammar import Grammar, feasible
from callwright.synthesize.pools import Half
from callwright.synthesize.propose import STYLES, Workshop, open_workshop
from callwright.synthesize.replicas import Replicas
from callwright.synthesize.seeds import Seeds
from callwright.synthesize.slots import REQUEST, Candidate, Failure, Generator, Judge, Slot, dropped
from callwright.verify import Execute, Verdict, settle
from callwright.verify.execution import CODES as EXECUTION
from callwright.verify.verdict import executed, static

COLUMNS: Mapping[str, tuple[Families, Half]] = {
    "in_distribution": ("train", "train"),
    "held_out_phrasing": ("test", "train"),
    "held_out_values": ("train", "test"),
}
"""Columns of a suite: which phrasing families and which half of the values each one is made of."""
WAVE = 64
"""Slots that are filled together."""
_GOLDEN = 0.6180339887498949
"""Multiples of the golden ratio modulo 1 spread so evenly that the style shares hold at any length."""
_FIRST_GUESS = 1000
"""Tokens that an answer is thought to take before there was one."""
_FIRST_WAVE = 4
"""Slots that are filled to see what they cost in dollars."""
_ASKED = 2
"""Times that a slot may be asked about: once, and once more to mend what came."""


class Budget(NamedTuple):
    """What a run may take; a wave that would go beyond is not begun."""

    candidates: int
    tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True)
class Checks:
    """What a candidate has to pass."""

    play: Execute | None = None
    """Executes calls; None where there is nothing to call."""
    judge: Judge | None = None
    """The semantic stage."""
    avoid: Collection[str] = ()
    """Requests that must not come again."""
    static: Callable[[Trajectory], Verdict] = static
    """Judges a row by what it holds."""

    def settled(self, rows: Sequence[Trajectory], makers: Sequence[Generator]) -> list[Candidate]:
        """Return what becomes of rows, each made by the generator at its place."""
        verdicts = [self.static(row) for row in rows]
        if self.play is not None:
            verdicts = executed(rows, verdicts, self.play)
        found: list[Candidate] = [
            settle(row, verdict, min_grounding=maker.min_grounding, results=self.judge is not None)
            for row, verdict, maker in zip(rows, verdicts, makers, strict=True)
        ]
        if self.judge is not None:
            found = list(self.judge(found))
        return [
            maker.finish(row) if isinstance(row, Trajectory) else row
            for row, maker in zip(found, makers, strict=True)
        ]


def synthesize(
    tools: Sequence[Tool],
    *,
    accept: int,
    seed: int,
    families: Families = "train",
    values: Half = "train",
    styles: Mapping[str, float] = STYLES,
    play: Execute | None = None,
    avoid: Collection[str] = (),
    max_candidates: int | None = None,
    account: Account | None = None,
    processes: int = 1,
) -> Iterator[Candidate]:
    """Yield `accept` verified rows that the grammar wrote, and between them the candidates that failed."""
    shop = open_workshop(tools, seed=seed, families=families, values=values)
    replicas = Replicas(shop, processes)
    checks = Checks(play, avoid=avoid, static=replicas.static)
    run = Run([Grammar(shop, replicas.fill)], shop, styles, checks, budget_of(accept, max_candidates))
    if account is not None:
        run.account = account
    return _within(replicas, run(accept))


def _within(replicas: Replicas, rows: Iterator[Candidate]) -> Iterator[Candidate]:
    with replicas:
        yield from rows


def budget_of(
    accept: int, max_candidates: int | None, tokens: int | None = None, usd: float | None = None
) -> Budget:
    """Return a budget; without a limit of candidates there are five for every row and 200 more."""
    return Budget(5 * accept + 200 if max_candidates is None else max_candidates, tokens, usd)


class Run:
    """One run of some generators through the funnel."""

    def __init__(
        self, generators: Sequence[Generator], shop: Workshop, styles: Mapping[str, float], checks: Checks,
        budget: Budget, seeds: Seeds | None = None,
    ) -> None:  # fmt: skip
        if not generators:
            raise ConfigError("no generator", place="--generator", expected="grammar or a MODEL")
        self._generators = generators
        self._shop = shop
        self._shares = feasible(styles, shop)
        self._checks = checks
        self._budget = budget
        self._seeds = seeds
        self.account = Account()
        self._slots = 0
        self._seen: set[str] = set()

    def __call__(self, accept: int) -> Iterator[Candidate]:
        """Yield `accept` accepted rows and all that were not; fewer only if the budget ends first."""
        account = self.account
        while account.accepted < accept:
            size = self._size(accept)
            if size <= 0:
                return
            slots = [self._slot() for _ in range(size)]
            yield from self._filled(slots, accept)

    def _size(self, accept: int) -> int:
        """Return how many slots to fill next: no more than are needed, as far as the budget goes."""
        account = self.account
        # A candidate of the grammar costs nothing, so none is made in advance.
        rate = account.accepted / self._slots if self._slots and account.spent else 1.0
        size = min(WAVE, math.ceil((accept - account.accepted) / max(rate, 1 / WAVE)))
        left = self._left()
        least = min(left, key=lambda name: left[name])
        if left[least] < 1:
            account.stopped = f"the budget of {least} is spent"
        return min(size, math.floor(left[least])) if left[least] < size else size

    def _left(self) -> dict[str, float]:
        """Return for how many slots each budget will do, should all be as dear as the dearest so far."""
        account, budget, spent = self.account, self._budget, self.account.spent.values()
        each = account.candidates / self._slots if self._slots else max(g.per_slot for g in self._generators)
        left = {"candidates": (budget.candidates - account.candidates) / max(each, 1.0)}
        if budget.tokens is not None:
            largest = max((one.largest for one in spent), default=0) or _FIRST_GUESS
            left["tokens"] = (budget.tokens - sum(one.tokens for one in spent)) / (_ASKED * largest)
        if budget.usd is not None:
            dearest = max((one.dearest for one in spent), default=0.0)
            rest = budget.usd - sum(one.usd for one in spent)
            left["dollars"] = rest / (_ASKED * dearest) if dearest else float(_FIRST_WAVE)
        return left

    def _slot(self) -> Slot:
        index = self._slots
        self._slots += 1
        total = sum(self._shares.values())
        place = ((index + self._shop.seed % 9973) * _GOLDEN) % 1.0 * total
        for style, share in self._shares.items():
            place -= share
            if place < 0:
                return Slot(index, style)
        return Slot(index, next(iter(self._shares)))

    def _filled(self, slots: Sequence[Slot], accept: int) -> Iterator[Candidate]:
        """Fill slots, check what comes, and give what failed a second chance."""
        proposed = self._proposed(slots)
        failures: dict[int, list[Failure]] = {}
        for number, row, settled in self._checked(proposed):
            if isinstance(row, Trajectory):
                self._learn(row, settled)
            yield self._kept(settled, number, accept, repaired=False)
            if isinstance(settled, Dropped) and isinstance(row, Trajectory) and settled.stage == "verify":
                self._seen.discard(request_of(row))
                failures.setdefault(number, []).append(Failure(row, settled))
        mended = [
            (number, row)
            for number, failed in failures.items()
            if self.account.accepted < accept
            for row in self._generators[number].repair(failed)
        ]
        for number, _, settled in self._checked(mended):
            yield self._kept(settled, number, accept, repaired=True)

    def _proposed(self, slots: Sequence[Slot]) -> list[tuple[int, Candidate]]:
        """Return the candidates in the order of their slots, each with the number of its generator."""
        many = len(self._generators)
        shares = [[slot for slot in slots if slot.number % many == number] for number in range(many)]
        pairs = list(zip(self._generators, shares, strict=True))
        if many == 1:
            filled = [generator.propose(share) for generator, share in pairs]
        else:
            with ThreadPoolExecutor(many) as pool:  # models are waited for, all at the same time
                filled = list(pool.map(lambda pair: pair[0].propose(pair[1]), pairs))
        by_slot = {
            slot.number: (number, rows)
            for number, (share, found) in enumerate(zip(shares, filled, strict=True))
            for slot, rows in zip(share, found, strict=True)
        }
        return [(by_slot[s.number][0], row) for s in slots for row in by_slot[s.number][1]]

    def _checked(self, rows: Sequence[tuple[int, Candidate]]) -> Iterator[tuple[int, Candidate, Candidate]]:
        """Yield each candidate with its generator and what became of it; all calls are executed together."""
        new: list[Trajectory] = []
        makers: list[Generator] = []
        repeated: dict[int, Dropped] = {}
        for place, (number, row) in enumerate(rows):
            if not isinstance(row, Trajectory):
                continue
            reason = self._repeats(row)
            if reason:
                repeated[place] = dropped(row, reason, request_of(row), REQUEST)
            else:
                new.append(row)
                makers.append(self._generators[number])
        settled = iter(self._checks.settled(new, makers))
        for place, (number, row) in enumerate(rows):
            if isinstance(row, Dropped):
                yield number, row, row
            else:
                yield number, row, repeated[place] if place in repeated else next(settled)

    def _repeats(self, row: Trajectory) -> str:
        """Return the reason why a request must not come again, "" where it is new; it counts as seen then."""
        text = request_of(row)
        if text in self._seen:
            return "duplicate"
        if text in self._checks.avoid:
            return "in-other-split"
        self._seen.add(text)
        return ""

    def _kept(self, row: Candidate, number: int, accept: int, *, repaired: bool) -> Candidate:
        """Count a candidate and return what becomes of it: what is more than enough is not kept."""
        if isinstance(row, Trajectory) and self.account.accepted >= accept:
            row = dropped(row, "surplus", f"{accept} rows were accepted before", REQUEST)
        self.account.add(row, self._generators[number].name, repaired=repaired)
        if isinstance(row, Trajectory):
            self._shop.coverage.add_row(row.extra["synthesize"]["style"], row)
            if self._seeds is not None:
                self._seeds.add(row)
        return row

    def _learn(self, row: Trajectory, settled: Candidate) -> None:
        """Learn from which places of the data values worked, and from which they did not."""
        found = row.extra["synthesize"].get("found", ())
        worked = isinstance(settled, Trajectory)
        if isinstance(settled, Dropped) and settled.reason not in EXECUTION:
            return
        for call, used in zip(row.messages[-1].tool_calls, found, strict=False):
            self._shop.bindings.learn(call.name, used.items(), worked=worked)


def request_of(row: Trajectory) -> str:
    """Return what the user asks for first."""
    return next((m.content for m in row.messages if m.role == "user"), "")
