"""Defaults, examples and bounds that contradict their own schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from callwright import schema as json_schema
from callwright.record import Json
from callwright.synthesize.quality.edits import Edits, inner_json
from callwright.synthesize.quality.findings import Finding, about_place
from callwright.synthesize.quality.places import Place
from callwright.synthesize.schemas import type_of

_OPTIONAL = re.compile(
    r"default|optional|if (?:not|omitted|empty|none|unset|left|given|absent|provided|specified|set|present)|"
    r"unless|when (?:not|omitted)|otherwise|only\b|leave|\ball\b|without|whether|filter", re.IGNORECASE
)  # fmt: skip
_CROSSED = (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems"),
            ("exclusiveMinimum", "maximum"), ("minimum", "exclusiveMaximum"))  # fmt: skip


def defaults(place: Place, root: Mapping[str, Json], edits: Edits) -> Iterator[Finding]:
    """Yield where a default or an example does not fit, or should not be there, or is missing."""
    if place.is_item:
        return
    schema = place.schema
    if "default" in schema:
        if not accepts(place.raw, schema["default"], root):
            yield _bad_default(place, edits)
        elif place.required:
            what = f"is required and has the default {_shown(schema['default'])}"
            yield about_place("required-default", place, what, edits.optional(place))
    elif _leaves_open(place):
        text = f"{place.description.rstrip('. ')}; if left out, …"
        yield about_place("no-default", place, "may be left out, and what then?", edits.says(place, text))
    for example in schema.get("examples", ()):
        if not accepts(place.raw, example, root):
            what = f"the example {_shown(example)} does not fit its own schema"
            yield about_place("bad-example", place, what, "give an example that fits, or mend the schema")
            break


def _leaves_open(place: Place) -> bool:
    """Tell whether nothing says what holds without a parameter; of a flag that is plain."""
    optional = not place.required and not place.depth and place.type != "boolean"
    return optional and bool(place.description) and _OPTIONAL.search(place.description) is None


def accepts(schema: Mapping[str, Json], value: Json, root: Mapping[str, Json]) -> bool:
    """Tell whether a value fits the schema of a place, whose references lead into `root`."""
    whole = {"type": "object", "properties": {"value": schema}, "additionalProperties": True}
    whole |= {word: root[word] for word in ("$defs", "definitions") if word in root}
    return next(json_schema.check(whole, {"value": value}), None) is None


def _bad_default(place: Place, edits: Edits) -> Finding:
    value = place.schema["default"]
    legal = _mended(place, value)
    what = f"the default {_shown(value)} does not fit its own schema"
    edit = edits.no_default(place) if legal is None else edits.default(place, legal)
    return about_place("bad-default", place, what, edit, "warning" if value is None else None)


def _mended(place: Place, value: Json) -> Json:
    """Return the legal value next to a default; None where there is none to see."""
    schema = place.schema
    if choices := schema.get("enum"):
        return next((c for c in choices if str(c).casefold() == str(value).casefold()), choices[0])
    if place.type in ("integer", "number") and not isinstance(value, bool):
        try:
            number = float(value)
        except (TypeError, ValueError):
            return None
        number = min(max(number, schema.get("minimum", number)), schema.get("maximum", number))
        return int(number) if number == int(number) else number
    if place.type == "boolean" and str(value).casefold() in ("true", "false"):
        return str(value).casefold() == "true"
    return str(value) if place.type == "string" and isinstance(value, int | float) else None


def contradictions(place: Place, edits: Edits) -> Iterator[Finding]:
    """Yield where no value can fit, or where a choice is of another type than the schema says."""
    schema = place.schema
    for low, high in _CROSSED:
        if low in schema and high in schema and schema[low] > schema[high]:
            edit = edits.schema(place, {low: schema[high], high: schema[low]})
            yield about_place(
                "contradiction", place, f"{low} {schema[low]} is above {high} {schema[high]}", edit
            )
            return
    kind = schema.get("type")
    choices = schema.get("enum")
    if isinstance(kind, str) and choices:
        odd = [c for c in choices if not _is(kind, c)]
        if odd:
            what = f"the choice {_shown(odd[0])} is no {kind}"
            fitting = type_of({"enum": odd})
            edit = (
                inner_json({"type": fitting}) if len(odd) == len(choices) else f"leave {_shown(odd[0])} out"
            )
            yield about_place("contradiction", place, what, edit, "warning" if odd == [None] else None)


def _is(kind: str, value: Json) -> bool:
    return kind == type_of({"enum": [value]}) or (kind == "number" and type(value) is int)


def required_fields(schema: Mapping[str, Json]) -> list[str]:
    """Return the names that an object requires and does not declare."""
    declared = schema.get("properties")
    needed = schema.get("required")
    if not isinstance(declared, dict) or not isinstance(needed, list):
        return []
    return [name for name in needed if name not in declared]


def _shown(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)[:60]
