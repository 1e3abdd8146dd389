"""A stream of bytes → the rows in it: a JSON array, one JSON value, or JSON lines, whatever its name says.

All three are read block by block, so that memory does not grow with the file: of an array no more is held
than the elements that one block cuts. A broken element costs that element only; its neighbours stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

import msgspec

from callwright.errors import DataError
from callwright.unify.rows import BadRow, Element
from callwright.unify.strict_json import DuplicateKey, decode

BLOCK = 1 << 17
"""Bytes that are read at a time."""
_MANY = 1000
"""Elements of an array that make a block, however short they are."""
MAX_LINE = 1 << 28
"""Bytes. A longer line is no row; the limit keeps a decompression bomb out of memory."""
_BOM = b"\xef\xbb\xbf"
_GAP = re.compile(rb"[\s,]*")
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
_whole = msgspec.json.Decoder(msgspec.Raw)


class Broken(NamedTuple):
    """What can not even be told apart from its neighbours."""

    text: bytes
    error: BadRow


class Block(NamedTuple):
    """The texts of some rows that follow each other in a file, not decoded yet."""

    first: int
    """Number of the first row in its file, from 0."""
    texts: list[bytes | Broken]


def decoded(block: Block) -> Iterator[Element]:
    """Yield rows with their values; what is wrong with one travels along with its text."""
    for number, text in enumerate(block.texts, block.first):
        if isinstance(text, Broken):
            yield Element(number, readable(text.text), text.error)
            continue
        try:
            yield Element(number, decode(text))
        except ValueError as error:
            reason = "duplicate-key" if isinstance(error, DuplicateKey) else _reason(text, str(error))
            yield Element(number, readable(text), BadRow(reason, "", str(error)))


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


def blocks(stream: BinaryIO, place: str, *, lines: bool) -> Iterator[Block]:
    """Yield the texts of all rows; `lines` says that the file's name promises JSON lines.

    Raises `DataError` for what is no text in UTF-8.
    """
    first = _next_line(stream, stream.readline(BLOCK).removeprefix(_BOM))
    refuse_binary(first[:4096], place)
    if first.lstrip()[:1] == b"[":
        second = _next_line(stream, stream.readline(BLOCK)) if _is_value(first) else b""
        if second:  # lines, each of which is an array
            yield from _lines(first + second, stream)
        else:
            yield from _in_blocks(_Array(first, stream).texts())
    elif first and (lines or _is_value(first)):
        yield from _lines(first, stream)
    elif first:
        text = first + stream.read()
        refuse_binary(text[:BLOCK], place)
        yield Block(0, [text])


def _next_line(stream: BinaryIO, line: bytes) -> bytes:
    """Return `line`, or the first one after it that is not blank."""
    while line and not line.strip():
        line = stream.readline(BLOCK)
    return line


def _in_blocks(texts: Iterable[bytes | Broken]) -> Iterator[Block]:
    number = size = 0
    held: list[bytes | Broken] = []
    for text in texts:
        held.append(text)
        size += len(text)
        if size >= BLOCK or len(held) >= _MANY:
            yield Block(number, held)
            number += len(held)
            held, size = [], 0
    if held:
        yield Block(number, held)


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


def _lines(begun: bytes, stream: BinaryIO) -> Iterator[Block]:
    """Yield the lines that are not blank; `begun` is read already, its last line perhaps in part."""
    number = 0
    lines = begun.split(b"\n")
    rest = lines.pop()
    while True:
        texts: list[bytes | Broken] = [text for text in lines if text and not text.isspace()]
        if len(rest) > MAX_LINE:
            texts.append(Broken(rest[:1000], BadRow("too-long", "", f"more than {MAX_LINE:,} bytes")))
            rest = _after_line(stream)
        # As much again as is held, so that a long line is not copied for every block of it.
        read = stream.read(max(BLOCK, len(rest)))
        if not read and rest.strip():
            texts.append(rest)
        if texts:
            yield Block(number, texts)
            number += len(texts)
        if not read:
            return
        lines = read.split(b"\n")
        lines[0] = rest + lines[0]
        rest = lines.pop()


def _after_line(stream: BinaryIO) -> bytes:
    """Skip what is left of a line; return what was read beyond it."""
    while read := stream.read(BLOCK):
        _, newline, after = read.partition(b"\n")
        if newline:
            return after
    return b""


class _Array:
    """A JSON array that is cut into its elements while it is being read."""

    def __init__(self, begun: bytes, stream: BinaryIO) -> None:
        self._text = begun
        self._at = begun.index(b"[") + 1
        self._stream = stream
        self._ended = False

    def texts(self) -> Iterator[bytes | Broken]:
        """Yield the elements up to the closing bracket, or up to where nothing can be read any more."""
        while (opening := self._after_gap()) != b"]":
            if not opening:
                yield Broken(b"", BadRow("not-json", "", "the file ends inside an array"))
                return
            end = self._end()
            if isinstance(end, BadRow):
                yield Broken(self._text[self._at :], end)
                return
            yield self._text[self._at : end]
            self._at = end
        self._at += 1
        if self._after_gap():
            yield Broken(self._text[self._at :], BadRow("not-json", "", "text behind the array"))

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
