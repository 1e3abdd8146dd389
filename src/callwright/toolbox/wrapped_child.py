"""A child process with two pipes, tied to this process by a third: it never outlives us, wrapped or not."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

_GRACE = 0.25
"""Seconds for bubblewrap to pass on how its child ended."""
_PIPE_BYTES = 1 << 18


class Child:
    """A running process and our ends of its pipes; `stop` ends it for good."""

    def __init__(
        self,
        words: Sequence[str],
        command: Callable[[int, int], Sequence[str]],
        folder: Path,
        environment: Mapping[str, str],
    ) -> None:
        """Start `command`, made from the numbers of the pipes that it reads and writes, behind `words`."""
        self._wrapped = bool(words)
        theirs, ours = zip(*(_pipe(ends_with_us) for ends_with_us in (True, False, True, False)), strict=True)
        self.to_child, self.from_child, self._lifeline, self._info = ours
        requests, answers, life, info = theirs
        if words:
            # Bubblewrap's own first process keeps the life line, where no tool can get at it.
            words = (words[0], "--sync-fd", str(life), "--info-fd", str(info), *words[1:], "--")
        try:
            self._popen = subprocess.Popen(
                [*words, *command(requests, answers)],
                pass_fds=theirs, env=environment, cwd=folder, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            _tie(self._popen.pid, life)
        except OSError:
            self._close()
            raise
        finally:
            for file in theirs:
                os.close(file)
        os.set_blocking(self.to_child, False)
        os.set_blocking(self.from_child, False)
        _widen(self.from_child)

    def ended(self) -> str:
        """Stop it, and return how it had ended."""
        if self._wrapped:
            self._wait(_GRACE)
        self.stop()
        code = self._popen.returncode
        if self._wrapped and code > 128:
            code = 128 - code  # bubblewrap tells of a signal as a shell does
        return f"status {code}" if code >= 0 else f"signal {_signal_name(-code)}"

    def stop(self) -> None:
        """Kill the process and whatever it started, and take back the pipes. May be called twice."""
        if self._lifeline < 0:
            return
        if self._wrapped:
            self._stop_inside()
        if self._popen.poll() is None or not self._wrapped:
            try:
                os.killpg(self._popen.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):  # macOS says so of a group of zombies
                pass
        self._popen.kill()
        self._popen.wait()
        self._close()

    def _stop_inside(self) -> None:
        """Kill the first process of the namespace, so that bubblewrap sees it end and leaves no zombie."""
        os.set_blocking(self._info, False)
        try:
            first = msgspec.json.decode(os.read(self._info, 4096))["child-pid"]
        except (BlockingIOError, msgspec.DecodeError, KeyError):
            return
        if self._popen.poll() is None:
            try:
                os.kill(first, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
            self._wait(_GRACE)

    def _wait(self, seconds: float) -> None:
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            pass

    def _close(self) -> None:
        for file in (self.to_child, self.from_child, self._lifeline, self._info):
            os.close(file)
        self._lifeline = -1


def _pipe(ends_with_us: bool) -> tuple[int, int]:
    """Return the child's end and ours; `ends_with_us` if we hold the end that writes."""
    reading, writing = os.pipe()
    return (reading, writing) if ends_with_us else (writing, reading)


def _widen(pipe: int) -> None:
    """Let the child write on while we look away; what the system grants by itself will do, too."""
    if sys.platform == "linux":
        try:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        except OSError:
            pass


def _tie(group: int, lifeline: int) -> None:
    """Have the kernel kill a group of processes when the other end of the pipe closes, whatever they do then.

    Until this is done, the end of the pipes themselves ends a process that has not imported anything yet.
    """
    if sys.platform == "linux":
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -group)
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
