"""What calls returned, where one turn holds the results of several: in tags, or as a list.

>>> responses('<tool_response>{"name": "add", "content": 3}</tool_response>')
[Result(content='3', name='add', arguments=None)]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from callwright.record import Json
from callwright.unify.notations.blocks import written
from callwright.unify.notations.calls import Call
from callwright.unify.notations.tagged import Tag
from callwright.unify.notations.tagged import written as values_in
from callwright.unify.rows import decode

RESPONSE = Tag("<tool_response>", "</tool_response>")
_RESULT = ({"name", "content"}, {"name", "content", "tool_call_id"})
_ENTRIES = (*_RESULT, {"name", "results"}, {"content", "tool_call_id"})


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
        found = values_in(text)
    except ValueError:
        return Result(text)
    value = found[0] if len(found) == 1 else None
    if not isinstance(value, dict) or value.keys() not in _RESULT or not isinstance(value["name"], str):
        return Result(text)
    return Result(written(value["content"]), value["name"])


def listed_results(text: str) -> list[Result] | None:
    """Return the results of ``[{"name", "results", "arguments"?}]``, or None for any other text."""
    try:
        listed = decode(text)
    except ValueError:
        return None
    if not isinstance(listed, list) or not listed or not all(map(_is_listed, listed)):
        return None
    return [Result(written(item["results"]), item["name"], item.get("arguments")) for item in listed]


def _is_listed(item: Json) -> bool:
    return (
        isinstance(item, dict)
        and {"name", "results"} <= item.keys() <= {"name", "results", "arguments"}
        and isinstance(item["name"], str)
    )


def of_each(text: str, called: Sequence[Call]) -> list[Result]:
    """Return the results of calls from a list with an entry for each of them; any other text is one result.

    An entry is ``{"name", "results" | "content", "tool_call_id"?}``, or has the id in place of the name.
    """
    try:
        entries = decode(text) if text.lstrip()[:1] == "[" else None
    except ValueError:
        entries = None
    if not isinstance(entries, list) or len(entries) != len(called) or not all(map(_is_of_one, entries)):
        return [Result(text)]
    names = [entry.get("name") for entry in entries]
    if any(names) and sorted(map(str, names)) != sorted(call.name for call in called):
        return [Result(text)]
    return [Result(written(e.get("results", e.get("content"))), e.get("name")) for e in entries]


def _is_of_one(entry: Json) -> bool:
    return (
        isinstance(entry, dict)
        and entry.keys() in _ENTRIES
        and all(isinstance(entry.get(key, ""), str) for key in ("name", "tool_call_id"))
    )


def answered(result: Result, waiting: Sequence[tuple[str, Call]]) -> str | None:
    """Return the id of the waiting call that a result names with its arguments, if there is one."""
    return next((i for i, c in waiting if (c.name, c.arguments) == (result.name, result.arguments)), None)
