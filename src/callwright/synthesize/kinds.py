"""What a parameter means: read from its name, its description and its schema.

A *kind* ("city", "date", "order number") decides how a value is made up and how people write it. The tables
are tried from top to bottom: what a description states outright beats the name, the name beats a guess.

    >>> kind_of("departure_city", {"type": "string"}), kind_of("when", {"type": "string", "format": "date"})
    ('city', 'date')
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from callwright.record import Json

FORMATS: dict[str, str] = {
    "date": "date", "date-time": "datetime", "time": "time", "email": "email", "idn-email": "email",
    "uri": "url", "url": "url", "iri": "url", "uri-reference": "url", "uuid": "uuid", "ipv4": "ip",
    "ipv6": "ip6", "hostname": "hostname", "duration": "duration",
}  # fmt: skip

_STATED = (
    (r"yyyy-mm-dd[t ]hh|iso.?8601 (date-?)?time|date and time|rfc ?3339", "datetime"),
    (r"yyyy-mm-dd|iso.?8601 date|iso date", "date"),
    (r"\bhh:mm", "time"),
    (r"\biata\b|airport code", "airport"),
    (r"iso.?4217|currency code|3-letter currency|three-letter currency", "currency"),
    (r"iso.?3166|country code", "country_code"),
    (r"iso.?639|language code", "language_code"),
    (r"city and (the )?state|city, state", "us_city"),
)
_NAMED = (
    (r"\be ?mails?\b", "email"),
    (r"\b(phone|mobile|telephone|fax)\b", "phone"),
    (r"\b(urls?|links?|website|uri|webpage|homepage)$", "url"),
    (r"\bip\b", "ip"),
    (r"\b(uuid|guid)\b", "uuid"),
    (r"\b(zip|zipcode|postcode)\b|\bpost(al)? code\b", "zip"),
    (r"\btime ?zone\b|\btz\b", "timezone"),
    (r"\bairports?\b|\biata\b", "airport"),
    (r"\bcurrenc(y|ies)\b", "currency"),
    (r"\b(language|lang)\b", "language"),
    (r"\b(ticker|symbol|stock)s?\b", "symbol"),
    (r"\b(ids?|uid|number|no|num|reference|ref|sku|isbn|key|token|code|pin|iban|account|vin|barcode)$", "id"),
    (r"\b(nationality|citizenship)\b", "nationality"),
    (r"\b(countr(y|ies))\b", "country"),
    (r"\b(state|province)$", "state"),
    (r"\baddress(es)?\d?\b|\bstreet\b", "address"),
    (r"\b(city|cities|town|municipality)\b", "city"),
    (r"\b(date ?time|timestamp)\b", "datetime"),
    (r"\b(dates?|day|birthday|dob|deadline|check ?in|check ?out|since|until|arrival|departure|due)$", "date"),
    (r"\b(pick ?up|drop ?off|return|begin|start|end)( day| on)?$", "date"),
    (r"\bweekdays?\b|\bday of (the )?week\b", "weekday"),
    (r"\bmonths?$", "month"),
    (r"\btimes?$|\bhour$", "time"),
    (r"\bduration$", "duration_text"),
    (r"\b(first|given) name\b", "first_name"),
    (r"\b(last|family) name\b|\bsurname\b", "last_name"),
    (r"\b(user ?name|login|handle|nickname)\b", "username"),
    (r"\b(file ?names?|files?|document|attachments?)( name| path)?$", "file"),
    (r"\b(path|folders?|directory|dir)( name)?$", "folder"),
    (r"\brestaurants?\b", "restaurant"),
    (r"\bhotels?\b", "hotel"),
    (r"\b(company|organi[sz]ation|employer|brand|vendor|supplier|merchant)( name)?$", "company"),
    (r"\b(movies?|films?)\b", "movie"),
    (r"\b(author|writer)s?\b", "author"),
    (r"\bbooks?\b", "book"),
    (r"\b(songs?|tracks?)\b", "song"),
    (r"\b(artists?|band|singer|musician)\b", "artist"),
    (r"\bgenres?\b", "genre"),
    (r"\bcuisines?\b", "cuisine"),
    (r"\bingredients?\b", "ingredient"),
    (r"\b(dish|dishes|recipes?|meals?|foods?)( name)?$", "dish"),
    (r"\b(departments?)\b", "department"),
    (r"\b(category|categories|section)\b", "category"),
    (r"\bcolou?rs?\b", "color"),
    (r"\b(hash)?tags?\b|\blabels?\b", "tag"),
    (r"\bsports?\b", "sport"),
    (r"\bteams?( name)?$|\bclub$", "team"),
    (r"\b(job|occupation|profession|position)( title)?$", "job"),
    (r"\bsymptoms?\b", "symptom"),
    (r"\b(animals?|pets?|species)\b", "animal"),
    (r"\bsubject( line)?$", "subject"),
    (r"\b(task|todo|to do|reminder)s?( text| name| title| description)?$", "task"),
    (r"\b(event|meeting|appointment)( name| title)?$", "event"),
    (r"\b(notes?|comments?|remarks?|memo|instructions?|requests?)$", "note"),
    (r"\breason$", "reason"),
    (r"\b(expression|equation|formula)$", "expression"),
    (r"\b(summary|thought|feedback|review|statement|abstract|analysis)s?$", "detail"),
    (r"\bprompt$", "topic"),
    (r"\b(details?|issue|problem|complaint|description)$", "detail"),
    (r"\b(message|body|content|caption|tweet)( text| body)?$", "message"),
    (r"\b(text|sentence|phrase|string|words?|input)$", "phrase"),
    (r"\b(query|search|keywords?|terms?|topics?|about|question|search (term|query|text))$|^q$", "topic"),
    (r"\b(products?|items?|article|goods)( name)?$", "product"),
    (r"\b(origin|destination|from|to|source|target|location|places?|venue|area|region|stops?|"
     r"waypoints?|near|where)$", "city"),
    (r"\b(recipients?|contacts?|person|people|customer|guests?|patient|attendees?|assignee|owner|passengers?|"
     r"driver|sender|employee|user|friend|participants?|player|members?|student|teacher|doctor|invitees?|"
     r"full name|to|traveller|traveler)( name)?s?$", "person"),
    (r"\bto$", "person"),
    (r"\b(title|headline)$", "event"),
)  # fmt: skip
_TOPIC_BY_TOOL = (
    (r"product|shop|store|catalog|cart|order|purchase", "product"),
    (r"recipe|cook|dish|meal|food", "dish"),
    (r"song|music|track|playlist", "song"),
    (r"movie|film", "movie"),
    (r"\bbooks?\b|library|novel", "book"),
    (r"restaurant", "cuisine"),
    (r"\bjobs?\b", "job"),
    (r"location|geocode|\bplaces?\b|weather", "city"),
)
_DESCRIBED = (
    (r"^(the |name of the |which )?(city|town)\b|\bcity\b", "city"),
    (r"^(the |name of the )?countr(y|ies)\b", "country"),
    (r"\bairport\b", "airport"),
    (r"\bemail address\b", "email"),
    (r"\b(unique )?(id|identifier)\b", "id"),
    (r"\bname of the (person|customer|guest|patient|user|recipient|contact)\b|\bfull name\b", "person"),
    (r"\b(url|link)\b", "url"),
)
_SWITCHABLE = {"city", "person", "date"}
"""Kinds that a preposition-like name (origin, to, return) only suggests: the description may overrule."""


def name_words(name: str) -> tuple[str, ...]:
    """Split snake_case, kebab-case, dotted and camelCase names into lower-case words."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return tuple(w.lower() for w in re.split(r"[\W_]+", spaced) if w)


def kind_of(name: str, schema: Mapping[str, Json], tool_text: str = "") -> str:
    """Return the kind of a string parameter; "" where neither name nor description tells."""
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    words = " ".join(name_words(name))
    described = str(schema.get("description", "")).lower()
    for pattern, kind in _STATED:
        if re.search(pattern, described):
            return kind
    by_name = next((kind for pattern, kind in _NAMED if re.search(pattern, words)), "")
    if by_name in ("", *_SWITCHABLE):
        by_description = next((kind for pattern, kind in _DESCRIBED if re.search(pattern, described)), "")
        if by_description and not (by_name == "date" and by_description == "city"):
            return by_description
        if by_name == "city" and re.search(r"^to$", words) and re.search(r"mail|messag|send|sms", tool_text):
            return "email" if "mail" in tool_text else "person"
    if by_name == "topic":
        return next((kind for pattern, kind in _TOPIC_BY_TOOL if re.search(pattern, tool_text)), "topic")
    if by_name in ("phrase", "message") and re.search(r"remind", tool_text):
        return "task"
    if by_name == "event" and words == "title" and re.search(r"remind|task|to-?do", tool_text):
        return "task"
    return by_name or _kind_of_name(words, tool_text)


def _kind_of_name(words: str, tool_text: str) -> str:
    if words != "name":
        return "thing" if words.endswith("name") else ""
    if re.search(r"\b(contact|customer|patient|guest|employee|person|user|member|driver)\b", tool_text):
        return "person"
    return "thing"


class Range:
    """Where made-up numbers of some meaning lie, unless the schema bounds them."""

    __slots__ = ("high", "low", "step", "style")

    def __init__(self, low: float, high: float, step: float, style: str) -> None:
        self.low, self.high, self.step, self.style = low, high, step, style


_RANGES: tuple[tuple[str, Range], ...] = (
    (r"\b(percent|percentage|pct|rate)\b", Range(1, 60, 1, "percent")),
    (r"\b(lat|latitude)\b", Range(-60, 70, 0.01, "plain")),
    (r"\b(lon|lng|long|longitude)\b", Range(-150, 170, 0.01, "plain")),
    (r"\byear\b", Range(1985, 2026, 1, "plain")),
    (r"\bmonth\b", Range(1, 12, 1, "plain")),
    (r"\bhour\b", Range(0, 23, 1, "plain")),
    (r"\b(amount|price|cost|budget|fee|salary|income|balance|payment|total|spend|value|principal|loan|deposit|"
     r"revenue|donation|money)\b", Range(5, 2000, 0.5, "money")),
    (r"\b(rating|stars?|score)\b", Range(1, 5, 1, "count")),
    (r"\b(age|ages)\b", Range(18, 80, 1, "plain")),
    (r"\b(temperature|temp|degrees)\b", Range(5, 35, 1, "plain")),
    (r"\b(weight|mass|kg|lbs|pounds)\b", Range(2, 120, 1, "plain")),
    (r"\b(height|cm)\b", Range(140, 205, 1, "plain")),
    (r"\b(radius|distance|km|kilomet(er|re)s|miles)\b", Range(1, 60, 1, "plain")),
    (r"\b(minutes|mins?|duration)\b", Range(5, 120, 5, "plain")),
    (r"\b(seconds|secs?)\b", Range(5, 120, 5, "plain")),
    (r"\b(volume|brightness|level)\b", Range(1, 100, 1, "plain")),
    (r"\b(hours)\b", Range(1, 12, 1, "count")),
    (r"\b(days|nights)\b", Range(1, 14, 1, "count")),
    (r"\b(weeks|months|years)\b", Range(1, 12, 1, "count")),
    (r"\b(limit|results|top|max results|page size|per page|k|n)\b", Range(2, 20, 1, "count")),
    (r"\b(page|offset|index|start|skip)\b", Range(1, 20, 1, "plain")),
    (r"\b(id|number|no|code|zip|account)$", Range(1000, 99999, 1, "plain")),
    (r"\b(port)\b", Range(1024, 9999, 1, "plain")),
    (r"\b(width|size|length|depth|pixels?|height)\b", Range(10, 900, 10, "plain")),
)  # fmt: skip


@lru_cache(maxsize=8192)
def range_of(name: str, integer: bool) -> Range:
    """Return where made-up numbers lie for a parameter of this name."""
    words = " ".join(name_words(name))
    for pattern, found in _RANGES:
        if re.search(pattern, words):
            return found
    return Range(1, 12, 1, "count") if integer else Range(1, 200, 0.5, "plain")


def stated_values(description: str) -> tuple[str, ...]:
    """Return the closed set that a description spells out: "one of 'asc', 'desc'"."""
    found = re.search(
        r"(?:one of|either|options?(?: are)?|allowed values|possible values|must be|can be|valid values)\W"
        r"[^.'\"`]{0,20}((?:['\"`][\w /-]{1,30}['\"`](?:,? or |, and |, | and |/|\|)?)+)",
        description,
        re.IGNORECASE,
    )
    return tuple(dict.fromkeys(re.findall(r"['\"`]([\w /-]+)['\"`]", found[1]))) if found else ()


def stated_examples(description: str) -> tuple[str, ...]:
    """Return the examples that a description gives: "for example ORD-1001"."""
    found = re.search(
        r"(?:\be\.g\.?,?|\bfor example,?|\bsuch as|\bexamples?:|\blike)\s+(.{2,120}?)(?:\)|\.(?:\s|$)|;|$)",
        description,
        re.IGNORECASE,
    )
    if not found:
        return ()
    quoted = re.findall(r"(?<!\w)['\"`]([^'\"`]{1,40})['\"`](?!\w)", found[1])
    parts = quoted or re.split(r",\s+(?:or |and )?|\s+or\s+|\s+and\s+", found[1])
    return tuple(p.strip(" '\"`") for p in parts if 1 < len(p.strip(" '\"`")) <= 40)
