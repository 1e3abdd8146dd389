"""The names that data sets give to types, of Python, Java, BFCL and their own, as JSON Schema."""

from __future__ import annotations

import json
import re

from callwright.record import Json

TYPE_NAMES: dict[str, str | None] = {
    # name in the wild, lower case → JSON Schema type; None means any value
    "string": "string", "str": "string", "char": "string", "text": "string", "character": "string",
    "date": "string", "datetime": "string", "time": "string", "url": "string", "enum": "string",
    "integer": "integer", "int": "integer", "long": "integer", "short": "integer", "byte": "integer",
    "bigint": "integer",
    "number": "number", "float": "number", "double": "number", "decimal": "number", "numeric": "number",
    "boolean": "boolean", "bool": "boolean",
    "array": "array", "list": "array", "tuple": "array", "set": "array", "arraylist": "array",
    "sequence": "array", "iterable": "array",
    "object": "object", "dict": "object", "dictionary": "object", "hashmap": "object", "map": "object",
    "mapping": "object", "hashtable": "object",
    "null": "null", "none": "null", "nonetype": "null",
    "any": None,
}  # fmt: skip
FORMATS_BY_TYPE_NAME = {"date": "date", "datetime": "date-time", "url": "uri"}


def parse_type(text: str) -> dict[str, Json]:
    """Return the schema of a type name as people write it; `{}` (any value) for one that is unknown.

    >>> parse_type("List[int]")
    {'type': 'array', 'items': {'type': 'integer'}}
    """
    text = re.sub(r",?\s*\(?optional\)?\s*$", "", text.strip(), flags=re.IGNORECASE).strip(" .")
    generic = re.fullmatch(r"(?:typing\.)?(\w+)\s*[\[<(](.*)[\]>)]", text, flags=re.DOTALL)
    if generic:
        found = _parse_generic(generic[1].lower(), _split_arguments(generic[2]))
        # "date (dd/mm/yyyy)" is a text, but not in the format that the bare name stands for.
        return found or {k: v for k, v in _plain_type(generic[1]).items() if k == "type"}
    if "|" in text:
        return _union([parse_type(part) for part in text.split("|")])
    return _plain_type(text)


def _plain_type(text: str) -> dict[str, Json]:
    name = text.lower()
    if name not in TYPE_NAMES:
        return {}
    known = TYPE_NAMES[name]
    fragment: dict[str, Json] = {"type": known} if known else {}
    if name in FORMATS_BY_TYPE_NAME:
        fragment["format"] = FORMATS_BY_TYPE_NAME[name]
    return fragment


def _parse_generic(name: str, arguments: list[str]) -> dict[str, Json]:
    if name == "optional":
        return parse_type(arguments[0]) if arguments else {}
    if name == "union":
        return _union([parse_type(a) for a in arguments])
    if name == "literal":
        return {"enum": [_literal(a) for a in arguments]}
    base = TYPE_NAMES.get(name)
    if base == "array":
        inner = {json.dumps(parse_type(a), sort_keys=True) for a in arguments if a != "..."}
        # A tuple of one repeated type keeps it; a mixed tuple says nothing about its items.
        items = json.loads(inner.pop()) if len(inner) == 1 else {}
        return {"type": "array", "items": items} if items else {"type": "array"}
    if base == "object":
        value = parse_type(arguments[1]) if len(arguments) == 2 else {}
        return {"type": "object", "additionalProperties": value} if value else {"type": "object"}
    return {}


def _split_arguments(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += (char in "[<(") - (char in "]>)")
        if char == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return [p.strip() for p in [*parts, text[start:]] if p.strip()]


def _literal(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text.strip("'\"")


def _union(fragments: list[dict[str, Json]]) -> dict[str, Json]:
    if any(not f for f in fragments):
        return {}
    kept = [f for f in fragments if f != {"type": "null"}]
    return kept[0] if len(kept) == 1 else {"anyOf": kept}
