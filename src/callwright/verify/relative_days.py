"""Days that are named relative to another one: "tomorrow", "next Friday", "in two weeks", "3 nights".

Where a phrase is read in two ways by different people ("next Friday"), both days count.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from callwright.verify.words import NUMBER_WORDS

_Reach = Callable[[date, date], bool]
"""Tells whether a phrase leads from the first day to the second."""

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FIXED = {
    "day after tomorrow": 2, "day before yesterday": -2, "tomorrow": 1, "yesterday": -1, "today": 0,
    "tonight": 0, "now": 0, "this morning": 0, "this afternoon": 0, "this evening": 0, "same day": 0,
    "next day": 1, "following day": 1, "day after": 1, "day before": -1,
    "week after": 7, "week before": -7, "今天": 0, "明天": 1, "后天": 2, "昨天": -1, "前天": -2,
}  # fmt: skip
_ASCII = "|".join(phrase for phrase in _FIXED if phrase.isascii())
_FIXED_PHRASE = re.compile(
    "|".join((rf"\b(?:{_ASCII})\b", *(phrase for phrase in _FIXED if not phrase.isascii())))
)
_BACK = "last|past|previous|prior"
_ON = "next|coming|upcoming|following|this|current"
_AMOUNT = (
    r"(?P<n>\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|twenty|thirty"
    r"|couple of)"
)
_SPAN = re.compile(
    rf"(?:\b(?P<lead>in|after|within|for|over|during|by|{_BACK}|{_ON})\s+(?:the\s+)?(?:(?P<side>{_BACK}|{_ON})\s+)?)?"
    rf"\b{_AMOUNT}[\s-]*(?:full\s+|more\s+)?(?P<unit>day|night|week|fortnight|month|year)s?\b"
    r"(?:\s+(?P<tail>ago|later|from|before|after|earlier|hence|prior))?"
)
_NAMED = re.compile(rf"\b(?P<side>{_BACK}|{_ON})\s+(?P<unit>week|month|year|weekend|fortnight)\b")
_WEEKDAY = re.compile(rf"\b(?:(?P<side>{_BACK}|{_ON})\s+)?(?:week\s+)?(?P<day>{'|'.join(_WEEKDAYS)})\b")
_WEEKEND = re.compile(r"\bweekend\b")
_LOOSE = re.compile(r"\b(?:latest|recent|recently|upcoming|soon|current|currently|newest)\b")
_VAGUE = re.compile(
    r"\b(?:later this|season|quarter|q[1-4]|spring|summer|autumn|fall|winter|easter|thanksgiving|holidays?|"
    r"decade|century|semester|end of|start of|beginning of)\b"
)
_WEEK_OF = re.compile(r"\bweek (?:of|starting|beginning|from)\b")
_PERIODS = frozenset((*_BACK.split("|"), *_ON.split("|"), "for", "over", "during", "within"))


def year_shift(side: str) -> int:
    """Return which year "last", "this" and "next" mean, beside the current one."""
    return -1 if side in _BACK.split("|") else 0 if side in ("this", "current") else 1


class Phrases:
    """The relative phrases of some texts, in lower case."""

    def __init__(self) -> None:
        self.any = False
        """Some phrase was said, understood or not."""
        self.vague = False
        """One was said that no rule can resolve."""
        self.years: list[int] = [0]
        """Years that are meant, relative to a date: "March 3rd next year"."""
        self.periods = False
        """A period was named that ends or begins today, such as "the past month"."""
        self._reaches: list[_Reach] = []
        self._weekdays: set[int] = set()
        self._others = False

    def read(self, text: str) -> None:
        """Take in one more text."""
        reaches = [_exactly(_FIXED[phrase]) for phrase in _FIXED_PHRASE.findall(text)]
        spans = list(_SPAN.finditer(text))
        reaches += [_span(found) for found in spans if _is_relative(found)]
        self.periods = self.periods or any(map(_is_period, spans))
        for found in _NAMED.finditer(text):
            self.periods = self.periods or (
                found["unit"] != "weekend" and found["side"] not in ("this", "current")
            )
            reaches.append(_named(found["unit"], found["side"]))
            if found["unit"] == "year":
                self.years.append(year_shift(found["side"]))
        if _WEEKEND.search(text):
            reaches.append(_weekend)
        if _WEEK_OF.search(text):
            reaches.append(lambda start, end: _within(start, end, 0, 7))
        for found in _WEEKDAY.finditer(text):
            day = _WEEKDAYS.index(found["day"])
            self._weekdays.add(day)
            self._reaches.append(_weekday(day, found["side"] or ""))
        self._reaches += reaches
        self.vague = self.vague or _VAGUE.search(text) is not None
        self._others = self._others or self.vague or bool(reaches)
        self.any = self._others or bool(self._weekdays) or self.any or _LOOSE.search(text) is not None

    def reach(self, start: date, end: date) -> bool:
        """Tell whether some phrase leads from one day to the other."""
        return any(reach(start, end) for reach in self._reaches)

    def allow(self, day: date, *, dated: bool) -> bool:
        """Tell whether a day can be meant, as far as that can be told without knowing today's date.

        Where other days were named (`dated`), "upcoming" and the like are about those.
        """
        if self._others or day.weekday() in self._weekdays:
            return True
        return not self._weekdays and not dated


def _exactly(delta: int) -> _Reach:
    return lambda start, end: (end - start).days == delta


def _is_period(found: re.Match[str]) -> bool:
    """Tell whether a span is a period that ends or begins today: "the past 7 days"."""
    sides = {found["lead"], found["side"]} & {*_BACK.split("|"), *_ON.split("|")}
    return bool(sides) and found["unit"] != "night"


def _is_relative(found: re.Match[str]) -> bool:
    """Tell whether a span leads somewhere: "in a day" and "3 nights" do, "a day off" does not."""
    return bool(found["lead"] or found["tail"]) or found["n"] not in ("a", "an", "one")


def _span(found: re.Match[str]) -> _Reach:
    amount = found["n"]
    n = int(amount) if amount.isdigit() else int(NUMBER_WORDS.get(amount.split()[0], 1))
    unit, tail = found["unit"], found["tail"] or ""
    side = found["side"] or found["lead"] or ""
    signs: tuple[int, ...] = (
        (-1,) if tail in ("ago", "earlier", "prior") or side in _BACK.split("|") else (1,)
    )
    if tail in ("before", "after") or side == "by":
        signs = (1, -1)
    # "In 3 days" is one day; "the next 3 days" are three.
    is_period = side in _PERIODS and unit != "night"
    n = n * {"week": 7, "fortnight": 14, "year": 12}.get(unit, 1)
    lengths = range(n + 1) if is_period else (n,)
    if unit in ("month", "year"):
        step = 12 if unit == "year" else 1
        return lambda start, end: any(
            _is_months_away(start, end, sign * k) for sign in signs for k in lengths if k % step == 0
        )
    deltas = {sign * days for sign in signs for days in lengths}
    return lambda start, end: (end - start).days in deltas


def _is_months_away(start: date, end: date, months: int) -> bool:
    index = start.year * 12 + start.month - 1 + months
    if (index // 12, index % 12 + 1) != (end.year, end.month):
        return False
    return end.day == start.day or end.day in (1, 28, 29, 30, 31)


def _named(unit: str, side: str) -> _Reach:
    shift = year_shift(side)
    low, high = min(shift, 0), max(shift, 0)
    if unit == "weekend":
        return lambda start, end: end.weekday() >= 4 and _within(start, end, 14 * low, 14 * high + 7)
    if unit in ("week", "fortnight"):
        return lambda start, end: _within(start, end, 14 * low - 7 * (not shift), 14 * high + 7 * (not shift))
    if unit == "year":
        return lambda start, end: (
            _is_months_away(start, end, 12 * shift)
            or (end.year == start.year + shift and (end.month, end.day) in ((1, 1), (12, 31)))
        )
    return lambda start, end: (
        _is_months_away(start, end, shift) or (shift != 0 and 28 <= (end - start).days * shift <= 31)
    )


def _weekday(day: int, side: str) -> _Reach:
    back = side in _BACK.split("|")
    low, high = (-14, 0) if back else (0, 14)
    return lambda start, end: end.weekday() == day and _within(start, end, low, high)


def _weekend(start: date, end: date) -> bool:
    return end.weekday() >= 4 and _within(start, end, -7, 14)


def _within(start: date, end: date, low: int, high: int) -> bool:
    return low <= (end - start).days <= high
