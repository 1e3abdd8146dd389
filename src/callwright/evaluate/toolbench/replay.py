"""Runs made elsewhere, in ToolBench's converted answers, and own results: measured, and put to a judge.

>>> rows = grade_runs(read_runs(Path("G1_instruction.json")), queries)      # doctest: +SKIP
>>> rows = judge_results(rows, asker, own_prompts())      # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from callwright.evaluate.answers import Asker
from callwright.evaluate.results import Result
from callwright.evaluate.toolbench.apis import offer
from callwright.evaluate.toolbench.judge_prompts import TEMPERATURE, JudgePrompts
from callwright.evaluate.toolbench.layout import Run, prediction, run_of
from callwright.evaluate.toolbench.metrics import measures
from callwright.evaluate.toolbench.queries import Queries, Query
from callwright.evaluate.toolbench.rates import (
    PASS_VOTES,
    SOLVABLE_VOTES,
    PassRate,
    SolvablePassRate,
    pass_rate,
    solvable_pass_rate,
)
from callwright.evaluate.toolbench.session import Verdict, judged
from callwright.record import Json


class Judged(NamedTuple):
    """Rows with a judge's verdicts, and the two rates that they add up to."""

    results: list[Result]
    pass_rate: PassRate
    solvable_pass_rate: SolvablePassRate


def grade_runs(
    runs: Mapping[str, Run], queries: Queries | None = None, *, official: bool = True, source: str = "replay"
) -> list[Result]:
    """Return a row per run by query id, with all measures that need no judge.

    Without its query a run has no recall of the relevant APIs; the column then is ``unknown``. A run that
    has the id of a query but another text is none of it: ids are used anew from one set to the next.
    """
    known = {query.query_id: query for query in queries.queries} if queries else {}
    name = queries.name if queries else "toolbench-unknown"
    conditions: dict[str, Json] = {
        "variant": f"{name}/{source}",
        "measure": "proxy_pass (a proxy, no judge)",
        "data_sha256": queries.sha256 if queries else {},
        "official_names": official,
    }
    rows = []
    for key, run in runs.items():
        query = known.get(key)
        own = query if query is not None and query.text.strip() == run.query.strip() else None
        rows.append(_graded(key, run, own, official, conditions))
    return rows


def judge_results(
    results: Sequence[Result],
    asker: Asker,
    prompts: JudgePrompts,
    *,
    votes: int = PASS_VOTES,
    solvable_votes: int = SOLVABLE_VOTES,
    seed: int = 0,
) -> Judged:
    """Return the rows with pass rate and solvable pass rate, `correct` by ToolEval's printed pass rate."""
    runs = runs_of(results)
    passes = pass_rate(runs, asker, prompts, votes=votes, seed=seed)
    worth = solvable_pass_rate(runs, asker, prompts, votes=solvable_votes)
    told: dict[str, Json] = {
        "measure": "pass_rate (ToolEval votes, ties pass)",
        "judge": asker.model.name,
        "judge_prompts": prompts.name,
        "judge_prompts_sha256": prompts.sha256,
        "judge_temperature": TEMPERATURE,
        "pass_votes": votes,
        "solvable_votes": solvable_votes,
        "coin_seed": seed,
    }
    return Judged([_with_verdict(row, passes, worth, told) for row in results], passes, worth)


def runs_of(results: Sequence[Result]) -> dict[str, Run]:
    """Return the runs that rows hold, by their ids; raises DataError for rows of another benchmark."""
    return {row.id: run_of(row.predicted, row.id) for row in results}


def predictions(results: Sequence[Result]) -> dict[str, Json]:
    """Return rows as ToolBench's converted answers, ready to be written or given to ToolEval itself."""
    return {key.rpartition("/")[2]: prediction(run) for key, run in runs_of(results).items()}


def _graded(key: str, run: Run, query: Query | None, official: bool, conditions: dict[str, Json]) -> Result:
    offered = offer(query.apis, official=official) if query else None
    # A run that does not belong to a query is judged by the proxy, which needs none.
    verdict: Verdict = judged(query or Query(key, key, "unknown", run.query, (), ()), run)
    return Result(
        id=query.id if query else key,
        column=query.subset if query else "unknown",
        correct=verdict.correct,
        strict=verdict.correct,
        error=verdict.error,
        where=verdict.where,
        request=run.query,
        gold={"relevant": [list(pair) for pair in query.relevant]} if query else None,
        predicted=prediction(run),
        text=run.given_answer or "",
        scores=measures(run, offered, query.relevant if query else ()),
        conditions=conditions,
    )


def _with_verdict(row: Result, passes: PassRate, worth: SolvablePassRate, told: dict[str, Json]) -> Result:
    passed = passes.passed[row.id]
    return msgspec.structs.replace(
        row,
        correct=passed,
        strict=passed,
        error="" if passed else (row.error or "wrong-answer"),
        where="" if passed else row.where,
        scores={**row.scores, "pass_rate": float(passed), "solvable_pass_rate": worth.worth[row.id]},
        conditions={**row.conditions, **told},
    )
