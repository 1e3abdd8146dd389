"""What a model wrote, as the list of executable calls that BFCL's runner makes of it: one Python text a call.

Two ways lead there, as in the official handlers: text in the prompting format, decoded and written out again
(positional arguments are lost, a dict whose values are all dicts becomes a nested call, an empty dict makes
the reply undecodable), and calls with JSON arguments (each value as Python writes it), be they an interface's
or written in a format that a model has of its own.

    >>> from_text("[cd(folder='documents'), ls(True)]")
    ["cd(folder='documents')", 'ls()']
    >>> from_arguments([("cd", {"folder": "documents"})])
    ["cd(folder='documents')"]
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from callwright import formats
from callwright.evaluate.bfcl.decode import Undecodable, Value, decode
from callwright.record import Json

Step = list[str]
"""The calls of one reply; an empty one ends the turn."""
Read = Callable[[Json], Step]
"""Reads one step of a result file: `from_official`, told how texts are read."""


def from_text(text: str) -> Step:
    """Return the calls in a reply of the prompting format, none if it can not be decoded."""
    calls = decode(text)
    if isinstance(calls, Undecodable):
        return []
    try:
        return [_written(name, arguments) for call in calls for name, arguments in call.items()]
    except (ValueError, RecursionError):  # an empty dict; digits or depth beyond Python's limits
        return []


def from_format(text: str, output_format: str) -> Step:
    """Return the calls in a reply of one of our formats, none if it can not be read."""
    message = formats.reply_message(text, output_format)
    if isinstance(message, formats.Malformed):
        return []
    return from_arguments((call.name, call.arguments or {}) for call in message.tool_calls)


def in_words(text: str) -> Step:
    """Return no calls: a text is what a model said beside them."""
    return []


def from_arguments(calls: Iterable[tuple[str, Mapping[str, Json]]]) -> Step:
    """Return calls whose arguments are JSON; none if one of them is nested beyond Python's limits."""
    try:
        return [
            f"{name}({','.join(f'{key}={value!r}' for key, value in arguments.items())})"
            for name, arguments in calls
        ]
    except (ValueError, RecursionError):
        return []


def from_official(item: Json, *, text: Callable[[str], Step] = from_text) -> Step:
    """Return the calls of one step of an official result file: text, or objects of JSON-text arguments.

    `text` says how a text is read: `in_words` for results of a function-calling handler.
    """
    if isinstance(item, str):
        return text(item)
    calls: list[tuple[str, Mapping[str, Json]]] = []
    for call in [item] if isinstance(item, dict) else item if isinstance(item, list) else ():
        if not isinstance(call, dict):
            return []
        for name, arguments in call.items():
            if isinstance(arguments, str):
                try:
                    arguments = json.loads(arguments)
                except (ValueError, RecursionError):
                    return []
            if not isinstance(arguments, dict):
                return []
            calls.append((name, arguments))
    return from_arguments(calls)


def _written(name: str, arguments: Mapping[Any, Value]) -> str:
    return f"{name}({', '.join(f'{key}={_value(value)}' for key, value in arguments.items())})"


def _value(value: Value) -> str:
    if not isinstance(value, dict):
        return repr(value)
    if not value:
        raise ValueError("an empty dict has no first key")
    if all(isinstance(item, dict) for item in value.values()):
        name = next(iter(value))
        return _written(name, value[name])
    # Keys are put between quotes as they are, which breaks a key that holds one: so does the original.
    return "{" + ", ".join(f"'{key}': {_value(item)}" for key, item in value.items()) + "}"
