"""A value as its schema wants it, where there is only one thing that it can mean.

    >>> cast("3", {"type": "integer"}), cast("[a, b]", {"type": "array", "items": {"type": "string"}})
    (3, ['a', 'b'])
    >>> cast("a few", {"type": "integer"}), cast("", {"type": "array", "items": {"type": "string"}})
    ('a few', '')

Text is read by strict parsers of JSON and of Python literals; nothing is evaluated. What could be read in two
ways is left as it is. Whether the result is valid is for the caller to check.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from typing import Final

from callwright.formats import FORMATS, Malformed
from callwright.formats.strict_json import read
from callwright.record import Json

LEFT_OUT: Final = object()
"""Stands for an argument that says nothing and need not be there."""

_REMARKS = frozenset({"type", "description", "default", "title", "examples", "$comment", "format"})
_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,29})(?:\.0+)?")
_NUMBER = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_FLAGS = {"true": True, "false": False, "yes": True, "no": False}
_BARE_ITEM = re.compile(r"[^\"'\[\]{}(),]+")
_WORD_OF_JSON = re.compile(r"null|none|true|false|nan|[-+.]?[0-9].*", re.IGNORECASE)
_ENUMERATION = re.compile(r"[,;|\n\t/&]|\s(?:and|or)\s", re.IGNORECASE)
"""What may separate several values in one text."""
_LONGEST = 100_000
"""Characters of a text that is read as JSON."""
_MAX_BITS = 1000
_MAX_DEPTH = 40


def cast(value: Json, schema: Json, depth: int = 0) -> Json:
    """Return `value` as `schema` wants it: the very same object where it fits or no cast is safe."""
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return value
    members = schema.get("enum")
    if isinstance(members, list):
        return _member(value, members)
    wanted = _types(schema)
    if wanted is None:
        return value
    if type_of(value) in wanted or (type_of(value) == "integer" and "number" in wanted):
        return _inside(value, schema, depth)
    made: list[Json] = []
    for candidate in _candidates(value, wanted, schema):
        inside = _inside(candidate, schema, depth)
        if not any(type(inside) is type(other) and inside == other for other in made):
            made.append(inside)
    return made[0] if len(made) == 1 else value


def type_of(value: Json) -> str:
    """Return the JSON type of a value; 3.0 is a number and no integer."""
    if isinstance(value, bool):
        return "boolean"
    names = ((str, "string"), (int, "integer"), (float, "number"), (list, "array"), (dict, "object"))
    return next((name for kind, name in names if isinstance(value, kind)), "null")


def _types(schema: dict[str, Json]) -> frozenset[str] | None:
    """Return the types that a schema allows; None where it says more than that, or nothing."""
    if any(word in schema for word in ("$ref", "allOf", "not", "if", "const")):
        return None
    choice = schema.get("anyOf", schema.get("oneOf"))
    if choice is not None:
        parts = [_types(part) for part in choice if isinstance(part, dict) and part.keys() <= _REMARKS]
        if "type" in schema or len(parts) != len(choice) or None in parts:
            return None
        return frozenset(name for part in parts for name in part or ())
    declared = schema.get("type")
    if isinstance(declared, str):
        return frozenset({declared})
    if isinstance(declared, list) and declared and all(isinstance(name, str) for name in declared):
        return frozenset(declared)
    return None


def _member(value: Json, members: list[Json]) -> Json:
    """Return the one member of an enumeration that is written like the value, but for case and type."""
    if any(type(member) is type(value) and member == value for member in members):
        return value
    if isinstance(value, list | dict) or value is None:
        return value
    written = _written(value)
    alike = [member for member in members if _written(member) == written]
    return alike[0] if len(alike) == 1 and written else value


def _written(value: Json) -> str:
    if isinstance(value, str):
        return value.strip().casefold()
    if isinstance(value, bool | float) or (isinstance(value, int) and value.bit_length() <= _MAX_BITS):
        return str(value).casefold()
    return ""


def _inside(value: Json, schema: dict[str, Json], depth: int) -> Json:
    """Return an object or list with every member cast; the very same object where none is."""
    if isinstance(value, dict):
        return _members(value, schema, depth)
    items = schema.get("items")
    if not isinstance(value, list) or not isinstance(items, dict):
        return value
    made = [cast(item, items, depth + 1) for item in value]
    return made if any(new is not old for new, old in zip(made, value, strict=True)) else value


def _members(value: dict[str, Json], schema: dict[str, Json], depth: int) -> dict[str, Json]:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, dict):
        return value
    made = {}
    for name, item in value.items():
        if says_nothing(name, item, properties, required):
            continue
        made[name] = cast(item, properties.get(name), depth + 1)
    same = len(made) == len(value) and all(made[name] is value[name] for name in value)
    return value if same else made


def says_nothing(name: str, value: Json, properties: dict[str, Json], required: Json) -> bool:
    """Tell whether a member is null where it is optional and null is not allowed: it may be left out."""
    about = properties.get(name)
    if value is not None or not isinstance(about, dict) or (isinstance(required, list) and name in required):
        return False
    members, wanted = about.get("enum"), _types(about)
    if isinstance(members, list) and None in members:
        return False
    return wanted is not None and "null" not in wanted


def _candidates(value: Json, wanted: frozenset[str], schema: dict[str, Json]) -> Iterator[Json]:
    """Yield what a value of another type can mean."""
    if isinstance(value, str):
        yield from _read_text(value.strip(), wanted, schema)
    elif isinstance(value, float):
        if "integer" in wanted and isfinite(value) and value.is_integer():
            yield int(value)
        if "string" in wanted and isfinite(value):
            yield repr(value)
    elif type(value) is int and "string" in wanted and value.bit_length() <= _MAX_BITS:
        yield str(value)
    if "array" in wanted and not isinstance(value, list) and _is_item(value, schema.get("items")):
        yield [value]


def _read_text(text: str, wanted: frozenset[str], schema: dict[str, Json]) -> Iterator[Json]:
    if "integer" in wanted and _INTEGER.fullmatch(text):
        yield int(text.partition(".")[0])
    elif "number" in wanted and _NUMBER.fullmatch(text):
        number = float(text) if set(text) & set(".eE") else int(text)
        if isfinite(number):
            yield number
    if "boolean" in wanted and text.casefold() in _FLAGS:
        yield _FLAGS[text.casefold()]
    if "object" in wanted and text[:1] == "{" and isinstance(value := read_value(text), dict):
        yield value
    if "array" in wanted and text[:1] == "[":
        value = read_value(text)
        if isinstance(value, list):
            yield value
        elif value is None:
            yield from _bare_list(text, schema.get("items"))


def read_value(text: str) -> Json:
    """Return the object or list that a text is, as JSON or as a Python literal; None where it is neither."""
    text = text.strip()
    if len(text) > _LONGEST or text[:1] + text[-1:] not in ("{}", "[]"):
        return None
    found = read(text, 0)
    if not isinstance(found, Malformed):
        return found[0] if found[1] == len(text) else None
    # The parser of calls reads Python literals; one argument with a list of one item is the text alone.
    reply = FORMATS["python"].parse(f"[f(x=[{text}])]")
    if isinstance(reply, Malformed) or len(reply.calls) != 1:
        return None
    arguments = reply.calls[0].arguments or {}
    items = arguments.get("x")
    return items[0] if len(arguments) == 1 and isinstance(items, list) and len(items) == 1 else None


def _bare_list(text: str, items: Json) -> Iterator[list[str]]:
    """Yield the items of a list that is written without quotes, if it can only be a list of texts."""
    wanted = items.get("type") if isinstance(items, dict) else None
    parts = [part.strip() for part in text[1:-1].split(",")]
    if text[-1:] != "]" or not all(part and _BARE_ITEM.fullmatch(part) for part in parts):
        return
    if wanted == "string" or (wanted is None and not any(map(_WORD_OF_JSON.fullmatch, parts))):
        yield parts


def _is_item(value: Json, items: Json) -> bool:
    """Tell whether a value is one item of the list that is wanted, and not several in one text."""
    if value is None:
        return False
    if isinstance(value, str) and (
        not value.strip() or value.strip()[0] in "[{" or _ENUMERATION.search(value)
    ):
        return False
    if items is None or items == {}:
        return True
    wanted = _types(items) if isinstance(items, dict) else None
    if wanted is None or not (
        type_of(value) in wanted or (type_of(value) == "integer" and "number" in wanted)
    ):
        return False
    members = items.get("enum")
    return not isinstance(members, list) or _member(value, members) in members
