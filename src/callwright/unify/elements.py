"""A stream of bytes → the rows in it: a JSON array, one JSON value, or JSON lines, whatever its name says.

All three are read block by block, so that memory does not grow with the file: of an array no more is held
than the elements that one block cuts. A broken element costs that element only; its neighbours stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec

from callwright.errors import DataError
from callwright.unify import pieces
from callwright.unify.arrays import Array
from callwright.unify.pieces import Block, Broken, too_long
from callwright.unify.rows import BadRow, Element
from callwright.unify.strict_json import DuplicateKey, decode

_MANY = 1000
"""Elements of an array that make a block, however short they are."""
_BOM = b"\xef\xbb\xbf"
_whole = msgspec.json.Decoder(msgspec.Raw)


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
    first = _next_line(stream, stream.readline(pieces.BLOCK).removeprefix(_BOM))
    refuse_binary(first[:4096], place)
    if first.lstrip()[:1] == b"[":
        second = _next_line(stream, stream.readline(pieces.BLOCK)) if _is_value(first) else b""
        if second:  # lines, each of which is an array
            yield from _lines(first + second, stream)
        else:
            yield from _in_blocks(Array(first, stream).texts())
    elif first and lines:
        yield from _lines(first, stream)
    elif first:
        yield from _lines_or_value(first, stream, place)


def _lines_or_value(first: bytes, stream: BinaryIO, place: str) -> Iterator[Block]:
    """Yield lines if the first or, should that be broken, the second is a value; else all as one value."""
    if not first.endswith(b"\n"):
        first += stream.readline(pieces.MAX_ROW)
    if _is_value(first):
        yield from _lines(first, stream)
        return
    second = _next_line(stream, stream.readline(pieces.BLOCK))
    if _is_value(second):  # as a line of an object that is spread over lines never is
        yield from _lines(first + second, stream)
        return
    text = first + second + stream.read(pieces.MAX_ROW)
    refuse_binary(text[: pieces.BLOCK], place)
    yield Block(0, [text if len(text) <= pieces.MAX_ROW else too_long(text)])


def _next_line(stream: BinaryIO, line: bytes) -> bytes:
    """Return `line`, or the first one after it that is not blank."""
    while line and not line.strip():
        line = stream.readline(pieces.BLOCK)
    return line


def _in_blocks(texts: Iterable[bytes | Broken]) -> Iterator[Block]:
    number = size = 0
    held: list[bytes | Broken] = []
    for text in texts:
        held.append(text)
        size += len(text)
        if size >= pieces.BLOCK or len(held) >= _MANY:
            yield Block(number, held)
            number += len(held)
            held, size = [], 0
    if held:
        yield Block(number, held)


def refuse_binary(head: bytes, place: str) -> None:
    """Raise `DataError` for UTF-16, UTF-32 and for what is no text."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or head[:4] == b"\0\0\xfe\xff":
        width = 32 if head[2:4] == b"\0\0" or head[:4] == b"\0\0\xfe\xff" else 16
        raise DataError(f"is UTF-{width}", place=place, expected="UTF-8", hint="save it as UTF-8")
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
        if len(rest) > pieces.MAX_ROW:
            texts.append(too_long(rest))
            rest = _after_line(stream)
        # As much again as is held, so that a long line is not copied for every block of it.
        read = stream.read(max(pieces.BLOCK, len(rest)))
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
    while read := stream.read(pieces.BLOCK):
        _, newline, after = read.partition(b"\n")
        if newline:
            return after
    return b""
