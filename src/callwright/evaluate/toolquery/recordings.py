"""Recorded calls: what the live service answered, found again by tool and canonical arguments.

Arguments are canonical up to what can not change the request that the tool sends: an identifier may be a
number or its digits, a coordinate may be text that spells the number, and arguments that the tool does not
have are ignored, as AgentBoard ignores them. Upper and lower case, blanks and rounded coordinates are not
levelled: nothing proves that the service would.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from callwright.errors import DataError
from callwright.evaluate.toolquery.outcomes import ERROR, Domain, Outcome, failed, missed, parameter_names
from callwright.evaluate.toolquery.tasks import Step
from callwright.record import Json, Tool
from callwright.store import read_lines

Key = tuple[str, tuple[str | float, ...]]
"""A tool's name and its canonical arguments in the order of its schema."""
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?")
_REFUSALS = ("Error: ", "{")
"""How recorded texts begin that are neither a literal nor a result: a refusal, an error of the service."""


class _Row(msgspec.Struct):
    name: str
    arguments: dict[str, Json]
    observation: str


class Recordings:
    """What one domain's services answered; read once, never changed."""

    def __init__(
        self, tools: tuple[Tool, ...], rows: Mapping[Key, Outcome], steps: tuple[Step, ...], sha256: str
    ) -> None:
        self._parameters = parameter_names(tools)
        self._rows = rows
        self.steps = steps
        """The recorded calls in the file's order."""
        self.sha256 = sha256

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, name: str, arguments: Json) -> Key:
        """Return the key of a call; raises as the tool would for arguments that are missing or no object."""
        return name, tuple(canonical(arguments[each], each) for each in self._parameters[name])

    def look_up(self, key: Key) -> Outcome | None:
        """Return what was recorded under a key, None if nothing was."""
        return self._rows.get(key)

    def answer(self, name: str, arguments: Json) -> Outcome:
        """Return what was recorded for a call, or that nothing was."""
        return self.look_up(self.key(name, arguments)) or missed(name)


def canonical(value: Json, parameter: str) -> str | float:
    """Return an argument in the form in which equal requests are equal.

    >>> canonical(438148, "movie_id"), canonical("40.71", "latitude1")
    ('438148', 40.71)
    """
    if parameter.rstrip("12") in ("latitude", "longitude"):
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            return float(value)
    elif isinstance(value, str):
        return value
    elif isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return f"{type(value).__name__} {value!r}"  # equal to no recorded argument


def read_recordings(path: Path, tools: tuple[Tool, ...]) -> Recordings:
    """Return the calls recorded in a file of `{name, arguments, observation}` lines."""
    decoder = msgspec.json.Decoder(_Row)
    digest = hashlib.sha256()
    rows: dict[Key, Outcome] = {}
    steps: list[Step] = []
    parameters = Recordings(tools, {}, (), "")
    for number, line in read_lines(path):
        digest.update(line + b"\n")
        try:
            row = decoder.decode(line)
            key = parameters.key(row.name, row.arguments)
        except (ValueError, KeyError) as error:
            raise DataError("not a recorded call", place=f"{path}:{number}", got=str(error)) from None
        rows[key] = _recorded(row)
        steps.append((row.name, row.arguments))
    return Recordings(tools, rows, tuple(steps), digest.hexdigest())


def _recorded(row: _Row) -> Outcome:
    text = row.observation
    if text.startswith(ERROR):
        return Outcome("raised", text)
    try:
        return Outcome("value", text, ast.literal_eval(text))
    except (ValueError, SyntaxError):
        # Text that is no literal is a plain text result, unless it is one of the refusals.
        return failed(text) if text.startswith(_REFUSALS) else Outcome("value", text, text)


def movie(tools: tuple[Tool, ...], recordings: Recordings) -> Domain:
    """Return the movie tools over their recordings."""
    return Domain(
        name="movie",
        tools=tools,
        begin=lambda task: recordings.answer,
        some_call=lambda draw: draw.choice(recordings.steps),
        hint="Tools take the id of a movie or person; search by name to get it.",
    )
