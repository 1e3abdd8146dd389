"""Texts by kind: how a city, a date, an order number or a message is made up.

>>> import random
>>> MAKERS["date"](Hint("date"), random.Random(2)).value
'2026-02-03'
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from callwright.synthesize import pools, surface
from callwright.synthesize.pattern import like


class Spoken(NamedTuple):
    """A text value, how it is said, and other spellings of the value that a schema might want instead."""

    value: str
    text: str
    fold: bool = False
    quote: bool = False
    others: tuple[str, ...] = ()


class Hint(NamedTuple):
    """What a maker may know about the parameter."""

    label: str
    examples: tuple[str, ...] = ()


Maker = Callable[[Hint, random.Random], Spoken]


def _from(pool: tuple[str, ...], fold: bool = True, quote: bool = False) -> Maker:
    def make(hint: Hint, rng: random.Random) -> Spoken:
        value = rng.choice(pool)
        return Spoken(value, value, fold, quote)

    return make


def _date(hint: Hint, rng: random.Random) -> Spoken:
    year = (
        rng.randint(1955, 2004) if "birth" in hint.label or hint.label == "dob" else rng.choice((2026, 2027))
    )
    month, day = rng.randint(1, 12), rng.randint(1, 28)
    return spoken_date(f"{year}-{month:02d}-{day:02d}", rng)


def spoken_date(iso: str, rng: random.Random) -> Spoken:
    """Return an ISO date with its wording."""
    year, month, day = iso.split("-")
    others = (f"{year}/{month}/{day}", f"{day}/{month}/{year}", f"{month}/{day}/{year}",
    f"{day}.{month}.{year}",
              f"{iso}T00:00:00Z", f"{year}{month}{day}")  # fmt: skip
    return Spoken(iso, surface.date_text(iso, rng), fold=True, others=others)


def _time(hint: Hint, rng: random.Random) -> Spoken:
    early_late = (6, 22) if rng.random() < 0.3 else (11, 21)
    return spoken_time(f"{rng.randint(*early_late):02d}:{rng.choice((0, 15, 30, 45, 0, 30)):02d}", rng)


def spoken_time(clock: str, rng: random.Random) -> Spoken:
    """Return a clock time with its wording."""
    return Spoken(
        clock, surface.time_text(clock, rng), True, others=(f"{clock}:00", f"{clock}:00Z", f"{clock}Z")
    )


def _datetime(hint: Hint, rng: random.Random) -> Spoken:
    return spoken_datetime(_date(hint, rng).value, _time(hint, rng).value, rng)


def spoken_datetime(iso: str, clock: str, rng: random.Random) -> Spoken:
    """Return a moment with its wording; the zone, where a schema wants one, is UTC."""
    value = f"{iso}T{clock}:00"
    text = f"{surface.date_text(iso, rng)} at {surface.time_text(clock, rng)}"
    if rng.random() < 0.15:
        text = value
    return Spoken(
        value, text, True, others=(f"{value}Z", f"{iso}T{clock}", f"{iso} {clock}", f"{iso} {clock}:00")
    )


def _person(hint: Hint, rng: random.Random) -> Spoken:
    name = f"{rng.choice(pools.FIRST_NAMES)} {rng.choice(pools.LAST_NAMES)}"
    return Spoken(name, name, fold=True)


def _email(hint: Hint, rng: random.Random) -> Spoken:
    first, last = rng.choice(pools.FIRST_NAMES).lower(), rng.choice(pools.LAST_NAMES).lower()
    local = rng.choice(
        (f"{first}.{last}", f"{first}{last[0]}", f"{first[0]}.{last}", f"{first}{rng.randint(2, 98)}")
    )
    return Spoken(value := f"{local}@{rng.choice(pools.DOMAINS)}", value)


def _phone(hint: Hint, rng: random.Random) -> Spoken:
    area, last = rng.randint(201, 989), rng.randint(100, 199)
    value = f"+1-{area}-555-0{last}"
    return Spoken(value, value, others=(f"+1{area}5550{last}", f"{area}5550{last}", f"{area}-555-0{last}"))


def _url(hint: Hint, rng: random.Random) -> Spoken:
    host = rng.choice(("example.com", "example.org", "www.example.net"))
    value = f"https://{host}/{rng.choice(pools.WORDS)}/{rng.choice(pools.WORDS)}"
    return Spoken(value, value)


def _id(hint: Hint, rng: random.Random) -> Spoken:
    shaped = [e for e in hint.examples if " " not in e]
    if shaped:
        return Spoken(value := like(rng.choice(shaped), rng), value)
    letters = "".join(c for c in hint.label.split(" ")[0] if c.isascii() and c.isalpha()).upper()
    prefix = letters[:3] if len(letters) >= 3 and letters not in ("NUMBER", "CODE", "REF") else "REF"
    value = f"{prefix}-{rng.randint(1000, 9999)}"
    digits = value[len(prefix) + 1 :]
    return Spoken(value, value, others=(digits, f"{digits}{digits[::-1]}"))


def _uuid(hint: Hint, rng: random.Random) -> Spoken:
    h = f"{rng.getrandbits(128):032x}"
    return Spoken(value := f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}", value)


def _ip(hint: Hint, rng: random.Random) -> Spoken:
    value = f"{rng.choice(('192.0.2', '198.51.100', '203.0.113'))}.{rng.randint(1, 254)}"
    return Spoken(value, value)


def _ip6(hint: Hint, rng: random.Random) -> Spoken:
    return Spoken(value := f"2001:db8::{rng.randint(1, 65535):x}", value)


def _hostname(hint: Hint, rng: random.Random) -> Spoken:
    return Spoken(value := f"{rng.choice(pools.WORDS)}.example.com", value)


def _zip(hint: Hint, rng: random.Random) -> Spoken:
    return Spoken(value := f"{rng.randint(10001, 98999)}", value)


def _duration(hint: Hint, rng: random.Random) -> Spoken:
    return Spoken(value := f"PT{rng.choice((10, 15, 20, 25, 30, 40, 45, 50, 75, 90))}M", value)


def _duration_text(hint: Hint, rng: random.Random) -> Spoken:
    amount = rng.choice((10, 15, 20, 25, 30, 40, 45, 50, 90))
    return Spoken(value := f"{amount} minutes", value, fold=True)


def _currency(hint: Hint, rng: random.Random) -> Spoken:
    code = rng.choice(tuple(pools.CURRENCIES))
    return Spoken(code, surface.currency_text(code, rng))


def _language(hint: Hint, rng: random.Random) -> Spoken:
    code = rng.choice(tuple(pools.LANGUAGES))
    name = pools.LANGUAGES[code]
    if any(len(e) == 2 and e.islower() for e in hint.examples) or "code" in hint.label:
        return _language_code(hint, rng)
    return Spoken(name, name, fold=True, others=(code,))


def _language_code(hint: Hint, rng: random.Random) -> Spoken:
    code = rng.choice(tuple(pools.LANGUAGES))
    return Spoken(code, f"{pools.LANGUAGES[code]} ({code})")


def _expression(hint: Hint, rng: random.Random) -> Spoken:
    one, two, three = rng.randint(2, 99), rng.randint(2, 40), rng.randint(2, 20)
    value = rng.choice((f"{one} * {two} + {three}", f"({one} + {two}) / {three}", f"{one} - {two} * {three}",
                        f"{one} + {two}", f"{one} / {three}"))  # fmt: skip
    return Spoken(value, value)


MAKERS: dict[str, Maker] = {
    "date": _date, "time": _time, "datetime": _datetime, "person": _person, "email": _email, "phone": _phone,
    "url": _url, "id": _id, "uuid": _uuid, "ip": _ip, "ip6": _ip6, "hostname": _hostname, "zip": _zip,
    "duration": _duration, "duration_text": _duration_text, "currency": _currency, "language": _language,
    "language_code": _language_code, "expression": _expression,
    "city": _from(pools.CITIES), "us_city": _from(pools.US_CITIES), "state": _from(pools.STATES),
    "country": _from(pools.COUNTRIES), "country_code": _from(pools.COUNTRY_CODES, fold=False),
    "airport": _from(pools.AIRPORTS, fold=False), "address": _from(pools.STREETS),
    "nationality": _from(pools.NATIONALITIES),
    "symbol": _from(pools.SYMBOLS, fold=False), "timezone": _from(pools.TIMEZONES, fold=False),
    "month": _from(pools.MONTHS), "weekday": _from(pools.WEEKDAYS),
    "first_name": _from(pools.FIRST_NAMES), "last_name": _from(pools.LAST_NAMES),
    "username": _from(pools.USERNAMES, fold=False), "file": _from(pools.FILES, fold=False),
    "folder": _from(pools.FOLDERS, fold=False), "restaurant": _from(pools.RESTAURANTS),
    "hotel": _from(pools.HOTELS), "company": _from(pools.COMPANIES), "movie": _from(pools.MOVIES),
    "book": _from(pools.BOOKS), "author": _from(pools.AUTHORS), "song": _from(pools.SONGS),
    "artist": _from(pools.ARTISTS), "genre": _from(pools.GENRES), "cuisine": _from(pools.CUISINES),
    "ingredient": _from(pools.INGREDIENTS), "dish": _from(pools.DISHES), "category": _from(pools.CATEGORIES),
    "department": _from(pools.DEPARTMENTS), "color": _from(pools.COLORS), "tag": _from(pools.TAGS),
    "sport": _from(pools.SPORTS), "team": _from(pools.TEAMS), "job": _from(pools.JOBS),
    "symptom": _from(pools.SYMPTOMS), "animal": _from(pools.ANIMALS), "product": _from(pools.PRODUCTS),
    "topic": _from(pools.TOPICS), "task": _from(pools.TASKS, fold=False),
    "subject": _from(pools.SUBJECTS, False, True), "event": _from(pools.EVENTS, False, True),
    "note": _from(pools.NOTES, False, True), "reason": _from(pools.REASONS, False, False),
    "detail": _from(pools.DETAILS, False, True), "message": _from(pools.MESSAGES, False, True),
    "phrase": _from(pools.PHRASES, False, True), "thing": _from(pools.NAMES_OF_THINGS, False, True),
    "": _from(pools.WORDS, False, True),
}  # fmt: skip
"""How a text of each kind is made up. A value is then kept or not by the half that it belongs to."""
CLOSED = frozenset({"weekday", "ip"})
"""Kinds too small to be split between train and test."""
