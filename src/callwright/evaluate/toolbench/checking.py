"""Whether an answer holds a value: a number in any notation, or words that stand for themselves.

>>> holds("It costs $1,250.50 in all.", "1250.5")
True
>>> holds("The planets", "plan")
False
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?<![\w.])[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w]|\.\d)")
_TOLERANCE = 1e-6
_MOST_DIGITS = 40


def holds(answer: str, value: str) -> bool:
    """Tell whether `answer` holds `value`: as a number if it is one, else as whole words in any case."""
    wanted = _number(value)
    if wanted is not None:
        found = (_number(match[0]) for match in _NUMBER.finditer(answer))
        return any(each is not None and abs(each - wanted) <= _TOLERANCE for each in found)
    words = r"\s+".join(map(re.escape, value.split()))
    return re.search(rf"(?<!\w){words}(?!\w)", answer, re.IGNORECASE) is not None


def _number(text: str) -> float | None:
    plain = text.strip().replace(",", "").replace("−", "-")
    if len(plain) > _MOST_DIGITS or not re.fullmatch(r"-?\d+(?:\.\d+)?", plain):
        return None
    return float(plain)
