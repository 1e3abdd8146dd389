"""The most frequent schema, checked without a validator: an object of texts, numbers, flags and their lists.

It only ever says "surely valid"; whatever else there is to say, jsonschema-rs says. It takes a third of the
time, and no memory worth counting, where a validator of its own for each tool takes six kilobytes.

    >>> fits = plain({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})
    >>> fits({"n": 3}), fits({"n": True}), fits({})
    (True, False, False)
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from callwright.record import Json

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "null": (type(None),),
    "object": (dict,), "array": (list,),
}  # fmt: skip
_REMARKS = frozenset({"type", "description", "default", "title", "examples", "$comment"})
_BOUNDS = frozenset({"minimum", "maximum"})
_OF_OBJECTS = _REMARKS | {"properties", "required", "additionalProperties", "$schema"}


class Plain:
    """What a plain schema asks for."""

    __slots__ = ("_bounds", "_items", "_required", "_types", "_values")

    def __init__(self, schema: Mapping[str, Json]) -> None:
        """Read a schema; raises for one that is not plain, see `plain`."""
        if schema.get("type") != "object" or not schema.keys() <= _OF_OBJECTS:
            raise ValueError("not only an object")
        if schema.get("additionalProperties", False) is not False:
            raise ValueError("open to other properties")
        self._required = frozenset(schema.get("required", ()))
        self._types: dict[str, tuple[type, ...]] = {}
        items: dict[str, tuple[type, ...]] = {}
        values: dict[str, frozenset[str]] = {}
        bounds: dict[str, tuple[float, float]] = {}
        for name, about in schema.get("properties", {}).items():
            if about.keys() & _BOUNDS:
                bounds[name] = _read_bounds(about)
                about = {word: value for word, value in about.items() if word not in _BOUNDS}
            self._types[name] = _read(name, about, items, values)
        # Thousands of these are held, most with none of the three: None is smaller than {}.
        self._items, self._values, self._bounds = items or None, values or None, bounds or None

    def __call__(self, arguments: Json) -> bool:
        """Return True if `arguments` are valid; False says nothing."""
        if type(arguments) is not dict or not arguments.keys() >= self._required:
            return False
        types = self._types
        try:
            for name, value in arguments.items():
                # The exact type: a bool is an int, but no integer.
                if type(value) not in types[name]:
                    return False
        except KeyError:
            return False
        return self._inner_fit(arguments) if self._items or self._values or self._bounds else True

    def _inner_fit(self, arguments: dict[str, Json]) -> bool:
        for name, kinds in (self._items or {}).items():
            for item in arguments.get(name, ()):
                if type(item) not in kinds:
                    return False
        for name, (low, high) in (self._bounds or {}).items():
            if name in arguments and not low <= arguments[name] <= high:
                return False
        for name, allowed in (self._values or {}).items():
            if name in arguments and arguments[name] not in allowed:
                return False
        return True


def _read_bounds(about: Mapping[str, Json]) -> tuple[float, float]:
    """Return the least and the greatest value of a number."""
    low, high = about.get("minimum", -inf), about.get("maximum", inf)
    if (
        about["type"] not in ("integer", "number")
        or type(low) not in (int, float)
        or type(high) not in (int, float)
    ):
        raise ValueError("bounds of something else")
    return low, high


def _read(
    name: str,
    about: Mapping[str, Json],
    items: dict[str, tuple[type, ...]],
    values: dict[str, frozenset[str]],
) -> tuple[type, ...]:
    """Return the types of a parameter; those of its items, and its allowed values, are noted by name."""
    if not about.keys() <= _REMARKS:
        extra = about.keys() - _REMARKS
        of_array = extra == {"items"} and about["type"] == "array"
        if of_array and about["items"].keys() <= _REMARKS:
            items[name] = _TYPES[about["items"]["type"]]
        elif extra == {"enum"} and about["type"] == "string" and all(type(v) is str for v in about["enum"]):
            values[name] = frozenset(about["enum"])
        else:
            raise ValueError("more than a type")
    return _TYPES[about["type"]]


def plain(schema: Mapping[str, Json]) -> Plain | None:
    """Return the check of a plain schema; None for any other."""
    try:
        return Plain(schema)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
