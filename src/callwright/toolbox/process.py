"""The parent's end of an isolated process: start it, send calls, time each answer, end it for good."""

from __future__ import annotations

import os
import secrets
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from callwright.record import Json

_HEADER = struct.Struct("<16sIcdI")
_PACKAGE = Path(__file__).parent.parent
# `child` needs the standard library only, so stand-ins for the packages above it spare their imports.
_START = """
import sys, types
for name, folder in (("callwright", sys.argv[4]), ("callwright.toolbox", sys.argv[4] + "/toolbox")):
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


class Setup(NamedTuple):
    """What an isolated process has to know."""

    path: Path
    isolation: Literal["landlock", "process"] | None
    """The level wanted; None for the strongest that works."""
    memory_mb: int
    output_bytes: int
    describe: bool = False


class Answer(NamedTuple):
    """What came back for one call."""

    status: bytes
    text: bytes
    seconds: float


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
        self._nonce = secrets.token_bytes(16)
        self._buffer = bytearray()
        self._limit = 6 * setup.output_bytes + 4096
        child_in, self._to_child = os.pipe()
        self._from_child, child_out = os.pipe()
        child_life, self._lifeline = os.pipe()
        theirs = (child_in, child_out, child_life)
        try:
            self._popen = subprocess.Popen(
                # Like -I, but with PYTHONHASHSEED: the environment holds nothing else that -E would ignore.
                [sys.executable, "-P", "-s", "-c", _START, *map(str, theirs), str(_PACKAGE)],
                pass_fds=theirs, env=_ENVIRONMENT, cwd=setup.path.parent, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError:
            for file in (self._to_child, self._from_child, self._lifeline):
                os.close(file)
            raise
        finally:
            for file in theirs:
                os.close(file)
        os.set_blocking(self._to_child, False)
        os.set_blocking(self._from_child, False)
        self._setup = msgspec.json.encode(
            {
                "path": str(setup.path),
                "isolation": setup.isolation,
                "memory_mb": setup.memory_mb,
                "output_bytes": setup.output_bytes,
                "describe": setup.describe,
                "nonce": self._nonce.hex(),
            }
        )

    @property
    def pid(self) -> int:
        return self._popen.pid

    def hello(self, timeout: float) -> Mapping[str, Json]:
        """Wait until the tools are imported and return what the process says of them; raises Gone."""
        deadline = time.monotonic() + timeout
        self._write(self._setup, deadline)
        limit, self._limit = self._limit, 1 << 26  # descriptions of many tools are longer than one result
        answer = self._read(deadline)
        self._limit = limit
        if answer.status != _HELLO:
            raise Gone("crashed", "spoke out of turn")
        return _decode(answer.text)

    def answers(self, calls: Sequence[bytes], timeout: float) -> Iterator[Answer]:
        """Yield the answers to calls, each the JSON of ``[name, arguments]``, in their order; raises Gone.

        Each answer has to come within `timeout` seconds of the one before.
        The iterator ends early when a call left the process unfit for the next one.
        """
        deadline = time.monotonic() + timeout
        self._write(b"[" + b",".join(calls) + b"]", deadline)
        for _ in calls:
            answer = self._read(deadline)
            if answer.status == _CHANGED:
                self.spent = True
                answer = self._read(deadline)
            self.answered += 1
            deadline = time.monotonic() + timeout
            yield answer
            if self.spent:
                return

    def _write(self, data: bytes, deadline: float) -> None:
        data = struct.pack("<I", len(data)) + data
        while data:
            try:
                data = data[os.write(self._to_child, data) :]
            except BlockingIOError:
                self._wait(self._to_child, select.POLLOUT, deadline)
            except BrokenPipeError:
                raise self._ended() from None

    def _read(self, deadline: float) -> Answer:
        header = self._take(_HEADER.size, deadline)
        nonce, number, status, seconds, length = _HEADER.unpack(header)
        if nonce != self._nonce or length > self._limit:
            raise Gone("crashed", "wrote into the pipe of the answers")
        if number != (0 if status == _HELLO else self.answered + 1):
            raise Gone("crashed", "answered out of turn")
        return Answer(status, self._take(length, deadline), seconds)

    def _take(self, length: int, deadline: float) -> bytes:
        while len(self._buffer) < length:
            try:
                data = os.read(self._from_child, 1 << 16)
            except BlockingIOError:
                self._wait(self._from_child, select.POLLIN, deadline)
                continue
            if not data:
                raise self._ended()
            self._buffer += data
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def _wait(self, file: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(file, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise Gone("timeout", "did not answer in time")

    def _ended(self) -> Gone:
        self.stop()
        code = self._popen.returncode
        if code >= 0:
            return Gone("crashed", f"ended the process with status {code}")
        return Gone("crashed", f"ended the process with signal {signal.Signals(-code).name}")

    def stop(self) -> None:
        """Kill the process and whatever it started, and take back the pipes. May be called twice."""
        if self._lifeline < 0:
            return
        try:
            os.killpg(self._popen.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS says so of a group of zombies
            pass
        self._popen.kill()
        self._popen.wait()
        for file in (self._to_child, self._from_child, self._lifeline):
            os.close(file)
        self._lifeline = -1


def _decode(text: bytes) -> Mapping[str, Any]:
    try:
        said: Mapping[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        raise Gone("crashed", "spoke out of turn") from None
    return said
