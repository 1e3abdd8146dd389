"""How a parameter that the verb phrase does not hold is added to a request: "for 4 guests", "on May 3, 2026".

A template holds ``{v}`` (the value), ``{q}`` (the value in quotation marks), ``{n}`` (what the parameter is
called) or ``{ns}`` (the same, singular after 1). The tables are tried from top to bottom, by the words of
the parameter's name, then by its kind.
"""

from __future__ import annotations

import random
import re
from functools import lru_cache

from callwright.synthesize import surface
from callwright.synthesize.params import Param
from callwright.synthesize.terms import singular
from callwright.synthesize.values import Said

Templates = tuple[str, ...]

_NUMBERS: tuple[tuple[str, Templates], ...] = (
    (r"^party size$", ("for {v} people", "for {v} people", "for a party of {v}")),
    (r"^(number of |num )?(people|persons)$", ("for {v} {ns}", "between {v} {ns}", "for {v} {ns}")),
    (r"\b(guests|passengers|travell?ers|adults|children|kids|diners|attendees|participants|players|visitors)\b",
     ("for {v} {ns}",)),
    (r"^(nights|days|weeks|hours|minutes|months|years)$", ("for {v} {ns}",)),
    (r"^(num|number of|duration|length)( in)? (nights|days|weeks|hours|minutes|months|years)$",
    ("for {v} {ns}",)),
    (r"\b(duration|length|time)( in)? (nights|days|weeks|hours|minutes|mins|months|years|seconds)$",
     ("for {v} {unit}", "lasting {v} {unit}")),
    (r"\b(radius|distance)\b.*\b(km|kilometers|kilometres|miles|meters|metres|m)$", ("within {v} {unit}",)),
    (r"^(max|maximum) (distance|radius)$|^radius$", ("within a {n} of {v}", "with a {n} of {v}")),
    (r"^(limit|(max|num|number of) results|top k|top n|count|max items|page size|per page|results)$",
     ("limited to {v} results", "with no more than {v} results", "just {v} results", "only {v} of them")),
    (r"^(quantity|qty)$", ("quantity {v}", "with a quantity of {v}", "{v} in total")),
    (r"^page( number)?$", ("page {v}",)),
    (r"^(max price|price max|max budget|budget|max cost|maximum price|price limit)$",
     ("for at most {v}", "under {v}", "for no more than {v}", "with a budget of {v}")),
    (r"^(min price|price min|minimum price)$", ("costing at least {v}", "from {v} upwards")),
    (r"\b(min|minimum) (\w+ )?(rating|stars|score)$", ("rated at least {v}",
    "with a rating of at least {v}")),
    (r"^(min|minimum)\b", ("with at least {v} {bare}", "with a minimum {bare} of {v}")),
    (r"^(max|maximum)\b", ("with at most {v} {bare}", "with a maximum {bare} of {v}")),
    (r"^(amount|sum|total)$", ("of {v}",)),
    (r"^age$", ("aged {v}", "at the age of {v}")), (r"^year$", ("from {v}", "for the year {v}")),
    (r"\b(percent|percentage|pct|rate)\b", ("with {a} {v} {bare}", "with {v} {bare}", "at {v} {bare}")),
    (r"^(temperature|volume|brightness)$", ("to {v}", "with the {n} at {v}")),
)  # fmt: skip
_NAMED: tuple[tuple[str, Templates], ...] = (
    (r"^check in( date)?$", ("checking in on {v}", "arriving on {v}", "with check-in on {v}")),
    (r"^check out( date)?$", ("checking out on {v}", "leaving on {v}", "with check-out on {v}")),
    (r"^pick ?up( date)?$", ("picking it up on {v}", "with pick-up on {v}")),
    (r"^drop ?off( date)?$", ("dropping it off on {v}", "with drop-off on {v}")),
    (r"\b(departure|depart|leave|outbound) (date|day)$", ("leaving on {v}", "departing on {v}", "on {v}")),
    (r"\breturn (date|day)$|^return$", ("returning on {v}", "coming back on {v}", "back on {v}")),
    (r"\b(due|deadline)\b", ("due on {v}", "with the deadline {v}", "due {v}")),
    (r"\bbirth|\bdob\b|^birthday$", ("born on {v}", "with date of birth {v}")),
    (r"^(start|begin|from|since|after)( date| day)?$@date", ("from {v}", "starting on {v}", "beginning {v}")),
    (r"^(end|until|to|before|till)( date| day)?$@date", ("until {v}", "ending on {v}", "through {v}")),
    (r"^(start|begin|from|departure|pickup|pick up)( time)?$@time", ("starting at {v}", "from {v}")),
    (r"^(end|until|to|finish)( time)?$@time", ("ending at {v}", "until {v}")),
    (r"^(start|begin|from)( time| date ?time| at)?$@datetime", ("starting on {v}", "from {v}")),
    (r"^(end|until|to|finish)( time| date ?time| at)?$@datetime", ("ending on {v}", "until {v}")),
    (r"^destination( country)?$@country", ("for {v}", "for a trip to {v}", "for {v}")),
    (r"^(origin|from|source|start|departure|pick ?up)( \w+)?$@city|airport|country|address|state|us_city",
     ("from {v}", "leaving from {v}")),
    (r"^(destination|to|target|end|arrival|drop ?off)( \w+)?$@city|airport|country|address|state|us_city",
     ("to {v}",)),
    (r"^(stops|waypoints|places|route|cities|locations)$", ("through {v}", "with stops in {v}", "via {v}")),
    (r"^(from|source|base|original?) (currency|unit|units|language|lang)$|^(source|from)$", ("from {v}",)),
    (r"^(to|target|dest|destination|output|quote) (currency|unit|units)$", ("to {v}", "into {v}")),
    (r"^(to|target|dest|destination|output) (language|lang)$", ("into {v}", "to {v}")),
    (r"^(to|recipient|recipients|receiver)\b", ("to {v}",)),
    (r"^attach(ment|ments|ed files?)?$", ("with {v} attached", "attaching {v}")),
    (r"^cc$", ("with {v} in copy", "and cc {v}")), (r"^bcc$", ("and bcc {v}",)),
    (r"^(sender|from)\b", ("from {v}",)),
    (r"\b(user|account|customer|client|member|patient|employee|student) (id|number|no|name)$",
     ("for {noun} {v}", "({n} {v})")),
    (r"^(attendees?|participants?|invitees?|guests?|members?)\b", ("with {v}", "and invite {v}")),
    (r"^(driver|doctor|assignee|owner|guide|teacher|instructor|barber|stylist|host)\b",
     ("with {v} as the {n}", "with {v} as {n}")),
    (r"\b(cabin|travel|seat|service|flight)( class)?$@enum", ("in {v} class", "in {v}", "{v} class")),
    (r"^(cabin )?class$", ("in {v} class", "{v} class")),
    (r"^(units?|scale|measurement|measure)( system)?$|^(temperature|distance) units?$",
     ("in {v}", "in {v}", "using {v}")),
    (r"^(mode|transport|transport mode|travel mode|means)\b", ("{by}", "{by}", "({v})")),
    (r"^(sort|sort by|order by|sorted by)$", ("sorted by {v}", "ordered by {v}")),
    (r"^(order|sort order|direction|sort direction)$@enum", ("in {v} order",)),
    (r"\b(priority|urgency|importance|severity|light|intensity|quality|risk|speed|difficulty|complexity|level|"
     r"resolution|strength|accuracy|detail|confidence)$@enum", ("with {v} {n}", "with {v} {n}", "({v} {n})")),
    (r"^size$", ("{n} {v}", "{v} {n}")),
    (r"^(model|version|grade|level|difficulty)$", ("{n} {v}", "of {n} {v}")),
    (r"^(color|colour)$", ("in {v}",)),
    (r"^(format|output format|file format|export format)$", ("in {v} format", "as {v}")),
    (r"^(status|state)$@enum", ("with the status {v}", "that are {v}")),
    (r"^(frequency|interval|recurrence|repeat)$", ("repeating {v}", "{v}")),
    (r"^(interests?|hobbies|preferences)$", ("related to {v}", "focusing on {v}", "around {v}", "about {v}")),
    (r"^(type|kind|category type)$|\btype$", ("of type {v}", "with {n} {v}")),
    (r"^(name|title|event title|event name|playlist name|project name|label)$", ("called {q}", "named {q}")),
)  # fmt: skip
_BY_KIND: dict[str, Templates] = {
    "city": ("in {v}",), "us_city": ("in {v}",), "country": ("in {v}",), "state": ("in {v}",),
    "country_code": ("with country code {v}",), "airport": ("at {v}",), "address": ("at {v}",),
    "nationality": ("for {a} {v} citizen", "as {a} {v} citizen", "with {a} {v} passport"),
    "date": ("on {v}", "on {v}", "on {v}", "on {v}", "for {v}"), "time": ("at {v}",), "datetime": ("on {v}",
    "for {v}"),
    "month": ("in {v}", "for {v}"), "weekday": ("on {v}", "on a {v}"), "timezone": ("in the {v} time zone",),
    "duration_text": ("for {v}", "lasting {v}"),
    "person": ("for {v}", "for {v}", "under the name {v}"), "email": ("with the email {v}",
    "using {v} as the email"),
    "phone": ("with the phone number {v}", "phone {v}"), "url": ("at {v}", "from {v}"), "ip": ("for {v}",),
    "id": ("for {noun} {v}", "with {n} {v}", "({n} {v})"), "zip": ("with zip code {v}", "in {v}"),
    "currency": ("in {v}",), "language": ("in {v}",), "language_code": ("in {v}",), "symbol": ("for {v}",),
    "restaurant": ("at {v}",), "hotel": ("at {v}",), "company": ("from {v}", "for {v}"),
    "movie": ("for {q}",),
    "book": ("for {q}", "for the book {q}"), "author": ("by {v}",), "song": ("for the song {q}",),
    "artist": ("by {v}",), "genre": ("in the {v} genre", "genre {v}"), "cuisine": ("with {v} cuisine",
    "serving {v} food"),
    "ingredient": ("with {v}",), "dish": ("for {v}",), "category": ("in the {v} category", "in {v}"),
    "department": ("in the {v} department", "for {v}"), "color": ("in {v}",), "tag": ("tagged {v}",
    "with the {n} {v}"),
    "sport": ("for {v}",), "team": ("for {v}",), "job": ("for {a} {v}", "as {a} {v}"),
    "symptom": ("for {v}",),
    "animal": ("for my {v}", "for {a} {v}"), "product": ("for {q}", "matching {q}"), "topic": ("about {v}",
    "on {v}"),
    "task": ("to {v}", "saying {q}"), "subject": ("with the subject {q}", "about {q}"),
    "event": ("called {q}", "titled {q}"), "note": ("with the {n} {q}", "and note {q}"),
    "reason": ("because I {v}", "because I {v}", "since I {v}", "(reason: {v})"),
    "detail": ("with the {n} {q}", "because {v}"),
    "message": ("saying {q}", "with the {n} {q}", "that says {q}"), "phrase": ("with the {n} {q}", "for {q}"),
    "file": ("in {v}", "with the file {v}"), "folder": ("in the folder {v}", "in {v}"),
    "username": ("for the user {v}", "with the username {v}"), "first_name": ("first name {v}",),
    "last_name": ("last name {v}",), "thing": ("with the {n} {q}", "{n} {q}"),
}  # fmt: skip
_OTHER: Templates = (
    "with {n} {x}",
    "with {x} as the {n}",
    "with the {n} {x}",
    "({n}: {x})",
    "using the {n} {x}",
)
_OTHER_CHOICE: Templates = ("with {n} {v}", "with {v} as the {n}", "({n}: {v})", "with {n} set to {v}")
_UNITS = {"km": "km", "mins": "minutes", "m": "metres", "kg": "kg", "secs": "seconds"}
_NOT_NOUNS = {"num", "number", "of", "count", "no", "max", "min", "maximum", "minimum", "percent",
"percentage",
              "pct", "total"}  # fmt: skip


def attachment(param: Param, said: Said, mark: str, rng: random.Random) -> str:
    """Return the words that add the parameter to a request; `mark` stands for the value."""
    if param.type == "boolean" or isinstance(said.value, bool):
        return mark
    return fill(rng.choice(templates(param)), param, said, mark, rng)


def templates(param: Param) -> Templates:
    """Return the ways in which a parameter is added."""
    return _templates(param.words, param.type, param.kind)


@lru_cache(maxsize=8192)
def _templates(name: tuple[str, ...], json_type: str, kind: str) -> Templates:
    words = " ".join(name)
    if json_type in ("integer", "number"):
        return next((t for pattern, t in _NUMBERS if re.search(pattern, words)), _number_default(name))
    for pattern, ways in _NAMED:
        by_name, _, kinds = pattern.partition("@")
        if re.search(by_name, words) and (not kinds or kind in kinds.split("|") or json_type == kinds):
            return ways
    if json_type == "object":
        return ("with {n} {v}", "with the {n} {v}", "({n}: {v})")
    if json_type == "enum":
        return _BY_KIND.get(kind, _OTHER_CHOICE)
    return _BY_KIND.get(kind, _OTHER)


def _number_default(name: tuple[str, ...]) -> Templates:
    if name and name[-1].endswith("s") and name[-1] not in ("radius", "status"):
        return ("with {v} {ns}",)
    return ("with {a} {n} of {v}", "with {n} {v}", "{n} {v}")


def fill(template: str, param: Param, said: Said, mark: str, rng: random.Random) -> str:
    """Fill a template."""
    bare = " ".join(w for w in param.words if w not in _NOT_NOUNS) or param.label
    quote = surface.quoted(said.text, rng)
    noun = " ".join(param.words[:-1]) if param.words[-1:] and param.words[-1] in _IDS else param.label
    if "{a}" in template:
        following = param.label if "{a} {n}" in template else said.text
        template = template.replace("{a}", surface.article(following))
    return (
        template.replace("{q}", quote.replace(said.text, mark, 1))
        .replace("{x}", quote.replace(said.text, mark, 1) if said.quote else mark)
        .replace("{v}", mark)
        .replace("{by}", mark if said.text.endswith("ing") else f"by {mark}")
        .replace("{ns}", singular(bare) if said.value == 1 else bare)
        .replace("{bare}", bare)
        .replace("{noun}", noun or param.label)
        .replace("{n}", param.label)
        .replace("{unit}", _UNITS.get(param.words[-1], param.words[-1]) if param.words else "")
    )


_IDS = {"id", "number", "no", "code", "ref", "reference", "ids"}


PAIRS: tuple[tuple[str, str, Templates], ...] = (
    # name of the first, name of the second, templates with {1} and {2}; tried on parameters of one kind
    (r"check ?in", r"check ?out", ("from {1} to {2}", "checking in on {1} and out on {2}",
    "from {1} until {2}",
                                   "arriving {1} and leaving {2}")),
    (r"pick ?up", r"drop ?off", ("from {1} to {2}", "from {1} until {2}")),
    (r"depart|outbound|leave", r"return|inbound|back", ("leaving on {1} and returning on {2}",
    "from {1} to {2}")),
    (r"\bstart|\bbegin|\bsince|\bfrom\b|\bafter\b", r"\bend|\buntil|\bto\b|\btill|\bbefore\b",
     ("from {1} to {2}", "between {1} and {2}", "from {1} until {2}")),
)  # fmt: skip
"""Pairs of dates, times and moments that are said together."""


def pair_templates(first: Param, second: Param) -> Templates:
    """Return how two related moments are said together; () where they are not related."""
    one, two = " ".join(first.words), " ".join(second.words)
    if first.type == second.type and first.type in ("integer", "number"):
        prices = re.search(r"^min\w* price|^price min", one) and re.search(r"^max\w* price|^price max", two)
        return ("between {1} and {2}", "for {1} to {2}") if prices else ()
    if first.kind != second.kind or first.kind not in ("date", "time", "datetime"):
        return ()
    return next((t for a, b, t in PAIRS if re.search(a, one) and re.search(b, two)), ())
