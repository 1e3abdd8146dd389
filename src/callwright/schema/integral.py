"""Floats such as 3.0 where only integers are allowed: JSON Schema lets them pass, a tool's types do not.

What a schema says of a value may lie behind `$ref`, in alternatives or in a list of types. A float is wrong
where an integer is asked for and no alternative takes other numbers, 3.5 say. Where that is not certain, it
passes.

    >>> schema = {"properties": {"n": {"anyOf": [{"type": "integer"}, {"type": "null"}]}}}
    >>> [issue.path for issue in integral_floats(schema, {"n": 3.0}, "arguments")]
    ['arguments.n']
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from callwright.record import Issue, Json

_NO_FLOATS = (str, int, bool, type(None))
_BEYOND = sys.maxsize
"""A place in a list behind those that have a schema of their own."""


def integral_floats(schema: Mapping[str, Json], value: Json, path: str) -> Iterator[Issue]:
    """Yield where a float of integral value stands for an integer."""
    try:
        found = list(_Reading(schema).found(schema, value, path)) if _has_one(value) else []
    except RecursionError:
        return  # nested too deeply to be certain
    yield from found


def _has_one(value: Json) -> bool:
    """Tell whether 3.0 or the like stands anywhere in a value: rare, and quick to look for."""
    if type(value) is dict:
        return any(_has_one(v) for v in value.values() if type(v) not in _NO_FLOATS)
    if type(value) is list:
        return any(_has_one(v) for v in value if type(v) not in _NO_FLOATS)
    return isinstance(value, float) and value.is_integer()


class _Numbers(NamedTuple):
    """What a schema says of numbers."""

    fractions: bool
    """Numbers that are no integers may be allowed."""
    integers: bool
    """Integers are asked for."""


_ANY = _Numbers(fractions=True, integers=False)
_ONLY_INTEGERS = _Numbers(fractions=False, integers=True)


class _Reading:
    """What one schema says, part by part; each part is read once, however often others refer to it."""

    def __init__(self, root: Mapping[str, Json]) -> None:
        self._root = root
        # By address; the parts are kept beside, so that no other gets their addresses.
        self._numbers: dict[int, tuple[Json, _Numbers]] = {}
        self._inner: dict[tuple[int, str | int], tuple[Json, Json]] = {}

    def found(self, schema: Json, value: Json, path: str) -> Iterator[Issue]:
        """Yield where a float of integral value stands for an integer of this part."""
        if isinstance(value, float):
            if value.is_integer() and self.numbers(schema) == _ONLY_INTEGERS:
                yield Issue(code="wrong-type", path=path, expected="integer", got=repr(value))
        elif isinstance(value, dict):
            for name, item in value.items():
                if type(item) not in _NO_FLOATS:
                    yield from self.found(self.inner(schema, name), item, f"{path}.{name}")
        elif isinstance(value, list):
            rest = self.inner(schema, _BEYOND)
            for i, item in enumerate(value):
                if type(item) not in _NO_FLOATS:
                    inner = self.inner(schema, i) if self._tells_places else rest
                    yield from self.found(inner, item, f"{path}[{i}]")

    @cached_property
    def _tells_places(self) -> bool:
        """Some list may have a schema for each of its first items."""
        return b"prefixItems" in msgspec.json.encode(self._root)

    def numbers(self, schema: Json) -> _Numbers:
        """Return what a part says of numbers, with all that it refers to."""
        if not isinstance(schema, Mapping):
            return _ANY
        if id(schema) in self._numbers:
            return self._numbers[id(schema)][1]
        self._numbers[id(schema)] = schema, _ANY  # what leads back to itself says no more of it
        kinds = _kinds(schema)
        fractions = kinds is None or "number" in kinds
        integers = kinds is not None and "integer" in kinds
        for alternatives in self._alternatives(schema):
            told = [self.numbers(each) for each in alternatives]
            fractions &= any(each.fractions for each in told)
            integers |= any(each.integers for each in told)
        self._numbers[id(schema)] = schema, _Numbers(fractions, integers)
        return self._numbers[id(schema)][1]

    def inner(self, schema: Json, key: str | int) -> Json:
        """Return what is said of a value under a name or at a place: True for any, None if there is none."""
        if not isinstance(schema, Mapping):
            return True
        if (id(schema), key) not in self._inner:
            self._inner[id(schema), key] = schema, True
            self._inner[id(schema), key] = schema, self._read_inner(schema, key)
        return self._inner[id(schema), key][1]

    def _read_inner(self, schema: Mapping[str, Json], key: str | int) -> Json:
        kinds = _kinds(schema)
        if kinds is not None and ("object" if isinstance(key, str) else "array") not in kinds:
            return None
        own = _property(schema, key) if isinstance(key, str) else _item(schema, key)
        parts = [own] if isinstance(own, Mapping) else []
        for alternatives in self._alternatives(schema):
            told = [part for part in (self.inner(each, key) for each in alternatives) if part is not None]
            if not told:
                return None
            if all(isinstance(each, Mapping) for each in told):
                parts.append({"anyOf": told} if len(told) > 1 else told[0])
        return ({"allOf": parts} if len(parts) > 1 else parts[0]) if parts else True

    def _alternatives(self, schema: Mapping[str, Json]) -> Iterator[list[Json]]:
        """Yield lists of schemas; of each of them one holds, besides what the part itself says."""
        if "$ref" in schema:
            yield [_target(self._root, schema["$ref"])]
        for word in ("anyOf", "oneOf"):
            if isinstance(schema.get(word), list) and schema[word]:
                yield schema[word]
        if isinstance(schema.get("allOf"), list):
            yield from ([each] for each in schema["allOf"])


def _kinds(schema: Mapping[str, Json]) -> tuple[Json, ...] | None:
    kinds = schema.get("type")
    return (kinds,) if isinstance(kinds, str) else tuple(kinds) if isinstance(kinds, list) else None


def _property(schema: Mapping[str, Json], name: str) -> Json:
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and name in properties:
        return properties[name]
    return True if "patternProperties" in schema else schema.get("additionalProperties", True)


def _item(schema: Mapping[str, Json], place: int) -> Json:
    first = schema.get("prefixItems")
    if isinstance(first, list) and place < len(first):
        return first[place]
    return schema.get("items", True)


def _target(root: Json, reference: Json) -> Json:
    """Return the part that a reference into the same schema leads to; True for any other."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        return True
    found = root
    for step in reference[1:].split("/")[1:]:
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        if not isinstance(found, Mapping) or name not in found:
            return True
        found = found[name]
    return found
