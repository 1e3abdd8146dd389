"""Lines of JSON in and out: plain, zstd or gzip, streaming, with the place in every complaint.

A line that holds no trajectory becomes a `Dropped` with the line itself; a file that can not be read to its
end, or begins like a binary one, is a `DataError`. msgspec refuses NaN and infinity; of a key that occurs
twice the last one counts, because looking for repeats would cost more than the rest of the reading.

    >>> for row in read(Path("rows.jsonl.zst")):      # doctest: +SKIP
    ...     print(row.id)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from callwright.errors import ConfigError, DataError
from callwright.record import Dropped, Json, Trajectory, decode
from callwright.store.compression import BROKEN, open_bytes

SUFFIXES = (".jsonl", ".jsonl.zst", ".jsonl.gz")
MAX_LINE = 256 * 1024 * 1024
"""Bytes. A longer line is no row; the limit keeps a decompression bomb out of memory."""

_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_FOREIGN = (
    (
        b"PAR1",
        "a Parquet file",
        "`callwright unify` reads Parquet of raw data, `callwright export` what it wrote itself",
    ),
    (b"PK\x03\x04", "a zip archive", "unpack it first"),
    (b"\x1f\x8b", "gzip", "give it a name that ends in .gz"),
    (b"\x28\xb5\x2f\xfd", "zstd", "give it a name that ends in .zst"),
)
"""How files begin that hold no lines, what they are, and the way out."""
_BLOCK = 4096
"""Bytes of the first line that are searched for zeros."""


def split_name(path: Path) -> tuple[str, str]:
    """Return stem and suffix (one of `SUFFIXES`) of a row file's name."""
    for suffix in SUFFIXES:
        if path.name.endswith(suffix) and path.name != suffix:
            return path.name[: -len(suffix)], suffix
    raise ConfigError(
        "not a name for a file of rows",
        place=str(path),
        expected=f"a name that ends in {', '.join(SUFFIXES)}",
    )


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield line number (from 1) and content of every line that is not blank.

    The name's end decides on decompression. A byte order mark is removed, as is white space around a line.
    """
    number = 0
    try:
        with open_bytes(path) as stream:
            for line in iter(lambda: stream.readline(MAX_LINE + 1), b""):
                number += 1
                if number == 1:
                    line = _without_mark(line, path)
                if len(line) > MAX_LINE:
                    raise DataError(
                        "line is too long", place=f"{path}:{number}", expected=f"at most {MAX_LINE:,} bytes"
                    )
                if line := line.strip():
                    yield number, line
    except BROKEN as error:
        raise _unreadable(path, number, error) from None


def read(path: Path, stage: str = "read") -> Iterator[Trajectory | Dropped]:
    """Yield each line as a trajectory, or as `Dropped` with the reason `not-utf8` or `not-a-trajectory`."""
    for number, line in read_lines(path):
        yield row_of(line, f"{path.name}:{number}", stage)


def row_of(line: bytes, place: str, stage: str) -> Trajectory | Dropped:
    """Return a line as a trajectory, or as `Dropped` with the reason `not-utf8` or `not-a-trajectory`."""
    try:
        return decode(line)
    except (ValueError, RecursionError) as error:
        return _dropped(line, error, place, stage)


def read_some(path: Path, stage: str = "read") -> Iterator[Trajectory | Dropped]:
    """Yield what `read` yields; raises `DataError` at the end if no line of them all is a trajectory."""
    lines, found = 0, False
    for row in read(path, stage):
        lines += 1
        found = found or isinstance(row, Trajectory)
        yield row
    if not found:
        refuse_others(path, lines)


def refuse_others(path: Path, lines: int) -> None:
    """Raise `DataError` for a file of lines none of which is a trajectory; an empty one may pass."""
    if lines:
        raise DataError(
            "holds no trajectory",
            place=str(path),
            got=f"{lines:,} other lines",
            hint="`callwright unify` makes trajectories of raw data",
        )


def _dropped(line: bytes, error: Exception, place: str, stage: str) -> Dropped:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as broken:
        # Latin-1 maps every byte to one character, so the line can be had back byte by byte.
        text = line.decode("latin-1")
        return Dropped(id=place, stage=stage, reason="not-utf8", path=place, detail=str(broken), row=text)
    row = _json_or_text(line)
    identity = row.get("id") if isinstance(row, dict) else None
    return Dropped(
        id=identity if isinstance(identity, str) and identity else place,
        stage=stage,
        reason="not-a-trajectory",
        path=place,
        detail=str(error),
        row=row,
    )


def _json_or_text(line: bytes) -> Json:
    """Return the value of a line, or its text where msgspec would not write that value back."""
    try:
        return msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return line.decode("utf-8")


def _without_mark(line: bytes, path: Path) -> bytes:
    """Return the first line without a byte order mark; raises DataError for bytes that begin no text."""
    if line.startswith(_UTF_16):
        raise DataError(
            "wrong encoding", place=str(path), expected="UTF-8", got="UTF-16", hint="convert it first"
        )
    line = line.removeprefix(_BOM)
    for mark, kind, hint in _FOREIGN:
        if line.startswith(mark):
            raise DataError("holds no lines", place=str(path), expected="text", got=kind, hint=hint)
    # A row with a zero in it is one broken row; what else begins so was never meant to be text.
    if b"\0" in line[:_BLOCK] and not line.lstrip().startswith(b"{"):
        raise DataError("holds no lines", place=str(path), expected="text", got="binary data")
    return line


def _unreadable(path: Path, number: int, error: Exception) -> DataError:
    if number == 0 and isinstance(error, FileNotFoundError):
        return DataError("no such file", place=str(path))
    if number == 0 and isinstance(error, IsADirectoryError):
        return DataError("can not be read", place=str(path), expected="a file", got="a directory")
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return DataError(f"can not be read after line {number}", place=str(path), got=re.sub(r"\s+", " ", reason))
