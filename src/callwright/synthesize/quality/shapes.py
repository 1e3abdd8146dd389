"""Shapes: objects and lists of anything, nesting, and how much there is of everything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from callwright.record import Json, Tool
from callwright.synthesize.params import MAX_DEPTH
from callwright.synthesize.quality.defaults import required_fields
from callwright.synthesize.quality.edits import Edits
from callwright.synthesize.quality.findings import Finding, about_place, about_tool
from callwright.synthesize.quality.places import Place

MANY_PARAMETERS = 15
"""Of 9,700 public tools (BFCL, API-Bank, tau2-bench, Seal-Tools, MCP servers), 99.7 % have no more."""
MANY_TOOLS = 128
"""What OpenAI takes in one request; the other providers take no more."""
_OPEN_WORDS = frozenset(
    {"properties", "patternProperties", "$ref", "anyOf", "oneOf", "allOf", "propertyNames"}
)
_LIST_WORDS = frozenset({"items", "prefixItems", "contains", "$ref", "anyOf", "oneOf", "allOf"})


def shapes(place: Place, edits: Edits) -> Iterator[Finding]:
    """Yield where an object or a list may hold anything."""
    schema = place.schema
    if missing := required_fields(schema):
        what = f"requires {', '.join(missing)}, which it does not declare"
        yield about_place("contradiction", place, what, f'declare {missing[0]}, or take it out of "required"')
    if place.type == "object" and not _OPEN_WORDS & schema.keys() and not _says_values(schema):
        edit = "a dataclass or TypedDict that names its fields" if edits.dialect == "python" else (
            '"properties": {"…": {"type": "…"}}')  # fmt: skip
        yield about_place("free-form-object", place, "may hold anything", edit)
    if place.type == "array" and not schema.get("items") and not _LIST_WORDS - {"items"} & schema.keys():
        yield about_place(
            "no-item-type",
            place,
            "a list of anything",
            edits.schema(place, {"items": {"type": _item_type(place)}}),
        )


def _says_values(schema: Mapping[str, Json]) -> bool:
    extra = schema.get("additionalProperties")
    return extra is False or (isinstance(extra, dict) and bool(extra))


def _item_type(place: Place) -> str:
    words = " ".join(place.words)
    if re.search(r"\[\s*\{|\bobjects?\b|\bdict", place.description):
        return "object"
    if re.search(
        r"\b(numbers|scores|prices|coordinates|rotation|scale|position|location|vector|box)$", words
    ):
        return "number"
    return (
        "string"
        if re.search(r"\b(ids|names|tags|files|paths|emails|urls|words|fields|keys)$", words)
        else "…"
    )


def size_of_tool(tool: Tool, places: Sequence[Place]) -> Iterator[Finding]:
    """Yield what there is too much of in a tool, and what it requires and does not declare."""
    count = sum(not place.depth for place in places)
    if count > MANY_PARAMETERS:
        what = f"{count} parameters, more than {MANY_PARAMETERS}"
        edit = "split it into tools for one purpose each, or give groups of parameters an object"
        yield about_tool("many-parameters", tool.name, what, edit, "parameters")
    if deep := [place for place in places if place.depth > MAX_DEPTH]:
        what = (
            f"{deep[0].parameter} lies {deep[0].depth} levels deep; below {MAX_DEPTH} no values are made up"
        )
        outer = deep[0].parameter.partition(".")[0].rstrip("[]")
        edit = f"make {outer} flatter, or a tool of its own"
        yield about_tool("deep-nesting", tool.name, what, edit, deep[0].path)
    if missing := required_fields(tool.parameters):
        what = f"requires {', '.join(missing)}, which it does not declare"
        edit = f'declare {missing[0]}, or take it out of "required"'
        yield about_tool("contradiction", tool.name, what, edit, "parameters")


def size_of_set(tools: Sequence[Tool]) -> Iterator[Finding]:
    """Yield a finding for more tools than a request may offer."""
    if len(tools) > MANY_TOOLS:
        what = f"{len(tools):,} tools, more than the {MANY_TOOLS} that a request may offer"
        yield about_tool("many-tools", "", what, "offer a part of them, by area or by search")
