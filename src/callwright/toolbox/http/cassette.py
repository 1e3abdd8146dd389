"""Recorded answers: one JSON line a call, found again by the tool and its arguments.

A line is written with one system call, so a run that is killed leaves whole lines, or at most one torn line
at the end that is asked again. Answers are recorded, outages and refusals are not.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from callwright.errors import DataError
from callwright.record import Json, Observation
from callwright.store import read_lines

_canonical = msgspec.json.Encoder(order="sorted").encode


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """One recorded answer."""

    tool: str
    arguments: dict[str, Json]
    kind: Literal["result", "raised", "oversize"] = "result"
    value: Json = None
    error: str = ""


_decoder = msgspec.json.Decoder(_Line)


def key_of(tool: str, arguments: dict[str, Json]) -> bytes:
    """Return what stands for a call: equal for equal arguments, whatever the order of their keys."""
    return hashlib.sha256(_canonical((tool, arguments))).digest()[:16]


class Cassette:
    """A file of recorded answers. Thread-safe."""

    def __init__(self, path: Path, *, writes: bool) -> None:
        self.path = path
        self.unreadable = 0
        """Lines that hold no recorded answer."""
        self._answers: dict[bytes, Observation] = {}
        self._lock = threading.Lock()
        self._asking: dict[bytes, threading.Lock] = {}
        self._file: int | None = None
        if not writes or path.exists():
            self._load()
        if writes:
            self._open()

    def _load(self) -> None:
        for _, line in read_lines(self.path):
            try:
                row = _decoder.decode(line)
            except (ValueError, RecursionError):
                self.unreadable += 1
                continue
            self._answers[key_of(row.tool, row.arguments)] = Observation(
                ok=row.kind == "result", value=row.value, error=row.error, kind=row.kind, via="replay"
            )

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            size = os.fstat(self._file).st_size
            if size and os.pread(self._file, 1, size - 1) != b"\n":
                os.write(self._file, b"\n")  # so that a torn line spoils no other
        except OSError as error:
            raise DataError(
                "can not be written", place=str(self.path), got=error.strerror or str(error)
            ) from None

    def __len__(self) -> int:
        return len(self._answers)

    def answer(self, key: bytes) -> Observation | None:
        """Return the recorded answer of a call, if there is one."""
        return self._answers.get(key)

    @contextlib.contextmanager
    def asking(self, key: bytes) -> Iterator[None]:
        """Hold a call, so that nobody else asks for the same at the same time."""
        with self._lock:
            lock = self._asking.setdefault(key, threading.Lock())
        with lock:
            yield

    def record(self, key: bytes, tool: str, arguments: dict[str, Json], seen: Observation) -> None:
        """Append an answer; raises DataError if that is not possible."""
        if seen.kind not in ("result", "raised", "oversize"):
            return
        line = msgspec.json.encode(_Line(tool, arguments, seen.kind, seen.value, seen.error)) + b"\n"
        with self._lock:
            if self._file is None:
                self._open()
            assert self._file is not None
            try:
                written = os.write(self._file, line)
            except OSError as error:
                raise DataError(
                    "can not be written", place=str(self.path), got=error.strerror or str(error)
                ) from None
            if written != len(line):
                raise DataError("can not be written in full", place=str(self.path), hint="free some space")
            self._answers[key] = msgspec.structs.replace(seen, via="replay", seconds=0.0)

    def close(self) -> None:
        """Close the file; a later answer would open it again."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None
