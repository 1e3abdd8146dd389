"""From what a model answered to a result row: read it the way its run is to be read, judge it, note both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal, NamedTuple

from callwright.evaluate.bfcl.data import Row, language_of
from callwright.evaluate.bfcl.decode import Calls, Undecodable
from callwright.evaluate.bfcl.decoders import decode_function_calls, decode_text
from callwright.evaluate.bfcl.prompt import calls_of
from callwright.evaluate.bfcl.score import judge, well_formed
from callwright.evaluate.results import Result
from callwright.record import Json


class Mode(NamedTuple):
    """How the answers of a run are read."""

    decoder: Literal["native", "text", "calls"]
    """native: a format of ours; text: the official prompting mode; calls: the official function calling."""
    output_format: str = ""
    """Of ours, in native mode."""
    underscored: bool = False
    """Whether names of functions come with "_" for "."."""


PROMPTING = Mode("text")
FUNCTION_CALLING = Mode("calls", underscored=True)


def read_answer(row: Row, answer: Json, mode: Mode) -> Calls | Undecodable:
    """Return the calls in an answer to `row`; raises only ExtraMissing."""
    if mode.decoder == "calls":
        return decode_function_calls(answer)
    if not isinstance(answer, str):
        return Undecodable("not-function-calls", f"{type(answer).__name__} instead of a text")
    if mode.decoder == "native":
        return calls_of(answer, output_format=mode.output_format)
    return decode_text(answer, language_of(row.category))


def grade(row: Row, answer: Json, mode: Mode, conditions: Mapping[str, Json]) -> Result:
    """Return the result row of an answer: a text, or function calls as an interface gives them."""
    calls = read_answer(row, answer, mode)
    verdict = judge(row, calls, underscored=mode.underscored)
    return Result(
        id=row.id,
        column=row.category,
        correct=verdict.valid,
        strict=verdict.valid,
        error=verdict.error_type,
        where=calls.detail if isinstance(calls, Undecodable) and not verdict.valid else verdict.argument,
        request=request_of(row),
        gold=row.answer,
        predicted=_shown(calls),
        text=answer if isinstance(answer, str) else json.dumps(answer),
        conditions=dict(conditions),
    )


def unasked(row: Row, conditions: Mapping[str, Json]) -> Result:
    """Return the result of a row whose prompt did not fit into the model's context.

    Not even a row where silence is right may profit from a prompt that was never asked.
    """
    return Result(
        id=row.id, column=row.category, correct=False, strict=False, error="prompt-too-long",
        request=request_of(row), gold=row.answer, conditions=dict(conditions),
    )  # fmt: skip


def request_of(row: Row) -> str:
    """Return what the user said last."""
    return next((str(m["content"]) for m in reversed(row.question[0]) if m["role"] == "user"), "")


def _shown(calls: Calls | Undecodable) -> Json:
    """Return the calls as plain data; what JSON has no notation for is shown as Python writes it."""
    if isinstance(calls, Undecodable) or not well_formed(calls):
        return None
    return [
        {"name": str(name), "arguments": {str(k): _json(v) for k, v in arguments.items()}}
        for call in calls
        for name, arguments in call.items()
    ]


def _json(value: Json) -> Json:
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    return value if value is None or isinstance(value, bool | int | float | str) else repr(value)
