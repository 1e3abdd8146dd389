"""A stream of bytes → the rows in it: a JSON array, one JSON value, or JSON lines, whatever its name says.

All three are read block by block, so that memory does not grow with the file: of an array no more is held
than the elements that one block cuts. A broken element costs that element only; its neighbours stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, NamedTuple

import msgspec

from callwright.errors import DataError
from callwright.unify.rows import BadRow, Element
from callwright.unify.strict_json import DuplicateKey, decode

BLOCK = 1 << 22
"""Bytes that are read at a time."""
MAX_LINE = 1 << 28
"""Bytes. A longer line is no row; the limit keeps a decompression bomb out of memory."""
_BOM = b"\xef\xbb\xbf"
_GAP = re.compile(rb"[\s,]*")
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
_whole = msgspec.json.Decoder(msgspec.Raw)


class RawElement(NamedTuple):
    """The text of one row, not decoded yet."""

    number: int
    text: bytes
    error: BadRow | None = None
    """Why the text can not even be told apart from its neighbours."""


def elements(stream: BinaryIO, place: str, *, lines: bool) -> Iterator[Element]:
    """Yield the rows of a stream, decoded; see `raw_elements`."""
    return map(decoded, raw_elements(stream, place, lines=lines))


def decoded(raw: RawElement) -> Element:
    """Return a row with its value; what is wrong with it travels along with the text."""
    if raw.error:
        return Element(raw.number, readable(raw.text), raw.error)
    try:
        return Element(raw.number, decode(raw.text))
    except DuplicateKey as error:
        reason, detail = "duplicate-key", str(error)
    except ValueError as error:
        reason, detail = _reason(raw.text, str(error)), str(error)
    return Element(raw.number, readable(raw.text), BadRow(reason, "", detail))


def _reason(text: bytes, message: str) -> str:
    if "recursion limit" in message or "nested too deeply" in message:
        return "too-deep"
    try:
        text.decode()
    except UnicodeDecodeError:
        return "not-utf8"
    return "not-json"


def readable(text: bytes) -> str:
    """Return bytes as text from which they can be told again."""
    return text.strip().decode("utf-8", "backslashreplace")


def raw_elements(stream: BinaryIO, place: str, *, lines: bool) -> Iterator[RawElement]:
    """Yield the text of each row; `lines` says that the file's name promises JSON lines.

    Raises `DataError` for what is no text in UTF-8.
    """
    first = _next_line(stream, stream.readline(BLOCK).removeprefix(_BOM))
    refuse_binary(first[:4096], place)
    if first.lstrip()[:1] == b"[":
        second = _next_line(stream, stream.readline(BLOCK)) if _is_value(first) else b""
        if second:  # lines, each of which is an array
            yield from _lines(stream, first, second)
        else:
            yield from _Array(first, stream).elements()
    elif first and (lines or _is_value(first)):
        yield from _lines(stream, first)
    elif first:
        text = first + stream.read()
        refuse_binary(text[:BLOCK], place)
        yield RawElement(0, text)


def _next_line(stream: BinaryIO, line: bytes) -> bytes:
    """Return `line`, or the first one after it that is not blank."""
    while line and not line.strip():
        line = stream.readline(BLOCK)
    return line


def refuse_binary(head: bytes, place: str) -> None:
    """Raise `DataError` for UTF-16 and for what is no text."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError("is UTF-16", place=place, expected="UTF-8", hint="save it as UTF-8")
    if b"\0" in head:
        raise DataError("is no text", place=place, expected="JSON or JSON lines", got="binary data")


def _is_value(text: bytes) -> bool:
    """Tell whether a line is JSON by itself."""
    try:
        _whole.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _lines(stream: BinaryIO, *begun: bytes) -> Iterator[RawElement]:
    """Yield each line that is not blank; those in `begun` are read already, the last perhaps in part."""
    number = 0
    for line in chain(begun, iter(lambda: stream.readline(BLOCK), b"")):
        if len(line) >= BLOCK and not line.endswith(b"\n"):
            line += stream.readline(MAX_LINE)
        if len(line) > MAX_LINE:
            while not line.endswith(b"\n") and (rest := stream.readline(BLOCK)):
                line = line[:1000] + rest[-1:]
            yield RawElement(number, line[:1000], BadRow("too-long", "", f"more than {MAX_LINE:,} bytes"))
            number += 1
        elif line.strip():
            yield RawElement(number, line)
            number += 1


class _Array:
    """A JSON array that is cut into its elements while it is being read."""

    def __init__(self, begun: bytes, stream: BinaryIO) -> None:
        self._text = begun
        self._at = begun.index(b"[") + 1
        self._stream = stream
        self._ended = False

    def elements(self) -> Iterator[RawElement]:
        """Yield the elements up to the closing bracket, or up to where nothing can be read any more."""
        number = 0
        while (opening := self._after_gap()) != b"]":
            if not opening:
                yield RawElement(number, b"", BadRow("not-json", "", "the file ends inside an array"))
                return
            end = self._end()
            if isinstance(end, BadRow):
                yield RawElement(number, self._text[self._at :], end)
                return
            yield RawElement(number, self._text[self._at : end])
            self._at = end
            number += 1
        self._at += 1
        if self._after_gap():
            yield RawElement(number, self._text[self._at :], BadRow("not-json", "", "text behind the array"))

    def _after_gap(self) -> bytes:
        """Go to the next character that is no space or comma, and return it; nothing at the end."""
        while True:
            gap = _GAP.match(self._text, self._at)
            self._at = gap.end() if gap else self._at
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _more(self) -> bool:
        """Read on and forget what lies behind; in doubling steps, so that a long element costs little."""
        rest = self._text[self._at :]
        read = self._stream.read(max(BLOCK, len(rest)))
        self._text, self._at = rest + read, 0
        self._ended = not read
        return bool(read)

    def _end(self) -> int | BadRow:
        """Return where the element at the current place ends."""
        while True:
            end = _end_of_value(memoryview(self._text)[self._at :])
            if end is not None and self._at + end < len(self._text):
                return self._at + end
            if not self._more():
                break
        # Broken, or the end of the file: a lenient reader finds the end of an element with, say, a NaN in it.
        text = self._text.decode("utf-8", "surrogateescape")
        try:
            _, stop = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError) as error:
            return BadRow("not-json", "", f"nothing readable from here to the end of the file: {error}")
        return len(text[:stop].encode("utf-8", "surrogateescape"))


def _end_of_value(text: memoryview) -> int | None:
    """Return where the JSON value at the start of `text` ends; None if it is broken or goes on.

    A value that reaches the end of the text may go on, as 12 in 123 does; so may one that is cut.
    """
    try:
        _whole.decode(text)
    except msgspec.DecodeError as error:
        found = _TRAILING.search(str(error))
        return int(found[1]) - 1 if found else None
    except RecursionError:
        return None
    return len(text)
