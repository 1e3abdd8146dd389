"""Read huge JSON files entry by entry: a list's items, or an object's members, in flat memory.

The official catalogue is one JSON list of 5 GB. The text is read in pieces and one value is taken after
another with the standard library's decoder, which also accepts the NaN that the file may hold.

>>> for item in items(Path("items_shuffle.json")):      # doctest: +SKIP
...     print(item["asin"])
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from callwright.errors import DataError
from callwright.record import Json
from callwright.store import BROKEN, open_bytes

PIECE = 4 * 1024 * 1024
"""Bytes that are read at a time."""
MAX_VALUE = 256 * 1024 * 1024
"""Characters. A longer value is none; the limit keeps a damaged file out of memory."""
_BLANK = " \t\r\n"
_AFTER = (*_BLANK, ",", "]", "}", ":")
_LONGEST_END = 64
"""Characters behind a number after which it is clear that it does not go on."""
_DECODER = json.JSONDecoder()


def items(path: Path) -> Iterator[Json]:
    """Yield the items of the list in a JSON file; raises DataError where it is none or ends early."""
    with _opened(path) as stream:
        text = _Text(stream, path)
        text.expect("[")
        if text.peek() == "]":
            return
        while True:
            yield text.value()
            if not text.another("]"):
                return


def members(path: Path) -> Iterator[tuple[str, Json]]:
    """Yield the names and values of the object in a JSON file; raises DataError as `items` does."""
    with _opened(path) as stream:
        text = _Text(stream, path)
        text.expect("{")
        if text.peek() == "}":
            return
        while True:
            name = text.value()
            text.expect(":")
            yield str(name), text.value()
            if not text.another("}"):
                return


def _opened(path: Path) -> BinaryIO:
    try:
        return open_bytes(path)
    except BROKEN as error:
        raise DataError("can not be read", place=str(path), got=str(error)) from None


class _Text:
    """A file's text, of which only the part that is being read is held."""

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self._stream = stream
        self._path = path
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._place = 0
        self._read = 0
        """Characters of the file before `_text`."""
        self._ended = False

    def _more(self) -> None:
        size = max(PIECE, len(self._text) - self._place)
        try:
            piece = self._stream.read(size)
            text = self._decoder.decode(piece, final=not piece)
        except (*BROKEN, UnicodeDecodeError) as error:
            raise DataError("can not be read to its end", place=str(self._path), got=str(error)) from None
        self._ended = not piece
        self._read += self._place
        self._text = self._text[self._place :] + text
        self._place = 0

    def _broken(self, what: str) -> DataError:
        where = f"{self._path}: character {self._read + self._place}"
        return DataError("not the JSON that was expected", place=where, expected=what)

    def peek(self) -> str:
        """Return the next character that is not blank, without taking it; empty at the end."""
        while True:
            while self._place < len(self._text):
                if self._text[self._place] not in _BLANK:
                    return self._text[self._place]
                self._place += 1
            if self._ended:
                return ""
            self._more()

    def expect(self, char: str) -> None:
        """Take the next character, which has to be `char`."""
        if self.peek() != char:
            raise self._broken(repr(char))
        self._place += 1

    def another(self, end: str) -> bool:
        """Take a comma and return True, or take `end` and return False."""
        if self.peek() == end:
            self._place += 1
            return False
        self.expect(",")
        return True

    def value(self) -> Json:
        """Take the next value, whole."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
            except (json.JSONDecodeError, RecursionError) as error:
                if self._ended or len(self._text) - self._place > MAX_VALUE:
                    raise self._broken("a whole value") from None
                if isinstance(error, RecursionError):
                    raise self._broken("a value that is not nested so deeply") from None
            else:
                # A number at the end of a piece may go on in the next one.
                if self._ended or self._text[end : end + 1] in _AFTER:
                    self._place = end
                    return value
                if len(self._text) - end > _LONGEST_END:
                    raise self._broken("a value")
            self._more()
