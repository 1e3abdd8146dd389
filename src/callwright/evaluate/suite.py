"""A suite of requests for the user's own tools: ask, compare with the expected calls, sum up.

A suite row is a trajectory. What is asked for is its last assistant turn that calls a tool, or, where none
does, its last assistant turn: then no call is right. Everything before that turn is the prompt. The group it
is reported in is ``extra["suite"]["column"]``, its wording style ``extra["suite"]["style"]``; where these are
absent, what synthesis noted in ``extra["synthesize"]`` counts, and the source's split for the column.

    >>> case_of(trajectory).gold      # doctest: +SKIP
    (ToolCall(name='get_weather', arguments={'city': 'Paris'}),)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from callwright import formats
from callwright.errors import DataError
from callwright.evaluate.answers import DEFAULT_MAX_TOKENS, Answer, Request, asking
from callwright.evaluate.constrained import with_constrained
from callwright.evaluate.grade import Grade, grade
from callwright.evaluate.prompting import last_request, prompt_for
from callwright.evaluate.results import Result, with_conditions
from callwright.evaluate.summary import Summary, save
from callwright.evaluate.worlds import spread
from callwright.models import Model
from callwright.record import Dropped, Json, Message, ToolCall, Trajectory

DEFAULT_COLUMN = "all rows"
NO_CALL = "None of the tools fits the request."


class Case(NamedTuple):
    """A suite row, split into what is asked and what is expected."""

    asked: Trajectory
    """The trajectory up to the turn that is graded."""
    gold: tuple[ToolCall, ...]
    """Empty where no call is right."""
    column: str
    style: str


def case_of(row: Trajectory) -> Case:
    """Return the case in a suite row; raises DataError for a row that says nothing about the right answer."""
    turns = [i for i, message in enumerate(row.messages) if message.role == "assistant"]
    calling = [i for i in turns if row.messages[i].tool_calls]
    place = (calling or turns or [len(row.messages)])[-1]
    gold = row.messages[place].tool_calls if calling else ()
    if not turns and row.task.expects != "no_call":
        hint = "add the expected assistant turn, or task.expects = no_call"
        raise DataError("a suite row without an answer", place=row.id, hint=hint)
    if any(call.arguments is None for call in gold):
        raise DataError("an expected call has no arguments object", place=row.id)
    asked = msgspec.structs.replace(row, messages=row.messages[:place])
    column = _noted(row, "column") or (row.source.split if row.source else "") or DEFAULT_COLUMN
    return Case(asked, gold, column, _noted(row, "style"))


def _noted(row: Trajectory, key: str) -> str:
    notes = [row.extra.get(stage) for stage in ("suite", "synthesize")]
    return next((str(note[key]) for note in notes if isinstance(note, dict) and note.get(key)), "")


def cases_of(rows: Iterable[Trajectory | Dropped]) -> list[Case]:
    """Return the cases of all rows; raises DataError for one that can not be graded: nothing is left out.

    Nor may two have the same id, by which answers, verdicts and comparisons know them.
    """
    cases: dict[str, Case] = {}
    for row in rows:
        if isinstance(row, Dropped):
            raise DataError("not a suite row", place=row.path or row.id, got=f"{row.reason}: {row.detail}")
        if row.id in cases:
            raise DataError(
                "two rows have the same id", got=repr(row.id), hint="`callwright blend` gives each its own"
            )
        cases[row.id] = case_of(row)
    return list(cases.values())


def some_of(cases: Sequence[Case], limit: int | None) -> list[Case]:
    """Return at most `limit` cases of each column, evenly spread, in their order."""
    columns: dict[str, list[Case]] = {}
    for case in cases:
        columns.setdefault(case.column, []).append(case)
    chosen = {case.asked.id for own in columns.values() for case in spread(own, limit)}
    return [case for case in cases if case.asked.id in chosen]


def grade_text(case: Case, text: str) -> Result:
    """Return the verdict on what a model wrote."""
    message = formats.reply_message(text, case.asked.task.output_format)
    if isinstance(message, formats.Malformed):
        verdict, predicted = Grade(False, False, "malformed", message.reason), None
    else:
        verdict = grade(case.gold, message.tool_calls, case.asked.tools or ())
        predicted = _as_json(message.tool_calls)
    return _result(case, verdict, predicted, text)


def grade_answer(case: Case, given: Answer) -> Result:
    """Return the verdict on an answer; a prompt that did not fit into the context is wrong, call or not."""
    if given.finish == "too-long":
        return _result(case, Grade(False, False, "prompt-too-long"), None, "")
    return grade_text(case, given.text)


def gold_text(case: Case) -> str:
    """Return the expected answer as a model should write it."""
    content = "" if case.gold else NO_CALL
    message = Message(role="assistant", content=content, tool_calls=case.gold)
    try:
        return formats.assistant_text(message, case.asked.task.output_format)
    except formats.Unrenderable as error:
        raise DataError(
            "the expected calls can not be written", place=case.asked.id, got=str(error)
        ) from None


def run_gold(
    cases: Sequence[Case],
    out: Path,
    *,
    also: Callable[[Sequence[Result]], list[Result]] = list,
    conditions: Mapping[str, Json] | None = None,
) -> Summary:
    """Grade the suite's own answers: anything below 100 % is a mistake of the suite or of the grader."""
    results = also([grade_text(case, gold_text(case)) for case in cases])
    return save(with_conditions(results, {**(conditions or {}), "model": "gold"}), out, {"model": "gold"})


def run_suite(
    cases: Sequence[Case],
    model: Model,
    out: Path,
    *,
    max_tokens: int = DEFAULT_MAX_TOKENS,
    fingerprint: str = "",
    progress: Callable[[int, int], None] | None = None,
    also: Callable[[Sequence[Result]], list[Result]] = list,
    constrain: bool = False,
    conditions: Mapping[str, Json] | None = None,
) -> Summary:
    """Ask `model` every case and grade the answers; `also` may add scores to the verdicts.

    With `constrain` every case is asked once more, its answer held to a grammar of the tools.
    Writes ``answers.jsonl`` (the journal), ``results.jsonl`` and ``summary.json`` into the folder `out`.
    """
    by_id = {case.asked.id: case for case in cases}
    ask = asking(model, out, max_tokens=max_tokens, fingerprint=fingerprint, progress=progress)
    answers = ask([Request(row_id, prompt_for(case.asked)) for row_id, case in by_id.items()])
    results = also([grade_answer(case, answers[case.asked.id]) for case in cases])
    if constrain:
        asked = {row_id: case.asked for row_id, case in by_id.items()}
        results = with_constrained(
            results, asked, ask, lambda row_id, given: grade_answer(by_id[row_id], given).correct
        )
    about: dict[str, Json] = {"model": model.name, "fingerprint": fingerprint, "max_tokens": max_tokens}
    return save(with_conditions(results, {**(conditions or {}), **about}), out, about)


def _result(case: Case, verdict: Grade, predicted: Json, text: str) -> Result:
    return Result(
        id=case.asked.id,
        column=case.column,
        style=case.style,
        correct=verdict.correct,
        strict=verdict.strict,
        error=verdict.error,
        where=verdict.where,
        request=last_request(case.asked),
        gold=_as_json(case.gold),
        predicted=predicted,
        text=text,
    )


def _as_json(calls: Sequence[ToolCall]) -> Json:
    return [{"name": call.name, "arguments": call.arguments} for call in calls]
