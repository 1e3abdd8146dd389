"""One JSON Schema that says what two of them say together.

`allOf` is how specifications inherit; one flat object says the same, and is what people and models can read.

    >>> intersect({"type": "integer", "minimum": 1}, {"type": "number", "maximum": 9})
    {'type': 'integer', 'minimum': 1, 'maximum': 9}
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import msgspec

from callwright.record import Json

Schema = dict[str, Json]
_NEVER: Schema = {"not": {}}
_REMARKS = frozenset({"title", "description", "default", "examples", "deprecated", "$comment"})
_HIGHEST = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_LOWEST = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
_OBJECTS = ("properties", "additionalProperties", "patternProperties")
_ARRAYS = ("items", "prefixItems")
_GROUPS = (("if", "then", "else"), ("contains", "minContains", "maxContains"))
"""Keywords that mean nothing without the first of their group."""
_ELSEWHERE = frozenset({*_OBJECTS, *_ARRAYS, *_GROUPS[0], *_GROUPS[1], "allOf"})
_REPEATABLE = frozenset(
    {"anyOf", "oneOf", "not", "$ref", "pattern", "format", "propertyNames", "dependentRequired",
     "dependentSchemas", "contentEncoding", "contentMediaType"}
)  # fmt: skip
"""Keywords that may be said a second time behind `allOf`."""

encode = msgspec.json.Encoder(order="sorted").encode
"""Equal JSON has equal bytes: True is not 1, and the order of keys does not matter."""


class Apart(Exception):
    """Two schemas have no common form that is plainer than `allOf`, or nothing fits both."""


def intersect(one: Mapping[str, Json], other: Mapping[str, Json]) -> Schema | None:
    """Return a schema that accepts exactly what both accept, or None if there is none or it is not simple.

    Remarks such as descriptions are those of `one`, where it has them.
    """
    try:
        return _intersect(dict(one), dict(other))
    except Apart:
        return None


def equal(one: Json, other: Json) -> bool:
    """Tell whether two values are the same JSON."""
    return encode(one) == encode(other)


def _intersect(one: Schema, other: Schema) -> Schema:
    if any(word in s for s in (one, other) for word in ("unevaluatedProperties", "unevaluatedItems")):
        if one and other and not equal(one, other):
            raise Apart
        return one or other
    result: Schema = {}
    again: list[Json] = []
    for word in [*one, *(word for word in other if word not in one)]:
        if word in _ELSEWHERE:
            continue
        if word not in one or word not in other:
            result[word] = one[word] if word in one else other[word]
        elif word in _REMARKS or equal(one[word], other[word]):
            result[word] = one[word]
        elif word in _RULES:
            result[word] = _RULES[word](one[word], other[word])
        elif word in _REPEATABLE:
            result[word] = one[word]
            again.append({word: other[word]})
        else:
            raise Apart
    _settle_values(result)
    _objects(one, other, result)
    _arrays(one, other, result)
    _groups(one, other, result, again)
    again = [*one.get("allOf", ()), *other.get("allOf", ()), *again]
    if again:
        result["allOf"] = again
    return result


def _types(one: Json, other: Json) -> Json:
    left = one if isinstance(one, list) else [one]
    right = other if isinstance(other, list) else [other]
    both = [t for t in left if t in right or (t == "integer" and "number" in right)]
    both += ["integer"] if "integer" in right and "number" in left and "integer" not in both else []
    if not both:
        raise Apart
    return both[0] if len(both) == 1 else both


def _choices(one: Json, other: Json) -> Json:
    known = {encode(value) for value in other}
    both = [value for value in one if encode(value) in known]
    if not both:
        raise Apart
    return both


def _no_two(one: Json, other: Json) -> Json:
    raise Apart


def _multiple(one: Json, other: Json) -> Json:
    if type(one) is int and type(other) is int:
        return math.lcm(one, other)
    raise Apart


_RULES: dict[str, Callable[[Json, Json], Json]] = {
    "type": _types,
    "enum": _choices,
    "const": _no_two,
    "multipleOf": _multiple,
    "required": lambda one, other: list(dict.fromkeys([*one, *other])),
    "uniqueItems": lambda one, other: one or other,
    **dict.fromkeys(_HIGHEST, max),
    **dict.fromkeys(_LOWEST, min),
}


def _settle_values(result: Schema) -> None:
    """Make a constant and a list of choices agree; raises Apart if they do not."""
    if "const" in result and "enum" in result:
        _choices([result["const"]], result.pop("enum"))


def _objects(one: Schema, other: Schema, result: Schema) -> None:
    speaking = [schema for schema in (one, other) if any(word in schema for word in _OBJECTS)]
    if len(speaking) < 2:
        result |= {word: schema[word] for schema in speaking for word in _OBJECTS if word in schema}
        return
    if "patternProperties" in one or "patternProperties" in other:
        raise Apart
    properties: Schema = {}
    left, right = one.get("properties", {}), other.get("properties", {})
    for name in [*left, *(name for name in right if name not in left)]:
        mine = left.get(name, one.get("additionalProperties", {}))
        theirs = right.get(name, other.get("additionalProperties", {}))
        if mine is not False and theirs is not False:
            properties[name] = _both(mine, theirs)
        elif name in result.get("required", ()):
            raise Apart
        # Otherwise the two are closed together, and a name that they lack is forbidden.
    if "properties" in one or "properties" in other:
        result["properties"] = properties
    open_to = [s["additionalProperties"] for s in (one, other) if "additionalProperties" in s]
    if open_to:
        result["additionalProperties"] = open_to[0] if len(open_to) == 1 else _both(*open_to)


def _arrays(one: Schema, other: Schema, result: Schema) -> None:
    if "prefixItems" in one or "prefixItems" in other:
        present = [s for s in (one, other) if any(word in s for word in _ARRAYS)]
        if len(present) > 1 and not all(equal(one.get(w), other.get(w)) for w in _ARRAYS):
            raise Apart
        result |= {word: present[0][word] for word in _ARRAYS if word in present[0]}
    elif "items" in one and "items" in other:
        result["items"] = _both(one["items"], other["items"])
    elif "items" in one or "items" in other:
        result["items"] = one["items"] if "items" in one else other["items"]


def _groups(one: Schema, other: Schema, result: Schema, again: list[Json]) -> None:
    """Keep together what belongs together, such as if, then and else of one schema."""
    for group in _GROUPS:
        ours = {word: one[word] for word in group if word in one and group[0] in one}
        theirs = {word: other[word] for word in group if word in other and group[0] in other}
        result |= ours or theirs
        if ours and theirs and not equal(ours, theirs):
            again.append(theirs)


def _both(one: Json, other: Json) -> Json:
    """Return what two schemas say of one value, each of which may be true or false."""
    if one is False or other is False:
        return False
    if one is True or one == {}:
        return other
    if other is True or other == {} or equal(one, other):
        return one
    return intersect(one, other) or {"allOf": [one, other]}
