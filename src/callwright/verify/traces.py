"""How one argument value is traced: by its type, from the literal to the inferred.

Every function returns the trust in a value: `TRACED`, `WEAK` (supported, but only by inference: a date from
a relative word, a completed address, a boolean that nobody mentioned but that must be given), or `UNTRACED`.
"""

from __future__ import annotations

import re

from callwright.record import Json
from callwright.verify.evidence import Evidence, squash, stem, times_of, words_of
from callwright.verify.words import (
    ALIASES,
    FLAG_WORDS,
    MONTHS,
    NEGATIONS,
    NUMBER_WORDS,
    PARTS_OF_DAY,
    RELATIVE_DATE_WORDS,
    STOP_WORDS,
    UNCONSTRAINED,
)

TRACED, WEAK, UNTRACED = 1.0, 0.5, 0.0

_DATE = re.compile(
    r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})(?:[-/.](?P<d>\d{1,2}))?(?!\d)"
    r"|(?<!\d)(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<c>\d{4}|\d{2})(?!\d)"
)
_COMPOSED = 6
"""From this many content words on, a string counts as composed text and may paraphrase."""


def trace(value: Json, schema: dict[str, Json], name: str, evidence: Evidence) -> float:
    """Return the trust in one scalar value of the argument `name`."""
    if isinstance(value, str):
        folded = value.casefold().strip()
        if folded and evidence.says(folded):
            return TRACED
        return _string(value, folded, schema, name, evidence)
    if value is None or value == [] or value == {}:
        return TRACED
    if "default" in schema and schema["default"] == value:
        return TRACED
    if isinstance(value, bool):
        return _boolean(value, schema, name, evidence)
    if isinstance(value, int | float):
        return _number(value, schema, evidence)
    return WEAK


def _number(value: float, schema: dict[str, Json], evidence: Evidence) -> float:
    if 0 <= value < 1e15 and value == (whole := int(value)) and evidence.says(str(whole)):
        return TRACED
    try:
        number = float(value)
    except OverflowError:
        return UNTRACED
    if evidence.has_number(number):
        return TRACED
    if number < 0 and evidence.has_number(-number):
        return WEAK  # "5 degrees below zero", "a loss of 200"
    if number == 1 and evidence.words & {"a", "an"}:
        return WEAK
    if number.is_integer() and int(number) in evidence.months:
        return TRACED
    if 1950 <= number < 2100 and number % 100 in evidence.numbers:
        return WEAK  # "'19" for 2019
    return WEAK if _explained(str(value), schema, evidence) else UNTRACED


def _boolean(value: bool, schema: dict[str, Json], name: str, evidence: Evidence) -> float:
    """A flag is traced when the conversation mentions what it is about."""
    about = {stem(w) for w in words_of(name)} - _FLAG_STEMS
    if about & evidence.stems or any(len(w) > 4 and evidence.contains(w) for w in words_of(name)):
        return TRACED
    described = {stem(w) for w in words_of(str(schema.get("description", ""))) if len(w) > 3} - _FLAG_STEMS
    mentioned = len(described & evidence.stems)
    if mentioned >= 2 or (mentioned and (value or evidence.words & NEGATIONS)):
        return WEAK
    return UNTRACED if value else WEAK


_FLAG_STEMS = frozenset(map(stem, FLAG_WORDS))


def _string(value: str, folded: str, schema: dict[str, Json], name: str, evidence: Evidence) -> float:
    if not folded:
        return WEAK
    if "default" in schema and schema["default"] == value:
        return TRACED
    if folded in ("true", "false"):
        return _boolean(folded == "true", schema, name, evidence)
    if folded in UNCONSTRAINED:
        return WEAK
    dated = _date(folded, evidence)
    if dated is not None:
        return dated
    plain = squash(folded)
    if len(plain) >= 4 and evidence.squashed(plain):
        return TRACED
    if not plain:
        return TRACED if evidence.contains(folded) else WEAK
    numeric = _numeric(folded)
    if numeric is not None:
        return _number(numeric, schema, evidence)
    trust = _by_words(value, folded, evidence)
    if trust:
        return trust
    if _explained(folded, schema, evidence) or (folded.isascii() and evidence.foreign):
        return WEAK
    return UNTRACED


def _numeric(folded: str) -> float | None:
    text = folded.strip("$€£¥%+ ").replace(",", "")
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 1e300 else None


def _date(folded: str, evidence: Evidence) -> float | None:
    """Return the trust in a date or time; None where the string is neither."""
    found = _DATE.search(folded)
    times = list(times_of(folded)) if ":" in folded or folded[-1] == "m" else []
    if found is None:
        return _times(times, evidence) if times and len(folded) <= 12 else None
    if len(folded) > 40:
        return None
    trust = _day(found, evidence)
    if trust and times and times[0] not in ((0, 0), (23, 59)) and len(folded) > 10:
        trust = min(trust, _times(times[:1], evidence))
    return trust


def _day(found: re.Match[str], evidence: Evidence) -> float:
    if found["y"]:
        year = int(found["y"])
        orders = [(int(found["m"]), int(found["d"]) if found["d"] else None)]
    else:
        year = int(found["c"]) + (2000 if len(found["c"]) == 2 else 0)
        orders = [(int(found["a"]), int(found["b"])), (int(found["b"]), int(found["a"]))]
    numbers, words = evidence.numbers, evidence.words
    has_year = year in numbers or year % 100 in numbers
    best = WEAK if words & RELATIVE_DATE_WORDS and _RELATIVE.search(" ".join(evidence.texts)) else UNTRACED
    for month, day in orders:
        has_month = month in evidence.months or (month in numbers and not evidence.months)
        has_day = day is None or day in numbers
        if has_month and has_day:
            return TRACED if has_year else WEAK
        # "in May 2023", "during 2023": the ends of a named span are inferred.
        if has_year and ((has_month and day in (1, 28, 29, 30, 31)) or (month, day) in ((1, 1), (12, 31))):
            best = WEAK
    return best


_RELATIVE = re.compile(
    r"\b(today|tonight|tomorrow|yesterday|now|current|currently|latest|upcoming|weekend|christmas|easter"
    r"|halloween|thanksgiving|(next|last|past|previous|this|coming|ago|following|in \w+|for \w+|\d+|later)"
    r"[ -](\w+ )?(day|days|week|weeks|month|months|year|years|night|nights|quarter|spring|summer|autumn|fall"
    r"|winter|monday|tuesday|wednesday|thursday|friday|saturday|sunday|weekend)"
    r"|on (monday|tuesday|wednesday|thursday|friday|saturday|sunday))\b"
)


def _times(times: list[tuple[int, int]], evidence: Evidence) -> float:
    said = evidence.times
    if all(time in said for time in times):
        return TRACED
    if all((h, m) in said or (m in (0, 30) and {h, h % 12, h - 12} & evidence.numbers) for h, m in times):
        return WEAK
    return WEAK if evidence.words & PARTS_OF_DAY else UNTRACED


def _explained(text: str, schema: dict[str, Json], evidence: Evidence) -> bool:
    """Tell whether the parameter's description gives the value: as default, or as code for what was said."""
    description = schema.get("description")
    if not isinstance(description, str) or text.casefold() not in (folded := description.casefold()):
        return False
    tail = folded.partition("default")[2]
    if tail and re.search(rf"(?<!\w){re.escape(text.casefold())}(?!\w)", tail[:80]):
        return True
    code = re.escape(text.casefold())
    before = re.findall(rf"(\w+)['\"]?\s*[:=(]\s*['\"]?{code}(?!\w)", folded)
    after = re.findall(
        rf"(?<!\w){code}['\"]?\W*(?:(?:for|is|means|to|represents|indicates|denotes)\s+)?([^\W\d]\w+)", folded
    )
    meant = {stem(word) for word in before or after if word not in STOP_WORDS and len(word) > 3}
    return bool(meant & evidence.stems)


def _by_words(value: str, folded: str, evidence: Evidence) -> float:
    words = words_of(value)
    content = [w for w in words if w not in STOP_WORDS] or words
    if not content:
        return UNTRACED
    share = sum(_said(w, evidence) for w in content) / len(content)
    if share >= 0.75 or (len(content) >= _COMPOSED and share >= 0.6):
        return TRACED
    if _by_initials(content, folded, evidence):
        return TRACED
    head = folded.partition(",")[0].strip()
    if share >= 0.5 or (head != folded and len(head) > 2 and _head_said(head, evidence)):
        return WEAK
    return WEAK if len(content) >= _COMPOSED and share >= 0.3 else UNTRACED


def _head_said(head: str, evidence: Evidence) -> bool:
    """Tell whether the part before the comma was said: "Los Angeles, CA" completes "LA"."""
    words = words_of(head)
    return evidence.says(head) or (len(words) > 1 and _by_initials(words, head, evidence))


def _said(word: str, evidence: Evidence) -> bool:
    if word in evidence.words or stem(word) in evidence.stems:
        return True
    if word in ALIASES and any(evidence.contains(phrase) for phrase in ALIASES[word]):
        return True
    if word.isdecimal() and len(word) < 18:
        return evidence.has_number(int(word))
    if word in NUMBER_WORDS and NUMBER_WORDS[word] in evidence.numbers:
        return True
    if word in MONTHS:
        return MONTHS[word] in evidence.months
    return len(word) >= 5 and evidence.contains(word[: max(5, len(word) - 3)])


def _by_initials(content: list[str], folded: str, evidence: Evidence) -> bool:
    """Tell whether the value abbreviates words that were said, or spells out an abbreviation."""
    if len(content) > 1:
        return "".join(w[0] for w in content) in evidence.words
    word = content[0]
    return 3 <= len(word) <= 6 and folded.isalpha() and evidence.has_initials(word)
