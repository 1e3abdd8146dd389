"""The parent's end of an isolated process: start it, send calls, time each answer, end it for good."""

from __future__ import annotations

import os
import secrets
import select
import struct
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from callwright.errors import ConfigError
from callwright.record import Json
from callwright.toolbox import wrapped
from callwright.toolbox.wrapped_child import Child

Level = Literal["auto", "bwrap", "landlock", "process", "none"]
LEVELS: tuple[Level, ...] = ("auto", "bwrap", "landlock", "process", "none")

_HEADER = struct.Struct("<16sIcdI")
_PACKAGE = str(Path(__file__).parent.parent)
# `child` needs the standard library only, so stand-ins for the packages above it spare their imports.
_START = """
import sys, types
for name, folder in (("callwright", sys.argv[3]), ("callwright.toolbox", sys.argv[3] + "/toolbox")):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [folder]
from callwright.toolbox.child import loop
loop.main()
"""
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/nonexistent",
    "PYTHONHASHSEED": "0",  # equal calls give equal results, sets of strings included
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",  # one stack per core would count against the memory limit
}
_HELLO, _CHANGED = b"h", b"!"
_PAUSE, _PAUSE_EACH = 0.002, 1e-5
"""Seconds to let answers gather in the pipe, at most and for each that is to come: to be woken for every one
costs more than the answer itself."""
_MANY = 16
"""Answers still to come from which on that pays."""


class Setup(NamedTuple):
    """What an isolated process has to know."""

    path: Path
    isolation: Level
    """The level wanted; "auto" for the strongest that works."""
    memory_mb: int
    output_bytes: int
    describe: bool = False


Answer = tuple[bytes, bytes, float]
"""What came back for one call: status, text, seconds."""


class Gone(Exception):
    """The process can not answer any more: it ended, did not answer in time, or spoke out of turn."""

    def __init__(self, kind: Literal["timeout", "crashed"], text: str) -> None:
        super().__init__(text)
        self.kind: Literal["timeout", "crashed"] = kind
        self.text = text


class Process:
    """One isolated process. Not thread-safe; a context of one thread at a time."""

    def __init__(self, setup: Setup) -> None:
        self.answered = 0
        self.spent = False
        """Set when a call left the process changed: another has to take over."""
        self._wanted = setup.isolation
        self._nonce = secrets.token_bytes(16)
        self._buffer, self._at = b"", 0
        """What was read, and where the part not yet looked at begins."""
        self._deadline = 0.0
        self._limit = max(6 * setup.output_bytes + 4096, 1 << 19)
        words = _wrapping(setup)
        self._setup = msgspec.json.encode(
            {
                "path": str(setup.path),
                "isolation": "bwrap" if words else setup.isolation,
                "memory_mb": setup.memory_mb,
                "output_bytes": setup.output_bytes,
                "describe": setup.describe,
                "nonce": self._nonce.hex(),
            }
        )
        self._child = Child(words, _command, setup.path.parent, _ENVIRONMENT)

    def hello(self, timeout: float) -> Mapping[str, Json]:
        """Wait until the tools are imported and return what the process says of them.

        Raises Gone, and ConfigError if the level that was asked for was not reached.
        """
        self._write(self._setup, timeout)
        limit, self._limit = self._limit, 1 << 26  # descriptions of many tools are longer than one result
        status, text, _ = self._next(timeout, 0)
        self._limit = limit
        if status != _HELLO:
            raise Gone("crashed", "spoke out of turn")
        said = _decode(text)
        if self._wanted not in ("auto", said["isolation"]):
            raise _no_such_level(self._wanted, said["missing"])
        return said

    def answers(self, requests: Sequence[bytes], count: int, timeout: float) -> Iterator[Answer]:
        """Yield the `count` answers to requests, each a line as `child.loop` reads it, in order; raises Gone.

        Each answer has to come within `timeout` seconds of the one before.
        The iterator ends early when a call left the process unfit for the next one.
        """
        self._write(b"\n".join(requests), timeout)
        while count:
            answer = self._next(timeout, count)
            if answer[0] == _CHANGED:
                self.spent = True
                answer = self._next(timeout, 1)
            self.answered += 1
            count -= 1
            yield answer
            if self.spent:
                return

    def _next(self, timeout: float, expected: int) -> Answer:
        """Return the next frame; `expected` are to come, this one included."""
        self._deadline = 0.0
        buffer, at = self._buffer, self._at
        if len(buffer) - at < _HEADER.size:
            buffer, at = self._fill(_HEADER.size, timeout, expected), 0
        nonce, number, status, seconds, length = _HEADER.unpack_from(buffer, at)
        if nonce != self._nonce or length > self._limit:
            raise Gone("crashed", "wrote into the pipe of the answers")
        if number != (0 if status == _HELLO else self.answered + 1):
            raise Gone("crashed", "answered out of turn")
        if len(buffer) - at < _HEADER.size + length:
            buffer, at = self._fill(_HEADER.size + length, timeout, expected), 0
        start = at + _HEADER.size
        self._at = start + length
        return status, buffer[start : self._at], seconds

    def _fill(self, length: int, timeout: float, expected: int) -> bytes:
        """Return at least `length` bytes: what was left, and what comes."""
        parts = [self._buffer[self._at :]]
        length -= len(parts[0])
        while length > 0:
            try:
                part = os.read(self._child.from_child, 1 << 16)
            except BlockingIOError:
                self._gather(timeout, expected)
                continue
            if not part:
                raise Gone("crashed", f"ended the process with {self._child.ended()}")
            parts.append(part)
            length -= len(part)
        self._buffer, self._at = b"".join(parts), 0
        return self._buffer

    def _gather(self, timeout: float, expected: int) -> None:
        """Wait until there is something to read, and a little longer if much is to come."""
        if expected >= _MANY and not self._deadline:
            self._deadline = time.monotonic() + timeout
            time.sleep(min(_PAUSE, _PAUSE_EACH * expected))
        else:
            self._wait(self._child.from_child, select.POLLIN, timeout)

    def _write(self, data: bytes, timeout: float) -> None:
        data = struct.pack("<I", len(data)) + data
        self._deadline = 0.0
        while data:
            try:
                data = data[os.write(self._child.to_child, data) :]
            except BlockingIOError:
                self._wait(self._child.to_child, select.POLLOUT, timeout)
            except BrokenPipeError:
                raise Gone("crashed", f"ended the process with {self._child.ended()}") from None

    def _wait(self, file: int, event: int, timeout: float) -> None:
        """Wait for a pipe; the time counts from the first wait for the frame at hand."""
        now = time.monotonic()
        self._deadline = self._deadline or now + timeout
        poll = select.poll()
        poll.register(file, event)
        if not poll.poll(max(0.0, self._deadline - now) * 1000):
            raise Gone("timeout", "did not answer in time")

    def stop(self) -> None:
        """Kill the process and whatever it started. May be called twice."""
        self._child.stop()


def _command(requests: int, answers: int) -> list[str]:
    # Like -I, but with PYTHONHASHSEED: the environment holds nothing else that -E would ignore.
    return [sys.executable, "-P", "-s", "-c", _START, str(requests), str(answers), _PACKAGE]


def _wrapping(setup: Setup) -> Sequence[str]:
    """Return the words that wrap the process; none where it is not wanted, or only wanted if it works."""
    if setup.isolation not in ("auto", "bwrap"):
        return ()
    words, missing = wrapped.wrapping(setup.path.parent)
    if missing and setup.isolation == "bwrap":
        raise _no_such_level("bwrap", missing)
    return words


def _no_such_level(level: str, missing: str) -> ConfigError:
    return ConfigError(
        f"{level} does not work on this machine: {missing}",
        place="isolation", hint="auto takes the strongest level that works",
    )  # fmt: skip


def _decode(text: bytes) -> Mapping[str, Any]:
    try:
        said: Mapping[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        raise Gone("crashed", "spoke out of turn") from None
    return said
