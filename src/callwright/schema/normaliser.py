"""What data sets call a schema → a schema that JSON Schema 2020-12 accepts, and what had to be changed.

>>> normalise({"city": {"type": "str"}, "days": {"type": "int, optional"}}).schema["required"]
['city']
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from callwright.record import Json
from callwright.schema.type_names import TYPE_NAMES, parse_type

_NUMBER, _SCHEMA = (int, float), (dict, bool)
_KEYWORD_TYPES: dict[str, type | tuple[type, ...]] = {
    "description": str, "title": str, "format": str, "pattern": str, "$ref": str, "enum": list,
    "minimum": _NUMBER, "maximum": _NUMBER, "exclusiveMinimum": _NUMBER, "exclusiveMaximum": _NUMBER,
    "multipleOf": _NUMBER, "minLength": int, "maxLength": int, "minItems": int, "maxItems": int,
    "uniqueItems": bool, "items": (dict, bool, list), "additionalProperties": _SCHEMA, "not": _SCHEMA,
    "anyOf": list, "oneOf": list, "allOf": list, "prefixItems": list, "$defs": dict, "definitions": dict,
    "examples": list, "$comment": str, "$schema": str, "$id": str,
}  # fmt: skip
_EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_SIMPLE = frozenset({"type", "description", "default"})
_COMBINERS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SCHEMA_WORDS = frozenset(
    {"type", "properties", "required", "description", "title", "additionalProperties", "$defs", "$schema",
     "$ref", "definitions", "anyOf", "oneOf", "allOf", "enum", "items", "default", "optional"}
)  # fmt: skip
_NO_NAMES = frozenset({"$defs", "$schema", "$ref", "definitions", "additionalProperties"})
"""Words of the schema language that no parameter is called by."""


class Normalised(NamedTuple):
    """A schema that JSON Schema 2020-12 accepts, and what had to be changed to get it."""

    schema: dict[str, Json]
    fixes: tuple[str, ...]


def normalise(parameters: Mapping[str, Json] | None) -> Normalised:
    """Return the object schema that `parameters` means.

    Understood: JSON Schema with the types of BFCL ("dict", "float") or Java ("ArrayList"); Python type
    names and generics ("List[int]", "Optional[str]"); the flat layout of xLAM-60k, where a parameter is
    required unless its type or a flag says "optional" or it has a default; `required: true` on a property.
    """
    if not parameters:
        return Normalised({"type": "object", "properties": {}}, ())
    try:
        return _normalise(parameters)
    except RecursionError:
        return Normalised({"type": "object"}, ("nested too deep to read, replaced by any object",))


def _normalise(parameters: Mapping[str, Json]) -> Normalised:
    fixes: list[str] = []
    if _is_flat(parameters):
        fixes.append("flat parameters wrapped into an object")
        schema = _object_from_flat(parameters, fixes)
    else:
        schema = _clean({**parameters, "properties": parameters.get("properties", {})}, "", fixes)
        if schema.get("type") != "object" and "$ref" not in schema:
            schema["type"] = "object"
            fixes.append("top level set to type object")
            if "default" in schema:
                _fix_default(schema, "top level", fixes)
    return Normalised(schema, tuple(dict.fromkeys(fixes)))


def _is_flat(parameters: Mapping[str, Json]) -> bool:
    if isinstance(parameters.get("type"), str | list) or "$ref" in parameters:
        return False
    if not set(parameters) <= _SCHEMA_WORDS:
        return True
    properties = parameters.get("properties")
    if not isinstance(properties, dict):
        return _are_parameters(parameters)
    # One parameter that happens to be named "properties" has a type of its own where properties would be.
    return len(parameters) == 1 and isinstance(properties.get("type"), str)


def _are_parameters(words: Mapping[str, Json]) -> bool:
    """Tell whether words of the schema language are names of parameters, by what is said of them."""
    told = [about for name, about in words.items() if name not in _NO_NAMES]
    texts = [about for about in told if isinstance(about, str)]
    return any(isinstance(about, dict) for about in told) or (bool(texts) and all(map(parse_type, texts)))


def _object_from_flat(parameters: Mapping[str, Json], fixes: list[str]) -> dict[str, Json]:
    properties: dict[str, Json] = {}
    required: list[str] = []
    for name, spec in parameters.items():
        if not isinstance(spec, dict):
            spec = {"type": spec} if isinstance(spec, str) else {}
        declared = spec.get("required")
        optional = _says_optional(spec) or "default" in spec
        if declared is True or (not isinstance(declared, bool) and not optional):
            required.append(name)
        properties[name] = _clean(dict(spec), name, fixes)
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _says_optional(spec: Mapping[str, Json]) -> bool:
    """Tell whether a parameter is optional by its type, as "str, optional", or by a flag."""
    kind = spec.get("type")
    return spec.get("optional") is True or (isinstance(kind, str) and "optional" in kind.lower())


def _clean(schema: dict[str, Json], path: str, fixes: list[str]) -> dict[str, Json]:
    """Return `schema` with every nested type name, `required` flag and default made legal."""
    texts = isinstance(schema.get("type"), str) and isinstance(schema.get("description", ""), str)
    if texts and schema.keys() <= _SIMPLE:
        _replace_type(schema, path, fixes)  # most parameters say no more than this
        if "default" in schema:
            _fix_default(schema, path, fixes)
        return schema
    optional = schema.pop(
        "optional", None
    )  # a list of names says the same as `required`, from the other side
    if optional is not None and not isinstance(optional, list):
        fixes.append(f"{path or 'top level'}: optional {json.dumps(optional)[:40]} removed")
    _read_exclusive(schema, path, fixes)
    for word in [w for w, value in schema.items() if not _fits(w, value)]:
        fixes.append(f"{path or 'top level'}: {word} {json.dumps(schema.pop(word))[:40]} removed")
    if not isinstance(schema.get("required", []), list):
        flag = schema.pop("required")
        if not path or not isinstance(flag, bool):  # a flag on a property is collected by its parent
            fixes.append(f"{path or 'top level'}: required {json.dumps(flag)[:40]} removed")
    if isinstance(schema.get("type"), str):
        _replace_type(schema, path, fixes)
    elif isinstance(schema.get("type"), list):
        _replace_types(schema, path, fixes)
    elif "type" in schema:
        fixes.append(f"{path or 'top level'}: type {json.dumps(schema.pop('type'))[:40]} removed")
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        fixes.append(f"{path or 'top level'}: properties {json.dumps(properties)[:40]} replaced by none")
        properties = schema["properties"] = {}
    if "properties" in schema:
        _clean_properties(schema, properties, path, fixes)
    elif "required" in schema:
        schema["required"] = _names(schema["required"], path, fixes)
    if isinstance(schema.get("items"), list):
        fixes.append(f"{path}[]: list of item schemas moved to prefixItems")
        if items := schema.pop("items"):
            schema["prefixItems"] = items
    for word in ("items", "additionalProperties"):
        if isinstance(schema.get(word), dict):
            schema[word] = _clean(dict(schema[word]), f"{path}[]", fixes)
    for word in _COMBINERS:
        if word in schema:
            choices = [s for s in schema.pop(word) if isinstance(s, _SCHEMA)]
            choices = [_clean(dict(s), path, fixes) if isinstance(s, dict) else s for s in choices]
            if choices:
                schema[word] = choices
    for word in ("$defs", "definitions"):
        if word in schema:
            schema[word] = {
                k: _clean(dict(s), f"{word}.{k}", fixes) if isinstance(s, dict) else {}
                for k, s in schema[word].items()
            }
    if "default" in schema:
        _fix_default(schema, path, fixes)
    return schema


def _fits(word: str, value: Json) -> bool:
    wanted = _KEYWORD_TYPES.get(word, object)
    if isinstance(value, bool) and wanted in (int, _NUMBER):
        return False  # Python's booleans are numbers, those of JSON are none
    return isinstance(value, wanted)


def _read_exclusive(schema: dict[str, Json], path: str, fixes: list[str]) -> None:
    """Turn JSON Schema draft 4's flag beside a bound into the bound that it is since draft 6."""
    for word, bound in _EXCLUSIVE.items():
        if isinstance(schema.get(word), bool):
            before = {key: schema[key] for key in (bound, word) if key in schema}
            if schema.pop(word) and bound in schema:
                schema[word] = schema.pop(bound)
            after = {key: schema[key] for key in (bound, word) if key in schema}
            fixes.append(f"{path or 'top level'}: {json.dumps(before)[:60]} read as {json.dumps(after)[:60]}")


def _names(required: list[Json], path: str, fixes: list[str]) -> list[str]:
    names = list(dict.fromkeys(name for name in required if isinstance(name, str)))
    if len(names) != len(required):
        fixes.append(f"{path or 'top level'}: required cleared of what is no name or a repeated one")
    return names


def _clean_properties(
    schema: dict[str, Json], properties: Mapping[str, Json], path: str, fixes: list[str]
) -> None:
    declared = _names(schema.get("required", []), path, fixes)
    required = [name for name in declared if name in properties]
    if len(required) != len(declared):
        fixes.append(f"{path or 'top level'}: required names without a property removed")
    cleaned: dict[str, Json] = {}
    for name, spec in properties.items():
        if not isinstance(spec, dict):
            fixes.append(f"{name}: schema {json.dumps(spec)[:40]} replaced by any")
            spec = {}
        if spec.get("required") is True and name not in required:
            required.append(name)
            fixes.append(f"{name}: required moved to the object")
        if _says_optional(spec) and name in required:
            required.remove(name)
            fixes.append(f"{name}: optional by its type or flag, no longer required")
        cleaned[name] = _clean(dict(spec), name, fixes)
    schema["properties"] = cleaned
    if required:
        schema["required"] = required
    else:
        schema.pop("required", None)


def _replace_type(schema: dict[str, Json], path: str, fixes: list[str]) -> None:
    text = schema["type"]
    fragment, remark = _read_type(text)
    if not remark:
        return
    fixes.append(f"{path or 'top level'}: {remark}")
    del schema["type"]
    for key, value in fragment.items():
        schema.setdefault(key, copy.deepcopy(value) if key != "type" else value)


@lru_cache(maxsize=1024)
def _read_type(text: str) -> tuple[dict[str, Json], str]:
    """Return the schema of a type name, and what to note about it; nothing for one that is legal."""
    fragment = parse_type(text)
    return fragment, "" if fragment == {"type": text} else f"type {text!r} read as {json.dumps(fragment)}"


def _replace_types(schema: dict[str, Json], path: str, fixes: list[str]) -> None:
    """Make every entry of a list of types legal; an unknown one stands for any value, so no type is left."""
    before = schema.pop("type")
    known = [TYPE_NAMES.get(t.strip().lower()) if isinstance(t, str) else None for t in before]
    after = [] if None in known else list(dict.fromkeys(known))
    if after:
        schema["type"] = after
    if after != before:
        fixes.append(f"{path or 'top level'}: type {json.dumps(before)[:60]} read as {json.dumps(after)}")


def _fix_default(schema: dict[str, Json], path: str, fixes: list[str]) -> None:
    """Make a default agree with its type, or remove it where it can not."""
    default, kind = schema["default"], schema.get("type")
    if default is None or not isinstance(kind, str) or _is_of(kind, default):
        return
    cast = _cast_default(kind, default)
    if cast is None:
        del schema["default"]
        fixes.append(f"{path}: default {json.dumps(default)[:40]} removed, it is no {kind}")
    else:
        schema["default"] = cast
        fixes.append(f"{path}: default {json.dumps(default)[:40]} read as {json.dumps(cast)[:40]}")


_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
    "array": (list,), "object": (dict,), "null": (type(None),),
}  # fmt: skip


def _is_of(kind: str, value: Json) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    return isinstance(value, _PYTHON.get(kind, (object,)))


def _cast_default(kind: str, value: Json) -> Json:
    if kind == "string":
        return json.dumps(value) if not isinstance(value, dict | list) else None
    if isinstance(value, float) and kind == "integer" and value.is_integer():
        return int(value)
    if isinstance(value, str):
        try:
            parsed = json.loads(value.lower() if kind == "boolean" else value)
        except ValueError:
            return None
        return parsed if _is_of(kind, parsed) else None
    return None
