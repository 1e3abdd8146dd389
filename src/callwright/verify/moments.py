"""How a text that is a date or a time of day is traced."""

from __future__ import annotations

import re

from callwright.verify.evidence import Evidence
from callwright.verify.times import Time, in_part_of_day, times_of
from callwright.verify.words import SECONDS_DIMENSION

_DATE = re.compile(
    r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})(?:[-/.](?P<d>\d{1,2}))?(?!\d)"
    r"|(?<!\d)(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<c>\d{4}|\d{2})(?!\d)"
)
_CJK_DATE = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]")
_WORD = re.compile(r"[a-z]{2,}")
_OF_TIME = frozenset({"am", "pm", "utc", "gmt", "est", "pst", "cst", "mst", "edt", "pdt", "cet"})
_LONGEST = 40
"""Characters; a longer text only mentions a date."""
_SECONDS_OF_DAY = 86400


def moment(text: str, evidence: Evidence) -> float | None:
    """Return the trust in a date or time, in lower case: 1, 0.5 or 0; None where the text is neither."""
    if cjk := _CJK_DATE.match(text):
        trust = evidence.days.trust(*map(int, cjk.groups()))
        return trust or (0.5 if evidence.foreign else 0.0)
    found = _DATE.search(text)
    times = list(times_of(text)) if ":" in text or text[-1] == "m" else []
    if found is None:
        return _clock(times, evidence) if times and len(text) <= 12 else None
    rest = text[: found.start()] + " " + text[found.end() :].lstrip("t")
    if len(text) > _LONGEST or not set(_WORD.findall(rest)) <= _OF_TIME:
        return None
    trust = _day(found, evidence)
    if trust and times and times[0] not in ((0, 0), (23, 59)) and len(text) > 10:
        trust = min(trust, _clock(times[:1], evidence))
    if not trust and evidence.foreign:
        return 0.5  # words for days can not be read
    return trust


def _day(found: re.Match[str], evidence: Evidence) -> float:
    if found["y"]:
        orders = [(int(found["y"]), int(found["m"]), int(found["d"]) if found["d"] else None)]
    else:
        year = int(found["c"]) + (2000 if len(found["c"]) == 2 else 0)
        a, b = int(found["a"]), int(found["b"])
        orders = [(year, a, b), (year, b, a)]
    days = evidence.days
    return max(days.trust(*order) for order in orders)


def _clock(times: list[Time], evidence: Evidence) -> float:
    said = evidence.times
    if all(time in said for time in times):
        return 1.0
    return 0.5 if all(time in said or _is_understood(time, evidence) for time in times) else 0.0


def _is_understood(time: Time, evidence: Evidence) -> bool:
    """Tell whether a time is "at 7", "in the evening", or "two hours later" than one that was said."""
    hour, minute = time
    if ((hour + 12) % 24, minute) in evidence.halves:
        return False  # "7pm" is not 07:00
    of_hour = {hour, hour % 12} & evidence.numbers
    part_named = in_part_of_day(time, evidence.words)
    if of_hour and minute in (0, 30) and (part_named or not _names_part(evidence)):
        return True
    if part_named and minute % 15 == 0:
        return True
    spans = {q.base for q in evidence.quantities if q.dimension == SECONDS_DIMENSION}
    at = hour * 3600 + minute * 60
    if at in spans:
        return True  # a duration
    starts = [h * 3600 + m * 60 for h, m in evidence.times]
    return any(
        (at - start) % _SECONDS_OF_DAY in spans or (start - at) % _SECONDS_OF_DAY in spans for start in starts
    )


def _names_part(evidence: Evidence) -> bool:
    """Tell whether some part of the day was named, which the hour then has to lie in."""
    return any(in_part_of_day((hour, 0), evidence.words) for hour in range(24))
