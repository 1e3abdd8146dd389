"""Values: has every place a type, and does the schema hold what name and description say about its values?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from callwright.record import Json
from callwright.synthesize.quality.defaults import accepts
from callwright.synthesize.quality.edits import Edits
from callwright.synthesize.quality.findings import Finding, about_place
from callwright.synthesize.quality.meanings import NUMBERS, TEXTS, Meaning
from callwright.synthesize.quality.places import Place
from callwright.synthesize.quality.prose import bounds, closed_set, shape

_NUMBERS = ("integer", "number")
_LOW = ("minimum", "exclusiveMinimum")
_HIGH = ("maximum", "exclusiveMaximum")
_SHAPED = frozenset({"format", "pattern", "enum", "const", "contentEncoding", "contentMediaType"})
_GUESSES = (
    (r"^(is|has|can|should|include|enable|allow)\b|\b(allowed|enabled|required)$", "boolean"),
    (r"\b(count|limit|days|age|page|quantity|year)$|^(num|number of)\b", "integer"),
    (r"\b(price|amount|rate|latitude|longitude|weight)$", "number"), (r"s$|\b(list|ids|names)$", "array"),
)  # fmt: skip
_CHOICES = ("allowed_values", "possible_values", "choices", "options", "values")
"""What people write for enum."""


def values(place: Place, edits: Edits) -> Iterator[Finding]:
    """Yield what the schema of one place leaves out about its values."""
    if not place.type and place.branches == 1:
        if not place.is_item:
            yield about_place("no-type", place, "may be anything", edits.schema(place, _guess(place)))
    elif place.branches > 1:
        return  # what holds for one branch says nothing about the others
    elif place.type in _NUMBERS:
        yield from _number(place, edits)
    elif place.type == "string" and not _SHAPED & place.schema.keys():
        yield from _text(place, edits)


def _guess(place: Place) -> dict[str, Json]:
    choices = next((place.schema[word] for word in _CHOICES if place.schema.get(word)), None)
    if isinstance(choices, list):
        return {"enum": choices}
    words = " ".join(place.words)
    return {"type": next((kind for pattern, kind in _GUESSES if re.search(pattern, words)), "string")}


def _number(place: Place, edits: Edits) -> Iterator[Finding]:
    schema = place.schema
    if "enum" in schema or "const" in schema:
        return
    low, high = any(word in schema for word in _LOW), any(word in schema for word in _HIGH)
    told = bounds(place.description)
    missed = {w: v for w, v in told.items() if not (low if w in _LOW else high)}
    if missed:
        if place.type == "integer":
            missed = _whole(missed)
        yield about_place(
            "bounds-in-prose", place, f"only the description says {_said(told)}", edits.schema(place, missed)
        )
        return
    meaning = _meaning_of(place, NUMBERS)
    if meaning is None or (low and (high or not meaning.closed)) or not _fits(place, meaning.words):
        return
    words = {w: v for w, v in meaning.words.items() if not (low if w in _LOW else high)}
    yield about_place("no-bounds", place, "a number without bounds", edits.schema(place, words))


def _meaning_of(place: Place, table: tuple[Meaning, ...]) -> Meaning | None:
    words = " ".join(place.words)
    return next((m for m in table if place.type in m.types and m.name.search(words)), None)


def _whole(words: Mapping[str, Json]) -> dict[str, Json]:
    """Return bounds as those of integers are written."""
    low = {"minimum": words["exclusiveMinimum"] + 1} if "exclusiveMinimum" in words else {}
    return {**low, **{w: v for w, v in words.items() if w != "exclusiveMinimum"}}


def _said(words: Mapping[str, Json]) -> str:
    return ", ".join(f"{word} {value}" for word, value in words.items())


def _fits(place: Place, words: Mapping[str, Json]) -> bool:
    """Tell whether all numbers that are said of a place lie within bounds; else its name misleads."""
    schema = place.schema
    known = [schema.get("default"), *schema.get("examples", ())]
    known += [float(text) for text in re.findall(r"(?<![\w.-])-?\d+(?:\.\d+)?(?!\w|\.\d)", place.description)]
    numbers = [value for value in known if isinstance(value, int | float)]
    return all(words["minimum"] <= value <= words.get("maximum", value) for value in numbers)


def _text(place: Place, edits: Edits) -> Iterator[Finding]:
    choices = closed_set(place.description)
    if choices and place.words[-1:] != ("id",) and _admits(place, {"enum": list(choices)}):
        told = ", ".join(choices)
        edit = edits.schema(place, {"enum": list(choices)})
        yield about_place("enum-in-prose", place, f"only the description says: one of {told}", edit)
        return
    stated = shape(place.description)
    if stated and _admits(place, stated):
        what = "only the description tells the format"
        yield about_place("no-format", place, what, edits.schema(place, stated))
        return
    meaning = _meaning_of(place, TEXTS)
    if meaning and not stated and not _leaves_room(place.description) and _admits(place, meaning.words):
        what = "no format or pattern says how it is written"
        yield about_place("no-format", place, what, edits.schema(place, meaning.words))


def _admits(place: Place, words: Mapping[str, Json]) -> bool:
    """Tell whether a stricter schema would still take the default and the examples."""
    known = [place.schema.get("default"), *place.schema.get("examples", ())]
    stricter = {"type": "string", **words}
    return all(accepts(stricter, value, {}) for value in known if value is not None)


_ROOM = re.compile(
    r"\b(?!\d{4}-\d\d-\d\d)\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b|\b\d{8}\b|yyyy|\bor\b|today|relative|"
    r"natural language|any format|list of|comma|timestamp|template|format|path|name",
    re.IGNORECASE,
)


def _leaves_room(description: str) -> bool:
    """Tell whether a description admits more than one spelling, or another thing than the name says."""
    return _ROOM.search(description) is not None
