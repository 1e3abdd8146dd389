"""What `Annotated` says beside the type: bounds, lengths, a pattern, a description.

Understood are `range(1, 10)` for the integers 1 to 9, a string for a description, the markers of
annotated_types, and pydantic's `Field`. Neither package is imported here: where the tools did not import
them, none of their markers can be in an annotation.
"""

from __future__ import annotations

import dataclasses
import sys
import typing
from collections.abc import Iterator
from typing import Annotated, Any

Schema = dict[str, Any]
_MARKERS = {
    # marker of annotated_types → its attribute, the schema's word for numbers, for strings, for arrays
    "Ge": (("ge", "minimum"),),
    "Gt": (("gt", "exclusiveMinimum"),),
    "Le": (("le", "maximum"),),
    "Lt": (("lt", "exclusiveMaximum"),),
    "Interval": (
        ("ge", "minimum"),
        ("gt", "exclusiveMinimum"),
        ("le", "maximum"),
        ("lt", "exclusiveMaximum"),
    ),
    "MultipleOf": (("multiple_of", "multipleOf"),),
    "MinLen": (("min_length", "min"),),
    "MaxLen": (("max_length", "max"),),
    "Len": (("min_length", "min"), ("max_length", "max")),
}
_LENGTH_WORDS = {"array": "Items", "object": "Properties"}


def split(annotation: Any) -> tuple[Any, list[Any]]:
    """Return an annotation without `Annotated`, `NewType` and `type` aliases, and the notes it carried."""
    notes: list[Any] = []
    while True:
        if typing.get_origin(annotation) is Annotated:
            notes = [*annotation.__metadata__, *notes]
            annotation = annotation.__origin__
        elif isinstance(annotation, typing.NewType):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        else:
            return annotation, notes


def applied(schema: Schema, notes: list[Any], annotation: Any) -> Schema:
    """Return `schema` with what the notes of `annotation` say."""
    schema = dict(schema)
    for note in notes:
        for word, value in _words(note, schema, annotation):
            schema[word] = value
    return schema


def _words(note: Any, schema: Schema, annotation: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(note, str):
        yield "description", note
    elif isinstance(note, range) and note and schema.get("type") != "string":
        yield "minimum", min(note)
        yield "maximum", max(note)
        if abs(note.step) != 1 and note.start % note.step == 0:
            yield "multipleOf", abs(note.step)
    elif type(note).__module__ == "annotated_types":
        said = dataclasses.asdict(note)
        size = _LENGTH_WORDS.get(str(schema.get("type")), "Length")
        for attribute, word in _MARKERS.get(type(note).__name__, ()):
            value = said.get(attribute)
            if value is not None and (value or word not in ("min", "max")):
                yield (word + size if word in ("min", "max") else word), value
    elif "pydantic.fields" in sys.modules and isinstance(note, sys.modules["pydantic.fields"].FieldInfo):
        adapter = sys.modules["pydantic"].TypeAdapter(Annotated[annotation, note])
        said = without_titles(adapter.json_schema())
        yield from ((w, v) for w, v in said.items() if w not in ("$defs", "default") and w not in schema)
        if note.description:
            yield "description", note.description


def without_titles(schema: Any) -> Any:
    """Return a schema without the titles that pydantic derives from names."""
    if isinstance(schema, dict):
        return {k: without_titles(v) for k, v in schema.items() if not (k == "title" and isinstance(v, str))}
    return [without_titles(item) for item in schema] if isinstance(schema, list) else schema
