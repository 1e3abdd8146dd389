"""The days that texts name: as dates in any order, as parts of dates, and relative to one another.

>>> said = Days()
>>> said.read("today is may 5, 2023; a table for next friday")
>>> said.trust(2023, 5, 12), said.trust(2023, 5, 13)
(1.0, 0.0)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date

from callwright.verify.relative_days import Phrases
from callwright.verify.words import MONTHS, NUMBER_WORDS

TRACED, WEAK, UNTRACED = 1.0, 0.5, 0.0

_TH = r"(?:st|nd|rd|th)?"
_NAMES = "|".join(sorted(MONTHS, key=len, reverse=True))
_MORE = rf"\s*(?:,\s*and|,|-|–|to|until|till|through|and|&|or)\s*(?:the\s+)?\d{{1,2}}{_TH}(?![\d:])"
_DAYS = rf"(?<![\d:])\d{{1,2}}{_TH}(?![\d:])(?:{_MORE})*"
_MONTH = re.compile(rf"(?<![^\W\d_])(?:{_NAMES})(?![^\W\d_])")
_AFTER = re.compile(rf"[.,]?\s*(?:the\s+)?({_DAYS})?(?:\s*[,.]?\s*(?:of\s+)?((?:19|20)\d\d)(?!\d))?")
_BEFORE = re.compile(rf"({_DAYS}|\b[a-z]+(?=\s+of\s*$))\s*(?:of\s+)?(?:(?:the|this|next|last)\s+)?[-\s]*$")
_YMD = re.compile(r"(?<!\d)((?:19|20)\d\d)\s?[-/.]?\s?(\d{1,2})\s?[-/.]?\s?(\d{2}|\d(?!\d))(?!\d)")
_DMY = re.compile(r"(?<![\d/.-])(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?!\d)")
_DM = re.compile(r"(?<![\d/.-])(\d{1,2})/(\d{1,2})(?![\d/.-])")
_CJK = re.compile(r"(?:(\d{4})\s*年\s*)?(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_DECADE = re.compile(r"\b(19|20)?(\d0)['’]?s\b")
_SHORT_YEAR = re.compile(r"['’/-](\d\d)\b")
_YEARS = re.compile(
    r"\b(\d{1,3}|[a-z]+)\s+(?:year|decade)s?\s+(?:ago|later|earlier|before|after|from|prior|since)\b"
    r"|\b(?:last|past|previous|next|coming)\s+(\d{1,3}|[a-z]+)\s+(?:year|decade)s?\b"
)
_ALONE = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b(?!\s+(?:century|floor|street|avenue|grade|row|place))")
_TODAY = re.compile(r"\b(?:today|current|currently|now)\b[^!?\n]{0,40}\d{1,2}\b|^\s*\d{4}-\d\d-\d\d\b")
_NUMBER = re.compile(r"\d{1,2}")
_FEASTS: dict[str, tuple[int, int]] = {
    "christmas eve": (12, 24), "christmas": (12, 25), "new year's eve": (12, 31), "new year": (1, 1),
    "halloween": (10, 31), "valentine": (2, 14), "independence day": (7, 4),
}  # fmt: skip
_MOST_ANCHORS = 12
"""With more dates than that, a table most likely, "tomorrow" may be relative to anything."""


_MOST_SPANS = 40


class Days:
    """What is said about days; texts are given in lower case."""

    def __init__(self) -> None:
        self.full: set[tuple[int, int, int]] = set()
        """Year, month and day."""
        self.days: set[tuple[int, int]] = set()
        """Month and day, said without a year."""
        self.months: set[int] = set()
        """Months named without a day."""
        self.years: set[int] = set()
        self.alone: set[int] = set()
        """Days of a month that may not be named: "the 12th"."""
        self.phrases = Phrases()
        self.short_years: set[int] = set()
        """Years of two digits: "'19"."""
        self.counted_years: set[int] = set()
        """Numbers of years: "3 years ago"."""
        self._knows_today = False

    def read(self, text: str) -> None:
        """Take in one more text."""
        self.years.update(map(int, _YEAR.findall(text)))
        self.years.update(int(century or 19) * 100 + int(decade) for century, decade in _DECADE.findall(text))
        self.short_years.update(map(int, _SHORT_YEAR.findall(text)))
        self.counted_years.update(map(_count, _YEARS.finditer(text)))
        for year, month, day in _YMD.findall(text):
            self._add(int(year), int(month), int(day))
        for a, b, year in _DMY.findall(text):
            whole = int(year) + (2000 if len(year) == 2 else 0)
            self.years.add(whole)
            self._add(whole, int(a), int(b))
            self._add(whole, int(b), int(a))
        for a, b in _DM.findall(text):
            self._add(None, int(a), int(b))
            self._add(None, int(b), int(a))
        for written, month, day in _CJK.findall(text) if "月" in text else ():
            self._add(int(written) if written else None, int(month), int(day))
        for found in _MONTH.finditer(text):
            self._named(text, found)
        self.days.update(day for name, day in _FEASTS.items() if name in text)
        self.alone.update(map(int, _ALONE.findall(text)))
        self.phrases.read(text)
        self._knows_today = self._knows_today or _TODAY.search(text) is not None

    def _add(self, year: int | None, month: int, day: int) -> None:
        if not (1 <= month <= 12 and 1 <= day <= 31):
            return
        if year is None:
            self.days.add((month, day))
        else:
            self.full.add((year, month, day))

    def _named(self, text: str, found: re.Match[str]) -> None:
        """Take in a month that is named, with the days before or after it and its year."""
        month = MONTHS[found[0]]
        after = _AFTER.match(text, found.end(), found.end() + 80)
        before = _BEFORE.search(text, max(found.start() - 60, 0), found.start())
        listed, year = (after[1], after[2]) if after else (None, None)
        days = set(_numbers(listed)) | set(_numbers(before[1] if before else None))
        if not days and (found[0] not in ("may", "march", "mar", "sun") or year or _is_month(text, found)):
            self.months.add(month)
        for day in days:
            self._add(int(year) if year else None, month, day)

    def trust(self, year: int, month: int, day: int | None) -> float:
        """Return the trust in a date, without a day a month."""
        if day is None:
            return self._month(year, month)
        if (year, month, day) in self.full:
            return TRACED
        if not 1900 <= year <= 2100:
            return UNTRACED
        if (month, day) in self.days:
            years = self.years | {year_of[0] + shift for year_of in self.full for shift in self._shifts()}
            return TRACED if year in years else WEAK
        try:
            value = date(year, month, day)
        except ValueError:
            return UNTRACED
        return max(self._relative(value), self._inferred(value))

    def spans(self) -> set[int]:
        """Return how many days lie between any two days that were said, with or without a year."""
        dated = [*_real(self.full), *_real((2023, *day) for day in self.days)]
        if len(dated) > _MOST_SPANS:
            return set()
        return {(other - one).days for one in dated for other in dated}

    def _shifts(self) -> set[int]:
        return set(self.phrases.years)

    def _month(self, year: int, month: int) -> float:
        known = {(y, m) for y, m, _ in self.full}
        if (year, month) in known or (
            year in self.years and month in self.months | {m for m, _ in self.days}
        ):
            return TRACED
        return WEAK if month in self.months or self.phrases.any else UNTRACED

    def _relative(self, value: date) -> float:
        """Return the trust in a day that only phrases such as "tomorrow" can mean."""
        if not self.phrases.any:
            return UNTRACED
        anchors = list(_real(self.full))
        if not anchors or len(anchors) > _MOST_ANCHORS:
            reached = any(
                self.phrases.reach(day, value) for day in _real((value.year, *d) for d in self.days)
            )
            allowed = self.phrases.allow(value, dated=bool(self.days))
            return WEAK if reached or allowed else UNTRACED
        if any(self.phrases.reach(anchor, value) for anchor in anchors):
            return TRACED
        return WEAK if self.phrases.vague or (self.phrases.periods and not self._knows_today) else UNTRACED

    def _inferred(self, value: date) -> float:
        """Return the trust in a day whose month is understood, or that ends a span which is named."""
        if value.day in self.alone:
            near = {(y, m) for y, m, _ in self.full}
            near |= {(y + m // 12, m % 12 + 1) for y, m in near} | {
                (y - (m == 1), m - 1 or 12) for y, m in near
            }
            if not near or (value.year, value.month) in near or value.month in self.months:
                return WEAK
        said = value.year in self.years or not (self.years or self.full)
        at_end = value.day in (1, 28, 29, 30, 31)
        if said and (
            (value.month in self.months and at_end) or (value.month, value.day) in ((1, 1), (12, 31))
        ):
            return WEAK
        # "Q1", "the second quarter", "spring": the ends of a part of a year.
        return WEAK if said and self.phrases.vague and at_end else UNTRACED


def _real(days: Iterable[tuple[int, int, int]]) -> Iterator[date]:
    """Yield the days that exist: 31 June, the second reading of a date, does not."""
    for day in days:
        try:
            yield date(*day)
        except ValueError:
            continue


def _count(found: re.Match[str]) -> int:
    amount = found[1] or found[2]
    count = int(amount) if amount.isdecimal() else int(NUMBER_WORDS.get(amount, 1))
    return count * (10 if "decade" in found[0] else 1)


def _numbers(listed: str | None) -> Iterator[int]:
    if listed is None:
        return
    if listed.isalpha():  # "the fifth of may"
        value = NUMBER_WORDS.get(listed, 0)
        if value in range(1, 32):
            yield int(value)
        return
    yield from map(int, _NUMBER.findall(listed))


def _is_month(text: str, found: re.Match[str]) -> bool:
    """Tell whether "may" and "march" are months here, and no verbs."""
    before = text[max(found.start() - 12, 0) : found.start()].split()
    return bool(before) and before[-1] in _BEFORE_MONTHS


_BEFORE_MONTHS = frozenset(
    {
        "in",
        "of",
        "on",
        "during",
        "since",
        "until",
        "till",
        "next",
        "last",
        "this",
        "by",
        "from",
        "to",
        "through",
        "and",
        "early",
        "late",
        "mid",
        "before",
        "after",
    }
)
