"""Take away what a tool does not need: file writes, network, other processes, unlimited memory.

Four levels. "bwrap": the process was started in namespaces of its own (see `wrapped`), and adds to them what
"landlock" has, as far as this kernel offers it. "landlock" is a boundary kept by the Linux kernel: Landlock
(no write below any path, no TCP, no signal or abstract socket out of the process), a seccomp filter (no
socket, no new process, no change of owners, modes or times), and no capabilities, even for root. "process" is
a guard in the interpreter (see `guard`). "none" leaves files and network as they are, for code that is
trusted and needs them. All come with resource limits.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import struct
import sys
from typing import Literal

from callwright.toolbox.child import guard
from callwright.toolbox.child.syscalls import ARM64, X86_64

Level = Literal["bwrap", "landlock", "process", "none"]

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


def confine(wanted: str, memory_mb: int) -> tuple[Level, str]:
    """Confine this process for good; return the level reached, and what a stronger one wanted was missing.

    `wanted` is a level, or "auto" for the strongest that can be reached from here.
    """
    _limit(memory_mb, writes=wanted == "none")
    if wanted == "none":
        return "none", ""
    wrapped = wanted == "bwrap" and _in_namespaces()
    missing = "" if wanted == "process" else _boundary(wrapped=wrapped)
    guarded = bool(missing) or wanted == "process"
    if guarded:
        sys.addaudithook(guard.guard(os.getpid()))
    if wrapped:
        return "bwrap", ""
    if wanted == "bwrap":
        missing = "bubblewrap did not confine the process"
    return ("process" if guarded else "landlock"), missing


def _boundary(*, wrapped: bool) -> str:
    """Put up what the kernel offers, and return what it does not."""
    if sys.platform != "linux":
        return "Landlock and seccomp need Linux"
    # Who may read any file can, without the filter, also open one that a namespace keeps out of sight.
    kept = 0 if wrapped and not _seccomp_known() else _READ_ANY_FILE
    if not _powerless(kept):
        return "the capabilities of root can not be given up"
    landlocked, filtered = _landlock(), _seccomp()
    if not landlocked:
        return "the kernel does not offer Landlock (Linux 5.13, with landlock among its security modules)"
    if not filtered:
        return f"there is no seccomp filter for this machine ({os.uname().machine})"
    return ""


def _in_namespaces() -> bool:
    """Tell whether the root is read-only and no network but the loopback is in sight."""
    with open("/proc/net/dev", encoding="ascii", errors="replace") as file:
        devices = {line.partition(":")[0].strip() for line in file.readlines()[2:]}
    return bool(os.statvfs("/").f_flag & os.ST_RDONLY) and devices <= {"lo"}


def _limit(memory_mb: int, *, writes: bool) -> None:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_AS: memory_mb * 1024 * 1024,
    }
    for kind, amount in (limits if writes else limits | {resource.RLIMIT_FSIZE: 0}).items():
        hard = resource.getrlimit(kind)[1]
        amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        try:
            resource.setrlimit(kind, (amount, amount))
        except (ValueError, OSError):
            pass  # macOS has no limit on address space


def _powerless(kept: int) -> bool:
    """Give up root's capabilities, all but those `kept`: with them the kernel would look away."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    current = ctypes.create_string_buffer(24)  # twice effective, permitted, inheritable, of 32 bits each
    if libc.capget(header, current) != 0:
        return False
    permitted = struct.unpack("6I", current.raw)[1] & kept
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


def _seccomp_known() -> bool:
    return os.uname().machine in _MACHINES and sys.maxsize > 2**32


def _seccomp() -> bool:
    if not _seccomp_known():
        return False
    code = _program(*_MACHINES[os.uname().machine], os.getpid())
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
