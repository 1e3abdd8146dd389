"""Answers that are right by construction, written out of BFCL's possible answers.

Scoring them checks the benchmark itself: a row whose own answers do not pass can not be satisfied by anyone.

    >>> as_text([{"area": {"base": 10}}])
    '[area(base=10)]'
"""

from __future__ import annotations

import copy
import json
import random
from typing import Any

from callwright.evaluate.bfcl.data import CATEGORIES, Row, language_of
from callwright.evaluate.bfcl.decode import Calls, Value
from callwright.evaluate.bfcl.gold_source import as_strings
from callwright.record import Json

NO_CALL = "None of the functions fits the request."


def gold_calls(row: Row, rng: random.Random | None = None) -> Calls:
    """Return calls that the row's answer allows: the first alternatives, or with `rng` drawn ones.

    Where any call is right (relevance), that is one of the first function, without arguments.
    """
    if CATEGORIES[row.category] == "relevance":
        return [{row.function[0]["name"]: {}}]
    return answered_calls(row.function, row.answer or [], rng)


def answered_calls(
    docs: list[dict[str, Json]], answer: list[dict[str, Json]], rng: random.Random | None = None
) -> Calls:
    """Return calls that `answer` allows."""
    schemas: dict[str, dict[str, Json]] = {doc["name"]: doc["parameters"] for doc in docs}
    return [
        {name: _arguments(schemas.get(name, {}), allowed, rng)}
        for call in answer
        for name, allowed in call.items()
    ]


def _arguments(schema: dict[str, Json], allowed: dict[str, list[Json]], rng: random.Random | None) -> Value:
    required, declared = schema.get("required", ()), schema.get("properties", allowed)
    return {
        name: _pick(alternatives, rng)
        for name, alternatives in allowed.items()
        # A few answers allow arguments that the document lacks, or "" for one that it requires.
        if name in required or (name in declared and _given(alternatives, rng))
    }


def gold_text(row: Row) -> str:
    """Return a right answer to `row` in the text format of BFCL's prompting mode.

    Arguments of Java and JavaScript are unquoted strings, which only `gold_function_calls` can carry safely.
    """
    calls = gold_calls(row)
    return as_text(calls) if calls else NO_CALL


def gold_function_calls(row: Row) -> Json:
    """Return a right answer to `row` as a function-calling interface gives it, text for no call."""
    calls = gold_calls(row)
    if language_of(row.category) != "python":
        calls = as_strings(row, calls)
    return as_function_calls(calls) if calls else NO_CALL


def as_function_calls(calls: Calls) -> list[dict[str, str]]:
    """Write calls as ``[{name: arguments as JSON}, …]``."""
    return [{name: json.dumps(arguments)} for call in calls for name, arguments in call.items()]


def as_text(calls: Calls) -> str:
    """Write calls as ``[name(argument=value), …]``."""
    written = (
        f"{name}({', '.join(f'{k}={v!r}' for k, v in arguments.items())})"
        for call in calls
        for name, arguments in call.items()
    )
    return f"[{', '.join(written)}]"


def _given(alternatives: list[Json], rng: random.Random | None) -> bool:
    """Tell whether to give the argument; an empty string among the alternatives makes it optional."""
    if "" not in alternatives:
        return True
    return alternatives[0] != "" if rng is None else rng.random() < 0.5


def _pick(alternatives: list[Json], rng: random.Random | None) -> Value:
    value = _literal(alternatives, rng)
    if isinstance(value, list):
        return [_unfold(element, rng) for element in value]
    return _unfold(value, rng)


def _literal(alternatives: list[Json], rng: random.Random | None) -> Json:
    real = [a for a in alternatives if a != ""] or [""]
    return copy.deepcopy(real[0] if rng is None else rng.choice(real))


def _unfold(value: Any, rng: random.Random | None) -> Value:
    """Resolve the alternatives that a dict carries for each key; below that, values are literal.

    One answer has a string in place of a list of alternatives: the checker then takes each of its letters.
    """
    if not isinstance(value, dict) or not all(isinstance(v, list | str) for v in value.values()):
        return value
    alternatives = {key: list(a) for key, a in value.items()}
    return {key: _literal(a, rng) for key, a in alternatives.items() if _given(a, rng)}
