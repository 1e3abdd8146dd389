"""A guard in the interpreter for machines whose kernel keeps no boundary.

An audit hook refuses what well-behaved code would use to write files, reach the network or start processes;
code that is out to get past it will.
"""

from __future__ import annotations

import os
from collections.abc import Callable

_REFUSED_EVENTS = frozenset(
    {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod",
     "os.chown", "os.utime", "os.setxattr", "os.removexattr", "os.fork", "os.forkpty", "os.exec",
     "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen", "pty.spawn", "os.killpg",
     "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
     "socket.gethostbyname", "socket.gethostbyaddr"}
)  # fmt: skip


def guard(pid: int) -> Callable[[str, tuple[object, ...]], None]:
    """Return the audit hook of the process with this number."""
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    refused, null, own_proc = _REFUSED_EVENTS, os.devnull, ("/proc/self", f"/proc/{pid}")

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in refused:
            raise PermissionError(f"a tool may not use {event}")
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & writing and isinstance(path, str | bytes) and path != null:
                raise PermissionError(f"a tool may not write files: {path!r}")
            if isinstance(path, str) and path.startswith("/proc/") and not path.startswith(own_proc):
                raise PermissionError(f"a tool may not look at other processes: {path!r}")
        elif event == "os.kill" and arguments[0] != pid:
            raise PermissionError("a tool may not signal other processes")

    return hook
