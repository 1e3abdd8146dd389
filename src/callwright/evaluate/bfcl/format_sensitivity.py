"""BFCL's format sensitivity: 200 rows in 26 wordings of the prompt, and how far the scores spread.

It does not count towards any total. The official prompts carry the note on the language twice; so do these.
"""

from __future__ import annotations

import copy
import itertools
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from callwright import assets
from callwright.errors import DataError
from callwright.evaluate import worlds
from callwright.evaluate.answers import DEFAULT_MAX_TOKENS, Answer, Request, asking
from callwright.evaluate.bfcl.data import Questions, Row, load
from callwright.evaluate.bfcl.function_docs import DOC_FORMATS
from callwright.evaluate.bfcl.grading import request_of
from callwright.evaluate.bfcl.language_hints import hinted
from callwright.evaluate.bfcl.official_prompts import Variant, system_prompt, with_system
from callwright.evaluate.bfcl.run import prompt_from
from callwright.evaluate.bfcl.score import judge
from callwright.evaluate.bfcl.variant_decoders import decode_variant
from callwright.evaluate.results import Result
from callwright.evaluate.summary import Summary, save
from callwright.models import Model, Prompt
from callwright.record import Json
from callwright.store import sha256_text

VARIANTS = (
    *(
        Variant(answers, tagged, docs)
        for answers in ("python", "json", "verbose_xml", "concise_xml")
        for tagged in (True, False)
        for docs in DOC_FORMATS
    ),
    Variant(layout="markdown"),
    Variant(style="experimental"),
)
"""In the official order."""


class Case(NamedTuple):
    """A row under one wording."""

    id: str
    row: Row
    variant: Variant


def cases(questions: Questions) -> list[Case]:
    """Return the 5,200 cases in the official order, with the official ids."""
    pairs = itertools.product(questions.rows, VARIANTS)
    return [
        Case(f"format_sensitivity_{number}:{variant.id}:{row.id}", row, variant)
        for number, (row, variant) in enumerate(pairs)
    ]


def questions() -> Questions:
    """Return the 200 rows that are asked in every wording."""
    name = "bfcl_eval/data/BFCL_v4_format_sensitivity.json"
    chosen: dict[str, list[str]] = msgspec.json.decode(assets.member(assets.BFCL, name))
    every = load([category for category, ids in chosen.items() if ids])
    wanted = {row_id for ids in chosen.values() for row_id in ids}
    rows = tuple(row for row in every.rows if row.id in wanted)
    return Questions(rows, every.sha256, {category: len(ids) for category, ids in chosen.items()})


def variant_messages(case: Case) -> list[dict[str, Json]]:
    """Return the messages of a case, byte for byte the official ones."""
    docs = hinted(hinted(case.row.function, "python"), "python")
    return with_system(copy.deepcopy(case.row.question[0]), system_prompt(docs, case.variant))


def grade_case(case: Case, text: Json, conditions: Mapping[str, Json]) -> Result:
    """Return the verdict on what was answered to a case; its column is the wording."""
    calls = decode_variant(text if isinstance(text, str) else "", case.variant)
    verdict = judge(case.row, calls)
    return Result(
        id=case.id, column=case.variant.id, correct=verdict.valid, strict=verdict.valid,
        error=verdict.error_type, where=verdict.argument, request=request_of(case.row), gold=case.row.answer,
        text=text if isinstance(text, str) else "", conditions=dict(conditions),
    )  # fmt: skip


def run_format_sensitivity(
    model: Model,
    out: Path,
    *,
    limit: int | None = None,
    max_tokens: int = DEFAULT_MAX_TOKENS,
    fingerprint: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Ask `model` every row in every wording and grade the answers; `limit` takes that many rows.

    The summary's key ``format_sensitivity`` holds the official spread over the wordings.
    """
    asked = questions()
    every = cases(asked._replace(rows=tuple(worlds.spread(asked.rows, limit))))
    prompts = {case.id: prompt_from(variant_messages(case)) for case in every}
    ask = asking(model, out, max_tokens=max_tokens, fingerprint=fingerprint, progress=progress)
    answers = ask([Request(case_id, prompt) for case_id, prompt in prompts.items()])
    about: dict[str, Json] = {
        "variant": "bfcl_v4/format_sensitivity", "prompting": "official", "max_tokens": max_tokens, "seed": 0,
        "limit": limit,
    }  # fmt: skip
    results = [
        _graded(case, answers[case.id], {**about, **_sources(case, asked, prompts[case.id])})
        for case in every
    ]
    told = {"model": model.name, "fingerprint": fingerprint, "format_sensitivity": spread(results)}
    return save(results, out, {**about, **told, "data_sha256": asked.sha256})


def _sources(case: Case, asked: Questions, prompt: Prompt) -> dict[str, Json]:
    sha256 = asked.sha256[case.row.category]
    return {"data_sha256": sha256, "prompt_sha256": sha256_text(repr(prompt.messages))}


def _graded(case: Case, given: Answer, conditions: dict[str, Json]) -> Result:
    result = grade_case(case, given.text, conditions)
    if given.finish != "too-long":
        return result
    return msgspec.structs.replace(result, correct=False, strict=False, error="prompt-too-long")


def grade_answers(
    given: Mapping[str, Json], out: Path, about: dict[str, Json], limit: int | None = None
) -> Summary:
    """Grade answers by the official id of their case and write the run; cases without an answer are left out.

    `limit` takes the cases of so many rows. Raises DataError for an id that is none.
    """
    asked = questions()
    every = {case.id: case for case in cases(asked)}
    unknown = next((case_id for case_id in given if case_id not in every), None)
    if unknown is not None:
        raise DataError("an answer to no case of format sensitivity", got=repr(unknown))
    some = {row.id for row in worlds.spread(asked.rows, limit)}
    wanted = {case_id: case for case_id, case in every.items() if case.row.id in some}
    shared: dict[str, Json] = {"variant": "bfcl_v4/format_sensitivity", **about}
    results = [
        grade_case(case, given[case_id], {**shared, "data_sha256": asked.sha256[case.row.category]})
        for case_id, case in wanted.items()
        if case_id in given
    ]
    told = {"format_sensitivity": spread(results), "data_sha256": asked.sha256}
    return save(results, out, {**shared, **told, "unanswered": len(wanted) - len(results)})


def spread(results: Sequence[Result]) -> dict[str, float]:
    """Return how the accuracies by wording differ, in percent: at most, their variance, their deviation.

    Rounded to two digits as officially, and 0 where there are less than two wordings.
    """
    by_wording: dict[str, list[bool]] = {}
    for result in results:
        by_wording.setdefault(result.column, []).append(result.correct)
    shares = [sum(right) / len(right) for right in by_wording.values()]
    if len(shares) < 2:
        return {"max_delta": 0.0, "variance": 0.0, "standard_deviation": 0.0}
    return {
        "max_delta": round((max(shares) - min(shares)) * 100, 2),
        "variance": round(statistics.variance(shares) * 100**2, 2),
        "standard_deviation": round(statistics.stdev(shares) * 100, 2),
    }
