"""Bytes in and out of plain, zstd and gzip files; a truncated file is an error, never an early end."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import Any, BinaryIO, cast

import zstandard

BROKEN = (OSError, EOFError, zlib.error, zstandard.ZstdError)
"""What reading a damaged file may raise."""
_ZSTD_PIECE = 1024
"""Compressed bytes at a time: few, because four of them may unpack to 128 KiB."""


def open_bytes(path: Path) -> BinaryIO:
    """Return the uncompressed bytes of a file; its name's end decides."""
    if path.name.endswith((".zst", ".gz")) and path.is_file() and path.stat().st_size == 0:
        raise EOFError("a compressed file of no bytes is a truncated one")
    if path.name.endswith(".zst"):
        return io.BufferedReader(_ZstdFile(path), buffer_size=1 << 17)
    if path.name.endswith(".gz"):
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb")


class _ZstdFile(io.RawIOBase):
    """A zstd file as a raw stream that tells a truncated file from a finished one.

    The library's own reader ends silently where the data ends, which would pass for the end of the rows.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._begun = False
        self._pending = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._pending:
            data = self._frame.unused_data if self._frame.eof else b""
            if self._frame.eof:
                self._frame, self._begun = zstandard.ZstdDecompressor().decompressobj(), False
            data = data or self._file.read(_ZSTD_PIECE)
            if not data:
                if self._begun:
                    raise EOFError("the zstd stream is truncated")
                return 0
            self._begun = True
            self._pending = memoryview(self._frame.decompress(data))
        size = min(len(buffer), len(self._pending))
        buffer[:size] = self._pending[:size]
        self._pending = self._pending[size:]
        return size

    def close(self) -> None:
        self._file.close()
        super().close()


def write_compressed(stream: BinaryIO, suffix: str) -> BinaryIO:
    """Return a stream that compresses into `stream` as `suffix` says; closing it leaves `stream` open.

    Equal rows give equal bytes: no time and no name goes into the header.
    """
    if suffix.endswith(".zst"):
        return cast(BinaryIO, zstandard.ZstdCompressor(level=3).stream_writer(stream, closefd=False))
    if suffix.endswith(".gz"):
        return cast(BinaryIO, gzip.GzipFile("", "wb", compresslevel=6, fileobj=stream, mtime=0))
    return stream
