"""What a tool takes and what it gives, under names by which one can be matched with the other.

``get_order(id)`` takes an "order id", a list of ``orders[].id`` gives one: a name that says little borrows
from what is around it. A tool also gives what it is named after, by whatever name its results are called:
``search_flights`` gives a flight, ``book_hotel`` a hotel and a booking.

>>> tool = Tool(name="get_order", parameters={"properties": {"id": {"type": "string"}}, "required": ["id"]})
>>> [port.keys for port in takes(tool)], given_entities(tool)
([('order id',)], ('order',))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from callwright.record import Json, Tool
from callwright.synthesize.kinds import kind_of, name_words
from callwright.synthesize.quality.places import places
from callwright.synthesize.schemas import resolved, type_of
from callwright.synthesize.terms import singular, word_set
from callwright.synthesize.verbs import base_form, is_question

_DEEPEST = 4
"""Levels of a result that are looked into."""
_VAGUE = word_set(
    "id ids name code number no key ref reference uid uuid title value type status state result results data "
    "item items list count total text message description success error info information detail details "
    "record records response output url email date time amount quantity price created updated"
)
"""Names that need another one beside them to tell what they are about."""
_IDENTIFIES = word_set("id number no code key ref reference uid uuid")
_TAILS = word_set(
    "detail details info information list status data history record records summary result results all"
)
_BREAKS = word_set("by for from with to in of on at using and or as near between per via")
_MAKES = word_set(
    "create add book make register open start buy purchase order reserve schedule generate issue rent submit "
    "insert place upload save send pay ship enroll subscribe invite"
)
"""Verbs whose object is there afterwards; those that ask for something give it, and all others need it."""
_DEEDS = {
    "book": "booking", "reserve": "reservation", "register": "registration", "subscribe": "subscription",
    "pay": "payment", "ship": "shipment", "rent": "rental", "enroll": "enrollment", "invite": "invitation",
    "buy": "order", "purchase": "order", "order": "order",
}  # fmt: skip
"""What a deed is called once it is done."""
SPEAKING_KINDS = word_set("email phone url airport symbol zip uuid username timezone ip hostname")
"""Kinds of values that can be used wherever one of the kind is wanted."""


class Port(NamedTuple):
    """A parameter or a part of a result."""

    label: str
    """As it is written: ``order_id``, ``orders[].id``."""
    keys: tuple[str, ...]
    """Names to be matched by, the most telling one first; empty for a name that says nothing."""
    entity: str
    """What it identifies: "order" of "order id"; empty for what identifies nothing."""
    kind: str
    type: str
    required: bool = True


def takes(tool: Tool) -> Iterator[Port]:
    """Yield the parameters of a tool, and the fields of those that are objects or lists of objects."""
    about = subject_noun(tool)
    for place in places(tool):
        if place.type in ("object", "array", "boolean") or place.depth > _DEEPEST:
            continue
        around = place.parameter.replace("[]", "").split(".")[:-1]
        keys = _keys(place.words, singular(around[-1]) if around else about)
        kind = _kind(place.name, place.schema, place.type)
        yield Port(place.parameter, keys, _entity(keys), kind, place.type, place.required)


def gives(tool: Tool) -> Iterator[Port]:
    """Yield the parts of what a tool returns, as far as it tells."""
    if tool.returns:
        yield from _parts(tool.returns, tool.returns, "", subject_noun(tool), 0)


def given_entities(tool: Tool) -> tuple[str, ...]:
    """Return what a tool gives by its name: "hotel" and "booking" for book_hotel; () for nothing."""
    words = name_words(tool.name.rsplit(".", 1)[-1])
    verb = base_form(words[0]) if words else ""
    noun = subject_noun(tool) if is_question(verb) or verb in _MAKES else ""
    return tuple(filter(None, (noun, _DEEDS.get(verb, ""))))


def subject_noun(tool: Tool) -> str:
    """Return the noun that a tool is named after: "order" for get_order_details_by_id."""
    words = name_words(tool.name.rsplit(".", 1)[-1])
    nouns = []
    for word in words[1:] if words and base_form(words[0]) else words:
        if word in _BREAKS:
            break
        nouns.append(singular(word))
    while len(nouns) > 1 and (nouns[-1] in _TAILS or is_question(nouns[-1])):
        nouns.pop()
    return nouns[-1] if nouns else ""


def _parts(spec: Json, root: Mapping[str, Json], label: str, around: str, depth: int) -> Iterator[Port]:
    schema, _, _ = resolved(spec, "", root)
    kind = type_of(schema)
    if depth > _DEEPEST:
        return
    if kind == "array":
        yield from _parts(schema.get("items"), root, f"{label}[]", around, depth + 1)
    elif kind == "object":
        properties = schema.get("properties")
        for name, inner in properties.items() if isinstance(properties, dict) else ():
            words = name_words(name)
            inside = singular(words[-1]) if words and words[-1] not in _VAGUE else around
            yield from _part(name, inner, root, f"{label}.{name}" if label else name, around)
            yield from _parts(inner, root, f"{label}.{name}" if label else name, inside, depth + 1)


def _part(name: str, spec: Json, root: Mapping[str, Json], label: str, around: str) -> Iterator[Port]:
    schema, _, _ = resolved(spec, "", root)
    kind = type_of(schema)
    items = schema.get("items")
    if kind == "array" and isinstance(items, dict):  # a list of ids gives an id
        schema, label = resolved(items, "", root)[0], f"{label}[]"
        kind = type_of(schema)
    if kind in ("string", "integer", "number"):
        words = name_words(name)
        keys = _keys((*words[:-1], singular(words[-1])) if words else (), around)
        yield Port(label, keys, _entity(keys), _kind(name, schema, kind), kind)


def _kind(name: str, schema: Mapping[str, Json], json_type: str) -> str:
    told = schema.get("format")
    return _kind_by_name(name, told if isinstance(told, str) else "") if json_type == "string" else ""


@lru_cache(maxsize=1 << 14)
def _kind_by_name(name: str, told: str) -> str:
    # Without the description: the tables are long, and names repeat in a toolbox where descriptions do not.
    return kind_of(name, {"format": told} if told else {})


def _keys(words: tuple[str, ...], around: str) -> tuple[str, ...]:
    words = tuple(singular(word) for word in words)
    if not words:
        return ()
    if len(words) == 1 and words[0] in _VAGUE:
        return (f"{around} {words[0]}",) if around and around not in _VAGUE else ()
    whole = " ".join(words)
    if len(words) > 2 and words[-1] in _VAGUE:
        return (whole, " ".join(words[-2:]))
    return (whole,)


def _entity(keys: tuple[str, ...]) -> str:
    """Return what is identified: the noun in front of an id or number, or the only word there is."""
    words = keys[-1].split() if keys else []
    if len(words) > 1 and words[-1] in _IDENTIFIES and words[-2] not in _VAGUE:
        return words[-2]
    return words[0] if len(words) == 1 else ""
