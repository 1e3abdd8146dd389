"""The places of a tool's parameters that hold values: parameters, the fields of objects, the items of lists.

References and unions are followed, so that a place is where somebody would have to write.

>>> tool = Tool(name="t", parameters={"properties": {"stops": {"items": {"type": "string"}}}})
>>> [(place.parameter, place.path) for place in places(tool)]
[('stops', 'parameters.properties.stops'), ('stops[]', 'parameters.properties.stops.items')]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from callwright.record import Json, Tool
from callwright.synthesize.kinds import name_words
from callwright.synthesize.params import MAX_DEPTH
from callwright.synthesize.terms import singular

_UNIONS = ("anyOf", "oneOf", "allOf")
_FOLLOWED = 8
DEEPEST = MAX_DEPTH + 4
"""Levels that are looked at; farther down nothing is judged but the depth itself."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place, with its schema as it is meant: references followed, unions by their first real branch."""

    parameter: str
    """As people write it: ``driver.age``, ``stops[]``."""
    path: str
    """JSON path inside the tool."""
    name: str
    """Its own name; for an item, that of its list."""
    words: tuple[str, ...]
    schema: dict[str, Json]
    raw: Mapping[str, Json]
    """The schema as it stands there."""
    required: bool
    depth: int
    """0 for a parameter, one more for each object or list around it."""
    is_item: bool = False
    branches: int = 1
    """How many real branches its union has."""

    @property
    def description(self) -> str:
        """What is said about it."""
        return str(self.schema.get("description") or "").strip()

    @property
    def type(self) -> str:
        """The JSON type; "" where none is said and none follows."""
        return type_of(self.schema)


def type_of(schema: Mapping[str, Json]) -> str:
    """Return the JSON type of a schema, null aside; "" where none is said and none follows."""
    kind: Any = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), "null")
    if isinstance(kind, str):
        return kind
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if values:
        return _JSON_TYPES.get(type(values[0]), "")
    return "object" if "properties" in schema else "array" if _LIST_WORDS & schema.keys() else ""


_LIST_WORDS = frozenset({"items", "prefixItems"})
_JSON_TYPES: dict[type, str] = {
    str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object",
    type(None): "null",
}  # fmt: skip


def places(tool: Tool) -> Iterator[Place]:
    """Yield every place of a tool's parameters, each once, outer ones before what is inside them."""
    yield from _Walk(tool.parameters, set()).fields(tool.parameters, "parameters", "", 0)


class _Walk(NamedTuple):
    """A walk through the schema `root`; what several references lead to is entered once."""

    root: Mapping[str, Json]
    entered: set[str]

    def fields(self, schema: Mapping[str, Json], path: str, above: str, depth: int) -> Iterator[Place]:
        if path in self.entered:
            return
        self.entered.add(path)
        required = set(_texts(schema.get("required")))
        for name, spec in _mapping(schema.get("properties")).items():
            inner, inside, branches = resolved(spec, where := f"{path}.properties.{name}", self.root)
            parameter = f"{above}.{name}" if above else name
            words = name_words(name)
            raw, needed = _mapping(spec), name in required
            place = Place(parameter, where, name, words, inner, raw, needed, depth, branches=branches)
            yield place
            yield from self._below(place, inside)

    def _below(self, place: Place, inside: str) -> Iterator[Place]:
        if place.depth >= DEEPEST:
            return
        yield from self.fields(place.schema, inside, place.parameter, place.depth + 1)
        items = place.schema.get("items")
        where = f"{inside}.items"
        if isinstance(items, dict) and items and f"{where}[]" not in self.entered:
            self.entered.add(f"{where}[]")
            schema, inside, branches = resolved(items, where, self.root)
            schema = {"description": place.description, **schema}
            words = (*place.words[:-1], singular(place.words[-1])) if place.words else ()
            item = Place(
                f"{place.parameter}[]", where, place.name, words, schema, items, True, place.depth + 1,
                is_item=True, branches=branches,
            )  # fmt: skip
            yield item
            yield from self._below(item, inside)


def resolved(spec: Json, path: str, root: Mapping[str, Json]) -> tuple[dict[str, Json], str, int]:
    """Return a schema with references followed and the first real branch taken, its path, and its branches.

    What stands beside a reference or union holds as well.
    """
    schema = dict(spec) if isinstance(spec, dict) else {}
    count = 1
    for _ in range(_FOLLOWED):
        ref = schema.get("$ref")
        if isinstance(ref, str):
            word, _, name = ref.removeprefix("#/").rpartition("/")
            target, where = _mapping(root.get(word)).get(name), f"{word}.{name}"
            outer = {k: v for k, v in schema.items() if k != "$ref"}
        else:
            found = [(w, i, b) for w in _UNIONS for i, b in enumerate(_list(schema.get(w))) if _is_real(b)]
            if not found:
                break
            word, i, target = found[0]
            count *= len(found) if word != "allOf" else 1
            where = path if word == "allOf" else f"{path}.{word}[{i}]"
            outer = {k: v for k, v in schema.items() if k not in _UNIONS}
        if not isinstance(target, dict):
            break
        schema, path = {**target, **outer}, where
    return schema, path, count


def _is_real(branch: Json) -> bool:
    return isinstance(branch, dict) and branch.get("type") != "null"


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _texts(value: Json) -> list[str]:
    return [item for item in _list(value) if isinstance(item, str)]
