"""Grade what is there already: answers that were made elsewhere, and ToolBench's runs before a judge.

A judge is asked in our words, or in those of the folder ``judge_prompts`` in `settings.data`: an evaluator's
folder of ToolEval, which holds a ``template.txt``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from callwright.errors import ConfigError
from callwright.evaluate.answers import Asker, fingerprint_of, opened
from callwright.evaluate.bfcl.replay import run_replay
from callwright.evaluate.results import Result, read_results
from callwright.evaluate.summary import Summary, save
from callwright.evaluate.toolbench.judge_prompts import JudgePrompts, own_prompts, read_prompts
from callwright.evaluate.toolbench.layout import read_runs
from callwright.evaluate.toolbench.queries import read_queries
from callwright.evaluate.toolbench.rates import WinRate, pass_rate, win_rate
from callwright.evaluate.toolbench.replay import grade_runs, judge_results, runs_of
from callwright.models.http import shown_spec
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
    prompts = _prompts(settings.data)
    with _judging(settings.judge, out) as asker:
        found = judge_results(results, asker, prompts, seed=settings.seed)
    solved = found.solvable_pass_rate
    return found.results, {
        "judge": shown_spec(settings.judge),
        "judge_prompts": prompts.name,
        "pass_rate": found.pass_rate.rate,
        "solvable_pass_rate": solved.mean,
        "solvable_pass_rate_deviation": solved.deviation,
        "replies_without_a_verdict": found.pass_rate.unreadable + solved.unreadable,
    }


def win_rate_of(before: Path, after: Path, judge: str, seed: int = 7) -> WinRate:
    """Return how often ToolBench's runs in the folder `after` win against those in `before`.

    Votes are kept in ``judge.jsonl`` of the folder whose runs they are about, comparisons in that of `after`.
    """
    prompts = own_prompts()
    reference, candidate = (runs_of(read_results(folder / "results.jsonl")) for folder in (before, after))
    with _judging(judge, before) as asker:
        theirs = pass_rate(reference, asker, prompts, seed=seed).labels
    with _judging(judge, after) as asker:
        ours = pass_rate(candidate, asker, prompts, seed=seed).labels
        return win_rate(reference, candidate, (theirs, ours), asker, prompts, seed=seed)


@contextmanager
def _judging(judge: str, folder: Path) -> Iterator[Asker]:
    with opened(folder / "judge.jsonl") as book:
        yield Asker(model_of(judge), book, max_tokens=_A_VERDICT, fingerprint=fingerprint_of(judge))


def _prompts(data: Path | None) -> JudgePrompts:
    folder = data / "judge_prompts" if data else None
    return read_prompts(folder) if folder and folder.is_dir() else own_prompts()
