"""Did every call parse into a name and an object of JSON values?

A source's text that did not parse travels in the record with its reason (`ToolCall.parse_error`), so the
row is judged here and not lost on the way in. Nothing is repaired and nothing is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from callwright.record import Issue, Json, Trajectory

CODES = ("unparsable-call", "not-json")

_MAX_DEPTH = 200


def check(t: Trajectory) -> Iterator[Issue]:
    """Yield calls without arguments, without a name, or with a value that JSON can not carry."""
    for i, message in enumerate(t.messages):
        for j, call in enumerate(message.tool_calls):
            if not isinstance(call.arguments, dict) or call.parse_error or not call.name:
                yield Issue(
                    code="unparsable-call",
                    path=f"messages[{i}].tool_calls[{j}]",
                    expected="a name and a JSON object of arguments",
                    got=(call.parse_error or call.raw or f"name {call.name!r}")[:300],
                )
                continue
            for name, value in call.arguments.items():
                # Strings and integers, the bulk of all values, need no closer look.
                if type(value) in (str, int, bool) or _is_json(value, 0):
                    continue
                yield Issue(
                    code="not-json",
                    path=f"messages[{i}].tool_calls[{j}].arguments.{name}",
                    expected="a finite JSON value of moderate depth",
                    got=repr(value)[:100],
                )


def _is_json(value: Json, depth: int) -> bool:
    if isinstance(value, float):
        return isfinite(value)
    if depth > _MAX_DEPTH:
        return False
    if isinstance(value, list):
        return all(_is_json(v, depth + 1) for v in value)
    if isinstance(value, dict):
        return all(isinstance(k, str) and _is_json(v, depth + 1) for k, v in value.items())
    return value is None or isinstance(value, str | int)
