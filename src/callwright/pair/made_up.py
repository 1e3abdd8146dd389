"""Values and names that nobody asked for: what corruptions put into calls."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping

from callwright.record import Json, Tool, Trajectory

POOL = (
    "Bergen", "Nairobi", "Valparaíso", "Osaka", "Maria Lindqvist", "Tobias Okafor", "Blue Horizon", "Aurora",
    "quarterly-report", "ZX-4417", "h.moreau@example.org", "2019-11-23", "08:45", "Ljubljana", "saffron",
    "Project Heron", "granite", "Wanderlust", "+47 555 0173", "Edinburgh", "Ash", "Q7",
)  # fmt: skip
_FORMATS: Mapping[str, tuple[str, ...]] = {
    "date": ("2019-11-23", "2027-08-02", "2026-01-19"), "time": ("08:45:00Z", "21:10:00Z"),
    "date-time": ("2019-11-23T08:45:00Z", "2027-08-02T21:10:00Z"), "uri": ("https://example.org/heron",),
    "email": ("h.moreau@example.org", "t.okafor@example.com"), "ipv4": ("192.0.2.17",),
    "uuid": ("0f8c2c1e-6b7a-4d0e-9f51-3a2b1c4d5e6f",),
}  # fmt: skip
_SYNONYMS = {
    "get": "fetch", "fetch": "get", "search": "find", "find": "lookup", "create": "make", "add": "insert",
    "calculate": "compute", "compute": "calculate", "list": "show", "book": "reserve", "send": "submit",
    "delete": "remove", "update": "modify", "convert": "transform", "check": "verify", "set": "change",
}  # fmt: skip
_INVENTED: dict[str, list[Json]] = {
    "language": ["en", "fr"], "format": ["json", "short"], "verbose": [True, False], "limit": [5, 10],
    "include_details": [True], "timezone": ["UTC", "CET"], "page": [1, 2], "sort_by": ["name", "date"],
    "max_results": [10, 20], "precision": [2, 4], "mode": ["fast", "default"], "api_key": ["default"],
}  # fmt: skip


def properties_of(tool: Tool) -> dict[str, Json]:
    """Return the declared arguments of a tool."""
    properties = tool.parameters.get("properties")
    return properties if isinstance(properties, dict) else {}


def required_of(tool: Tool) -> list[str]:
    """Return the names of the arguments that a tool requires."""
    required = tool.parameters.get("required")
    return [name for name in required if isinstance(name, str)] if isinstance(required, list) else []


def other_name(name: str, rng: random.Random) -> str:
    """Return a name that sounds like that of a tool."""
    verb, mark, rest = name.partition("_")
    names = [f"{name}{ending}" for ending in ("_info", "_v2", "_details", "_data")]
    if mark and verb in _SYNONYMS:
        names += [f"{_SYNONYMS[verb]}_{rest}"] * 4
    if rest:
        names += [rest] * 4
    return rng.choice(names)


def other_argument(name: str, rng: random.Random) -> str:
    """Return a name that sounds like that of an argument."""
    first, _, rest = name.partition("_")
    return rng.choice([part for part in (first, rest.rpartition("_")[2]) if rest] or [f"{name}_name"])


def invented(tool: Tool, rng: random.Random) -> tuple[str, Json]:
    """Return an argument that a tool does not declare, with a value."""
    known = properties_of(tool)
    name = rng.choice([name for name in _INVENTED if name not in known] or ["extra_option"])
    return name, rng.choice(_INVENTED.get(name, ["default"]))


def other_type(value: Json, rng: random.Random) -> Json:
    """Return a value in another JSON type: numbers and lists as strings, strings as lists or nothing."""
    if isinstance(value, str):
        return rng.choice([[value], None])
    if isinstance(value, list):
        text = "[" + ", ".join(map(str, value)) + "]"
        return rng.choice([text, value[0]]) if len(value) == 1 else text
    if isinstance(value, bool):
        return rng.choice(["yes", 1]) if value else rng.choice(["no", 0])
    return json.dumps(value)


def other_value(value: Json, schema: Mapping[str, Json], rng: random.Random) -> Json:
    """Return another value of the same type; the same one where none is known."""
    enum = schema.get("enum")
    if isinstance(enum, list) and enum:
        return rng.choice(enum)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return rng.choice([value + 3, value * 2 + 1, value * 10, value + 17, -value, value // 2])
    if isinstance(value, str):
        return rng.choice(_FORMATS.get(str(schema.get("format")), POOL))
    if isinstance(value, list) and value:
        items = schema.get("items")
        last = other_value(value[-1], items if isinstance(items, dict) else {}, rng)
        return [*value[:-1], last]
    return value


def fill(tool: Tool, t: Trajectory, rng: random.Random, known: Mapping[str, Json]) -> dict[str, Json]:
    """Return plausible arguments: what is known of them, and something for what is required."""
    properties = properties_of(tool)
    arguments = {name: value for name, value in known.items() if name in properties}
    for name in required_of(tool):
        if name not in arguments:
            schema = properties.get(name)
            arguments[name] = _plausible(schema if isinstance(schema, dict) else {}, t, rng)
    return arguments


def _plausible(schema: Mapping[str, Json], t: Trajectory, rng: random.Random) -> Json:
    """Return a value of the schema's type, taken from the request where that gives one."""
    for told in ("enum", "examples"):
        values = schema.get(told)
        if isinstance(values, list) and values:
            return rng.choice(values)
    if "default" in schema:
        return schema["default"]
    kind = schema.get("type")
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "array":
        items = schema.get("items")
        return [_plausible(items if isinstance(items, dict) else {}, t, rng)]
    if kind == "object":
        return fill(Tool(name="object", parameters=dict(schema)), t, rng, {})
    words = " ".join(m.content for m in t.messages if m.role == "user").replace("?", " ").split()
    if kind in ("integer", "number"):
        return _number(schema, words, rng)
    if schema.get("format") in _FORMATS:
        return rng.choice(_FORMATS[schema["format"]])
    names = [word.strip(".,!'\"") for word in words[1:] if word[:1].isupper() and len(word) > 2]
    return rng.choice(names or list(POOL))


def _number(schema: Mapping[str, Json], words: list[str], rng: random.Random) -> Json:
    numbers = [int(word) for word in words if word.isascii() and word.isdecimal() and len(word) < 7]
    low, high = schema.get("minimum"), schema.get("maximum")
    least = low if isinstance(low, int | float) else 1
    most = high if isinstance(high, int | float) else 10**6
    fitting = [number for number in numbers if least <= number <= most]
    return (
        rng.choice(fitting) if fitting else least if isinstance(low, int | float) else rng.choice([1, 2, 5])
    )
