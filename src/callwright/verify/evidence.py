"""What a conversation has said so far, indexed for grounding: text, words, numbers, quantities, times.

Each index is built on first use and then grows with the conversation, so a long trajectory is read once per
index, and a row whose values stand literally in the text builds none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from callwright.verify.words import FACTORS, MONTHS, NUMBER_WORDS, SCALES, STOP_WORDS, UNITS

_WORD = re.compile(r"[^\W_]+(?:'[a-z]+)?")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBER = re.compile(r"(?<![\d.])(-?)(\d+(?:[.,]\d+)*(?:e[+-]?\d+)?|\.\d+)(?:\s*-?\s*([a-z%°µ]+))?")
_FRACTION = re.compile(r"(\d+)\s*/\s*(\d+)")
_TIME = re.compile(r"\b(\d{1,2})(?:[:.h](\d{2}))?\s*([ap])\.?m\b|\b(\d{1,2})[:h](\d{2})\b")
_ONE_UNIT = re.compile(r"\b(?:an?|one|per|next|last|past|this|each|every|the|coming)\s+(\w+)")
_TOLERANCE = 5e-3
LAST_LATIN = "\u024f"


def _joined(left: str, right: str) -> bool:
    """Tell whether two neighbouring characters belong to one word or one number ("5cm" holds two)."""
    if left.isdigit() or right.isdigit():
        return left.isdigit() and right.isdigit()
    # Scripts beyond Latin, Greek and Cyrillic often write words without gaps.
    return left.isalpha() and right.isalpha() and max(left, right) < "\u0590"


def _continues(text: str, start: int, end: int) -> bool:
    """Tell whether ``text[start:end]`` is only a part of a word or number there."""
    if start > 0 and _joined(text[start - 1], text[start]):
        return True
    if end >= len(text):
        return False
    if _joined(text[end - 1], text[end]):
        return True
    # "12" is no part of what "12.5" says.
    return text[end] == "." and text[end - 1].isdigit() and text[end + 1 : end + 2].isdigit()


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case; snake_case and camelCase come apart."""
    if not text.isascii() or not text.islower():
        text = _CAMEL.sub(" ", text).casefold()
    return _WORD.findall(text)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return a crude English stem, equal for the usual inflections of a word.

    >>> stem("movies"), stem("movie"), stem("booking"), stem("booked")
    ('mov', 'mov', 'book', 'book')
    """
    word = word.removesuffix("'s")
    if len(word) > 3:
        for ending in ("ations", "ation", "ings", "ing", "ed", "es", "ly", "al", "s", "e"):
            if word.endswith(ending) and len(word) - len(ending) >= 3:
                word = word[: -len(ending)]
                break
    if len(word) > 3 and word[-1] in "eiy":
        word = word[:-1]
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word


def squash(text: str) -> str:
    """Return only the letters and digits, in lower case: formulas and codes compare without layout."""
    return "".join(c for c in text.casefold() if c.isalnum())


class Evidence:
    """The texts said so far and what can be looked up in them."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._raw: list[str] = []
        self._words: set[str] = set()
        self._stems: set[str] = set()
        self._numbers: set[float] = set()
        self._quantities: list[tuple[int, float]] = []
        self._times: set[tuple[int, int]] = set()
        self._months: set[int] = set()
        self._squashed: list[str] = []
        self._initials: list[str] = []
        self._read = {"words": 0, "numbers": 0, "times": 0, "squashed": 0, "initials": 0}

    def add(self, text: str) -> None:
        """Take in one more text."""
        if text:
            self._raw.append(text)
            self.texts.append(text.casefold())

    def says(self, phrase: str) -> bool:
        """Tell whether some text contains `phrase` (lower case), not inside a longer word or number."""
        for text in self.texts:
            at = text.find(phrase)
            while at >= 0:
                if not _continues(text, at, at + len(phrase)):
                    return True
                at = text.find(phrase, at + 1)
        return False

    @property
    def foreign(self) -> bool:
        """Tell whether most letters are of another script than Latin, so that words can not be compared."""
        letters = [c for text in self.texts for c in text[:2000] if c.isalpha()]
        return 2 * sum(c > LAST_LATIN for c in letters) > len(letters)

    def contains(self, phrase: str) -> bool:
        """Tell whether some text contains `phrase` (lower case) anywhere."""
        return any(phrase in text for text in self.texts)

    def has_initials(self, letters: str) -> bool:
        """Tell whether consecutive words begin with these letters ("nba" for National Basketball …)."""
        for k in self._unread("initials"):
            words = words_of(self._raw[k])
            self._initials.append("".join(w[0] for w in words))
            self._initials.append("".join(w[0] for w in words if w not in STOP_WORDS))
        return any(letters in text for text in self._initials)

    def _unread(self, index: str) -> range:
        start, self._read[index] = self._read[index], len(self.texts)
        return range(start, len(self.texts))

    @property
    def words(self) -> set[str]:
        """All words, lower case."""
        for k in self._unread("words"):
            found = words_of(self._raw[k])
            self._words.update(found)
            self._words.update(_WORD.findall(self.texts[k]))
            self._stems.update(map(stem, found))
        return self._words

    @property
    def stems(self) -> set[str]:
        """The stems of all words."""
        _ = self.words
        return self._stems

    @property
    def numbers(self) -> set[float]:
        """All numbers, however they are written: digits, words, per cent, thousands, ordinals."""
        for k in self._unread("numbers"):
            self._read_numbers(self.texts[k])
        return self._numbers

    @property
    def months(self) -> set[int]:
        """The months named in words."""
        return {MONTHS[w] for w in self.words & MONTHS.keys()}

    @property
    def times(self) -> set[tuple[int, int]]:
        """All times of day as (hour of 24, minute)."""
        for k in self._unread("times"):
            self._times.update(times_of(self.texts[k]))
        return self._times

    def squashed(self, phrase: str) -> bool:
        """Tell whether `phrase`, already squashed, occurs when layout and punctuation do not count."""
        for k in self._unread("squashed"):
            self._squashed.append(squash(self.texts[k]))
        return any(phrase in text for text in self._squashed)

    def has_number(self, value: float) -> bool:
        """Tell whether the number was said, in any unit that converts into it."""
        numbers = self.numbers
        if value in numbers:
            return True
        close = abs(value) * 1e-9
        if any(abs(n - value) <= close for n in numbers):
            return True
        return any(
            abs(base / factor - value) <= abs(value) * _TOLERANCE
            for dimension, base in self._quantities
            for factor in FACTORS[dimension]
        )

    def _read_numbers(self, text: str) -> None:
        previous: list[tuple[int, float]] = []
        for value, unit in _numbers_with_units(text):
            self._numbers.add(value)
            if unit in ("%", "percent", "percentage"):
                self._numbers.add(round(value / 100, 12))
            scale = SCALES.get(unit)
            if scale is not None:
                self._numbers.add(round(value * scale, 9))
            quantities = [(dimension, value * factor) for dimension, factor in UNITS.get(unit, ())]
            self._quantities += quantities
            # "1 hour 30 minutes", "5 feet 8 inches": neighbours of one dimension add up.
            self._quantities += [(d, v + w) for d, v in quantities for e, w in previous if d == e]
            previous = quantities
        for unit in _ONE_UNIT.findall(text):
            self._quantities += UNITS.get(unit, ())
        for over, under in _FRACTION.findall(text):
            if int(under):
                self._numbers.add(int(over) / int(under))


def _numbers_with_units(text: str) -> Iterator[tuple[float, str]]:
    for sign, digits, unit in _NUMBER.findall(text):
        for value in _readings(digits):
            yield value, unit
            if sign:
                yield -value, unit
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
    total, current, open_number = 0.0, 0.0, False
    for word in [*words, ""]:
        value = NUMBER_WORDS.get(word)
        if value is not None:
            if open_number and not (current >= 20 and value < 10) and current % 100 != 0:
                yield total + current, word
                total, current = 0.0, 0.0
            current += value
            open_number = True
        elif word in SCALES and open_number and len(word) > 2:
            current *= SCALES[word]
            if SCALES[word] > 100:
                total, current = total + current, 0.0
        elif open_number and word != "and":
            yield total + current, word
            total, current, open_number = 0.0, 0.0, False


def times_of(text: str) -> Iterator[tuple[int, int]]:
    """Yield the times of day that a text (lower case) names, as (hour of 24, minute)."""
    for hour, minute, half, plain_hour, plain_minute in _TIME.findall(text):
        if half:
            yield int(hour) % 12 + (12 if half == "p" else 0), int(minute or 0)
        else:
            yield int(plain_hour), int(plain_minute)
    if "noon" in text:
        yield 12, 0
    if "midnight" in text:
        yield 0, 0
