"""A JSON array, cut into its elements while it is being read.

Where the text of an element is broken, the next one is looked for, in this order: where elements begin on
lines of their own, at the next line that begins so; where the brackets of the broken one close and an object
with the same first key follows; where such an object begins that is whole; where the brackets close. So a
broken element costs itself, and if it hides its own end, at most some of what follows; only what is found
nowhere is one broken row up to the end. A closing bracket too many is one broken row of its own, and arrays
or objects that stand behind the array, as where files were put one behind the other, are read on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from callwright.unify import pieces
from callwright.unify.pieces import Broken, too_long
from callwright.unify.rows import BadRow

_GAP = re.compile(rb"[\s,]*")
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
_BYTE = re.compile(r"\(byte (\d+)\)")
_CUT = 32
"""Bytes from the end of what is read, where a word or an escape may be cut and only seem to be wrong."""
_STRINGS_AND_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_CLOSES = {b"}": b"{", b"]": b"["}
_FOLLOWED = re.compile(rb"\s*(?:,\s*[\[{\"0-9tfn-]|\]\s*\Z)")
_WORD = re.compile(rb"[^\s,\[\]{}\"]+")
_FIRST_KEY = re.compile(rb'\{\s*("(?:[^"\\]|\\.)*")\s*:', re.DOTALL)
_UNREAD = "; what follows it in the array is not read"
_whole = msgspec.json.Decoder(msgspec.Raw)


class Array:
    """The elements of an array; `begun` is its text as far as it is read already."""

    def __init__(self, begun: bytes, stream: BinaryIO) -> None:
        self._text = begun
        self._at = begun.index(b"[") + 1
        self._stream = stream
        self._lead = b""
        """Line break and indentation in front of the current element; empty if it goes on in a line."""
        self._comma = False
        """There is a comma in front of the current element."""

    def texts(self) -> Iterator[bytes | Broken]:
        """Yield the elements up to the end of the file, or up to where nothing can be read any more."""
        inside, opening = True, self._after_gap()
        while opening:
            if opening == b"]" and inside:
                self._at += 1
                opening = self._after_gap()
                inside = opening == b"{" and self._comma  # so an element goes on: the bracket was none
                if inside:
                    yield _stray(b"]")
                continue
            if opening in (b"]", b"}"):
                yield _stray(opening)
                self._at += 1
            elif inside or opening == b"{":
                end = self._end()
                if isinstance(end, Broken):
                    yield end
                    return
                yield self._text[self._at : end]
                self._at = end
            elif opening == b"[":
                inside = True
                self._at += 1
            else:
                yield self._rest()
                return
            opening = self._after_gap()
        if inside:
            yield Broken(b"", BadRow("not-json", "", "the file ends inside an array"))

    def _rest(self) -> Broken:
        """Return all that is left as one broken row."""
        while len(self._text) - self._at <= pieces.MAX_ROW:
            if not self._more():
                return Broken(self._text[self._at :], BadRow("not-json", "", "text behind the array"))
        return too_long(self._text[self._at :], _UNREAD)

    def _after_gap(self) -> bytes:
        """Go to the next character that is no space or comma, and return it; nothing at the end."""
        self._lead, self._comma = b"", False
        while True:
            gap = _GAP.match(self._text, self._at)
            if gap:
                self._lead = _lead(self._lead + gap[0])
                self._comma |= b"," in gap[0]
                self._at = gap.end()
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _more(self) -> bool:
        """Read on and forget what lies behind; in doubling steps, so that a long element costs little."""
        rest = self._text[self._at :]
        read = self._stream.read(max(pieces.BLOCK, len(rest)))
        self._text, self._at = rest + read, 0
        return bool(read)

    def _end(self) -> int | Broken:
        """Return where the element at the current place ends, whole or not."""
        while True:
            length = _length_of_value(memoryview(self._text)[self._at :])
            if length == 0:
                return self._end_of_broken("its text is broken")
            if length is not None and self._at + length < len(self._text):
                return self._at + length
            if len(self._text) - self._at > pieces.MAX_ROW:
                return too_long(self._text[self._at :], _UNREAD)
            if not self._more():
                whole = length is not None
                return len(self._text) if whole else self._end_of_broken("it goes on to the end of the file")

    def _end_of_broken(self, why: str) -> int | Broken:
        """Return where a broken element ends because another begins; all that is left if none is found."""
        while True:
            end = self._word() or self._next_line() or self._end_by_brackets()
            if end:
                return end
            if len(self._text) - self._at > pieces.MAX_ROW:
                return too_long(self._text[self._at :], _UNREAD)
            if not self._more():
                return Broken(
                    self._text[self._at :], BadRow("not-json", "", f"{why}, and no element follows")
                )

    def _word(self) -> int | None:
        """Return the end of an element that is neither bracketed nor a text, such as NaN."""
        word = _WORD.match(self._text, self._at)
        return word.end() if word and word.end() < len(self._text) else None

    def _next_line(self) -> int | None:
        """Return the end of an element before the next line that begins as its first line did."""
        if not self._lead:
            return None
        begins = self._text.find(self._lead + self._text[self._at : self._at + 1], self._at + 1)
        return self._before(begins) if begins > 0 else None

    def _end_by_brackets(self) -> int | None:
        key = _FIRST_KEY.match(self._text, self._at)
        closed = self._closed()
        if key is None or (closed and not self._another_object(closed)):
            return closed
        alike = re.compile(rb",\s*(?=\{\s*" + re.escape(key[1]) + rb"\s*:)")
        if closed and alike.match(self._text, closed):
            return closed
        return self._next_object(alike, key.end()) or closed

    def _another_object(self, end: int) -> bool:
        return self._text[end : end + 64].lstrip(b" \t\r\n,")[:1] == b"{"

    def _closed(self) -> int | None:
        """Return where the brackets of an element close, if another element or the end stands behind."""
        opened: list[bytes] = []
        behind, was_text = self._at, False
        for token in _STRINGS_AND_BRACKETS.finditer(self._text, self._at):
            mark, gap = token[0], self._text[behind : token.start()]
            is_text = mark[:1] == b'"'
            # A quote too few turns texts inside out; then letters touch what seem to be texts.
            if b'"' in gap or (was_text and gap[:1].isalnum()) or (is_text and gap[-1:].isalnum()):
                return None
            behind, was_text = token.end(), is_text
            if mark in _CLOSES:
                if not opened or opened.pop() != _CLOSES[mark]:
                    return None
            elif mark in (b"{", b"["):
                opened.append(mark)
            if not opened:
                return token.end() if _FOLLOWED.match(self._text, token.end()) else None
        return None

    def _next_object(self, alike: re.Pattern[bytes], place: int) -> int | None:
        """Return the end of an element before the next whole object like it, behind `place`."""
        for found in alike.finditer(self._text, place):
            length = _length_of_value(memoryview(self._text)[found.end() :])
            if length and _FOLLOWED.match(self._text, found.end() + length):
                return found.start()
        return None

    def _before(self, place: int) -> int:
        """Return the end of an element in front of `place`, without the comma between."""
        return self._at + len(self._text[self._at : place].rstrip(b" \t\r\n,"))


def _lead(gap: bytes) -> bytes:
    """Return the last line break of a gap with what follows it."""
    place = gap.rfind(b"\n")
    return gap[place:] if place >= 0 else b""


def _stray(bracket: bytes) -> Broken:
    return Broken(bracket, BadRow("not-json", "", "a closing bracket where an element should begin"))


def _length_of_value(text: memoryview) -> int | None:
    """Return how long the JSON value at the start of `text` is; 0 if it is broken, None if it goes on.

    A value that reaches the end of the text may go on, as 12 in 123 does: its length is that of the text.
    """
    try:
        _whole.decode(text)
    except msgspec.DecodeError as error:
        message = str(error)
        if found := _TRAILING.search(message):
            return int(found[1]) - 1
        place = _BYTE.search(message)
        return 0 if place and int(place[1]) < len(text) - _CUT else None
    except RecursionError:
        return 0
    return len(text)
