"""A tool's parameters as the grammar sees them: what each one means, what people call it, what it may hold.

>>> parameters({"properties": {"order_id": {"type": "string"}}})[0].kind
'id'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from callwright.record import Json
from callwright.synthesize.kinds import kind_of, name_words, stated_examples, stated_values
from callwright.synthesize.schemas import resolved, type_of
from callwright.synthesize.terms import singular

_CONSTRAINTS = {"pattern", "format", "minLength", "maxLength", "not", "if", "contentEncoding"}
MAX_DEPTH = 4
"""Levels of nested objects and lists that are looked into."""


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter as the grammar sees it."""

    name: str
    words: tuple[str, ...]
    label: str
    """What people call it: "check in date"; falls back to the description where the name is opaque."""
    type: str
    """JSON type, or "enum"."""
    kind: str
    schema: dict[str, Json]
    required: bool
    description: str = ""
    choices: tuple[Json, ...] = ()
    examples: tuple[str, ...] = ()
    items: Param | None = None
    fields: tuple[Param, ...] = ()
    nouns: tuple[str, ...] = field(default=())
    """Words of a tool's description that stand for this parameter, longest first."""
    closed: dict[str, Json] | None = None
    """The schema of an object of this parameter alone, where there is more to a value than its type."""


def parameters(schema: Mapping[str, Json], tool_text: str = "") -> tuple[Param, ...]:
    """Return the parameters of an object schema in their order; `tool_text` helps to read vague names."""
    return _parameters(schema, tool_text.lower(), schema, 0)


def _parameters(schema: Mapping[str, Json], tool_text: str, root: Json, depth: int) -> tuple[Param, ...]:
    required = schema.get("required", ())
    properties = schema.get("properties", {})
    return tuple(_param(name, s, name in required, tool_text, root, depth) for name, s in properties.items())


def _param(name: str, spec: Json, required: bool, tool_text: str, root: Json, depth: int) -> Param:
    schema = resolved(spec, "", root)[0]
    words = name_words(name)
    description = str(schema.get("description") or "")
    choices = tuple(c for c in schema.get("enum", ()) if c is not None)
    if "const" in schema:
        choices = (schema["const"],)
    json_type = "enum" if choices else type_of(schema) or "string"
    examples = (
        tuple(e for e in schema.get("examples", ()) if isinstance(e, str)) if json_type == "string" else ()
    )
    if json_type == "string":
        choices = stated_values(description)
        json_type = "enum" if choices else json_type
        examples = examples or stated_examples(description)
    kind = kind_of(name, schema, tool_text) if json_type in ("string", "array", "enum") else ""
    items = None
    fields: tuple[Param, ...] = ()
    if json_type == "array" and depth < MAX_DEPTH and isinstance(schema.get("items", {}), dict):
        inner = {"description": description, **schema.get("items", {})}
        items = _param(singular(name), inner, True, tool_text, root, depth + 1)
    if json_type == "object" and depth < MAX_DEPTH:
        fields = _parameters(schema, tool_text, root, depth + 1)
    label = _label(words, description)
    closed = {"type": "object", "properties": {name: schema}} if schema.keys() & _CONSTRAINTS else None
    return Param(name, words, label, json_type, kind, schema, required, description, choices, examples, items,
                 fields, _nouns(words, kind, json_type), closed)  # fmt: skip


_OPAQUE = re.compile(r"^([a-z]|arg\d*|param\d*|val|value|data|input|args|kwargs|str|obj|q|lat|lon|lng|.)$")


def _label(words: tuple[str, ...], description: str) -> str:
    label = " ".join(words)
    if (_OPAQUE.match(label) or not label.isascii() or not label) and description:
        found = re.match(r"(?:the|an?)?\s*((?:[^\W\d_]+[ -]?){1,4})", description.strip(), re.IGNORECASE)
        if found and found[1].strip():
            cut = re.split(r"\s(?:of|for|to|in|that|which|from|with|is|by)\b", found[1].strip())[0]
            return cut.lower() if cut else label
    return {"lat": "latitude", "lon": "longitude", "lng": "longitude", "q": "query"}.get(
        label, label
    ) or "value"


_SUFFIXES = {"id", "ids", "name", "code", "number", "no", "key", "title", "ref", "reference", "uid", "email"}
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "city": ("city", "location", "place", "town", "destination", "cities", "locations"),
    "country": ("country",), "us_city": ("city", "location", "place"),
    "person": ("person", "someone", "recipient", "contact", "user"),
    "email": ("recipient", "email address", "someone", "person"),
    "date": ("date", "day"), "time": ("time",), "symbol": ("stock", "ticker", "company"),
    "phrase": ("text", "phrase", "sentence", "piece of text"),
    "topic": ("query", "topic", "keyword", "search query", "search term"),
    "url": ("url", "web page", "webpage", "website", "page", "link"),
    "file": ("file",), "folder": ("folder", "directory"),
}  # fmt: skip


def _nouns(words: tuple[str, ...], kind: str, json_type: str) -> tuple[str, ...]:
    nouns = {" ".join(words)} if words else set()
    stem = words[:-1] if len(words) > 1 and words[-1] in _SUFFIXES else words
    nouns.add(" ".join(stem))
    if len(stem) > 1 and json_type not in ("boolean", "integer", "number"):
        nouns.add(stem[-1])
    nouns.update(_SYNONYMS.get(kind, ()))
    if json_type in ("number", "integer") and set(words) & {"amount", "sum"}:
        nouns.update(("amount of money", "sum of money", "money", "amount", "currency"))
    if json_type in ("array",):
        nouns.update(singular(n) for n in tuple(nouns))
    return tuple(sorted((n for n in nouns if len(n) > 1), key=len, reverse=True))
