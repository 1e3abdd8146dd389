"""Tools in few tokens: a typed signature per tool instead of its JSON Schema.

    >>> signature(Tool(name="now", description="Tell the time.", parameters={"properties": {"zone": {}}}))
    'now(zone?: any) - Tell the time.'
    >>> day = {"type": "string", "description": "The day, as MM/DD."}
    >>> signature(Tool(name="holidays", parameters={"properties": {"day": day}}))
    'holidays(day?: string (The day, as MM/DD.))'

`?` marks what may be left out, `= value` a default, `integer[1..12]` bounds (a round bracket excludes the
bound), `T[]` an array, `{name: T}` an object, `{string: T}` a map. A string with a format is called by the
format (`date`). A parameter's description stands behind it in brackets where it spells something out, such
as a form or an example (`SPELLS_OUT`); what only says a name again, patterns and lengths are left to the
"json" style. `templates/shared.jinja` computes the same text in Jinja: change both together, a test compares
them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from callwright.record import Json, Tool

ToolStyle = Literal["signature", "json"]
ToolKey = Literal["name", "description", "parameters"]
TOOL_KEYS: tuple[ToolKey, ...] = get_args(ToolKey)

_MAX_DEPTH = 8
_MAX_REFERENCES = 3
"""References inside references that are followed; further in, and inside itself, a type is named only."""
SPELLS_OUT = (*"0123456789'\"`‘“„«「", "/", "e.g", "such as", "example", " format", "yyyy", "code", "abbrev")
"""What stands in a description that says how a value is written, in small letters."""
_CLOSED = ("enum", "const", "format")
_BLANKS = re.compile("[ \t\r\n]+")
_NOT_IN_NAMES = " ,:?()"


def tools_text(
    tools: Iterable[Tool], style: ToolStyle = "signature", keys: Sequence[ToolKey] = TOOL_KEYS
) -> str:
    """Return one line per tool: its signature, or its JSON with these keys in this order."""
    return "\n".join(signature(tool) if style == "signature" else _json_line(tool, keys) for tool in tools)


def _json_line(tool: Tool, keys: Sequence[ToolKey]) -> str:
    shown = {key: getattr(tool, key) for key in keys}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def signature(tool: Tool) -> str:
    """Return `name(argument: type, ...) - description` on one line; never raises, whatever the schema."""
    root = tool.parameters
    arguments = _fields(root, root, 0, ())
    if not arguments:
        # A schema that is a reference or a combination: the arguments object as a whole has a type.
        whole = _type(root, root, 0, ())
        arguments = "" if whole in ("object", "any") else f"**{whole}"
    description = _one_line(tool.description)
    return f"{_name(tool.name)}({arguments})" + (f" - {description}" if description else "")


def _fields(schema: Json, root: Json, depth: int, seen: tuple[str, ...]) -> str:
    """Return `name: type, name?: type = default` of the properties; empty when there are none."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return ""
    required = schema.get("required")
    if not isinstance(required, list):
        required = []
    parts = []
    for name, spec in properties.items():
        text = _name(name) + ("" if name in required else "?") + ": " + _type(spec, root, depth + 1, seen)
        if isinstance(spec, dict) and spec.get("default") is not None:
            text += f" = {_json(spec['default'])}"
        parts.append(text + _hint(spec))
    return ", ".join(parts)


def _hint(spec: Json) -> str:
    """Return the description of a parameter in brackets, where it spells out what its type leaves open."""
    if not isinstance(spec, dict) or spec.get("type") == "boolean" or any(key in spec for key in _CLOSED):
        return ""
    description = spec.get("description")
    if not isinstance(description, str):
        return ""
    told = description.lower().replace("'s ", " ")
    return f" ({_one_line(description)})" if any(mark in told for mark in SPELLS_OUT) else ""


def _type(schema: Json, root: Json, depth: int, seen: tuple[str, ...]) -> str:
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return "any"
    text = _not_null(schema, root, depth, seen)
    return f"{text} | null" if schema.get("nullable") is True else text


def _not_null(schema: dict[str, Json], root: Json, depth: int, seen: tuple[str, ...]) -> str:
    if isinstance(schema.get("$ref"), str):
        return _reference(schema["$ref"], root, depth, seen)
    if "const" in schema:
        return _json(schema["const"])
    if _filled_list(schema.get("enum")):
        return " | ".join(_json(value) for value in schema["enum"])
    for word in ("anyOf", "oneOf"):
        if _filled_list(schema.get(word)):
            return _join(" | ", [_type(part, root, depth + 1, seen) for part in schema[word]])
    if _filled_list(schema.get("allOf")):
        return _join(" & ", [_type(part, root, depth + 1, seen) for part in schema["allOf"]])
    kind = schema.get("type")
    if _filled_list(kind):
        return _join(" | ", [_plain(each, schema, root, depth, seen) for each in schema["type"]])
    if kind is None:
        kind = "object" if "properties" in schema else "array" if "items" in schema else None
    return _plain(kind, schema, root, depth, seen)


def _reference(target: str, root: Json, depth: int, seen: tuple[str, ...]) -> str:
    parts = target.split("/")
    if len(parts) != 3 or parts[0] != "#" or parts[1] not in ("$defs", "definitions"):
        return "any"
    definitions, name = root.get(parts[1]), parts[2]
    if not isinstance(definitions, dict) or name not in definitions:
        return "any"
    if name in seen or len(seen) >= _MAX_REFERENCES:
        return _name(name)
    return _type(definitions[name], root, depth, (*seen, name))


def _plain(kind: Json, schema: dict[str, Json], root: Json, depth: int, seen: tuple[str, ...]) -> str:
    """Return one type of the schema, without regard to combinations."""
    if kind == "string":
        form = schema.get("format")
        return (_one_line(form) if isinstance(form, str) else "") or "string"
    if kind in ("integer", "number"):
        return f"{kind}{_bounds(schema)}"
    if kind == "array":
        item = _type(schema["items"], root, depth + 1, seen) if "items" in schema else "any"
        return f"({item})[]" if " | " in item or " & " in item else f"{item}[]"
    if kind == "object":
        return _object(schema, root, depth, seen)
    return str(kind) if kind in ("boolean", "null") else "any"


def _object(schema: dict[str, Json], root: Json, depth: int, seen: tuple[str, ...]) -> str:
    if fields := _fields(schema, root, depth, seen):
        return "{" + fields + "}"
    values = schema.get("additionalProperties")
    if isinstance(values, dict) and values:
        return "{string: " + _type(values, root, depth + 1, seen) + "}"
    return "object"


def _bounds(schema: dict[str, Json]) -> str:
    low, high = _number(schema.get("minimum")), _number(schema.get("maximum"))
    above, below = _number(schema.get("exclusiveMinimum")), _number(schema.get("exclusiveMaximum"))
    if not (low or high or above or below):
        return ""
    return f"{'(' if above else '['}{above or low}..{below or high}{')' if below else ']'}"


def _number(value: Json) -> str:
    return _json(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _filled_list(value: Json) -> bool:
    return isinstance(value, list) and bool(value)


def _join(sign: str, types: Sequence[str]) -> str:
    return "any" if "any" in types else sign.join(dict.fromkeys(types))


def _name(name: str) -> str:
    """Return a name as it is when nothing in it can be taken for syntax, and as JSON otherwise."""
    text = _json(name)
    plain = text == f'"{name}"' and name and not any(char in name for char in _NOT_IN_NAMES)
    return name if plain else text


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _one_line(text: str) -> str:
    return _BLANKS.sub(" ", text).strip(" ")
