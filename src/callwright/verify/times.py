"""The times of day that texts name, as (hour of 24, minute).

>>> sorted(times_of("from 7pm to half past nine"))
[(9, 30), (19, 0), (21, 30)]
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from callwright.verify.words import NUMBER_WORDS

Time = tuple[int, int]

_CLOCK = re.compile(r"\b(\d{1,2})(?:[:.h](\d{2}))?\s*([ap])\.?\s?m\b|(?<![\d:.])(\d{1,2})[:h](\d{2})(?!\d)")
_SPOKEN = re.compile(r"\b(half|quarter) (past|to) ([a-z]+|\d{1,2})\b|\b([a-z]+|\d{1,2}) o['’]?clock\b")
_PARTS: dict[str, tuple[int, int]] = {
    # from hour, to hour; beyond 24 is after midnight
    "morning": (4, 12), "breakfast": (5, 11), "lunch": (11, 15), "afternoon": (12, 18), "evening": (16, 24),
    "dinner": (16, 23), "tonight": (17, 27), "night": (17, 30),
}  # fmt: skip
_ANY = ("now", "currently", "immediately", "asap")


def times_of(text: str) -> Iterator[Time]:
    """Yield the times of day that a text (lower case) names."""
    yield from halves_of(text)
    for _, _, half, hour, minute in _CLOCK.findall(text):
        if not half:
            yield int(hour), int(minute)
    for part, side, after, full in _SPOKEN.findall(text):
        spoken = _hour(after or full)
        if spoken is None:
            continue
        past = {"half": 30, "quarter": 15}.get(part, 0)
        if side == "to":
            spoken, past = spoken - 1, 60 - past
        yield spoken % 12, past
        yield spoken % 12 + 12, past
    if "noon" in text or "midday" in text:
        yield 12, 0
    if "midnight" in text:
        yield 0, 0


def halves_of(text: str) -> Iterator[Time]:
    """Yield only the times whose half of the day is said: "7pm"."""
    for hour, minute, half, _, _ in _CLOCK.findall(text):
        if half:
            yield int(hour) % 12 + (12 if half == "p" else 0), int(minute or 0)


def _hour(word: str) -> int | None:
    value = int(word) if word.isdecimal() else NUMBER_WORDS.get(word, 0)
    return int(value) if value in range(1, 13) else None


def in_part_of_day(time: Time, words: set[str]) -> bool:
    """Tell whether a part of the day that was named, such as "evening", holds a time."""
    if any(word in words for word in _ANY):
        return True
    hour, minute = time
    at = hour + minute / 60
    spans = [span for name, span in _PARTS.items() if name in words]
    return any(start <= at <= end or start <= at + 24 <= end for start, end in spans)
