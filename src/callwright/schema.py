"""JSON Schema as tools use it: normalise what data sets call a schema, and check arguments strictly.

Data sets write Python, Java or made-up type names, flat parameter lists, and hide `required` in several
places (see `normalise`). Arguments are then checked against JSON Schema 2020-12 by jsonschema-rs, without
any coercion: a bool is no integer, 3.0 is no integer, an argument that the schema does not name is an error.

    >>> normalise({"city": {"type": "str"}, "days": {"type": "int, optional"}}).schema["required"]
    ['city']
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import jsonschema_rs
import msgspec

from callwright.record import Issue, Json

TYPE_NAMES: dict[str, str | None] = {
    # name in the wild, lower case → JSON Schema type; None means any value
    "string": "string", "str": "string", "char": "string", "text": "string", "character": "string",
    "date": "string", "datetime": "string", "time": "string", "url": "string", "enum": "string",
    "integer": "integer", "int": "integer", "long": "integer", "short": "integer", "byte": "integer",
    "bigint": "integer",
    "number": "number", "float": "number", "double": "number", "decimal": "number", "numeric": "number",
    "boolean": "boolean", "bool": "boolean",
    "array": "array", "list": "array", "tuple": "array", "set": "array", "arraylist": "array",
    "sequence": "array", "iterable": "array",
    "object": "object", "dict": "object", "dictionary": "object", "hashmap": "object", "map": "object",
    "mapping": "object", "hashtable": "object",
    "null": "null", "none": "null", "nonetype": "null",
    "any": None,
}  # fmt: skip
FORMATS_BY_TYPE_NAME = {"date": "date", "datetime": "date-time", "url": "uri"}
_NUMBER, _SCHEMA = (int, float), (dict, bool)
_KEYWORD_TYPES: dict[str, type | tuple[type, ...]] = {
    "description": str, "title": str, "format": str, "pattern": str, "$ref": str, "enum": list,
    "minimum": _NUMBER, "maximum": _NUMBER, "exclusiveMinimum": _NUMBER, "exclusiveMaximum": _NUMBER,
    "multipleOf": _NUMBER, "minLength": int, "maxLength": int, "minItems": int, "maxItems": int,
    "uniqueItems": bool, "items": (dict, bool, list), "additionalProperties": _SCHEMA, "not": _SCHEMA,
    "anyOf": list, "oneOf": list, "allOf": list, "prefixItems": list, "$defs": dict, "definitions": dict,
    "examples": list, "$comment": str, "$schema": str, "$id": str,
}  # fmt: skip
_COMBINERS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SCHEMA_WORDS = frozenset(
    {"type", "properties", "required", "description", "title", "additionalProperties", "$defs", "$schema",
     "$ref", "definitions", "anyOf", "oneOf", "allOf", "enum", "items", "default", "optional"}
)  # fmt: skip

_CODES = {
    "required": "missing-argument",
    "additionalProperties": "unknown-argument",
    "unevaluatedProperties": "unknown-argument",
    "type": "wrong-type",
    "enum": "not-in-enum",
    "const": "not-in-enum",
    "format": "bad-format",
    "pattern": "bad-pattern",
    "minimum": "out-of-bounds",
    "maximum": "out-of-bounds",
    "exclusiveMinimum": "out-of-bounds",
    "exclusiveMaximum": "out-of-bounds",
    "multipleOf": "out-of-bounds",
    "minLength": "out-of-bounds",
    "maxLength": "out-of-bounds",
    "minItems": "out-of-bounds",
    "maxItems": "out-of-bounds",
}
ISSUE_CODES = (*dict.fromkeys(_CODES.values()), "invalid-value", "bad-schema")


class Normalised(NamedTuple):
    """A schema that JSON Schema 2020-12 accepts, and what had to be changed to get it."""

    schema: dict[str, Json]
    fixes: tuple[str, ...]


def normalise(parameters: Mapping[str, Json] | None) -> Normalised:
    """Return the object schema that `parameters` means.

    Understood: JSON Schema with the types of BFCL ("dict", "float") or Java ("ArrayList"); Python type
    names and generics ("List[int]", "Optional[str]"); the flat layout of xLAM-60k, where a parameter is
    required unless its type says "optional" or it has a default; `required: true` on a property.
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
    properties = parameters.get("properties")
    if not isinstance(properties, dict) or not set(parameters) <= _SCHEMA_WORDS:
        return True
    # One parameter that happens to be named "properties" has a type of its own where properties would be.
    return len(parameters) == 1 and isinstance(properties.get("type"), str)


def _object_from_flat(parameters: Mapping[str, Json], fixes: list[str]) -> dict[str, Json]:
    properties: dict[str, Json] = {}
    required: list[str] = []
    for name, spec in parameters.items():
        if not isinstance(spec, dict):
            spec = {"type": spec} if isinstance(spec, str) else {}
        declared = spec.get("required")
        optional = _says_optional(spec.get("type")) or "default" in spec
        if declared is True or (not isinstance(declared, bool) and not optional):
            required.append(name)
        properties[name] = _clean(dict(spec), name, fixes)
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _says_optional(type_name: Json) -> bool:
    return isinstance(type_name, str) and "optional" in type_name.lower()


def _clean(schema: dict[str, Json], path: str, fixes: list[str]) -> dict[str, Json]:
    """Return `schema` with every nested type name, `required` flag and default made legal."""
    schema.pop("optional", None)
    for word in [w for w, value in schema.items() if not isinstance(value, _KEYWORD_TYPES.get(w, object))]:
        fixes.append(f"{path or 'top level'}: {word} {json.dumps(schema.pop(word))[:40]} removed")
    if not isinstance(schema.get("required", []), list):
        del schema["required"]  # a flag on a property; the parent has collected it
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
        if _says_optional(spec.get("type")) and name in required:
            required.remove(name)
            fixes.append(f"{name}: optional by its type, no longer required")
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
        schema.setdefault(key, copy.deepcopy(value) if isinstance(value, dict | list) else value)


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


def parse_type(text: str) -> dict[str, Json]:
    """Return the schema of a type name as people write it; `{}` (any value) for one that is unknown.

    >>> parse_type("List[int]")
    {'type': 'array', 'items': {'type': 'integer'}}
    """
    text = re.sub(r",?\s*\(?optional\)?\s*$", "", text.strip(), flags=re.IGNORECASE).strip(" .")
    generic = re.fullmatch(r"(?:typing\.)?(\w+)\s*[\[<(](.*)[\]>)]", text, flags=re.DOTALL)
    if generic:
        found = _parse_generic(generic[1].lower(), _split_arguments(generic[2]))
        # "date (dd/mm/yyyy)" is a text, but not in the format that the bare name stands for.
        return found or {k: v for k, v in _plain_type(generic[1]).items() if k == "type"}
    if "|" in text:
        return _union([parse_type(part) for part in text.split("|")])
    return _plain_type(text)


def _plain_type(text: str) -> dict[str, Json]:
    name = text.lower()
    if name not in TYPE_NAMES:
        return {}
    known = TYPE_NAMES[name]
    fragment: dict[str, Json] = {"type": known} if known else {}
    if name in FORMATS_BY_TYPE_NAME:
        fragment["format"] = FORMATS_BY_TYPE_NAME[name]
    return fragment


def _parse_generic(name: str, arguments: list[str]) -> dict[str, Json]:
    if name == "optional":
        return parse_type(arguments[0]) if arguments else {}
    if name == "union":
        return _union([parse_type(a) for a in arguments])
    if name == "literal":
        return {"enum": [_literal(a) for a in arguments]}
    base = TYPE_NAMES.get(name)
    if base == "array":
        inner = {json.dumps(parse_type(a), sort_keys=True) for a in arguments if a != "..."}
        # A tuple of one repeated type keeps it; a mixed tuple says nothing about its items.
        items = json.loads(inner.pop()) if len(inner) == 1 else {}
        return {"type": "array", "items": items} if items else {"type": "array"}
    if base == "object":
        value = parse_type(arguments[1]) if len(arguments) == 2 else {}
        return {"type": "object", "additionalProperties": value} if value else {"type": "object"}
    return {}


def _split_arguments(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += (char in "[<(") - (char in "]>)")
        if char == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [p.strip() for p in [*parts, text[start:]] if p.strip()]


def _literal(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text.strip("'\"")


def _union(fragments: list[dict[str, Json]]) -> dict[str, Json]:
    if any(not f for f in fragments):
        return {}
    kept = [f for f in fragments if f != {"type": "null"}]
    return kept[0] if len(kept) == 1 else {"anyOf": kept}


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


def _is_of(kind: str, value: Json) -> bool:
    types: dict[str, tuple[type, ...]] = {
        "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
        "array": (list,), "object": (dict,), "null": (type(None),),
    }  # fmt: skip
    if isinstance(value, bool) and kind != "boolean":
        return False
    return isinstance(value, types.get(kind, (object,)))


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


def check(schema: Mapping[str, Json], arguments: Json, path: str = "arguments") -> Iterator[Issue]:
    """Yield what is wrong with `arguments`, each with its JSON path. Nothing is coerced."""
    try:
        compiled = _compiled(schema)
    except (ValueError, RecursionError) as error:
        yield Issue(
            code="bad-schema", path=path, expected="a JSON Schema", got=str(error).partition("\n")[0][:200]
        )
        return
    if not compiled.validator.is_valid(arguments):
        for problem in compiled.validator.iter_errors(arguments):
            yield from _as_issues(problem, path)
    if compiled.has_integers and _has_integral_float(arguments):
        yield from _integral_floats(schema, arguments, path)


class _Compiled(NamedTuple):
    validator: jsonschema_rs.Draft202012Validator
    has_integers: bool
    """Whether a float such as 3.0 may stand where an integer must."""


_NO_FLOATS = (str, int, bool, type(None))
_MANY = 8192
_known: dict[int, tuple[Mapping[str, Json], _Compiled]] = {}


def _compiled(schema: Mapping[str, Json]) -> _Compiled:
    """Return the compiled schema; one that is the very object of an earlier call costs a look-up."""
    found = _known.get(id(schema))
    if found is None:
        if len(_known) >= _MANY:
            _known.clear()
        text = msgspec.json.encode(schema, order="sorted")
        # The schema is kept beside: as long as it is, no other object can have its id.
        found = _known[id(schema)] = (schema, _Compiled(_compile(text), b'"integer"' in text))
    return found[1]


@lru_cache(maxsize=8192)
def _compile(schema: bytes) -> jsonschema_rs.Draft202012Validator:
    parsed = json.loads(schema)
    # JSON Schema lets unnamed properties pass; a tool's argument that nobody declared is a mistake.
    if not any(word in parsed for word in ("$ref", "allOf", "anyOf", "oneOf")):
        parsed.setdefault("additionalProperties", False)
    return jsonschema_rs.Draft202012Validator(parsed, validate_formats=True, retriever=_refuse)


def _refuse(uri: str) -> Json:
    # A schema is data: it must not make us open files or connections.
    raise ValueError(f"{uri} lies outside the schema")


def _as_issues(problem: jsonschema_rs.ValidationError, path: str) -> Iterator[Issue]:
    word = str(problem.schema_path[-1]) if problem.schema_path else ""
    kind: Any = problem.kind
    code = _CODES.get(kind.name, "invalid-value")
    where = path + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in problem.instance_path)
    places = [where]
    if code == "missing-argument":
        places = [f"{where}.{kind.property}"]
    elif code == "unknown-argument":
        places = [f"{where}.{name}" for name in kind.unexpected]
    for place in places:
        yield Issue(code=code, path=place, expected=word, got=problem.message[:300])


def _has_integral_float(value: Json) -> bool:
    """Tell whether 3.0 or the like stands anywhere in a value: rare, and quick to look for."""
    if type(value) is dict:
        return any(_has_integral_float(v) for v in value.values() if type(v) not in _NO_FLOATS)
    if type(value) is list:
        return any(_has_integral_float(v) for v in value if type(v) not in _NO_FLOATS)
    return isinstance(value, float) and value.is_integer()


def _integral_floats(schema: Json, value: Json, path: str) -> Iterator[Issue]:
    """Yield where a float such as 3.0 stands for an integer, which JSON Schema itself lets pass."""
    if not isinstance(schema, Mapping):
        return
    if isinstance(value, float):
        if schema.get("type") == "integer" and value.is_integer():
            yield Issue(code="wrong-type", path=path, expected="integer", got=repr(value))
    elif isinstance(value, dict):
        properties = schema.get("properties", {})
        for name, item in value.items():
            yield from _integral_floats(properties.get(name), item, f"{path}.{name}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _integral_floats(schema.get("items"), item, f"{path}[{i}]")
