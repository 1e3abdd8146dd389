"""The arguments of a tool: the parameters of an operation and its body, and where each of them goes.

The fields of a JSON or form body stand beside the parameters, as a function's arguments would; a body that is
no plain object, whose names clash, or that may be left out although it has required fields, is one argument.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from callwright.record import Json
from callwright.toolbox.openapi.definitions import Complete, complete
from callwright.toolbox.openapi.intersection import Schema
from callwright.toolbox.openapi.keywords import fits
from callwright.toolbox.openapi.names import TakenNames, legal
from callwright.toolbox.openapi.operations import Argument, Scheme
from callwright.toolbox.openapi.reading import FORM, JSON, TEXT, examples_in, kind_of, mapping, text
from callwright.toolbox.openapi.references import Documents, Found, Undescribable
from callwright.toolbox.openapi.schemas import Converted, Schemas

MAX_WEIGHT = 10_000
"""Keywords and values of the largest set of parameters; a prompt could not hold more."""
STYLES: dict[str, tuple[str, ...]] = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
"""Place → the ways in which a list or an object may be written there, the default first."""
NOT_ARGUMENTS = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-encoding", "content-length",
     "content-type", "cookie", "date", "expect", "forwarded", "host", "keep-alive", "proxy-authorization",
     "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "via"}
)  # fmt: skip
"""Headers that are the client's business: an argument that set one could speak for somebody else."""
_FLAT = frozenset({"type", "properties", "required", "additionalProperties", "title", "description",
                   "default", "examples", "deprecated"})  # fmt: skip


class Inputs(NamedTuple):
    """What a call of an operation takes."""

    parameters: Complete
    arguments: tuple[Argument, ...]
    content: str
    open_body: bool


@dataclass
class _Gathered:
    """Arguments as they are found."""

    properties: Schema = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    arguments: list[Argument] = field(default_factory=list)
    names: TakenNames = field(default_factory=lambda: TakenNames(64))
    notes: list[str] = field(default_factory=list)
    weight: int = 0
    additional: Json = None

    def add(self, argument: Argument, schema: Schema, required: bool) -> None:
        """Take in one argument."""
        self.properties[argument.name] = schema
        self.arguments.append(argument)
        if required:
            self.required.append(argument.name)

    def name(self, wire: str, otherwise: str) -> str:
        """Return what an argument is called, and note it if that is not its name on the wire."""
        name = self.names.take(otherwise if legal(wire) in self.names else wire, otherwise)
        if name != wire:
            self.notes.append(f"{wire} is called {name}")
        return name

    def count(self, name: str, converted: Converted) -> Schema:
        """Take in weight and notes of a schema, and return it."""
        self.weight += converted.weight
        self.notes += [f"{name}: {note}" if name else note for note in converted.notes]
        return converted.schema


@dataclass
class Reader:
    """Reads the arguments of the operations of one specification."""

    documents: Documents
    schemas: Schemas
    schemes: Sequence[Scheme]
    """All of the specification: what they need is never an argument."""

    def read(self, template: str, parameters: Sequence[Found], body: Found | None) -> Inputs:
        """Return the inputs of an operation from its parameters, later ones first, and its body."""
        gathered = _Gathered()
        for found in self._effective(parameters):
            if found.value["in"] == "path" and found.value["name"] not in placeholders(template):
                gathered.notes.append(f"{found.value['name']} is no part of the path, left out")
            else:
                self._parameter(found, gathered)
        known = {argument.wire for argument in gathered.arguments if argument.place == "path"}
        for name in dict.fromkeys(placeholders(template)):
            if name not in known:
                gathered.notes.append(f"{name} is only named in the path, read as a text")
                called = gathered.name(name, f"path_{name}")
                gathered.add(Argument(called, name, "path", "simple"), {"type": "string"}, True)
        content = self._body(body, gathered) if body else ""
        schema: Schema = {"type": "object", "properties": gathered.properties}
        if gathered.required:
            schema["required"] = gathered.required
        if gathered.additional is not None:
            schema["additionalProperties"] = gathered.additional
        first = Converted(schema, gathered.weight, tuple(gathered.notes))
        whole = complete(first, self.schemas.definition, MAX_WEIGHT)
        return Inputs(whole, tuple(gathered.arguments), content, gathered.additional is not None)

    def _effective(self, parameters: Sequence[Found]) -> list[Found]:
        """Return the parameters that count: of two with the same name and place, the later one."""
        by_key: dict[tuple[str, str], Found] = {}
        for found in parameters:
            about = mapping(found.value)
            name, place = about.get("name"), about.get("in")
            if not isinstance(name, str) or not name or not isinstance(place, str):
                raise Undescribable("a parameter without a name or a place")
            if place not in STYLES:
                raise Undescribable(f"its parameter {name[:60]} is in {place[:20]}")
            by_key[name.lower() if place == "header" else name, place] = found
        hidden = {(s.field.lower() if s.kind == "header" else s.field, s.kind) for s in self.schemes}
        return [
            found
            for (name, place), found in by_key.items()
            if (name, place) not in hidden and not (place == "header" and name in NOT_ARGUMENTS)
        ]

    def _parameter(self, found: Found, gathered: _Gathered) -> None:
        about = mapping(found.value)
        wire, place = about["name"], about["in"]
        if place == "header" and not all(
            "!" <= char <= "~" and char not in '()<>@,;:\\"/[]?={}' for char in wire
        ):
            raise Undescribable(f"{wire[:60]!r} is no name of a header")
        name = gathered.name(wire, f"{place}_{wire}")
        content = ""
        holder: Mapping[str, Json] = about
        if "schema" not in about and mapping(about.get("content")):
            content, media = next(iter(about["content"].items()))
            holder = mapping(media)
        elif "schema" not in about and "type" in about:
            gathered.notes.append(f"{name}: its type stands beside it instead of in a schema")
            holder = {"schema": {k: v for k, v in about.items() if k not in ("name", "in", "required")}}
        schema = dict(gathered.count(name, self.schemas.convert(holder.get("schema"), found.file)))
        _remarks(schema, about, [*examples_in(about, self.documents, found.file)])
        style, explode = _style(about, place)
        reserved = about.get("allowReserved") is True and place == "query"
        argument = Argument(name, wire, place, style, explode, reserved, content)
        gathered.add(argument, schema, place == "path" or about.get("required") is True)

    def _body(self, found: Found, gathered: _Gathered) -> str:
        """Add the arguments of a body and return its content type."""
        about = mapping(found.value)
        content, media = _best(mapping(about.get("content")))
        if not content:
            return ""
        converted = self.schemas.convert(mapping(media).get("schema"), found.file)
        schema, examples = converted.schema, examples_in(mapping(media), self.documents, found.file)
        required = about.get("required") is True
        if kind_of(content) != TEXT and _is_flat(schema, required, gathered.names):
            gathered.count("", converted)
            self._fields(schema, mapping(mapping(media).get("encoding")), examples, gathered)
        else:
            name = gathered.names.take("request_body" if "body" in gathered.names else "body")
            schema = dict(gathered.count(name, converted))
            _remarks(schema, about, examples)
            gathered.add(Argument(name, "", "body"), schema, required)
        return "application/json" if "*" in content else content

    def _fields(
        self, schema: Schema, encoding: Mapping[str, Json], examples: Sequence[Json], gathered: _Gathered
    ) -> None:
        """Add the fields of an object, each as an argument of its own."""
        required = schema.get("required", [])
        fields = {
            **schema.get("properties", {}),
            **{n: {} for n in required if n not in schema.get("properties", {})},
        }
        for wire, about in fields.items():
            name = gathered.name(wire, f"body_{wire}")
            about = dict(about)
            values = [example[wire] for example in examples if isinstance(example, dict) and wire in example]
            _remarks(about, {}, values)
            written = mapping(encoding.get(wire))
            # Unless the specification says how, an object in a form is JSON and a list repeats its field.
            style, explode = _style(written, "query") if "style" in written else ("", True)
            kind = text(written.get("contentType"))
            argument = Argument(
                name, wire, "body", style, explode, written.get("allowReserved") is True, kind
            )
            gathered.add(argument, about, wire in required)
        additional = schema.get("additionalProperties")
        gathered.additional = None if additional is False else additional


def placeholders(template: str) -> list[str]:
    """Return the names in braces of a path template."""
    return [part.partition("}")[0] for part in template.split("{")[1:] if "}" in part]


def _remarks(schema: Schema, about: Mapping[str, Json], examples: Sequence[Json]) -> None:
    """Add what is said about an argument outside of its schema."""
    if text(about.get("description")):
        schema["description"] = about["description"].strip()
    if about.get("deprecated") is True:
        schema["deprecated"] = True
    fitting = [example for example in examples if fits(example, schema)]
    if fitting and "examples" not in schema:
        schema["examples"] = fitting


def _style(about: Mapping[str, Json], place: str) -> tuple[str, bool]:
    legal_here = STYLES[place]
    style = about.get("style")
    if style not in legal_here:
        style = legal_here[0]
    explode = about.get("explode")
    return style, explode if isinstance(explode, bool) else style in ("form", "deepObject")


def _best(content: Mapping[str, Json]) -> tuple[str, Json]:
    """Return the content type that a body is sent as; raises Undescribable if there is none we can write."""
    for wanted in (JSON, FORM, TEXT):
        for kind, media in content.items():
            if kind_of(kind) == wanted:
                return kind, media
    if content:
        raise Undescribable(f"its body is {' or '.join(content)[:80]}, neither JSON nor a form nor text")
    return "", None


def _is_flat(schema: Schema, body_is_required: bool, taken: TakenNames) -> bool:
    """Tell whether the fields of a body can be arguments of their own without changing what is legal."""
    if schema.get("type") != "object" and not ("type" not in schema and schema.get("properties")):
        return False
    if not schema.keys() <= _FLAT or (schema.get("required") and not body_is_required):
        return False
    if not schema.get("properties") and not schema.get("additionalProperties"):
        return False
    return not any(legal(name) in taken for name in schema.get("properties", {}))
