"""Confine a server's program with bubblewrap: no network, no writes, no process of ours in sight.

The program sees the file system read-only. `/tmp`, `/var/tmp` and `/run`, where the sockets of other programs
live, are empty to it, except for the working folder and what the command names; what it writes there and to
`/dev/shm` vanishes with it. The places where people keep keys are empty, too, unless the command names them.
A seccomp filter refuses `connect`, because a read-only file system does not keep a program from a socket that
lies in it.
"""

from __future__ import annotations

import errno
import os
import platform
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from typing import IO

from callwright.toolbox.wrapped import PLACES, PRIVATE

_SCRATCH = "/dev/shm"
_HIDDEN = ("/tmp", "/var/tmp", "/run")
_SYSTEM = ("/run/current-system",)
"""Where NixOS keeps its programs."""
_KEYS = ("/etc/shadow", "/etc/gshadow", "/etc/ssh")
_FLAGS = ("--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--ro-bind", "/", "/",
          "--dev", "/dev", "--proc", "/proc")  # fmt: skip
_MACHINES = {"x86_64": (0xC000003E, 42), "aarch64": (0xC00000B7, 203)}
"""By `uname -m`: how the kernel's audit names the architecture, and the number of `connect`."""
_IO_URING_SETUP = 425
"""On every architecture; through it a program could connect out of the filter's sight."""


@cache
def works() -> bool:
    """Tell whether programs can be confined on this machine."""
    true = shutil.which("true")
    if not true or not _program() or platform.machine() not in _MACHINES or sys.maxsize < 2**32:
        return False
    with filter_file() as file:
        try:
            tried = subprocess.run(
                wrap((true,), "/", file.fileno()),
                pass_fds=[file.fileno()], stdin=subprocess.DEVNULL, capture_output=True,
                timeout=10, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return False
    return tried.returncode == 0


def _program() -> str:
    return next((place for place in PLACES if os.access(place, os.X_OK)), "")


def wrap(words: Sequence[str], folder: str, filter_number: int) -> list[str]:
    """Return the command that runs `words` confined, in the working folder `folder`.

    The seccomp filter is read from the descriptor `filter_number`, see `filter_file`.
    """
    command = [_program(), *_FLAGS]
    hidden = [path for path in _HIDDEN if os.path.isdir(path) and not os.path.islink(path)]
    for path in hidden:
        command += ["--tmpfs", path]
    named = list(_named(words, folder))
    for path in dict.fromkeys((*_shown(named, folder, hidden), *_SYSTEM)):
        command += ["--ro-bind-try", path, path]
    for path in _keys():
        if any(name == path or name.startswith(path + "/") for name in (folder, *named)):
            continue
        is_folder = os.path.isdir(path)
        command += ["--tmpfs", path, "--remount-ro", path] if is_folder else ["--ro-bind", os.devnull, path]
    command += ["--setenv", "TMPDIR", _SCRATCH, "--chdir", folder, "--seccomp", str(filter_number)]
    return [*command, "--", *words]


def _keys() -> list[str]:
    home = os.path.expanduser("~")
    places = (*(os.path.join(home, name) for name in PRIVATE), *_KEYS)
    return sorted({os.path.realpath(place) for place in places if os.path.exists(place)})


def _named(words: Sequence[str], folder: str) -> Iterator[str]:
    """Yield the paths that a command names, also those behind an equals sign."""
    for word in words:
        for part in (word, word.partition("=")[2]):
            path = os.path.normpath(os.path.join(folder, part))
            if part and os.path.exists(path):
                yield path


def _shown(named: Sequence[str], folder: str, hidden: Sequence[str]) -> Iterator[str]:
    """Yield what lies in hidden folders and is needed: the working folder, and what the command names.

    Shown is all of the folder that lies in the hidden one: beside `/tmp/env/bin/python` there is its library.
    """
    for path in (folder, *named):
        for place in hidden:
            if path == place == folder:
                yield place
            elif path.startswith(place + "/"):
                yield "/".join([place, path[len(place) + 1 :].split("/")[0]])


def filter_file() -> IO[bytes]:
    """Return an open file with the seccomp filter: connections are refused, all else passes."""
    architecture, connect = _MACHINES[platform.machine()]

    def step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("HBBI", code, if_true, if_false, value)

    load, equal, at_least, leave, number_at, architecture_at = 0x20, 0x15, 0x35, 0x06, 0, 4
    steps = [
        step(load, architecture_at), step(equal, architecture, 0, 4),
        step(load, number_at), step(at_least, 0x40000000, 2, 0),  # x32, another set of numbers
        step(equal, connect, 1, 0), step(equal, _IO_URING_SETUP, 1, 2),
        step(leave, 0x50000 | errno.EPERM), step(leave, 0x50000 | errno.ENOSYS),
        step(leave, 0x7FFF0000),
    ]  # fmt: skip
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the caller closes it)
    file.write(b"".join(steps))
    file.flush()
    file.seek(0)
    return file
