"""Schemas of OpenAPI 3.0 and 3.1 as JSON Schema 2020-12, with every reference either resolved or in `$defs`.

A schema that is small and does not contain itself stands where it is used, so that people, prompts and
samplers can read it in place; every other becomes an entry of `$defs`. Properties that are only read (in a
request) or only written (in a result) are left out. A discriminator becomes a constant in each alternative,
which is what it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from callwright.record import Json
from callwright.toolbox.openapi.definitions import PREFIX, Names, reaches_itself
from callwright.toolbox.openapi.intersection import Schema, intersect
from callwright.toolbox.openapi.keywords import (
    SUBSCHEMA,
    SUBSCHEMA_LIST,
    SUBSCHEMAS_BY_NAME,
    plain_keywords,
)
from callwright.toolbox.openapi.references import Documents, Found, Spot, Undescribable

INLINE_WEIGHT = 60
"""Keywords and values of the largest schema that is repeated where it is used."""
INLINED_WEIGHT = 4_000
"""So much may be repeated in one definition; beyond it, everything is an entry of `$defs`."""
TOTAL_WEIGHT = 5_000_000
_MAX_ALIASES = 20
_REMARKS = ("title", "description", "default", "examples", "deprecated")


class Body(NamedTuple):
    """A converted schema, with what its neighbours in an `allOf` have to know."""

    schema: Schema
    hidden: frozenset[str] = frozenset()
    """Names of properties that were left out."""


@dataclass
class _Ledger:
    """What is known of a schema while it is converted, and afterwards."""

    weight: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass
class Converted:
    """A schema that is complete but for its `$defs`."""

    schema: Schema
    weight: int
    notes: tuple[str, ...]


class Schemas:
    """Converts the schemas of one specification, as requests or as results see them."""

    def __init__(self, documents: Documents, hides: Literal["readOnly", "writeOnly"]) -> None:
        self._documents = documents
        self._hides = hides
        self.names = Names()
        self._bodies: dict[Spot, tuple[Body, _Ledger]] = {}
        self._active: set[Spot] = set()
        self._is_small: dict[Spot, bool] = {}
        self._ledger = _Ledger()
        self._total = 0

    def convert(self, schema: Json, file: Path) -> Converted:
        """Return a schema that stands in `file`; raises Undescribable."""
        self._ledger = _Ledger()
        body = self._convert(schema, file)
        found = Converted(body.schema, self._ledger.weight, tuple(self._ledger.notes))
        for _ in range(_MAX_ALIASES):
            if found.schema.keys() != {"$ref"}:
                break
            found = self.definition(found.schema["$ref"].removeprefix(PREFIX))
        return found

    def definition(self, name: str) -> Converted:
        """Return what an entry of `$defs` stands for."""
        body, ledger = self._body(self.names.found(name))
        return Converted(body.schema, ledger.weight, tuple(ledger.notes))

    def _convert(self, schema: Json, file: Path) -> Body:
        if isinstance(schema, dict):
            return self._reference(schema, file) if _refers(schema) else self._object(schema, file)
        if schema is False:
            return Body({"not": {}})
        if schema is not True and schema is not None:
            self._ledger.notes.append(f"a schema that is a {type(schema).__name__} read as any")
        return Body({})

    def _object(self, schema: Mapping[str, Json], file: Path) -> Body:
        found = plain_keywords(schema, self._ledger.notes)
        self._weigh(len(found) + len(found.get("enum", ())) + len(str(found.get("description", ""))) // 40)
        hidden = self._properties(schema, found, file)
        for word in SUBSCHEMA:
            if word in schema:
                self._subschema(word, schema[word], found, file)
        for word in SUBSCHEMA_LIST[:-1]:
            choices = schema.get(word)
            if isinstance(choices, list) and choices:
                found[word] = [self._schema(choice, file) for choice in choices]
        self._discriminate(schema, found, file)
        body = self._all_of(schema, Body(found, hidden), file)
        if schema.get("nullable") is True:
            body = Body(_nullable(body.schema), body.hidden)
        return Body(_without_required(body.schema, body.hidden), body.hidden) if body.hidden else body

    def _weigh(self, weight: int) -> None:
        self._ledger.weight += weight + 1
        self._total += weight + 1
        if self._total > TOTAL_WEIGHT:
            raise Undescribable("the specification's schemas are too large together")

    def _properties(self, schema: Mapping[str, Json], found: Schema, file: Path) -> frozenset[str]:
        hidden: set[str] = set()
        for word in SUBSCHEMAS_BY_NAME:
            named = schema.get(word)
            if not isinstance(named, dict):
                continue
            kept: Schema = {}
            for name, below in named.items():
                if word == "properties" and self._is_hidden(below, file):
                    hidden.add(name)
                    continue
                kept[name] = self._schema(below, file)
                if isinstance(below, dict) and below.get("required") is True and word == "properties":
                    found["required"] = list(dict.fromkeys([*found.get("required", ()), name]))
                    self._ledger.notes.append(f"{name}: required moved to the object")
            if kept or word == "properties":
                found[word] = kept
        return frozenset(hidden)

    def _is_hidden(self, schema: Json, file: Path, depth: int = 0) -> bool:
        found = self._documents.resolve(schema, file)
        if depth > 10 or not isinstance(found.value, dict):
            return False
        if found.value.get(self._hides) is True or (
            isinstance(schema, dict) and schema.get(self._hides) is True
        ):
            return True
        parts = found.value.get("allOf")
        return isinstance(parts, list) and any(self._is_hidden(p, found.file, depth + 1) for p in parts)

    def _subschema(self, word: str, below: Json, found: Schema, file: Path) -> None:
        if word == "items" and isinstance(below, list):
            self._ledger.notes.append("a list of item schemas moved to prefixItems")
            found["prefixItems"] = [self._schema(item, file) for item in below] or [{}]
        elif word.endswith("Properties") and isinstance(below, bool):
            found[word] = below
        else:
            found[word] = self._schema(below, file)

    def _schema(self, schema: Json, file: Path) -> Schema:
        return self._convert(schema, file).schema

    def _discriminate(self, schema: Mapping[str, Json], found: Schema, file: Path) -> None:
        """Give each alternative the constant by which its discriminator names it."""
        about = schema.get("discriminator")
        name = about.get("propertyName") if isinstance(about, dict) else None
        if not isinstance(name, str) or not isinstance(about, dict):
            return
        mapping = about.get("mapping")
        for word in ("oneOf", "anyOf"):
            for i, choice in enumerate(schema.get(word, ()) if word in found else ()):
                values = _discriminator_values(choice, mapping if isinstance(mapping, dict) else {})
                if values:
                    value: Schema = {"const": values[0]} if len(values) == 1 else {"enum": values}
                    marked = intersect(found[word][i], {"properties": {name: value}, "required": [name]})
                    found[word][i] = marked or found[word][i]

    def _all_of(self, schema: Mapping[str, Json], body: Body, file: Path) -> Body:
        parts = schema.get("allOf")
        if isinstance(parts, list) and len(parts) == 1 and body.schema.keys() <= set(_REMARKS):
            return _with_siblings(body.schema, self._convert(parts[0], file))  # the usual way to add a remark
        found, hidden, rest = body.schema, body.hidden, list[Json]()
        for part in parts if isinstance(parts, list) else ():
            other = self._content(part, file)
            hidden |= other.hidden
            both = intersect(found, other.schema)
            if both is None:
                rest.append(other.schema)
            else:
                found = both
        if rest:
            found = {**found, "allOf": [*found.get("allOf", ()), *rest]}
        return Body(found, hidden)

    def _content(self, part: Json, file: Path) -> Body:
        """Return a member of an `allOf`, what it refers to standing in its place where that is possible."""
        if not isinstance(part, dict) or not _refers(part) or part.keys() - {"$ref", "description"}:
            return self._convert(part, file)
        found = self._documents.find(part["$ref"], file)
        if found.spot in self._active:
            return self._reference(part, file)
        body, ledger = self._body(found)
        if self._ledger.weight + ledger.weight > INLINED_WEIGHT:
            return Body(self._reference(part, file).schema, body.hidden)
        self._take_in(ledger)
        return body

    def _reference(self, schema: Mapping[str, Json], file: Path) -> Body:
        found = self._documents.find(schema["$ref"], file)
        if not isinstance(found.value, dict | bool):
            raise Undescribable(f"$ref {schema['$ref'][:100]} leads to no schema")
        self._weigh(1)
        body = Body({"$ref": self.names.reference(found)})
        if self._fits_inline(found):
            body, ledger = self._body(found)
            self._take_in(ledger)
        beside = {word: value for word, value in schema.items() if word not in ("$ref", "nullable")}
        if beside:
            # OpenAPI 3.0 ignores what stands beside a reference; whoever writes it means it all the same.
            body = _with_siblings(self._object(beside, file).schema, body)
        return Body(_nullable(body.schema), body.hidden) if schema.get("nullable") is True else body

    def _fits_inline(self, found: Found) -> bool:
        if found.spot in self._active or self._ledger.weight > INLINED_WEIGHT:
            return False
        if found.spot not in self._is_small:
            small = not reaches_itself(found, self._documents)
            if small:
                small = self._body(found)[1].weight <= INLINE_WEIGHT
            self._is_small[found.spot] = small
        return self._is_small[found.spot]

    def _take_in(self, ledger: _Ledger) -> None:
        self._weigh(ledger.weight)
        self._ledger.notes += ledger.notes

    def _body(self, found: Found) -> tuple[Body, _Ledger]:
        """Convert what a reference leads to, once."""
        if found.spot not in self._bodies:
            outer = self._ledger
            self._ledger = _Ledger()
            self._active.add(found.spot)
            try:
                self._bodies[found.spot] = (self._convert(found.value, found.file), self._ledger)
            finally:
                self._active.discard(found.spot)
                self._ledger = outer
        return self._bodies[found.spot]


def _refers(schema: Mapping[str, Json]) -> bool:
    return isinstance(schema.get("$ref"), str)


def _discriminator_values(choice: Json, mapping: Mapping[str, Json]) -> list[Json]:
    """Return the values that stand for an alternative: those of the mapping, or else its name."""
    ref = choice.get("$ref") if isinstance(choice, dict) else None
    if not isinstance(ref, str):
        return []
    name = ref.rpartition("/")[2]
    return [value for value, target in mapping.items() if target in (ref, name)] or [name]


def _with_siblings(siblings: Schema, body: Body) -> Body:
    if siblings.keys() <= set(_REMARKS):
        return Body({**body.schema, **siblings}, body.hidden)
    both = intersect(siblings, body.schema) or {**siblings, "allOf": [body.schema]}
    return Body(_without_required(both, body.hidden), body.hidden)


def _nullable(schema: Schema) -> Schema:
    """Let null pass, which OpenAPI 3.0 says with a flag."""
    if not schema:
        return schema
    others = ("$ref", "allOf", "anyOf", "oneOf", "not", "if", "const")
    if "type" not in schema or any(word in schema for word in others):
        remarks = {word: schema[word] for word in _REMARKS if word in schema}
        inner = {word: value for word, value in schema.items() if word not in remarks}
        return {"anyOf": [inner, {"type": "null"}], **remarks} if inner else remarks
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    found = {**schema, "type": types if "null" in types else [*types, "null"]}
    if "enum" in found and None not in found["enum"]:
        found["enum"] = [*found["enum"], None]
    return found


def _without_required(schema: Schema, hidden: frozenset[str]) -> Schema:
    """Return a schema that neither offers nor asks for properties that were left out elsewhere."""
    found = dict(schema)
    if "required" in found:
        found["required"] = [name for name in found["required"] if name not in hidden]
        if not found["required"]:
            del found["required"]
    if "properties" in found:
        found["properties"] = {n: s for n, s in found["properties"].items() if n not in hidden}
    for word in ("allOf", "anyOf", "oneOf"):
        if word in found:
            found[word] = [_without_required(dict(part), hidden) for part in found[word]]
    return found
