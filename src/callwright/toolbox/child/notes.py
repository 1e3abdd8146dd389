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

from callwright.toolbox.child.scalars import DATE_TIME, TIME, Schema

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
_TIMES = {"date-time": DATE_TIME, "time": TIME}


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
    elif type(note).__module__.partition(".")[0] == "pydantic":
        yield from _said_by_pydantic(note, schema, annotation)
    elif type(note).__name__ == "Doc" and isinstance(getattr(note, "documentation", None), str):
        yield "description", note.documentation


def _said_by_pydantic(note: Any, schema: Schema, annotation: Any) -> Iterator[tuple[str, Any]]:
    try:
        said = tidied(sys.modules["pydantic"].TypeAdapter(Annotated[annotation, note]).json_schema())
    except Exception:  # a type that pydantic does not know; its bounds can be read without it
        said = {}
        for marker in getattr(note, "metadata", ()):
            yield from _words(marker, schema, annotation)
    yield from ((w, v) for w, v in said.items() if w not in ("$defs", "default") and w not in schema)
    if getattr(note, "description", None):
        yield "description", note.description


def default_of(field: Any) -> tuple[bool, Any] | None:
    """Return whether pydantic's `Field` as a default means a required parameter, and else which default."""
    if type(field).__module__ != "pydantic.fields" or not hasattr(field, "is_required"):
        return None
    required = bool(field.is_required())
    return required, None if required else field.get_default(call_default_factory=True)


def tidied(schema: Any) -> Any:
    """Return pydantic's schema as ours: no titles derived from names, times as people write them."""
    if isinstance(schema, list):
        return [tidied(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found: Schema = {}
    for word, value in schema.items():
        if word in ("properties", "$defs"):
            found[word] = {name: tidied(item) for name, item in value.items()}
        elif word in ("default", "examples", "enum", "const"):
            found[word] = value
        elif word != "title":
            found[word] = tidied(value)
    ours = _TIMES.get(found.get("format", ""))
    if ours:
        del found["format"]
        found |= {word: value for word, value in ours.items() if word not in found}
    return found
