"""Compare predicted calls with the expected ones, and say what kind of mistake was made.

Two measures: *strict* wants the same multiset of calls with the same arguments, types included; *equivalent*
allows what can not change the effect: an argument left out or given as its default, and 3.0 for 3. The
order of parallel calls is free in both; strings are compared as they are in both.

    >>> tool = Tool(name="f", parameters={"properties": {"n": {"default": 1}}})
    >>> grade([ToolCall(name="f", arguments={"n": 1})], [ToolCall(name="f")], [tool])
    Grade(correct=True, strict=False, error='', where='')
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from callwright.record import Json, Tool, ToolCall

Mistake = Literal[
    "", "malformed", "prompt-too-long", "no-call", "needless-call", "wrong-count", "wrong-tool",
    "missing-argument", "extra-argument", "wrong-type", "wrong-value",
]  # fmt: skip
_ARGUMENT_MISTAKES: tuple[Mistake, ...] = ("missing-argument", "extra-argument", "wrong-type", "wrong-value")


class Grade(NamedTuple):
    """Right by which measure, and the first mistake if by neither."""

    correct: bool
    strict: bool
    error: Mistake = ""
    where: str = ""


def grade(gold: Sequence[ToolCall], predicted: Sequence[ToolCall], tools: Sequence[Tool]) -> Grade:
    """Return the grade of `predicted`; calls to tools that were not offered are compared as they stand."""
    if Counter(map(_strict_key, gold)) == Counter(map(_strict_key, predicted)):
        return Grade(True, True)
    schemas = {tool.name: tool.parameters for tool in tools}
    expected = [_Canonical(call.name, canonical(call, schemas.get(call.name))) for call in gold]
    found = [_Canonical(call.name, canonical(call, schemas.get(call.name))) for call in predicted]
    if Counter(e.key for e in expected) == Counter(f.key for f in found):
        return Grade(True, False)
    return Grade(False, False, *_mistake(expected, found))


def canonical(call: ToolCall, schema: Mapping[str, Json] | None) -> Json:
    """Return the arguments with defaults filled in and integral floats as integers."""
    return _with_defaults(_plain_numbers(call.arguments), schema)


class _Canonical(NamedTuple):
    name: str
    arguments: Json

    @property
    def key(self) -> str:
        return json.dumps([self.name, self.arguments], sort_keys=True)


def _strict_key(call: ToolCall) -> str:
    return json.dumps([call.name, call.arguments], sort_keys=True)


def _plain_numbers(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain_numbers(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain_numbers(item) for name, item in value.items()}
    return value


def _with_defaults(value: Json, schema: Json) -> Json:
    if not isinstance(schema, Mapping):
        return value
    if isinstance(value, list):
        return [_with_defaults(item, schema.get("items")) for item in value]
    properties = schema.get("properties")
    if not isinstance(value, dict) or not isinstance(properties, Mapping):
        return value
    filled = {name: _with_defaults(item, properties.get(name)) for name, item in value.items()}
    for name, spec in properties.items():
        if name not in filled and isinstance(spec, Mapping) and "default" in spec:
            filled[name] = _plain_numbers(spec["default"])
    return filled


def _mistake(expected: list[_Canonical], found: list[_Canonical]) -> tuple[Mistake, str]:
    if not expected:
        return "needless-call", found[0].name
    if not found:
        return "no-call", expected[0].name
    if len(expected) != len(found):
        return "wrong-count", f"{len(found)} for {len(expected)}"
    wanted, given = Counter(e.name for e in expected), Counter(f.name for f in found)
    if wanted != given:
        return "wrong-tool", next(iter(given - wanted))
    return min(_argument_mistakes(expected, found), key=lambda m: _ARGUMENT_MISTAKES.index(m[0]))


def _argument_mistakes(expected: list[_Canonical], found: list[_Canonical]) -> Iterator[tuple[Mistake, str]]:
    """Yield what is wrong in each call; calls of one name are paired equal ones first, then the likest."""
    free = list(found)
    unmatched = []
    for call in expected:
        same = next((i for i, f in enumerate(free) if f.key == call.key), None)
        if same is None:
            unmatched.append(call)
        else:
            del free[same]
    for call in unmatched:
        options = [
            (list(_differences(call.arguments, f.arguments, call.name)), i)
            for i, f in enumerate(free)
            if f.name == call.name
        ]
        differences, likest = min(options, key=lambda option: len(option[0]))
        del free[likest]
        yield from differences


def _differences(wanted: Json, given: Json, path: str) -> Iterator[tuple[Mistake, str]]:
    if isinstance(wanted, dict) and isinstance(given, dict):
        yield from (("missing-argument", f"{path}.{name}") for name in wanted if name not in given)
        yield from (("extra-argument", f"{path}.{name}") for name in given if name not in wanted)
        for name in wanted:
            if name in given:
                yield from _differences(wanted[name], given[name], f"{path}.{name}")
    elif _kind(wanted) != _kind(given):
        yield "wrong-type", path
    elif isinstance(wanted, list) and len(wanted) == len(given):
        for i, (a, b) in enumerate(zip(wanted, given, strict=True)):
            yield from _differences(a, b, f"{path}[{i}]")
    elif wanted != given:
        yield "wrong-value", path


def _kind(value: Json) -> str:
    if isinstance(value, bool) or value is None:
        return str(type(value))
    return "number" if isinstance(value, int | float) else type(value).__name__
