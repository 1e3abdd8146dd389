"""What names of numbers and texts promise: the bounds of a percentage, the format of a date. Data only."""

from __future__ import annotations

import re
from typing import NamedTuple

from callwright.record import Json


class Meaning(NamedTuple):
    """What a name says of its values."""

    name: re.Pattern[str]
    """Of the name's words."""
    words: dict[str, Json]
    """Keywords that its schema could have."""
    closed: bool = False
    """Whether both ends are given by the meaning; else only the lower one is missed."""
    types: tuple[str, ...] = ("integer", "number")


def _meaning(
    name: str, low: float, high: float | None = None, closed: bool = False, whole: bool = False
) -> Meaning:
    words: dict[str, Json] = {"minimum": low} if high is None else {"minimum": low, "maximum": high}
    return Meaning(re.compile(name), words, closed, ("integer",) if whole else ("integer", "number"))


_PEOPLE = (
    "guests?|people|persons|passengers|travell?ers|adults|attendees|participants|diners|seats|tickets|rooms"
)
NUMBERS: tuple[Meaning, ...] = (
    _meaning(r"\b(percent|percentage|pct)$", 0, 100, closed=True),
    _meaning(r"\b(lat|latitude)$", -90, 90, closed=True),
    _meaning(r"\b(lon|lng|longitude)$", -180, 180, closed=True),
    _meaning(r"\bprobability$", 0, 1, closed=True),
    _meaning(r"^(?!.*\b(per|every|each)\b).*\bmonth$", 1, 12, closed=True, whole=True),
    _meaning(r"^day$|^day of (the )?month$", 1, 31, closed=True, whole=True),
    _meaning(r"^(?!.*\b(per|every|each)\b).*\bhour$", 0, 23, closed=True, whole=True),
    _meaning(r"^(?!.*\b(per|every|each)\b).*\bminute$", 0, 59, closed=True, whole=True),
    _meaning(r"\bport$", 1, 65535, closed=True, whole=True),
    _meaning(r"^(?!.*\bmax\b)(.*\b)?age( in years)?$", 0, 120, closed=True),
    _meaning(r"\b(star )?rating$|\bstars$", 1, 5, closed=True),
    _meaning(r"^(num(ber)? (of )?)?(days|nights)$|\b(days|nights)$", 1, 30, whole=True),
    _meaning(r"\b(weeks)$", 1, 52, whole=True),
    _meaning(r"\b(minutes|mins)$", 1, whole=True),
    _meaning(
        r"^(limit|top k|top n|page size|per page|(max|num|number of) (results|items|records))$",
        1,
        100,
        whole=True,
    ),
    _meaning(r"^page( number| no)?$", 1, whole=True),
    _meaning(r"^(offset|skip|start index)$", 0, whole=True),
    _meaning(rf"^(num(ber)? (of )?|party )?({_PEOPLE}|party size)$", 1, 20, whole=True),
    _meaning(r"^(num(ber)? (of )?)?children$", 0, 10, whole=True),
    _meaning(r"^(quantity|qty)$", 1, whole=True),
    _meaning(r"\b(price|budget|salary|fare)$", 0),
    _meaning(r"\b(weight|height|width|radius|distance|duration)( in)?( \w+)?$", 0),
)
"""Tried from top to bottom; the upper bound of what is not closed is a proposal."""

TEXTS: tuple[Meaning, ...] = (
    Meaning(re.compile(r"^(\w+ )*e ?mail( address)?$"), {"format": "email"}, types=("string",)),
    Meaning(re.compile(r"\b(url|uri)$"), {"format": "uri"}, types=("string",)),
    Meaning(re.compile(r"\b(uuid|guid)$"), {"format": "uuid"}, types=("string",)),
    Meaning(re.compile(r"\b(date|birthday|dob)$"), {"format": "date"}, types=("string",)),
)
