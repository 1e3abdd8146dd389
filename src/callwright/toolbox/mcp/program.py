"""Somebody's program, started so that it ends with us: its pipes, how it ended, and the end of its errors.

A supervisor, a few lines of Python in a process of its own, starts the program and waits for it. It holds
one end of a socket pair, we hold the other. When ours closes, however we died, it kills its process group:
itself, the program, and whatever that started and did not move out of the group. When the program ends, it
says how, and kills what the program left behind.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack

from callwright.errors import ToolsError
from callwright.record import Isolation
from callwright.toolbox.mcp import bwrap
from callwright.toolbox.mcp.address import Command, variables

_PASSED = ("PATH", "HOME", "LANG", "TMPDIR")
_SUPERVISE = """
import _thread, os, signal, sys
life = int(sys.argv[1])
os.set_inheritable(life, False)
program = os.fork()
if not program:
    try:
        os.execvp(sys.argv[2], sys.argv[2:])
    except OSError as error:
        os.write(life, b"could not be started: %s\\n" % str(error.strerror).encode())
    os._exit(127)
os.closerange(0, 3)
def watch():
    os.read(life, 1)
    os.killpg(0, signal.SIGKILL)
_thread.start_new_thread(watch, ())
code = os.waitstatus_to_exitcode(os.waitpid(program, 0)[1])
os.write(life, b"%d\\n" % code)
os.killpg(0, signal.SIGKILL)
"""


class Program:
    """A running program. Its pipes do not block."""

    def __init__(self, command: Command, folder: str, isolation: Isolation, place: str) -> None:
        """Start a command in a folder; raises ToolsError where there is no such command."""
        environment = {name: os.environ[name] for name in _PASSED if name in os.environ}
        environment |= variables(command.variables, place)
        program = _find(command.words[0], folder, environment, place)
        self._life, theirs = socket.socketpair()
        with ExitStack() as stack:
            stack.callback(theirs.close)
            words, passed = list(command.words), [theirs.fileno()]
            if isolation == "bwrap":
                seccomp = stack.enter_context(bwrap.filter_file())
                words = bwrap.wrap([program, *words[1:]], folder, seccomp.fileno())
                passed.append(seccomp.fileno())
            try:
                self._popen = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", _SUPERVISE, str(theirs.fileno()), *words],
                    pass_fds=passed, env=environment, cwd=folder, start_new_session=True, bufsize=0,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                )  # fmt: skip
            except OSError as error:
                self._life.close()
                raise ToolsError(
                    "can not be started", place=place, got=error.strerror or str(error)
                ) from None
        assert self._popen.stdin
        assert self._popen.stdout
        assert self._popen.stderr
        self._pipes = (self._popen.stdin, self._popen.stdout, self._popen.stderr)
        for file in (*self._pipes, self._life):
            os.set_blocking(file.fileno(), False)
        self.input, self.output, self.errors = (pipe.fileno() for pipe in self._pipes)
        self.life = self._life.fileno()
        """Readable when the program ended."""

    def how_it_ended(self) -> str:
        """Say how the program ended, such as "ended with status 3"; nothing while it runs."""
        try:
            said = self._life.recv(256).decode("utf-8", "replace").partition("\n")[0]
        except BlockingIOError:
            return ""
        except OSError:
            said = ""
        if not said.lstrip("-").isdecimal():
            return said or "ended"
        code = int(said)
        if code >= 0:
            return f"ended with status {code}"
        try:
            return f"ended with signal {signal.Signals(-code).name}"
        except ValueError:
            return f"ended with signal {-code}"

    def close_input(self) -> None:
        """Close its standard input, at which a server has to end by itself."""
        self._pipes[0].close()

    def stop(self) -> None:
        """Kill the program and its process group, and take back the pipes. May be called twice."""
        if self._life.fileno() < 0:
            return
        try:
            os.killpg(self._popen.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS says so of a group of zombies
            pass
        self._popen.wait()
        for file in (*self._pipes, self._life):
            file.close()


def _find(word: str, folder: str, environment: Mapping[str, str], place: str) -> str:
    """Return the path of a command; raises ToolsError for one that is no program."""
    path = os.path.join(folder, word) if "/" in word else word
    found = shutil.which(path, path=environment.get("PATH", os.defpath))
    if found is None:
        raise ToolsError(f"no such command: {word}", place=place)
    return found
