"""The keywords of one OpenAPI schema object, each made what JSON Schema 2020-12 means by it.

Only what stands in one object is looked at; what lies below is the business of `schemas`. A keyword with a
value that is none is left out and noted, because the specification is seldom the reader's to mend.

    >>> plain_keywords({"type": "integer", "minimum": 0, "exclusiveMinimum": True}, [])
    {'type': 'integer', 'exclusiveMinimum': 0}
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import jsonschema_rs

from callwright.record import Json
from callwright.schema import parse_type
from callwright.toolbox.openapi.intersection import encode, equal

SUBSCHEMA = (
    "items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else",
    "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip
"""Keywords that hold one schema."""
SUBSCHEMAS_BY_NAME = ("properties", "patternProperties", "dependentSchemas")
SUBSCHEMA_LIST = ("prefixItems", "anyOf", "oneOf", "allOf")
TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,),
    "object": (dict,), "null": (type(None),),
}  # fmt: skip


def below(schema: Json) -> Iterator[Json]:
    """Yield what stands in a schema in the place of a schema, whatever it is."""
    if not isinstance(schema, dict):
        return
    for word in SUBSCHEMA:
        if word in schema:
            yield schema[word]
    for word in SUBSCHEMAS_BY_NAME:
        named = schema.get(word)
        yield from named.values() if isinstance(named, dict) else ()
    for word in SUBSCHEMA_LIST:
        several = schema.get(word)
        yield from several if isinstance(several, list) else ()


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_flag(value: Json) -> bool:
    return isinstance(value, bool)


def _is_number(value: Json) -> bool:
    return type(value) in (int, float)


def _is_count(value: Json) -> bool:
    return type(value) in (int, float) and value >= 0 and value == int(value)


def _is_positive(value: Json) -> bool:
    return type(value) in (int, float) and value > 0


def _is_names(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_dependencies(value: Json) -> bool:
    return isinstance(value, dict) and all(_is_names(names) for names in value.values())


@lru_cache(maxsize=4096)
def is_pattern(text: str) -> bool:
    """Tell whether a text is a regular expression that the checks of arguments can read."""
    try:
        jsonschema_rs.Draft202012Validator({"pattern": text})
    except ValueError:
        return False
    return True


_LEGAL: dict[str, Callable[[Json], bool]] = {
    "title": _is_text, "description": _is_text, "format": _is_text, "contentEncoding": _is_text,
    "contentMediaType": _is_text, "deprecated": _is_flag, "uniqueItems": _is_flag,
    "minimum": _is_number, "maximum": _is_number, "exclusiveMinimum": _is_number,
    "exclusiveMaximum": _is_number, "multipleOf": _is_positive,
    "minLength": _is_count, "maxLength": _is_count, "minItems": _is_count, "maxItems": _is_count,
    "minProperties": _is_count, "maxProperties": _is_count, "minContains": _is_count,
    "maxContains": _is_count, "dependentRequired": _is_dependencies,
    "pattern": lambda value: isinstance(value, str) and is_pattern(value),
    "required": _is_names, "enum": lambda value: isinstance(value, list) and bool(value),
    "const": lambda value: True, "default": lambda value: True,
}  # fmt: skip
_COUNTS = frozenset(word for word, legal in _LEGAL.items() if legal is _is_count)


def plain_keywords(schema: Mapping[str, Json], notes: list[str]) -> dict[str, Json]:
    """Return all keywords that hold no schema, in their order; what had to be changed is added to `notes`."""
    found: dict[str, Json] = {}
    if "type" in schema:
        found |= _type(schema["type"], notes)
    for word, legal in _LEGAL.items():
        if word not in schema or (word == "required" and _is_flag(schema[word])):
            continue
        value = schema[word]
        if legal(value):
            found[word] = int(value) if word in _COUNTS else value
        elif not (word.startswith("exclusive") and _is_flag(value)):
            notes.append(f"{word} {json.dumps(value)[:40]} removed")
    _exclusive(schema, found)
    _values(found, notes)
    examples = _examples(schema, found)
    if examples:
        found["examples"] = examples
    return found


def _type(name: Json, notes: list[str]) -> dict[str, Json]:
    names = name if isinstance(name, list) else [name]
    legal = [n for n in dict.fromkeys(n for n in names if isinstance(n, str)) if n in TYPES]
    if len(legal) == len(names):
        return {"type": legal if isinstance(name, list) and len(legal) > 1 else legal[0]} if legal else {}
    if isinstance(name, str):
        meant = {"type": "string"} if name == "file" else parse_type(name)
        notes.append(f"type {json.dumps(name)[:40]} read as {meant.get('type', 'any')}")
        return meant
    notes.append(f"type {json.dumps(name)[:40]} removed")
    return {}


def _exclusive(schema: Mapping[str, Json], found: dict[str, Json]) -> None:
    """Turn the flags of OpenAPI 3.0 into bounds of their own."""
    for flag, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.get(flag) is True and bound in found:
            found[flag] = found.pop(bound)


def _values(found: dict[str, Json], notes: list[str]) -> None:
    """Make choices and default values of the type that stands beside them."""
    if "enum" in found:
        choices = found["enum"]
        if found.get("type") == "string" and not any(isinstance(value, str) for value in choices):
            found["enum"] = choices = [v if v is None else _as_text(v) for v in choices]
            notes.append("choices turned into texts")
        found["enum"] = list({encode(value): value for value in choices}.values())
    if "required" in found:
        found["required"] = list(dict.fromkeys(found["required"]))
        if not found["required"]:
            del found["required"]
    if "default" in found and found["default"] is not None and not fits(found["default"], found):
        notes.append(f"default {json.dumps(found.pop('default'))[:40]} removed")


def _as_text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _examples(schema: Mapping[str, Json], found: Mapping[str, Json]) -> list[Json]:
    """Return the examples that are of the right type: `example` of 3.0 and the list of 3.1."""
    several = schema.get("examples")
    examples = list(several) if isinstance(several, list) else []
    if "example" in schema:
        examples.insert(0, schema["example"])
    return [example for example in examples if fits(example, found)]


def fits(value: Json, schema: Mapping[str, Json]) -> bool:
    """Tell whether a value is of the type and among the choices that stand in the schema itself."""
    names = schema.get("type", ())
    kinds = [kind for name in (names if isinstance(names, list) else [names]) for kind in _kinds(name)]
    if kinds and (type(value) not in kinds):
        return False
    return "enum" not in schema or any(equal(value, choice) for choice in schema["enum"])


def _kinds(name: Json) -> tuple[type, ...]:
    return _PYTHON_TYPES.get(name, ()) if isinstance(name, str) else ()
