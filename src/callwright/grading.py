"""Grade what is there already: answers that were made elsewhere, and ToolBench's runs before a judge.

A judge is asked in our words, or in those of the folder ``judge_prompts`` in `settings.data`: an evaluator's
folder of ToolEval, which holds a ``template.txt``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from callwright.benchmarks import named_parts, refuse_unused
from callwright.console import say
from callwright.errors import ConfigError, DataError
from callwright.evaluate.answers import Asker, fingerprint_of, opened
from callwright.evaluate.bfcl.data import PYTHON_NON_LIVE, expanded, require_known
from callwright.evaluate.bfcl.replay import run_replay
from callwright.evaluate.results import Result, read_results
from callwright.evaluate.summary import Summary, save
from callwright.evaluate.toolbench.judge_prompts import JudgePrompts, own_prompts, read_prompts
from callwright.evaluate.toolbench.layout import read_runs
from callwright.evaluate.toolbench.queries import read_queries
from callwright.evaluate.toolbench.rates import WinRate, pass_rate, win_rate
from callwright.evaluate.toolbench.replay import grade_runs, judge_results, runs_of
from callwright.evaluate.worlds import spread
from callwright.formats import format_named
from callwright.models import EMBEDDED
from callwright.models.adapters import base_of, left_in
from callwright.models.http import shown_spec
from callwright.record import Json
from callwright.settings import EvaluateSettings
from callwright.store import refuse_to_overwrite
from callwright.weights import model_of

BFCL, TOOLBENCH = "bfcl", "toolbench"
_HEEDED = {
    BFCL: ("categories", "limit", "output_format", "seed"),
    TOOLBENCH: ("data", "judge", "limit", "seed"),
}
"""The settings that grading answers made elsewhere heeds."""
_A_VERDICT = 512
"""Tokens that a judge may take for a verdict."""


def replay(benchmark: str, answers: Path, out: Path, settings: EvaluateSettings) -> Summary:
    """Grade answers that were made elsewhere, in BFCL's or ToolBench's own layout."""
    if benchmark not in _HEEDED:
        raise ConfigError("no layout for answers", place="--replay", expected=f"{BFCL} | {TOOLBENCH}")
    refuse_unused(settings, _HEEDED[benchmark], f"answers to {benchmark} that were made elsewhere")
    format_named(settings.output_format)
    if settings.judge:
        check_model(settings.judge)
    refuse_to_overwrite(out / "results.jsonl", [path for path in (answers,) if path.is_file()])
    if benchmark == BFCL:
        categories = bfcl_categories(settings) if settings.categories is not None else ()
        return run_replay(
            answers,
            out,
            categories=categories,
            limit=settings.limit,
            output_format=settings.output_format,
            warn=say,
        )
    queries = read_queries(settings.data) if settings.data else None
    runs = dict(spread([*read_runs(answers).items()], settings.limit))
    results = grade_runs(runs, queries)
    if not results:
        raise DataError("no run to grade", place=str(answers))
    about: dict[str, Json] = {"benchmark": benchmark, "model": f"replay:{answers.name}"}
    return save_judged(results, out, about, settings)


def save_judged(
    results: Sequence[Result], out: Path, about: dict[str, Json], settings: EvaluateSettings
) -> Summary:
    """Write a run; where a judge is named, once more with its verdicts: what fails there loses no answer."""
    summary = save(results, out, about)
    if settings.judge is None:
        return summary
    results, rates = judged(results, out, settings)
    return save(results, out, {**about, "judged": rates})


def check_model(spec: str) -> None:
    """Raise for a model that can be seen not to be there, before it is opened."""
    if spec == EMBEDDED:
        return
    if Path(spec).is_dir():
        base_of(left_in(Path(spec)))
    else:
        model_of(spec)  # a server or a script: opening it costs nothing


def bfcl_categories(settings: EvaluateSettings) -> list[str]:
    """Return the categories that are asked for, those of collections in their places."""
    categories = expanded(named_parts(settings, ",".join(PYTHON_NON_LIVE)))
    for category in categories:
        require_known(category)
    return categories


def judged(results: Sequence[Result], out: Path, settings: EvaluateSettings) -> tuple[list[Result], Json]:
    """Put ToolBench's runs to a judge; return the rows with its verdicts, and the rates."""
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
    """Return how often ToolBench's runs in `after`, a folder or its results, win against those in `before`.

    Votes are kept in ``judge.jsonl`` of the folder whose runs they are about, comparisons in that of `after`.
    """
    prompts = own_prompts()
    files = [path / "results.jsonl" if path.is_dir() else path for path in (before, after)]
    reference, candidate = (runs_of(read_results(file)) for file in files)
    with _judging(judge, files[0].parent) as asker:
        theirs = pass_rate(reference, asker, prompts, seed=seed).labels
    with _judging(judge, files[1].parent) as asker:
        ours = pass_rate(candidate, asker, prompts, seed=seed).labels
        return win_rate(reference, candidate, (theirs, ours), asker, prompts, seed=seed)


@contextmanager
def _judging(judge: str, folder: Path) -> Iterator[Asker]:
    with opened(folder / "judge.jsonl") as book:
        yield Asker(model_of(judge), book, max_tokens=_A_VERDICT, fingerprint=fingerprint_of(judge))


def _prompts(data: Path | None) -> JudgePrompts:
    folder = data / "judge_prompts" if data else None
    return read_prompts(folder) if folder and folder.is_dir() else own_prompts()
