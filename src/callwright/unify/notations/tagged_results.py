"""What calls returned, where one turn holds the results of several: in tags, or as a list.

>>> responses('<tool_response>{"name": "add", "content": 3}</tool_response>')
[Result(content='3', name='add', arguments=None)]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from callwright.record import Json
from callwright.unify.notations.calls import Call
from callwright.unify.notations.tagged import Tag, written
from callwright.unify.rows import decode

RESPONSE = Tag("<tool_response>", "</tool_response>")
_RESULT = ({"name", "content"}, {"name", "content", "tool_call_id"})


class Result(NamedTuple):
    """What one call returned, as far as the text tells which call that was."""

    content: str
    name: str | None = None
    arguments: Json = None


def responses(text: str) -> list[Result]:
    """Return the results of a turn of ``<tool_response>`` blocks; any other text is one result."""
    before, *pieces = text.split(RESPONSE.open)
    inner = [piece.partition(RESPONSE.close) for piece in pieces]
    if before.strip() or not inner or any(not close or after.strip() for _, close, after in inner):
        return [Result(text)]
    return [_response(content.strip()) for content, _, _ in inner]


def _response(text: str) -> Result:
    """Read ``{"name": …, "content": …}``; any other value is the result itself."""
    try:
        found = written(text)
    except ValueError:
        return Result(text)
    value = found[0] if len(found) == 1 else None
    if not isinstance(value, dict) or value.keys() not in _RESULT or not isinstance(value["name"], str):
        return Result(text)
    return Result(as_text(value["content"]), value["name"])


def listed_results(text: str) -> list[Result] | None:
    """Return the results of ``[{"name", "results", "arguments"?}]``, or None for any other text."""
    try:
        listed = decode(text)
    except ValueError:
        return None
    if not isinstance(listed, list) or not listed or not all(map(_is_listed, listed)):
        return None
    return [Result(as_text(item["results"]), item["name"], item.get("arguments")) for item in listed]


def _is_listed(item: Json) -> bool:
    return (
        isinstance(item, dict)
        and {"name", "results"} <= item.keys() <= {"name", "results", "arguments"}
        and isinstance(item["name"], str)
    )


def as_text(value: Json) -> str:
    """Return a result as the text that a tool message carries."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def answered(result: Result, waiting: Sequence[tuple[str, Call]]) -> str | None:
    """Return the id of the waiting call that a result names with its arguments, if there is one."""
    return next((i for i, c in waiting if (c.name, c.arguments) == (result.name, result.arguments)), None)
