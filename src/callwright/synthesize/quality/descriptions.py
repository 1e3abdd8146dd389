"""Descriptions: is there one, and does it say more than the name?"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from callwright.record import Severity, Tool
from callwright.synthesize.frames import name_frame
from callwright.synthesize.kinds import kind_of, name_words
from callwright.synthesize.params import parameters
from callwright.synthesize.quality.edits import Edits
from callwright.synthesize.quality.findings import Finding, about_place, about_tool
from callwright.synthesize.quality.places import Place
from callwright.synthesize.schemas import resolved, type_of
from callwright.synthesize.terms import term, terms, word_set
from callwright.synthesize.values import Unsamplable, sample
from callwright.synthesize.verbs import base_form

_ADDS_NOTHING = word_set(
    "value string text number integer float boolean object array list type field input "
    "required optional please enter information data"
)
"""Words of a description that every other one might have."""
_TELLING = ("examples", "enum", "const", "format", "pattern", "minimum", "exclusiveMinimum", "properties")
"""Keywords of a schema that say what a value is, so that a plain description will do."""


def tool_description(tool: Tool, places: Sequence[Place], edits: Edits) -> Iterator[Finding]:
    """Yield a finding where a tool does not say what it does."""
    said = terms(tool.description)
    if not said:
        what = "does not say what it does" if not tool.description.strip() else "the description says nothing"
        draft_text = edits.tool_says(_draft_of_tool(tool, places))
        yield about_tool("no-description", tool.name, what, draft_text, "description")
        return
    known = {term(word) for word in name_words(tool.name)}
    if known.issuperset(word for word in said if word not in _ADDS_NOTHING):
        phrase = len(known) > 1 and any(base_form(word) for word in name_words(tool.name)[:1])
        text = f"{tool.description.rstrip('. ')}. {_more(tool, places)}"
        what = f"the description only repeats the name: {tool.description!r}"
        severity: Severity | None = "info" if phrase else None
        yield about_tool("restated-name", tool.name, what, edits.tool_says(text), "description", severity)


def _draft_of_tool(tool: Tool, places: Sequence[Place]) -> str:
    frame = name_frame(tool.name, "", parameters(tool.parameters))
    words = [frame.verb, *(p if isinstance(p, str) else p.plain for p in (*frame.object, *frame.tails))]
    text = " ".join(filter(None, words))
    return f"{text[:1].upper()}{text[1:]}. {_more(tool, places)}"


def _more(tool: Tool, places: Sequence[Place]) -> str:
    """Return what can be said beside the name: what it goes by, and what comes back."""
    needed = [" ".join(place.words) for place in places if place.required and not place.depth]
    taken = f"Goes by {_joined(needed)}" if needed else "Use it when …"
    back = _joined([" ".join(name_words(name)) for name in _result_fields(tool)[:4]])
    return f"{taken}; returns {back or '…'}."


def _result_fields(tool: Tool) -> list[str]:
    schema = tool.returns or {}
    if type_of(schema) == "array":
        schema, _, _ = resolved(schema.get("items"), "", schema)
    properties = schema.get("properties")
    return list(properties) if isinstance(properties, dict) else []


def _joined(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def parameter_description(place: Place, edits: Edits) -> Iterator[Finding]:
    """Yield a finding where a place does not say what it is for."""
    if place.is_item:
        return
    said = terms(place.description)
    if not said:
        silent = f"the description says nothing: {place.description!r}"
        what = silent if place.description else "has no description"
        severity: Severity | None = "info" if place.depth else None
        yield about_place("undescribed", place, what, edits.says(place, draft(place)), severity)
        return
    if place.type == "boolean" or any(word in place.schema for word in _TELLING):
        return
    known = {term(word) for word in place.words} | _ADDS_NOTHING
    if known.issuperset(said):
        what = f"the description only repeats the name: {place.description!r}"
        severity = "info" if len(place.words) > 1 else None
        yield about_place("restated-name", place, what, edits.says(place, draft(place)), severity)


def draft(place: Place) -> str:
    """Return a description to start from: what the name says, and a value."""
    label = " ".join(place.words) or place.name
    if place.type == "boolean":
        return f"Whether {label} is wanted; not if left out."
    if choices := place.schema.get("enum"):
        return f"{label.capitalize()}: one of {', '.join(map(str, choices[:8]))}."
    example = _example(place)
    return (
        f"{label.capitalize()}, for example {example}."
        if example
        else f"{label.capitalize()}: …, for example …"
    )


_SPEAKING = word_set(
    "date time datetime email url city country airport currency person phone address zip language symbol "
    "timezone first_name last_name hotel restaurant company product file folder"
)
"""Kinds whose made-up values show what is meant; those of an id, say, would only mislead."""


def _example(place: Place) -> str:
    if place.type != "string" or kind_of(place.name, place.schema) not in _SPEAKING:
        return ""
    param = parameters({"properties": {place.name: place.schema}})[0]
    try:
        return str(sample(param, random.Random(place.name), "train").value)
    except Unsamplable:
        return ""
