"""OpenFunctions v1 (Apache-2.0), its test set: ``{"question", "function", "model_answer"}``.

The function is described by a display name, the name that calls it (`api_call`) and a JSON Schema; the
answer is Python text, ``coffee_shop.find_nearby(location="Oslo")``. The tool is called by `api_call`; its
display name is kept in ``extra["unify"]["fields"]["names"]``. A bare word as value leaves the call
unparsed.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations.pythonic import order_of, read
from callwright.unify.rows import Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES = {"": "Apache-2.0"}
FIELDS = ("question", "function", "model_answer")
LOSES = "nothing that we know of."
SEEN = "real"
_KNOWN = frozenset(FIELDS)


class _Row(msgspec.Struct):
    question: str
    function: dict[str, Json] | list[Json]
    model_answer: str | list[str]


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a question with a function and the answer as text."""
    functions = value.get("function")
    if isinstance(value.get("question"), str) and isinstance(functions, dict | list) and functions:
        answer = value.get("model_answer")
        if isinstance(answer, str | list) and answer:
            return "question, function and model_answer"
    return ""


def convert(row: Row) -> Trajectory:
    """Return question → calls."""
    raw = shape(row.value, _Row)
    functions = raw.function if isinstance(raw.function, list) else [raw.function]
    tools = toolset([_usual(function) for function in functions], "function")
    talk = Conversation(row, tools)
    talk.user(raw.question)
    order = order_of(tools)
    if isinstance(raw.model_answer, str):
        calls = read(raw.model_answer, order, "model_answer")
    else:
        texts = enumerate(raw.model_answer)
        calls = [call for i, text in texts for call in read(text, order, f"model_answer[{i}]")]
    talk.assistant("", calls, path="model_answer")
    fields = other_fields(row.value, _KNOWN)
    names = [f.get("name") for f in functions if isinstance(f, dict) and "api_call" in f]
    return talk.finish(fields={**fields, "names": names} if names else fields)


def _usual(function: Json) -> Json:
    """Return the function under the name that calls it."""
    if isinstance(function, dict) and "api_call" in function:
        rest = {key: value for key, value in function.items() if key != "api_call"}
        return {**rest, "name": function["api_call"]}
    return function
