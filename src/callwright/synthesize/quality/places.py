"""The places of a tool's parameters that hold values: parameters, the fields of objects, the items of lists.

References and unions are followed, so that a place is where somebody would have to write.

>>> tool = Tool(name="t", parameters={"properties": {"stops": {"items": {"type": "string"}}}})
>>> [(place.parameter, place.path) for place in places(tool)]
[('stops', 'parameters.properties.stops'), ('stops[]', 'parameters.properties.stops.items')]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from callwright.record import Json, Tool
from callwright.synthesize.kinds import name_words
from callwright.synthesize.params import MAX_DEPTH
from callwright.synthesize.schemas import mapping, resolved, type_of
from callwright.synthesize.terms import singular

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
        for name, spec in mapping(schema.get("properties")).items():
            inner, inside, branches = resolved(spec, where := f"{path}.properties.{name}", self.root)
            parameter = f"{above}.{name}" if above else name
            words = name_words(name)
            raw, needed = mapping(spec), name in required
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


def _texts(value: Json) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
