"""How to write what is missing: as the annotation or docstring line of a Python file, or as a piece of JSON.

>>> annotation({"type": "integer", "minimum": 1, "maximum": 30})
'Annotated[int, range(1, 31)]'
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal, NamedTuple

from callwright.record import Json
from callwright.synthesize.quality.places import Place
from callwright.synthesize.schemas import type_of

Dialect = Literal["python", "json"]

_TYPES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "object": "dict",
    "null": "None",
}
_FORMATS = {
    "date": "datetime.date", "date-time": "datetime.datetime", "time": "datetime.time", "uuid": "UUID"
}  # fmt: skip
_PATTERNS = {"email": r"^[^@\s]+@[^@\s]+$", "uri": r"^https?://\S+$"}
"""Formats that no type of the standard library stands for."""
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"


class Edits(NamedTuple):
    """Writes edits in one dialect."""

    dialect: Dialect

    def schema(self, place: Place, words: Mapping[str, Json]) -> str:
        """Return how to add schema keywords at a place."""
        if self.dialect == "json":
            return inner_json(words)
        nested = (len(place.parameter) - len(place.parameter.rstrip("[]"))) // 2
        wrapped = "list[" * nested + annotation({**place.schema, **words}) + "]" * nested
        return f"{place.name}: {wrapped}{'' if place.is_item else _default(place)}"

    def says(self, place: Place, text: str) -> str:
        """Return how to describe a place."""
        if self.dialect == "json":
            return inner_json({"description": text})
        if place.depth:
            return f'below the field {place.name}: """{text}"""'
        return f"in the docstring's Args: {place.name}: {text}"

    def tool_says(self, text: str) -> str:
        """Return how to describe a tool."""
        return inner_json({"description": text}) if self.dialect == "json" else f'docstring """{text}"""'

    def name(self, name: str) -> str:
        """Return how to rename a tool or parameter."""
        return f"name it {name}" if self.dialect == "python" else inner_json({"name": name})

    def key(self, place: Place, name: str) -> str:
        """Return how to rename a parameter."""
        return f"{name}: {annotation(place.schema)}" if self.dialect == "python" else f'call it "{name}"'

    def optional(self, place: Place) -> str:
        """Return how to make a parameter optional."""
        return f'take "{place.name}" out of "required"'

    def default(self, place: Place, value: Json) -> str:
        """Return how to give a parameter another default."""
        if self.dialect == "json":
            return inner_json({"default": value})
        return f"{place.name}: {annotation(place.schema)} = {value!r}"

    def no_default(self, place: Place) -> str:
        """Return how to leave a default out."""
        if self.dialect == "json":
            return 'leave "default" out'
        return f"{place.name}: {annotation(place.schema)} | None = None"


def inner_json(words: Mapping[str, Json]) -> str:
    """Return the members of a JSON object, without its braces."""
    return json.dumps(dict(words), ensure_ascii=False)[1:-1]


def _default(place: Place) -> str:
    if "default" in place.schema:
        return f" = {place.schema['default']!r}"
    return "" if place.required else " | None = None"


def annotation(schema: Mapping[str, Json]) -> str:
    """Return the Python annotation that stands for a schema."""
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    kind = type_of(schema)
    if kind == "array":
        items = schema.get("items")
        return f"list[{annotation(items)}]" if isinstance(items, dict) and items else "list"
    named = _FORMATS.get(str(schema.get("format"))) or (
        "datetime.time" if schema.get("pattern") == CLOCK else ""
    )
    base = named or _TYPES.get(kind, kind or "Any")
    note = "" if named else _note(schema, kind)
    return f"Annotated[{base}, {note}]" if note else base


def _note(schema: Mapping[str, Json], kind: str) -> str:
    pattern = schema.get("pattern") or _PATTERNS.get(str(schema.get("format")))
    if kind == "string":
        return f"Field(pattern=r{str(pattern)!r})".replace("\\\\", "\\") if pattern else ""
    low, high = schema.get("minimum"), schema.get("maximum")
    if kind == "integer" and type(low) is int and type(high) is int:
        return f"range({low}, {high + 1})"
    words = {
        "ge": low,
        "gt": schema.get("exclusiveMinimum"),
        "le": high,
        "lt": schema.get("exclusiveMaximum"),
    }
    told = {word: value for word, value in words.items() if value is not None}
    if len(told) == 1:
        ((word, value),) = told.items()
        return f"{word.title()}({value})"
    return f"Interval({', '.join(f'{word}={value}' for word, value in told.items())})" if told else ""
