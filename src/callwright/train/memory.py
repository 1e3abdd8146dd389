"""The memory of a training process: how much it took, and giving back what it no longer needs."""

from __future__ import annotations

import contextlib
import ctypes
import resource
import sys


def release_memory() -> None:
    """Give what the last step freed back to the system, where the C library can.

    Steps differ in size, and holes of one do not fit the next: without this a run of some hundred steps grows
    to twice what its largest step needs.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # not glibc
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def peak_memory_mb() -> int:
    """Return the largest resident size of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024) if sys.platform == "darwin" else peak // 1024
