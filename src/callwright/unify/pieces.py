"""Texts of rows, cut out of a file and not decoded yet, and how much of a file is held at a time."""

from __future__ import annotations

from typing import NamedTuple

from callwright.unify.rows import BadRow

BLOCK = 1 << 17
"""Bytes that are read at a time."""
MAX_ROW = 1 << 28
"""Bytes. A longer row is none; the limit keeps a decompression bomb out of memory."""


class Broken(NamedTuple):
    """What can not even be told apart from its neighbours."""

    text: bytes
    error: BadRow


class Block(NamedTuple):
    """The texts of some rows that follow each other in a file, not decoded yet."""

    first: int
    """Number of the first row in its file, from 0."""
    texts: list[bytes | Broken]


def too_long(text: bytes, and_so: str = "") -> Broken:
    """Return what stands for a row that is too long to be one; `and_so` is what follows from it."""
    return Broken(text[:1000], BadRow("too-long", "", f"more than {MAX_ROW:,} bytes{and_so}"))
