"""Find the JSON objects in what a model wrote, and read those that are not quite JSON. Nothing is evaluated.

Strict JSON is read by the standard library. What fails there is read once more with what models get wrong
allowed: single and curly quotes, unescaped quotes and line breaks in strings, bare words (``True``, ``yes``,
``4/5``), trailing and missing commas, ``//`` comments.

    >>> objects("Sure: {'passes': True, 'rating': 4/5,}").found[0].fields.pairs
    (('passes', True), ('rating', '4/5'))
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import NamedTuple

from callwright.record import Json

_WORK = 2_000_000
"""Characters read in vain before the rest of an answer is left alone, so that noise costs no square of it."""
_DEPTH = 32


@dataclass(frozen=True)
class Fields:
    """A JSON object with every pair as it was written: keys that occur twice are both there."""

    pairs: tuple[tuple[str, Json], ...]


class Found(NamedTuple):
    """An object and where it stands in the text."""

    start: int
    end: int
    fields: Fields


class Objects(NamedTuple):
    """The outermost complete objects of a text."""

    found: tuple[Found, ...]
    broken: bool
    """Some other object began with a key and was never completed."""


def objects(text: str) -> Objects:
    """Return the outermost objects in order; parts of an object that is not complete are no objects."""
    found: list[Found] = []
    broken = False
    at = work = 0
    while work < _WORK and (start := text.find("{", at)) >= 0:
        one = _strict(text, start)
        if one is None:
            reader = _Reader(text, start)
            try:
                one = Found(start, 0, reader.object(0))._replace(end=reader.at)
            except _NoJson:
                broken = broken or reader.begun
                work += reader.at - start
                # A sentence may hold a brace and an object behind it; a broken object is left behind whole.
                at = reader.at if reader.begun else start + 1
                continue
        found.append(one)
        at = one.end
    return Objects(tuple(found), broken or work >= _WORK)


def sound(text: str) -> str:
    """Return the text without halves of surrogate pairs, which an escape can make and no file can hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _fields(pairs: list[tuple[str, Json]]) -> Fields:
    return Fields(tuple(pairs))


_decode = json.JSONDecoder(object_pairs_hook=_fields).raw_decode


def _strict(text: str, start: int) -> Found | None:
    try:
        value, end = _decode(text, start)
    except (ValueError, RecursionError):  # also an integer with thousands of digits
        return None
    return Found(start, end, value) if isinstance(value, Fields) else None


class _NoJson(Exception):
    """The text is not even nearly JSON."""


_SPACE = re.compile(r"(?:\s|//[^\n]*)*")
_SPACE_AND_COMMAS = re.compile(r"(?:[\s,]|//[^\n]*)*")
_CLOSES = {'"': '"', "'": "'", "“": "”", "‘": "’"}
# A quote ends a string only where something can follow; else it is an unescaped quote inside.
_TO_CLOSE = {
    opening: re.compile(rf"\\[\s\S]|{closing}(?=\s*(?:[,:}}\]]|//|\Z)|[ \t]*\r?\n)")
    for opening, closing in _CLOSES.items()
}
_BARE_KEY = re.compile(r"[A-Za-z_][\w -]*")
_BARE = re.compile(r"[^,{}\[\]\n\"]+")
_NUMBER = re.compile(r"[+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[\s\S])")
_WORDS: dict[str, Json] = {"true": True, "false": False, "null": None, "none": None}
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class _Reader:
    """Reads one object; `at` is where the reader stands, also after a failure."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at
        self.begun = False
        """A key and its colon were read: this is no brace in a sentence."""

    def object(self, depth: int) -> Fields:
        pairs: list[tuple[str, Json]] = []
        self.at += 1
        while not self._closed("}"):
            key = self._key()
            self._skip(_SPACE)
            if self.text[self.at : self.at + 1] != ":":
                raise _NoJson
            self.at += 1
            self.begun = True
            pairs.append((key, self._value(depth + 1)))
        return Fields(tuple(pairs))

    def _array(self, depth: int) -> list[Json]:
        values: list[Json] = []
        self.at += 1
        while not self._closed("]"):
            values.append(self._value(depth + 1))
        return values

    def _closed(self, bracket: str) -> bool:
        self._skip(_SPACE_AND_COMMAS)
        if self.text[self.at : self.at + 1] != bracket:
            return False
        self.at += 1
        return True

    def _key(self) -> str:
        if self.text[self.at : self.at + 1] in _CLOSES:
            return self._string()
        return self._match(_BARE_KEY).strip()

    def _value(self, depth: int) -> Json:
        if depth > _DEPTH:
            raise _NoJson
        self._skip(_SPACE)
        first = self.text[self.at : self.at + 1]
        if first == "{":
            return self.object(depth)
        if first == "[":
            return self._array(depth)
        return self._string() if first in _CLOSES else _plain(self._match(_BARE).strip())

    def _string(self) -> str:
        closing = _TO_CLOSE[self.text[self.at]]
        begin = self.at + 1
        for match in closing.finditer(self.text, begin):
            if match[0][0] != "\\":
                self.at = match.end()
                return _ESCAPE.sub(_unescaped, self.text[begin : match.start()])
        self.at = len(self.text)
        raise _NoJson

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None or not match[0].strip():
            raise _NoJson
        self.at = match.end()
        return match[0]

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at


def _plain(word: str) -> Json:
    if word.casefold() in _WORDS:
        return _WORDS[word.casefold()]
    if not _NUMBER.fullmatch(word):
        return word
    number = float(word)
    return int(number) if word.lstrip("+-").isdigit() and math.isfinite(number) else number


def _unescaped(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) == 5:
        return chr(int(escape[1:], 16))
    return _ESCAPED.get(escape, escape)
