"""Take away what a tool does not need: file writes, network, other processes, unlimited memory.

Two levels. "landlock" is a boundary kept by the Linux kernel: Landlock (no write below any path, no TCP, no
signal or abstract socket out of the process), a seccomp filter (no socket, no new process, no change of
owners, modes or times), and no capabilities, even for root. "process" is a guard in the interpreter, an audit
hook that refuses what well-behaved code would use; code that is out to get past it will. Both come with
resource limits. Files can be read.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
import sys
from collections.abc import Callable
from typing import Literal

from callwright.toolbox.child.syscalls import ARM64, X86_64

Level = Literal["landlock", "process"]

CPU_SECONDS = 600
"""For the whole life of a process: a last resort against one whose parent can no longer end it."""
OPEN_FILES = 256

_WRITES = {
    # bits of landlock's access_fs by the ABI that introduced them: everything but read_file and read_dir
    1: 1 << 0 | 1 << 1 | 0b1_1111_1111 << 4,  # execute, write_file, remove_dir … make_sym
    2: 1 << 13,  # refer: link and rename across folders
    3: 1 << 14,  # truncate
    5: 1 << 15,  # ioctl on devices
}
_WRITE_FILE = 1 << 1
_TCP = 1 << 0 | 1 << 1  # bind, connect: ABI 4
_SCOPES = 1 << 0 | 1 << 1  # abstract unix sockets, signals: ABI 6
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CAPABILITY_VERSION, _READ_ANY_FILE = 0x20080522, 1 << 2
_NO_NEW_PRIVILEGES, _SET_SECCOMP = 38, 22
_THREAD = 0x10000  # the flag of clone that makes a thread and no process
_MACHINES = {"x86_64": (0xC000003E, X86_64), "aarch64": (0xC00000B7, ARM64)}
"""By `uname -m`: how the kernel's audit names the architecture, and its system calls."""


def confine(wanted: str | None, memory_mb: int) -> Level:
    """Confine this process for good and return the level reached: the strongest, or the one wanted."""
    _limit(memory_mb)
    if wanted != "process" and sys.platform == "linux" and _powerless() and _landlock() and _seccomp():
        return "landlock"
    sys.addaudithook(_guard(os.getpid()))
    return "process"


def _limit(memory_mb: int) -> None:
    for kind, amount in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_AS, memory_mb * 1024 * 1024),
    ):
        hard = resource.getrlimit(kind)[1]
        amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        try:
            resource.setrlimit(kind, (amount, amount))
        except (ValueError, OSError):
            pass  # macOS has no limit on address space


def _powerless() -> bool:
    """Give up root's capabilities, all but the one to read files: with them the kernel would look away."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    current = ctypes.create_string_buffer(24)  # twice effective, permitted, inheritable, of 32 bits each
    if libc.capget(header, current) != 0:
        return False
    permitted = struct.unpack("6I", current.raw)[1] & _READ_ANY_FILE
    return bool(libc.capset(header, struct.pack("6I", permitted, permitted, 0, 0, 0, 0)) == 0)


def _landlock() -> bool:
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    abi = syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return False
    files = sum(bits for since, bits in _WRITES.items() if since <= abi)
    attributes = struct.pack("QQQ", files, _TCP if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    null = os.open(os.devnull, os.O_RDONLY)
    syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", _WRITE_FILE, null), 0)
    done = _no_new_privileges() and syscall(_RESTRICT_SELF, ruleset, 0) == 0
    os.close(null)
    os.close(ruleset)
    return bool(done)


def _no_new_privileges() -> bool:
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return bool(prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0)


def _seccomp() -> bool:
    machine = platform.machine()
    if machine not in _MACHINES or sys.maxsize < 2**32:
        return False
    code = _program(*_MACHINES[machine], os.getpid())
    text = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(text))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return bool(_no_new_privileges() and prctl(_SET_SECCOMP, 2, program, 0, 0) == 0)


def _program(architecture: int, numbers: dict[str, int], pid: int) -> bytes:
    """Return the filter as classic BPF: refuse the system calls listed, let all others pass.

    A few are decided by their first argument: a clone that makes a thread, a signal to this very process.
    """

    def step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("HBBI", code, if_true, if_false, value)

    load, equal, at_least, any_bit, leave = 0x20, 0x15, 0x35, 0x45, 0x06
    number_at, architecture_at, argument_at = 0, 4, 16
    allow, refuse = step(leave, 0x7FFF0000), step(leave, 0x50000 | errno.EPERM)
    absent = step(leave, 0x50000 | errno.ENOSYS)
    by_argument = {
        "clone": (any_bit, _THREAD), "kill": (equal, pid), "tgkill": (equal, pid), "prlimit64": (equal, 0)
    }  # fmt: skip
    steps = [step(load, architecture_at), step(equal, architecture, 1, 0), refuse]
    steps += [step(load, number_at), step(at_least, 0x40000000, 0, 1), refuse]  # x32, another set of numbers
    for name, number in numbers.items():
        if name in by_argument:
            test, value = by_argument[name]
            steps += [
                step(equal, number, 0, 4),
                step(load, argument_at),
                step(test, value, 0, 1),
                allow,
                refuse,
            ]
        else:
            # The flags of clone3 lie out of a filter's sight; where it is absent the C library uses clone.
            steps += [step(equal, number, 0, 1), absent if name == "clone3" else refuse]
    return b"".join([*steps, allow])


_REFUSED_EVENTS = frozenset(
    {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod",
     "os.chown", "os.utime", "os.setxattr", "os.removexattr", "os.fork", "os.forkpty", "os.exec",
     "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen", "pty.spawn", "os.killpg",
     "socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
     "socket.gethostbyname", "socket.gethostbyaddr"}
)  # fmt: skip


def _guard(pid: int) -> Callable[[str, tuple[object, ...]], None]:
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    refused, null, own_proc = _REFUSED_EVENTS, os.devnull, ("/proc/self", f"/proc/{pid}")

    def guard(event: str, arguments: tuple[object, ...]) -> None:
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

    return guard
