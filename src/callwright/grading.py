"""Grade what is there already: answers that were made elsewhere, and ToolBench's runs before a judge."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from callwright.errors import ConfigError
from callwright.evaluate.answers import Asker, opened
from callwright.evaluate.bfcl.replay import run_replay
from callwright.evaluate.results import Result
from callwright.evaluate.summary import Summary, save
from callwright.evaluate.toolbench.judge_prompts import own_prompts
from callwright.evaluate.toolbench.layout import read_runs
from callwright.evaluate.toolbench.queries import read_queries
from callwright.evaluate.toolbench.replay import grade_runs, judge_results
from callwright.record import Json
from callwright.settings import EvaluateSettings
from callwright.weights import model_of

BFCL, TOOLBENCH = "bfcl", "toolbench"
_A_VERDICT = 512
"""Tokens that a judge may take for a verdict."""


def replay(benchmark: str, answers: Path, out: Path, settings: EvaluateSettings) -> Summary:
    """Grade answers that were made elsewhere, in BFCL's or ToolBench's own layout."""
    if benchmark == BFCL:
        return run_replay(answers, out)
    if benchmark != TOOLBENCH:
        raise ConfigError("no layout for answers", place="--replay", expected=f"{BFCL} | {TOOLBENCH}")
    queries = read_queries(settings.data) if settings.data else None
    results = grade_runs(read_runs(answers), queries)
    told: dict[str, Json] = {"benchmark": benchmark, "model": f"replay:{answers.name}"}
    if settings.judge:
        results, told["judged"] = judged(benchmark, results, out, settings)
    return save(results, out, told)


def judged(
    benchmark: str, results: Sequence[Result], out: Path, settings: EvaluateSettings
) -> tuple[list[Result], Json]:
    """Put ToolBench's runs to a judge; return the rows with its verdicts, and the rates."""
    if benchmark != TOOLBENCH:
        raise ConfigError("nothing for a judge to do", place="--judge", expected=f"the benchmark {TOOLBENCH}")
    assert settings.judge is not None
    with opened(out / "judge.jsonl") as book:
        asker = Asker(model_of(settings.judge), book, max_tokens=_A_VERDICT, fingerprint=settings.judge)
        found = judge_results(results, asker, own_prompts(), seed=settings.seed)
    solved = found.solvable_pass_rate
    return found.results, {
        "judge": settings.judge,
        "pass_rate": found.pass_rate.rate,
        "solvable_pass_rate": solved.mean,
        "solvable_pass_rate_deviation": solved.deviation,
        "replies_without_a_verdict": found.pass_rate.unreadable + solved.unreadable,
    }
