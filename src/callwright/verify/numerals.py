"""The numbers that a text holds, however they are written: digits, words, units, currencies, coordinates.

All texts are in lower case (`str.casefold`), where "M" and "m" are the same: both readings are given.

    >>> sorted(numbers("two dozen eggs, a hundred grams"))
    [24.0, 100.0]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from callwright.verify.words import NUMBER_WORDS, SCALES, UNITS

_WORD = re.compile(r"[^\W_]+(?:'[a-z]+)?")
_MONEY = "$€£¥₹"
_NUMBER = re.compile(
    rf"(?<![\d.])([{_MONEY}]?)\s?(-?)(\d+(?:[.,]\d+)*(?:e[+-]?\d+)?|\.\d+)(?:\s*-?\s*([a-z%°μω{_MONEY}]+))?"
)
_GROUPED = re.compile(r"(?<![\d.,])(\d{1,3})((?:([ '.])\d{3})(?:\3\d{3})*)(?:,(\d{1,2}))?(?![\d.,]\d)")
_DEGREES = re.compile(r"(\d{1,3})\s*°\s*(\d{1,2})\s*['′’]\s*(?:(\d{1,2}(?:\.\d+)?)\s*(?:\"|″|”|''))?")
_FRACTION = re.compile(r"(?<!\d)(\d{1,15})\s*/\s*(\d{1,15})")
_ONE_UNIT = re.compile(
    r"\b(?:(?:an?|one|per|next|last|past|this|each|every|the|coming|upcoming|following|previous|full|whole|single)"
    r"\s+)+(\w+)"
)
_PREFIXES = {
    "n": (1e-9,),
    "μ": (1e-6,),
    "u": (1e-6,),
    "m": (1e-3, 1e6),
    "k": (1e3,),
    "g": (1e9,),
    "p": (1e-12,),
}
_SYMBOLS = frozenset(
    {
        "f",
        "h",
        "v",
        "a",
        "w",
        "hz",
        "ω",
        "ohm",
        "ohms",
        "j",
        "n",
        "pa",
        "t",
        "c",
        "s",
        "m",
        "g",
        "l",
        "mol",
        "wh",
        "b",
        "bps",
        "ev",
        "farad",
        "farads",
        "henry",
        "henries",
    }
)
_SPOKEN = {"nano": 1e-9, "micro": 1e-6, "milli": 1e-3, "kilo": 1e3, "mega": 1e6, "giga": 1e9}


_LIMIT = (
    r"(than|\bunder|\bbelow|\babove|\bover)\s+[^\w\s]{0,2}(\d{1,15}|[a-z]+)\b"
    r"(?![.,]\d|\s*(?:second|minute|hour|day|week|month|year))"
)
_COMPARED = re.compile(
    rf"(?:\b(less|fewer|lower|smaller|younger|more|greater|larger|older|higher)\s+)?{_LIMIT}"
)
_DOWN = frozenset({"less", "fewer", "lower", "smaller", "younger", "under", "below"})


class Quantity(NamedTuple):
    """An amount of something that can be measured in several units."""

    dimension: int
    base: float
    """The amount in the base unit of its dimension."""


def numbers(text: str) -> set[float]:
    """Return all numbers of a text."""
    found, _ = read(text)
    return found


def read(text: str) -> tuple[set[float], list[Quantity]]:
    """Return all numbers of a text, and its quantities."""
    found: set[float] = set()
    quantities: list[Quantity] = []
    previous: list[Quantity] = []
    for value, unit in _with_units(text):
        found.add(value)
        found.update(_scaled(value, unit))
        here = [Quantity(dimension, value * factor) for dimension, factor in UNITS.get(unit, ())]
        quantities += here
        # "1 hour 30 minutes", "5 feet 8 inches": neighbours of one dimension add up.
        quantities += [Quantity(d, v + w) for d, v in here for e, w in previous if d == e]
        previous = here
    for unit in _ONE_UNIT.findall(text):
        quantities += [Quantity(dimension, factor) for dimension, factor in UNITS.get(unit, ())]
    for over, under in _FRACTION.findall(text):
        if int(under):
            found.add(int(over) / int(under))
    for degrees, minutes, seconds in _DEGREES.findall(text):
        found.add(int(degrees) + int(minutes) / 60 + float(seconds or 0) / 3600)
    return found, quantities


def _scaled(value: float, unit: str) -> Iterator[float]:
    """Yield what a number means with its unit: 5 % is 0.05, 5k is 5000, 5 mH is 0.005."""
    if unit in ("%", "percent", "percentage"):
        yield round(value / 100, 12)
    elif unit in SCALES:
        yield round(value * SCALES[unit], 9)
    elif len(unit) > 1 and unit[0] in _PREFIXES and unit[1:] in _SYMBOLS:
        yield from (value * factor for factor in _PREFIXES[unit[0]])
    else:
        for prefix, factor in _SPOKEN.items():
            if unit.startswith(prefix) and unit not in UNITS:
                yield value * factor


def _with_units(text: str) -> Iterator[tuple[float, str]]:
    for money, sign, digits, unit in _NUMBER.findall(text):
        for value in _readings(digits):
            yield value, unit
            if money and unit not in SCALES:
                yield value, "dollar"
            if sign:
                yield -value, unit
    for first, rest, mark, cents in _GROUPED.findall(text):
        whole = first + rest.replace(mark, "")
        yield (float(f"{whole}.{cents}") if cents else float(whole)), ""
    yield from _spelled(_WORD.findall(text))


def _readings(digits: str) -> Iterator[float]:
    """Yield what a digit group can mean: "1,234" is 1234 and also the list 1, 234."""
    if digits[0] == ".":
        yield float(digits[1:])  # "March.11"
    parts = digits.split(",")
    for part in [*parts, "".join(parts)] if len(parts) > 1 else parts:
        try:
            yield float(part)
        except ValueError:  # a version, a date or an address such as 10.0.0.1
            yield from (float(p) for p in re.findall(r"\d+", part))
    if digits.count(",") == 1 and "." not in digits:
        yield float(digits.replace(",", "."))


def _spelled(words: list[str]) -> Iterator[tuple[float, str]]:
    """Yield numbers written in words, each with the word that follows it."""
    total, current, is_open, before = 0.0, 0.0, False, ""
    for k, word in enumerate([*words, ""]):
        value = NUMBER_WORDS.get(word)
        if word == "dozen" and is_open:
            current *= 12
        elif value == 0.5 and is_open and words[max(k - 2, 0) : k] == ["and", "a"]:
            current += 0.5
        elif value is not None:
            if is_open and not (current >= 20 and value < 10) and current % 100 != 0:
                yield total + current, word
                if 10 <= current < 100 and 10 <= value < 100:
                    yield current * 100 + value, ""  # "nineteen eighty"
                total, current = 0.0, 0.0
            current += value
            is_open = True
        elif word in SCALES and len(word) > 2 and (is_open or before == "a"):
            current = (current if is_open else 1.0) * SCALES[word]
            is_open = True
            if SCALES[word] > 100:
                total, current = total + current, 0.0
        elif is_open and word not in ("and", "a"):
            yield total + current, word
            total, current, is_open = 0.0, 0.0, False
        before = word


def limits(text: str) -> tuple[set[float], set[float]]:
    """Return the numbers of "fewer than 5" and "under 18", and those of "more than 5" and "over 21"."""
    below: set[float] = set()
    above: set[float] = set()
    for degree, word, amount in _COMPARED.findall(text):
        value = float(amount) if amount.isdecimal() else NUMBER_WORDS.get(amount)
        if value is not None and (degree or word != "than"):
            (below if (degree or word) in _DOWN else above).add(value)
    return below, above
