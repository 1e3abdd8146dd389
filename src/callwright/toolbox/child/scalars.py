"""A shape, which is what a type is to us, and the shapes of the types that are no more than one value."""

from __future__ import annotations

import datetime
import enum
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Schema = dict[str, Any]
Reader = Callable[[Any], object]


class Defect(Exception):
    """A type that no JSON Schema can say."""


class Shape(NamedTuple):
    """The schema of a type, and how its JSON is read; None means that the JSON value is the value."""

    schema: Schema
    read: Reader | None = None


_CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"
_DATE = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_ZONE = r"(Z|[+-]\d\d:\d\d)?"
# RFC 3339, which the formats "time" and "date-time" stand for, demands an offset from UTC. A tool that takes
# "19:30" has none, so these two are patterns.
TIME: Schema = {"type": "string", "pattern": f"^{_CLOCK}$", "examples": ["19:30"]}
DATE_TIME: Schema = {
    "type": "string",
    "pattern": f"^{_DATE}T{_CLOCK}{_ZONE}$",
    "examples": ["2026-05-04T19:30"],
}
JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (float, int), "boolean": (bool,), "null": (type(None),),
    "array": (list,), "object": (dict,),
}  # fmt: skip


def _as_float(value: Any) -> object:
    return float(value) if type(value) is int else value


SCALARS: dict[Any, Shape] = {
    str: Shape({"type": "string"}),
    int: Shape({"type": "integer"}),
    float: Shape({"type": "number"}, _as_float),
    bool: Shape({"type": "boolean"}),
    None: Shape({"type": "null"}),
    type(None): Shape({"type": "null"}),
    Any: Shape({}),
    object: Shape({}),
    datetime.date: Shape({"type": "string", "format": "date"}, lambda v: datetime.date.fromisoformat(v)),
    datetime.time: Shape(TIME, lambda value: datetime.time.fromisoformat(value)),
    datetime.datetime: Shape(DATE_TIME, lambda value: datetime.datetime.fromisoformat(value)),
    datetime.timedelta: Shape({"type": "number"}, lambda value: datetime.timedelta(seconds=value)),
}
"""By type. A span of time is a number of seconds, as in results."""
_WHERE_IMPORTED: dict[tuple[str, str], Schema] = {
    ("decimal", "Decimal"): {"type": "number"},
    ("uuid", "UUID"): {"type": "string", "format": "uuid"},
    ("pathlib", "Path"): {"type": "string"},
    ("pathlib", "PurePath"): {"type": "string"},
    ("pathlib", "PosixPath"): {"type": "string"},
    ("pathlib", "PurePosixPath"): {"type": "string"},
}
"""Classes by module and name, of modules that only tools which use them have to wait for."""


def scalar(annotation: Any) -> Shape | None:
    """Return the shape of a type whose values are one value each, or None for any other annotation."""
    try:
        known = SCALARS.get(annotation)
    except TypeError:  # not hashable, so not one of these
        return None
    if known:
        return Shape(dict(known.schema), known.read)
    if isinstance(annotation, type):
        schema = _WHERE_IMPORTED.get((annotation.__module__.partition(".")[0], annotation.__name__))
        if schema and annotation.__module__ in sys.modules:
            return Shape(dict(schema), lambda value: annotation(str(value)))
    return None


def choices(members: Sequence[Any]) -> Shape:
    """Return the shape of a closed set, the members of an enumeration or a literal."""
    values = [plain(member) for member in members]
    kinds = {next(name for name, types in JSON_TYPES.items() if type(v) is types[0]) for v in values}
    schema: Schema = {"type": kinds.pop()} if len(kinds) == 1 else {}
    schema |= {"enum": values}
    if all(value is member for value, member in zip(values, members, strict=True)):
        return Shape(schema)
    by_value = dict(zip(values, members, strict=True))

    def read(value: Any) -> object:
        if value not in by_value:
            raise ValueError(f"{value!r:.80} is none of {values}")
        return by_value[value]

    return Shape(schema, read)


def plain(value: Any) -> Any:
    """Return the JSON scalar that stands for a member of an enumeration or a literal."""
    if isinstance(value, enum.Enum):
        value = value.value if isinstance(value.value, str | int | float) else value.name
        return str(value) if isinstance(value, str) else value
    if value is not None and not isinstance(value, str | int | float):
        raise Defect(f"the literal {value!r} has no JSON form")
    return value
