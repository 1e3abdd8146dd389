"""Where in a row an argument stands that a judge has named in its own words.

A judge names an argument, a value, or both, and may get the step wrong. The place is an argument that fits
name and value, else the only one of that name, else the only one of that value, first in the step's own
calls. A name that fits several arguments is not found: two judges could mean different ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from callwright.record import Json, Trajectory
from callwright.verify.judge.opinion import Unsupported
from callwright.verify.judge.transcript import turns

_MANY = 2000
"""Arguments looked at per row."""
_DEEP = 12


class Place(NamedTuple):
    """A JSON path, the value as text, and whether it is a single argument of the row."""

    path: str
    value: str
    found: bool


class _Value(NamedTuple):
    path: str
    names: str
    """The path below the arguments object, folded: ``stops[0].city``."""
    value: Json


def place_of(t: Trajectory, step: int, unsupported: Unsupported) -> Place:
    """Return the place of what a judge named: the step's calls or all messages, where it is not found."""
    at = turns(t)
    own = [at[step - 1]] if 1 <= step <= len(at) else []
    for where in (own, at):
        values = list(_values(t, where))
        for fits in (_both, _by_name, _by_value):
            fitting = [value for value in values if fits(value, unsupported)]
            if len(fitting) == 1 or (fitting and fits is _both):
                return Place(fitting[0].path, _text(fitting[0].value), True)
    said = (
        unsupported.argument if unsupported.value is None else f"{unsupported.argument}={unsupported.value}"
    )
    return Place(f"messages[{own[0]}].tool_calls" if own else "messages", said.lstrip("="), False)


def _both(one: _Value, said: Unsupported) -> bool:
    return said.value is not None and _by_name(one, said) and _is(one.value, said.value)


def _by_name(one: _Value, said: Unsupported) -> bool:
    name = said.argument.casefold().strip().rpartition("arguments.")[2]
    return bool(name) and (one.names == name or one.names.endswith(f".{name}"))


def _by_value(one: _Value, said: Unsupported) -> bool:
    return _is(one.value, said.argument if said.value is None else said.value)


def _is(value: Json, text: str) -> bool:
    folded = _squashed(text)
    return bool(folded) and _squashed(_text(value)) == folded


def _squashed(text: str) -> str:
    return "".join(text.casefold().split())


def _text(value: Json) -> str:
    try:
        return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:200]
    except (TypeError, ValueError, RecursionError):
        return type(value).__name__


def _values(t: Trajectory, messages: Sequence[int]) -> Iterator[_Value]:
    """Yield every value below the arguments of the calls, lists and objects included."""
    every = (
        _Value(f"messages[{i}].tool_calls[{j}].arguments{names}", names[1:].casefold(), value)
        for i in messages
        for j, call in enumerate(t.messages[i].tool_calls)
        for names, value in _below(call.arguments, "", 0)
    )
    return islice(every, _MANY)


def _below(value: Json, names: str, depth: int) -> Iterator[tuple[str, Json]]:
    if names:
        yield names, value
    if depth < _DEEP and isinstance(value, dict):
        for name, item in value.items():
            yield from _below(item, f"{names}.{name}", depth + 1)
    elif depth < _DEEP and isinstance(value, list):
        for k, item in enumerate(value):
            yield from _below(item, f"{names}[{k}]", depth + 1)
