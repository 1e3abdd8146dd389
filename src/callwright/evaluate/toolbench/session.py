"""One query under way: a search that asks for replies, and the verdict on what it led to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from callwright.evaluate.results import Result
from callwright.evaluate.sessions import Turn
from callwright.evaluate.toolbench.apis import Offer
from callwright.evaluate.toolbench.checking import holds
from callwright.evaluate.toolbench.layout import Run, prediction, run_from, tree_of
from callwright.evaluate.toolbench.metrics import Ending, ending, measures
from callwright.evaluate.toolbench.queries import Query
from callwright.evaluate.toolbench.search import UNREADABLE, Method, Search
from callwright.models import Prompt
from callwright.record import Json, Message

Ask = Callable[[Sequence[Message]], Prompt]


class Verdict(NamedTuple):
    """Whether a run is right by the measure of its query, and what is wrong if not."""

    correct: bool
    error: str
    where: str


class QuerySession:
    """An episode; who replies as the agent or in an API's place is not its business."""

    def __init__(
        self,
        query: Query,
        search: Search,
        method: Method,
        *,
        seed: int,
        conditions: dict[str, Json],
    ) -> None:
        self._query = query
        self._search = search
        self._method = method
        self._seed = seed
        self._conditions = conditions
        self._steps = search.run(method)
        self._turn = next(self._steps, None)

    @property
    def id(self) -> str:
        """Return the query's id."""
        return self._query.id

    def turn(self) -> Turn | None:
        """Return whose reply is wanted, None when the search is over."""
        return self._turn

    def take(self, reply: str | None) -> None:
        """Go on with a reply."""
        if self._turn is None:
            return
        try:
            self._turn = self._steps.send(reply)
        except StopIteration:
            self._turn = None

    def run(self) -> Run:
        """Return the path that counts, as far as the search has got."""
        end = self._search.end(Random(f"{self._seed}\0{self.id}\0end"))
        given_up = end is not None and end in self._search.given_up
        final = end.text if end is not None and (end.terminal or given_up) else ""
        offer = self._search.environment.offer
        return run_from(self._query.text, offer.tools, self._method.text, end, final)

    def result(self) -> Result:
        """Return the verdict; the run and the whole search stand in `predicted`."""
        run = self.run()
        verdict = self._verdict(run)
        return Result(
            id=self.id,
            column=self._query.subset,
            correct=verdict.correct,
            strict=verdict.correct,
            error=verdict.error,
            where=verdict.where,
            request=self._query.text,
            gold=_gold(self._query),
            predicted={**prediction(run), "search": [tree_of(root) for root in self._search.roots]},
            text=run.given_answer or "",
            scores=self._scores(run, self._search.environment.offer),
            conditions=self._conditions,
        )

    def _verdict(self, run: Run) -> Verdict:
        verdict = judged(self._query, run)
        last = self._search.last
        if verdict.correct:
            return verdict
        if self._search.too_long:
            return Verdict(False, "prompt-too-long", "")
        if last is not None and last.code == UNREADABLE and not run.finished:
            return Verdict(False, "malformed", "")
        return verdict

    def _scores(self, run: Run, offer: Offer) -> dict[str, float]:
        search = self._search
        counts: dict[str, float] = dict.fromkeys(
            ("cache_hits", "cache_misses", "simulated_calls", "model_calls", "executed_calls"), 0.0
        )
        counts |= {name: float(count) for name, count in search.environment.counts.items()}
        return {
            **measures(run, offer, self._query.relevant),
            "replies": float(search.asked),
            "unreadable_replies": float(search.unreadable),
            "unused_calls": float(search.unused_calls),
            **counts,
        }


def judged(query: Query, run: Run) -> Verdict:
    """Return the verdict on a run: by the expected answer where there is one, else by the proxy."""
    how: Ending = ending(run)
    if not query.expected:
        return Verdict(not how.error, *how)
    answer = run.given_answer
    if answer is None:
        return Verdict(False, *how)
    missing = next((value for value in query.expected if not holds(answer, value)), None)
    return Verdict(True, "", "") if missing is None else Verdict(False, "wrong-answer", missing)


def _gold(query: Query) -> Json:
    return {
        "relevant": [list(pair) for pair in query.relevant],
        **({"expected": list(query.expected)} if query.expected else {}),
    }
