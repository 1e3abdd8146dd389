"""A second opinion on whether a text says a value; written without a look at how the grammar writes it."""

import re

from callwright.record import Json
from callwright.synthesize.pools import CURRENCIES

MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


def expresses(text: str, name: str, value: Json) -> bool:
    low = text.lower()
    if isinstance(value, bool):
        return any(word.lower() in low for word in re.split(r"[_\W]+", name) if len(word) > 2)
    if isinstance(value, int | float):
        numbers = {float(n) for n in re.findall(r"\d+(?:\.\d+)?", low)}
        word = SMALL[int(value)] if value in range(13) else "\0"
        return float(value) in numbers or re.search(rf"\b{word}\b", low) is not None
    if isinstance(value, list):
        return all(expresses(text, name, item) for item in value)
    if isinstance(value, dict):
        return all(expresses(text, key, item) for key, item in value.items())
    return _says(low, str(value))


def _says(low: str, value: str) -> bool:
    if value.lower() in low or (value in CURRENCIES and CURRENCIES[value].lower() in low):
        return True
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return _says_date(low, value)
    if clock := re.fullmatch(r"(\d{2}):(\d{2})(?::00)?Z?", value):
        hour, minute = int(clock[1]), clock[2]
        half = "am" if hour < 12 else "pm"
        return (
            re.search(rf"\b{hour % 12 or 12}(:{minute})?\s?{half}", low) is not None
            or f"{hour:02d}:{minute}" in low
        )
    return re.sub(r"[_-]", " ", value).lower() in low


def _says_date(low: str, iso: str) -> bool:
    year, month, day = (int(p) for p in iso.split("-"))
    name = MONTHS[month - 1]
    spelled = rf"({name}|{name[:3]})"
    number = rf"{day}(st|nd|rd|th)?"
    return re.search(rf"\b{spelled} {number},? {year}|\b{number} (of )?{spelled} {year}", low) is not None
