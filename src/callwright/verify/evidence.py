"""What a conversation has said so far, indexed for grounding: text, words, numbers, quantities, days, times.

Each index is built on first use and then grows with the conversation, so a long trajectory is read once per
index, and a row whose values stand literally in the text builds none.
"""

from __future__ import annotations

import re
from functools import lru_cache

from callwright.verify import numerals
from callwright.verify.dates import Days
from callwright.verify.numerals import Quantity
from callwright.verify.times import Time, halves_of, times_of
from callwright.verify.words import FACTORS, NEGATIONS, STOP_WORDS

_WORD = re.compile(r"[^\W_]+(?:'[a-z]+)?")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LAYOUT = re.compile(r"[\W_]+")
_PUNCTUATION = re.compile(r"[^\w\s]|_")
_CAPITALS = re.compile(r"(?:[A-Z][\w'-]*[ ]){1,5}[A-Z][\w'-]*")
_TOLERANCE = 5e-3
_WHOLE = 3
"""Letters up to which the beginning of a word may be that of any word."""
_REACH = 4
"""Words after "without" or "not" that are meant by it."""
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
    return _LAYOUT.sub("", text.casefold())


class Evidence:
    """The texts said so far and what can be looked up in them."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._raw: list[str] = []
        self._words: set[str] = set()
        self._stems: set[str] = set()
        self._numbers: set[float] = set()
        self._quantities: set[Quantity] = set()
        self._times: set[Time] = set()
        self._halves: set[Time] = set()
        self._days = Days()
        self._squashed: list[str] = []
        self._initials: list[str] = []
        self._capitals: set[str] = set()
        self._first_names: set[str] = set()
        self._mentions: dict[str, list[int]] = {}
        self._limits: tuple[set[float], set[float]] = (set(), set())
        self._letters = 0
        self._foreign = 0
        self._read: dict[str, int] = {}

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
        for k in self._unread("foreign"):
            letters = [c for c in self.texts[k][:2000] if c.isalpha()]
            self._letters += len(letters)
            self._foreign += sum(c > LAST_LATIN for c in letters)
        return 2 * self._foreign > self._letters

    def contains(self, phrase: str) -> bool:
        """Tell whether some text contains `phrase` (lower case) anywhere."""
        return any(phrase in text for text in self.texts)

    def speaks_of(self, beginning: str) -> bool:
        """Tell whether some word begins with `beginning` (lower case); a short one has to be a whole word."""
        for text in self.texts:
            at = text.find(beginning)
            while at >= 0:
                end = at + len(beginning)
                starts = at == 0 or not (text[at - 1].isalnum() and text[at].isalnum())
                if starts and (len(beginning) > _WHOLE or not text[end : end + 1].isalpha()):
                    return True
                at = text.find(beginning, at + 1)
        return False

    def has_initials(self, letters: str) -> bool:
        """Tell whether consecutive words begin with these letters ("nba" for National Basketball …)."""
        for k in self._unread("initials"):
            words = words_of(self._raw[k])
            self._initials.append("".join(w[0] for w in words))
            self._initials.append("".join(w[0] for w in words if w not in STOP_WORDS))
        return any(letters in text for text in self._initials)

    def has_capitals(self, letters: str) -> bool:
        """Tell whether a name of several words has these initials ("sd" for San Diego)."""
        for k in self._unread("capitals"):
            for name in _CAPITALS.findall(self._raw[k]):
                words = name.casefold().split()
                self._capitals.add("".join(word[0] for word in words))
                self._first_names.update(words[:-1])
        return any(letters in name for name in self._capitals)

    def names_begin_with(self, first: str) -> bool:
        """Tell whether a name of several words begins with this one ("new", of New York)."""
        self.has_capitals("")
        return first in self._first_names

    def _unread(self, index: str) -> range:
        start, self._read[index] = self._read.get(index, 0), len(self.texts)
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
            found, quantities = numerals.read(self.texts[k])
            self._numbers |= found
            self._quantities.update(quantities)
        return self._numbers

    @property
    def quantities(self) -> set[Quantity]:
        """All amounts with a unit."""
        _ = self.numbers
        return self._quantities

    @property
    def days(self) -> Days:
        """All that is said about days."""
        for k in self._unread("days"):
            self._days.read(self.texts[k])
        return self._days

    @property
    def months(self) -> set[int]:
        """The months named in words, or with a day."""
        days = self.days
        return days.months | {month for month, _ in days.days} | {month for _, month, _ in days.full}

    @property
    def times(self) -> set[Time]:
        """All times of day as (hour of 24, minute)."""
        for k in self._unread("times"):
            self._times.update(times_of(self.texts[k]))
            self._halves.update(halves_of(self.texts[k]))
        return self._times

    @property
    def halves(self) -> set[Time]:
        """The times that were said with their half of the day."""
        _ = self.times
        return self._halves

    def mentions(self, stems: set[str]) -> tuple[int, int]:
        """Return how often one of the stems occurs, and how often shortly after a word of negation."""
        for k in self._unread("mentions"):
            words = words_of(self._raw[k])
            negations = [i for i, word in enumerate(words) if word in NEGATIONS]
            near = {i + step for i in negations for step in range(1, _REACH + 1)}
            for i, word in enumerate(words):
                counts = self._mentions.setdefault(stem(word), [0, 0])
                counts[0] += 1
                counts[1] += i in near
        found = [self._mentions.get(word, (0, 0)) for word in stems]
        return sum(n for n, _ in found), sum(n for _, n in found)

    @property
    def limits(self) -> tuple[set[float], set[float]]:
        """The numbers that something has to stay below, and those that it has to exceed."""
        for k in self._unread("limits"):
            for known, new in zip(self._limits, numerals.limits(self.texts[k]), strict=True):
                known |= new
        return self._limits

    def squashed(self, phrase: str) -> bool:
        """Tell whether `phrase`, already squashed, occurs when layout and punctuation do not count."""
        for k in self._unread("squashed"):
            text = self.texts[k]
            # In the second, numbers that only white space keeps apart stay apart.
            self._squashed += (_LAYOUT.sub("", text), _PUNCTUATION.sub("", text))
        return any(_is_whole(phrase, text) for text in self._squashed)

    def has_number(self, value: float) -> bool:
        """Tell whether the number was said, in any unit that converts into it."""
        numbers = self.numbers
        if value in numbers:
            return True
        close = abs(value) * 1e-9
        if any(abs(n - value) <= close for n in numbers):
            return True
        return any(
            _converts(base / factor, value)
            for dimension, base in self.quantities
            for factor in FACTORS[dimension]
        )


def _converts(converted: float, value: float) -> bool:
    """Tell whether a value is a converted amount, rounded at most where there is something to round."""
    off = abs(converted - value)
    if off <= abs(value) * 1e-9:
        return True
    return not converted.is_integer() and abs(converted) < 1e15 and off <= abs(value) * _TOLERANCE


def _is_whole(phrase: str, text: str) -> bool:
    """Tell whether a squashed text holds a phrase, and not as a part of a longer number."""
    at = text.find(phrase)
    while at >= 0:
        end = at + len(phrase)
        before = at > 0 and phrase[0].isdigit() and text[at - 1].isdigit()
        after = end < len(text) and phrase[-1].isdigit() and text[end].isdigit()
        if not before and not after:
            return True
        at = text.find(phrase, at + 1)
    return False
