"""What a description tells in prose that a schema could hold: closed sets, bounds, how dates are written.

>>> closed_set("Sort order, one of: asc, desc."), bounds("Between 1 and 10.")
(('asc', 'desc'), {'minimum': 1, 'maximum': 10})
"""

from __future__ import annotations

import re

from callwright.record import Json
from callwright.synthesize.kinds import stated_values

_ITEM = r"[A-Za-z][\w-]{0,29}"
_LISTED = re.compile(
    r"\b(?:one of(?: the following(?: values)?)?|options?(?: are)?|allowed values(?: are)?|"
    r"possible values(?: are)?|valid (?:values|options)(?: are)?|accepted values(?: are)?|must be one of|"
    r"choices(?: are)?|values)\s*:?\s*[(\[]?\s*"
    rf"(?P<items>{_ITEM}(?:\s*(?:,\s*or\b|,|\||/|\bor\b)\s*{_ITEM})+)\s*(?P<end>[)\].;]|$)",
    re.IGNORECASE,
)
_QUOTED_ITEM = r"[\"'`][\w /-]{1,30}[\"'`]"
_QUOTED = re.compile(
    r"(?:^|[:(\[=]|\w,|\bbe|\beither|\bof)\s*"
    rf"({_QUOTED_ITEM}(?:\s*(?:,\s*or\b|,|\||/|\bor\b)\s*{_QUOTED_ITEM})+)"
)
_OPEN = re.compile(
    r"\betc\b|\.\.\.|…|\bor (?:any|an?|other|custom|similar|your|the|more)\b|\band more\b|\bamong others\b|"
    r"\bincluding\b|\bsee\b|\bex\b|例如|比如|等|\bexamples?\b|\be\.?g\b|\bsuch as\b|\blike\b|"
    r"\bfor instance\b",
    re.IGNORECASE,
)
_NOT_ITEMS = frozenset(
    {"the", "a", "an", "this", "that", "these", "and", "or", "not", "be", "is", "are", "it"}
)


def closed_set(description: str) -> tuple[str, ...]:
    """Return the values that a description says are all there are; () where it does not, or leaves room."""
    if _OPEN.search(description):
        return ()
    found = stated_values(description)
    if len(found) < 2 and (listed := _LISTED.search(description)):
        found = tuple(dict.fromkeys(re.findall(_ITEM, re.sub(r"\bor\b", ",", listed["items"]))))
    if len(found) < 2 and (quoted := _QUOTED.search(description)):
        found = tuple(dict.fromkeys(re.findall(r"[\"'`]([\w /-]+)[\"'`]", quoted[1])))
    if len(found) < 2 or _NOT_ITEMS & {item.lower() for item in found} or not _is_whole(description, found):
        return ()
    return found


def _is_whole(description: str, found: tuple[str, ...]) -> bool:
    """Tell whether a list ends where its last item does, and does not begin before its first one."""
    first, last = (re.compile(rf"(?<!\w){re.escape(item)}(?!\w)") for item in (found[0], found[-1]))
    begin = next(first.finditer(description), None)
    end = next(last.finditer(description, begin.end()), None) if begin else None
    if begin is None or end is None:
        return False
    goes_on = re.search(r"[\w\"'`]\s*(?:,|\||/|\bor\b)\s*[\"'`]?$", description[: begin.start()])
    stops = re.match(r"[\"'`]?\s*(?:$|[)\].;:(\n–-])", description[end.end() :])
    return goes_on is None and stops is not None


_NUMBER = r"(-?\d+(?:\.\d+)?)"
_BETWEEN = re.compile(
    rf"\b(?:between|from|range(?: of| is)?:?)\s+{_NUMBER}\s*(?:and|to|-|–)\s*{_NUMBER}(?![\w%-])"
    rf"|[(\[]\s*{_NUMBER}\s*(?:to|-|–)\s*{_NUMBER}\s*[)\]]",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    rf"\b(?:at least|minimum(?: value)?(?: is| of)?:?|no less than)\s+{_NUMBER}(?![\w%-])", re.IGNORECASE
)
_AT_MOST = re.compile(
    rf"\b(?:at most|up to|maximum(?: value)?(?: is| of)?:?|no more than|max:?)\s+{_NUMBER}(?![\w%-])",
    re.IGNORECASE,
)
_POSITIVE = re.compile(r"\b(?:must be|a|an|any) positive (?:integer|number|float|value)\b|"
                       r"\bmust be positive\b|\bgreater than (?:zero|0)\b", re.IGNORECASE)  # fmt: skip
_NOT_NEGATIVE = re.compile(r"\bnon-?negative\b", re.IGNORECASE)


def bounds(description: str) -> dict[str, Json]:
    """Return the bounds that a description states, as keywords of a schema."""
    found = _BETWEEN.search(description)
    if found:
        low, high = (_number(text) for text in found.groups() if text is not None)
        return {"minimum": low, "maximum": high} if low < high else {}
    told: dict[str, Json] = {}
    if low_found := _AT_LEAST.search(description):
        told["minimum"] = _number(low_found[1])
    elif _POSITIVE.search(description):
        told["exclusiveMinimum"] = 0
    elif _NOT_NEGATIVE.search(description):
        told["minimum"] = 0
    if high_found := _AT_MOST.search(description):
        told["maximum"] = _number(high_found[1])
    return told


def _number(text: str) -> float:
    return float(text) if "." in text else int(text)


_SHAPES: tuple[tuple[re.Pattern[str], dict[str, Json]], ...] = (
    (re.compile(r"yyyy-mm-dd[t ]+hh:mm(?!:ss)|%y-%m-%d[t ]%h:%m(?!:%s)", re.I),
     {"pattern": r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}$"}),
    (re.compile(r"yyyy-mm-dd[t ]+hh|%y-%m-%d[t ]%h", re.I),
     {"pattern": r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}$"}),
    (re.compile(r"iso.?8601 (?:date-?)?time|rfc ?3339|date-time", re.I), {"format": "date-time"}),
    (re.compile(r"yyyy-mm-dd|%y-%m-%d|iso.?8601 date|iso date", re.I), {"format": "date"}),
    (re.compile(r"\byyyymmdd\b", re.I), {"pattern": r"^\d{8}$"}),
    (re.compile(r"mm/dd/yyyy|dd/mm/yyyy|%m/%d/%y|%d/%m/%y", re.I), {"pattern": r"^\d{2}/\d{2}/\d{4}$"}),
    (re.compile(r"dd-mm-yyyy|mm-dd-yyyy", re.I), {"pattern": r"^\d{2}-\d{2}-\d{4}$"}),
    (re.compile(r"\bhh:mm\b(?!:ss)|%h:%m(?!:%s)", re.I), {"pattern": r"^([01]\d|2[0-3]):[0-5]\d$"}),
    (re.compile(r"iso.?4217|\b(?:three|3)[- ]letter\b|\biata\b.*\b(?:airport|city|code)", re.I),
     {"pattern": "^[A-Z]{3}$"}),
    (re.compile(r"\b(?:two|2)[- ]letter\b|alpha-?2\b", re.I), {"pattern": "^[A-Za-z]{2}$"}),
)  # fmt: skip
_FREE = re.compile(
    r"\btoday\b|\btomorrow\b|natural language|relative|human[- ]readable|any format|\bor\b|\bleave\b|"
    r"\blist of\b|comma|\be\.?g\.? [a-z]",
    re.IGNORECASE,
)


def shape(description: str) -> dict[str, Json]:
    """Return the format or pattern that a description states; {} where it states none or leaves room."""
    if _FREE.search(description):
        return {}
    return next((dict(words) for pattern, words in _SHAPES if pattern.search(description)), {})
