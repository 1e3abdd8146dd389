"""Score a model, or BFCL's own answers, on BFCL: ask, decode, check, sum up.

>>> run_gold(("simple_python",), Path("out")).all.accuracy      # doctest: +SKIP
1.0
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from callwright.evaluate.answers import DEFAULT_MAX_TOKENS, Answer, Request, answer
from callwright.evaluate.bfcl.data import PYTHON_NON_LIVE, Row, load
from callwright.evaluate.bfcl.decode import Calls, Undecodable, decode
from callwright.evaluate.bfcl.gold import gold_text
from callwright.evaluate.bfcl.prompt import calls_of, trajectory_of
from callwright.evaluate.bfcl.score import judge, well_formed
from callwright.evaluate.prompting import prompt_for
from callwright.evaluate.results import Result, Summary
from callwright.evaluate.suite import save
from callwright.models import Model
from callwright.record import Json


def run_bfcl(
    model: Model,
    out: Path,
    categories: Sequence[str] = PYTHON_NON_LIVE,
    *,
    limit: int | None = None,
    output_format: str = "",
    max_tokens: int = DEFAULT_MAX_TOKENS,
    fingerprint: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Ask `model` the rows of `categories` in its own output format and grade the answers.

    `limit` takes that many rows per category, evenly spread. Writes ``answers.jsonl`` (the journal),
    ``results.jsonl`` and ``summary.json`` into the folder `out`.
    """
    questions = load(categories)
    rows = _spread(questions.rows, limit)
    asked = [trajectory_of(row, output_format=output_format) for row in rows]
    requests = [Request(each.id, prompt_for(each)) for each in asked]
    journal = out / "answers.jsonl"
    answers = answer(
        model, requests, journal, max_tokens=max_tokens, fingerprint=fingerprint, progress=progress
    )
    results = [_graded(row, answers[row.id], output_format) for row in rows]
    about = {"model": model.name, "fingerprint": fingerprint, "max_tokens": max_tokens, "limit": limit}
    return save(results, out, {**about, "data_sha256": questions.sha256})


def run_gold(categories: Sequence[str], out: Path) -> Summary:
    """Score BFCL's own answers, written in the text format of its prompting mode."""
    questions = load(categories)
    results = [result_of(row, decode(text := gold_text(row)), text) for row in questions.rows]
    return save(results, out, {"model": "gold", "data_sha256": questions.sha256})


def result_of(row: Row, calls: Calls | Undecodable, text: str) -> Result:
    """Return the result row of what was decoded from `text`."""
    verdict = judge(row, calls)
    return Result(
        id=row.id,
        column=row.category,
        correct=verdict.valid,
        strict=verdict.valid,
        error=verdict.error_type,
        where=calls.detail if isinstance(calls, Undecodable) and not verdict.valid else verdict.argument,
        request=_request(row),
        gold=row.answer,
        predicted=_shown(calls),
        text=text,
    )


def _graded(row: Row, given: Answer, output_format: str) -> Result:
    if given.finish != "too-long":
        return result_of(row, calls_of(given.text, output_format=output_format), given.text)
    # Not even a row where silence is right may profit from a prompt that was never asked.
    return Result(
        id=row.id, column=row.category, correct=False, strict=False, error="prompt-too-long",
        request=_request(row), gold=row.answer,
    )  # fmt: skip


def _request(row: Row) -> str:
    return next((str(m["content"]) for m in reversed(row.question[0]) if m["role"] == "user"), "")


def _shown(calls: Calls | Undecodable) -> Json:
    """Return the calls as plain data; what JSON has no notation for is shown as Python writes it."""
    if isinstance(calls, Undecodable) or not well_formed(calls):
        return None
    return [
        {"name": name, "arguments": {str(k): _json(v) for k, v in arguments.items()}}
        for call in calls
        for name, arguments in call.items()
    ]


def _json(value: Json) -> Json:
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)


def _spread(rows: Sequence[Row], limit: int | None) -> list[Row]:
    if limit is None:
        return list(rows)
    kept: list[Row] = []
    for category in dict.fromkeys(row.category for row in rows):
        own = [row for row in rows if row.category == category]
        n = min(limit, len(own))
        kept += [own[i * len(own) // n] for i in range(n)]
    return kept
