"""Entries of `$defs`: their names, which of them a schema needs, and which lead to no end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from callwright.record import Json
from callwright.toolbox.openapi.intersection import Schema
from callwright.toolbox.openapi.keywords import SUBSCHEMA, SUBSCHEMA_LIST, SUBSCHEMAS_BY_NAME, below
from callwright.toolbox.openapi.references import Documents, Found, Spot, Undescribable

PREFIX = "#/$defs/"
MAX_REACHED = 64
MAX_SEARCHED = 400
_STRICTER = frozenset({"not", "if", "unevaluatedProperties", "unevaluatedItems"})


class Complete(NamedTuple):
    """A schema with its `$defs`."""

    schema: Schema
    notes: tuple[str, ...]


class Definition(Protocol):
    """A converted schema."""

    schema: Schema
    weight: int
    notes: tuple[str, ...]


class Names:
    """A legal and unique name for everything that references lead to."""

    def __init__(self) -> None:
        self._by_spot: dict[Spot, str] = {}
        self._by_name: dict[str, Found] = {}

    def reference(self, found: Found) -> str:
        """Return the text of a reference to it inside one of our schemas."""
        if found.spot not in self._by_spot:
            last = found.spot.pointer.rpartition("/")[2] or found.file.stem
            stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", last) or "schema"
            name, number = stem, 1
            while name in self._by_name:
                number += 1
                name = f"{stem}_{number}"
            self._by_spot[found.spot], self._by_name[name] = name, found
        return PREFIX + self._by_spot[found.spot]

    def found(self, name: str) -> Found:
        """Return what a name stands for."""
        return self._by_name[name]


def reaches_itself(found: Found, documents: Documents) -> bool:
    """Tell whether a schema contains itself; one that is too large to find out quickly counts as such."""
    seen: set[Spot] = set()
    todo = [found]
    while todo:
        here = todo.pop()
        refs = _references_in(here.value)
        if refs is None:
            return True
        for ref in refs:
            try:
                target = documents.find(ref, here.file)
            except Undescribable:
                continue  # said where the schema is converted
            if target.spot == found.spot or len(seen) > MAX_REACHED:
                return True
            if target.spot not in seen:
                seen.add(target.spot)
                todo.append(target)
    return False


def _references_in(schema: Json) -> list[str] | None:
    """Return the references in a schema as it was written, or None if it is large."""
    refs: list[str] = []
    todo: list[Json] = [schema]
    for _ in range(MAX_SEARCHED):
        if not todo:
            return refs
        here = todo.pop()
        if isinstance(here, dict) and isinstance(here.get("$ref"), str):
            refs.append(here["$ref"])
        todo += below(here)
    return None


def complete(first: Definition, define: Callable[[str], Definition], limit: int) -> Complete:
    """Return a schema with all the `$defs` that it needs; raises Undescribable beyond a weight of `limit`."""
    needed, _ = _needed(first, define, limit)
    weight = first.weight + sum(definition.weight for definition in needed.values())
    if weight > limit:
        raise Undescribable(f"a schema with {weight:,} keywords and values is too large")
    return _assembled(first, needed)


def cut(first: Definition, define: Callable[[str], Definition], limit: int) -> Complete:
    """Return a schema with `$defs` up to a weight of `limit`; what lies farther away may be anything."""
    needed, farther = _needed(first, define, limit)
    if not farther:
        return _assembled(first, needed)
    # Far more than is wanted: then a few of the nearest will do, because each result needs a copy of its own.
    needed, farther = _needed(first, define, limit // 4)
    found = _assembled(first, needed)
    loose = {name: _only_type(define(name).schema) for name in farther}
    note = f"results: {len(farther)} of {len(farther) + len(needed)} nested schemas read as any"
    return Complete(_loosened(found.schema, loose), (*found.notes, note))


def _needed(
    first: Definition, define: Callable[[str], Definition], limit: int
) -> tuple[dict[str, Definition], list[str]]:
    """Return the definitions that a schema needs, nearest first, and the names of those beyond `limit`."""
    needed: dict[str, Definition] = {}
    farther: dict[str, None] = {}
    weight = first.weight
    level = [first.schema]
    while level:
        names = dict.fromkeys(name for schema in level for name in references(schema))
        level = []
        for name in names:
            if name in needed or name in farther:
                continue
            definition = define(name)
            weight += definition.weight
            if weight > limit:
                farther[name] = None
            else:
                needed[name] = definition
                level.append(definition.schema)
    return needed, list(farther)


def _assembled(first: Definition, needed: dict[str, Definition]) -> Complete:
    _check_ends({name: definition.schema for name, definition in needed.items()})
    notes = [note for definition in (first, *needed.values()) for note in definition.notes]
    schema = first.schema
    if needed:
        schema = {**schema, "$defs": {name: needed[name].schema for name in sorted(needed)}}
    return Complete(schema, tuple(dict.fromkeys(notes)))


def references(schema: Json, same_place: bool = False) -> Iterator[str]:
    """Yield the names of `$defs` that a schema refers to, or only those that speak of the same value."""
    todo = [schema]
    while todo:
        here = todo.pop()
        if not isinstance(here, dict):
            continue
        if "$ref" in here:
            yield here["$ref"].removeprefix(PREFIX)
        if same_place:
            todo += [here[word] for word in ("not", "if", "then", "else") if word in here]
            todo += [part for word in SUBSCHEMA_LIST[1:] for part in here.get(word, ())]
            todo += here.get("dependentSchemas", {}).values()
        else:
            todo += below(here)


def _check_ends(definitions: dict[str, Schema]) -> None:
    """Raise Undescribable if a definition comes back to itself without entering a property or an item."""
    done: set[str] = set()
    for start in definitions:
        path: list[tuple[str, Iterator[str]]] = [(start, references(definitions[start], same_place=True))]
        entered = {start}
        while path:
            name, rest = path[-1]
            following = next((n for n in rest if n in definitions and n not in done), None)
            if following is None:
                done.add(name)
                entered.discard(name)
                path.pop()
            elif following in entered:
                raise Undescribable(f"the schema {following} refers to itself without end")
            else:
                entered.add(following)
                path.append((following, references(definitions[following], same_place=True)))


def _only_type(schema: Schema) -> Schema:
    return {word: schema[word] for word in ("type", "description") if word in schema}


def _loosened(schema: Json, loose: dict[str, Schema]) -> Schema:
    """Return a copy in which references to `loose` names accept more than before, and so does the whole."""
    name = schema["$ref"].removeprefix(PREFIX) if "$ref" in schema else ""
    found: Schema = {word: value for word, value in schema.items() if word != "$ref" or name not in loose}
    if name in loose:
        found |= {word: value for word, value in loose[name].items() if word not in found}
    for word in list(found):
        value = found[word]
        if word in _STRICTER and any(name in loose for name in references({word: value})):
            del found[word]  # where less is known, these would accept less
        elif word in (*SUBSCHEMAS_BY_NAME, "$defs"):
            found[word] = {key: _loosened(inner, loose) for key, inner in value.items()}
        elif word in SUBSCHEMA_LIST:
            found[word] = [_loosened(inner, loose) for inner in value]
        elif word in SUBSCHEMA and isinstance(value, dict):
            found[word] = _loosened(value, loose)
    if "oneOf" in found and found["oneOf"] != schema["oneOf"]:
        found["allOf"] = [*found.get("allOf", ()), {"anyOf": found.pop("oneOf")}]
    return found
