"""The part of an answer that goes step by step: a score per assistant turn, and values without support.

>>> [(one.step, one.score) for one in read_steps(["4/5", 3], (), 2)]
[(1, 4.0), (2, 3.0)]
>>> read_steps(None, [["city=Paris"]], 2)[0].unsupported
(Unsupported(argument='city', value='Paris'),)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from callwright.record import Json
from callwright.verify.judge.lenient_json import Fields, sound
from callwright.verify.judge.opinion import StepOpinion, Unsupported
from callwright.verify.judge.scale import Unclear, key_of, score_of

STEPS = frozenset({"steps", "stepscores", "stepratings", "perstep", "turns"})
STEP_KEYS = frozenset({"step", "stepid", "stepnumber", "turn"})
UNSUPPORTED = frozenset(
    {"unsupported", "unsupportedvalues", "unsupportedarguments", "hallucinated", "hallucinations"}
    | {"hallucinatedarguments", "hallucinatedvalues"}
)
_SCORE = frozenset({"score", "rating"})
_ARGUMENT = frozenset({"argument", "arg", "name", "parameter", "param", "path", "key"})
_MOST = 100
"""Unsupported values kept per step."""
_VALUE = 200


def read_steps(value: Json, loose: Sequence[Json], steps: int) -> tuple[StepOpinion, ...]:
    """Return what is said about steps 1 to `steps`; `loose` are lists of values that name no step.

    Steps counted from 0 are moved up by one. A score for a step that the row does not have is left out, its
    values are kept as naming no step. Raises `Unclear` for scores that contradict each other or the scale.
    """
    read = [_step(number, item) for number, item in _numbered(value)]
    numbers = {one.step for one in read}
    if 0 in numbers and steps not in numbers:
        read = [one._replace(step=one.step + 1) for one in read]
    whole = tuple(named for item in loose for named in _unsupported(item))
    merged: dict[int, StepOpinion] = {}
    for one in [*read, StepOpinion(0, None, whole)]:
        known = one if 1 <= one.step <= steps else StepOpinion(0, None, one.unsupported)
        merged[known.step] = _merged(merged.get(known.step), known)
    said = (one for one in merged.values() if one.score is not None or one.unsupported)
    return tuple(sorted(said, key=lambda one: one.step))


def _numbered(value: Json) -> Iterator[tuple[int, Json]]:
    """Yield (number by position or key, item)."""
    if isinstance(value, list):
        yield from enumerate(value, start=1)
    elif isinstance(value, Fields):
        for k, (key, item) in enumerate(value.pairs, start=1):
            number = re.search(r"\d{1,6}", key)
            yield int(number[0]) if number else k, item
    elif value is not None:
        raise Unclear("its steps are no list")


def _step(number: int, item: Json) -> StepOpinion:
    if not isinstance(item, Fields):
        return StepOpinion(number, score_of(item))
    scores = set()
    unsupported: list[Unsupported] = []
    for key, value in item.pairs:
        folded = key_of(key)
        if folded in STEP_KEYS:
            number = _whole(value, number)
        elif folded in _SCORE:
            scores.add(score_of(value))
        elif folded in UNSUPPORTED:
            unsupported += _unsupported(value)
    scores -= {None}
    if len(scores) > 1:
        raise Unclear(f"it gives step {number} two scores")
    return StepOpinion(number, next(iter(scores), None), tuple(unsupported))


def _whole(value: Json, otherwise: int) -> int:
    found = re.search(r"-?\d{1,6}", value) if isinstance(value, str) else None
    if found:
        return int(found[0])
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def _merged(one: StepOpinion | None, other: StepOpinion) -> StepOpinion:
    if one is None:
        return other._replace(unsupported=tuple(dict.fromkeys(other.unsupported))[:_MOST])
    if None not in (one.score, other.score) and one.score != other.score:
        raise Unclear(f"it gives step {one.step} two scores")
    score = other.score if one.score is None else one.score
    return StepOpinion(one.step, score, tuple(dict.fromkeys((*one.unsupported, *other.unsupported)))[:_MOST])


def _unsupported(value: Json) -> Iterator[Unsupported]:
    if isinstance(value, list):
        for item in value:
            yield from _unsupported(item)
    elif isinstance(value, Fields):
        yield from _named(value)
    elif isinstance(value, str):
        yield from _written(value)
    elif value is not None and not isinstance(value, bool):
        yield _one("", value)


def _named(fields: Fields) -> Iterator[Unsupported]:
    """Yield what an object names: one argument under known keys, or one pair per argument."""
    by_key = {key_of(key): value for key, value in fields.pairs}
    argument = next((v for k, v in by_key.items() if k in _ARGUMENT and isinstance(v, str)), None)
    if argument is not None or "value" in by_key:
        yield _one(argument or "", by_key.get("value"))
    else:
        for name, value in fields.pairs:
            yield _one(name, value)


def _written(text: str) -> Iterator[Unsupported]:
    if key_of(text) in ("", "none", "null", "na", "nothing"):
        return
    pair = re.fullmatch(r"\s*([\w.\[\]-]+)\s*[=:]\s*(.*?)\s*", text, re.DOTALL)
    yield _one(pair[1], pair[2].strip("\"'")) if pair else _one(text.strip(), None)


def _one(argument: str, value: Json) -> Unsupported:
    """Return the name and the value as text: strings as they are, the rest as JSON, null as not named."""
    text = value if isinstance(value, str) or value is None else json.dumps(_plain(value), ensure_ascii=False)
    return Unsupported(sound(argument[:_VALUE]), None if text is None else sound(text[:_VALUE]))


def _plain(value: Json) -> Json:
    if isinstance(value, Fields):
        return {key: _plain(item) for key, item in value.pairs}
    return [_plain(item) for item in value] if isinstance(value, list) else value
