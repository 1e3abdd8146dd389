"""The two scales of an answer: 0 to 5, and yes or no. What is on neither is refused, not guessed.

>>> score_of("4 out of 5"), score_of("**3.5**"), yes_or_no("FAIL - wrong city")
(4.0, 3.5, False)
"""

from __future__ import annotations

import re

from callwright.record import Json

BEST = 5.0
_NUMBER = re.compile(
    r"([+-]?\d{1,9}(?:[.,]\d{1,9})?)(?:\s*(?:/|out\s+of|of)\s*(\d{1,9}(?:\.0+)?))?(.*)", re.DOTALL
)
_NAMES = {"zero": 0.0, "one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0}
_PASSES = frozenset({"pass", "passes", "passed", "accept", "accepted", "valid"})
_FAILS = frozenset({"fail", "fails", "failed", "reject", "rejected", "invalid"})
_YES = _PASSES | {"yes", "y", "true", "ok", "1"}
_NO = _FAILS | {"no", "n", "false", "0"}


class Unclear(Exception):
    """An answer can not be read; the text is the complaint."""


def key_of(text: str) -> str:
    """Return a key without case, spaces and punctuation: ``"Overall Score"`` is ``overallscore``."""
    return "".join(c for c in text.casefold() if c.isalnum())


def score_of(value: Json) -> float | None:
    """Return a score from 0 to 5 in steps of 0.01, None for null; raises `Unclear` for everything else."""
    if value is None or (isinstance(value, str) and key_of(value) in ("", "none", "null", "na")):
        return None
    number = value
    if isinstance(value, str):
        number = _written(value)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise Unclear(f"the score {_shown(value)} is not a number from 0 to 5")
    if not 0 <= number <= BEST:  # also what is no number at all
        raise Unclear(f"the score {_shown(value)} is not between 0 and 5")
    return round(float(number), 2)


def _written(text: str) -> float | None:
    bare = text.strip(" \t\r\n*_`\"'")
    if bare.casefold() in _NAMES:
        return _NAMES[bare.casefold()]
    found = _NUMBER.fullmatch(bare)
    if found is None or re.match(r"\w|[-–]\s*\d|%", found[3]) or re.search(r"\d", found[3]):
        return None
    if found[2] is not None and float(found[2]) != BEST:
        return None  # another scale
    return float(found[1].replace(",", "."))


def yes_or_no(value: Json) -> bool | None:
    """Return whether a value says yes, None for null; raises `Unclear` for what says neither or both."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, int | float) and value in (0, 1):
        return bool(value)
    words = re.findall(r"\w+", value.casefold()) if isinstance(value, str) else []
    if isinstance(value, str) and (not words or words in (["none"], ["null"], ["n", "a"])):
        return None
    if words and (not words[0].isdigit() or len(words) == 1):
        for verdict, first, opposite in ((True, _YES, _FAILS), (False, _NO, _PASSES)):
            if words[0] in first and not opposite & set(words):
                return verdict
    raise Unclear(f"{_shown(value)} says neither pass nor fail")


def _shown(value: Json) -> str:
    return (repr(value) if isinstance(value, str | int | float | bool) else type(value).__name__)[:60]
