"""What a layout offers, what it may refuse, and how its losses are counted.

A layout never bends a row. What the model sees or says is written or the row is refused with a reason and a
path; what is known about the row and has no place is named in `LOSES`, and the report counts it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Protocol, cast

import msgspec

from callwright.record import Json, Trajectory

REASONS = {
    "adjacent-turns": "two turns of the assistant in a row would be read as one",
    "ambiguous-text": "the text spells a tag that has a meaning in the layout",
    "duplicate-call-id": "two calls have the same id",
    "loose-result": "a result stands apart from its call",
    "mixed-kinds": "the file holds rows of the other kind: with, or without, a rejected answer",
    "no-answer": "the row ends without the assistant's answer",
    "not-encodable": "JSON can not hold the row",
    "not-flat": "the parameters can not be written as a flat list",
    "number-too-big": "an integer beyond 64 bits, at which readers of the layout fail",
    "reasoning": "no place for what the assistant thought",
    "results-together": "several results in a row, of which readers of the layout take one",
    "roles": "the roles are not in the order that readers of the layout demand",
    "several-turns": "more than a request and its answer",
    "system-text": "no place for a system text",
    "text-answer": "no place for an answer in words",
    "text-beside-call": "no place for words beside a call",
    "tools-unknown": "it is not known which tools were offered",
    "unlinked-result": "a result that answers no open call, or not the one it would be read as answering",
    "unparsed-arguments": "the arguments of a call are no object, and there is no place for their text",
    "weight": "a loss weight other than 0 and 1",
    "wrong-result-name": "a result names another tool than its call",
}
"""Why a row is not exported; `Dropped.reason` is one of these keys."""


class Unexpressible(Exception):
    """A row that the layout can not express; never leaves `callwright.export`."""

    def __init__(self, reason: str, path: str = "", detail: str = "") -> None:
        super().__init__(f"{reason} at {path}: {detail}")
        self.reason = reason
        self.path = path
        self.detail = detail


class Losses(NamedTuple):
    """What a layout does not carry."""

    paths: tuple[str, ...]
    """Places of the record: ``messages[].weight``; ``tools=[]`` is the value ``[]`` of ``tools``."""
    sentence: str
    """What the paths alone do not say."""


class Layout(Protocol):
    """What a layout module offers; a module of this package implements it by having these names."""

    @property
    def LOSES(self) -> Losses:
        """What a row of the layout does not carry."""

    @property
    def CONTAINER(self) -> Literal["lines", "parquet", "folder"]:
        """What rows are written to: a file of JSON lines, a Parquet file, or a folder for the hub."""

    def render(self, t: Trajectory) -> dict[str, Json]:
        """Return the row; raises `Unexpressible`."""
        ...


ABOUT_THE_ROW = ("id", "source", "issues", "fingerprint", "extra")
"""What all but our own layouts leave behind."""
BOOKKEEPING = ("id", "source", "fingerprint", "messages[].tool_calls[].id")
"""What every row has and nobody misses: it is made anew wherever rows are read."""
ABOUT_THE_TASK = (
    "task.format_instruction",
    "task.kind",
    "task.expects",
    "task.lang",
    "task.output_format",
    "task.layout",
)
"""`format_instruction` tells how to write calls as text; where calls are structure it would contradict."""
ABOUT_THE_TOOLS = ("tools[].returns", "tools[].kind", "tools[].original_name", "tools[].schema_fixes")
ABOUT_THE_CALLS = ("messages[].tool_calls[].depends_on", "messages[].tool_calls[].alternatives")


def lost(t: Trajectory, losses: Losses) -> list[str]:
    """Return those of the paths at which this row has something to lose."""
    return [path for path in losses.paths if has(t, path)]


def has(t: Trajectory, path: str) -> bool:
    """Tell whether a row says something at a path: a value that is not the field's default."""
    steps, value = _steps(path)
    return _has(t, steps, value)


def _has(part: Any, steps: Sequence[str], value: Json) -> bool:
    name, rest = steps[0], steps[1:]
    found = getattr(part, name.removesuffix("[]"))
    if not rest:
        if value is not None:
            return found is not None and bool(list(found) == value)
        return bool(found != _default(cast(Hashable, type(part)), name))
    if name.endswith("[]"):
        return any(_has(item, rest, value) for item in found or ())
    return found is not None and _has(found, rest, value)


@lru_cache(maxsize=256)
def _steps(path: str) -> tuple[tuple[str, ...], Json]:
    place, _, value = path.partition("=")
    return tuple(place.split(".")), msgspec.json.decode(value) if value else None


@lru_cache(maxsize=256)
def _default(kind: Hashable, name: str) -> Any:
    """Return the default of a field of a record type; a field that has none counts as always said."""
    found = next(f for f in msgspec.structs.fields(cast(Any, kind)) if f.name == name)
    if found.default_factory is not msgspec.NODEFAULT:
        return found.default_factory()
    return found.default
