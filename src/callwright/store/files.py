"""The few file operations on which trust rests: whole files, locks, digests, and a seed for each row.

>>> row_seed(0, "a") == row_seed(0, "a") != row_seed(1, "a")
True
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from pathlib import Path
from typing import BinaryIO

import msgspec

from callwright.errors import DataError
from callwright.record import Json

PART = ".part"
"""Suffix of a file that is not complete yet."""
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_text(text: str | bytes) -> str:
    """Return the SHA-256 of a text (as UTF-8) in hexadecimal; a lone surrogate is hashed, not refused."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return hashlib.sha256(data).hexdigest()


def row_seed(run_seed: int, row_id: str) -> int:
    """Return the 64-bit seed of one row, which neither its position nor the worker count can change."""
    return int(sha256_text(f"{run_seed}\0{row_id}")[:16], 16)


def write_json_atomic(path: Path, obj: Json) -> None:
    """Write `obj` as indented JSON so that `path` holds the old content or all of the new.

    Takes what msgspec can encode, dataclasses and records included; NaN and infinity become null.
    """
    write_atomic(path, msgspec.json.format(msgspec.json.encode(obj), indent=2) + b"\n")


def write_atomic(path: Path, data: bytes) -> None:
    """Write a small file so that `path` holds the old content or all of the new."""
    part = write_part(path, data)
    try:
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise write_error(path, error) from None


def write_part(path: Path, data: bytes) -> Path:
    """Write a small file that only wants the name `path`; return where it lies until then."""
    part = path.with_name(path.name + PART)
    try:
        with part.open("wb") as stream:
            stream.write(data)
            sync(stream)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise write_error(path, error) from None
    return part


def refuse_folder(path: Path) -> None:
    """Raise the error of a file that can not be written where `path` is a folder."""
    if path.is_dir():
        raise write_error(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))


def sync(stream: BinaryIO) -> None:
    """Flush `stream` down to the disk."""
    stream.flush()
    try:
        os.fsync(stream.fileno())
    except OSError as error:
        if error.errno != errno.EINVAL:  # pipes and devices have nothing to sync
            raise


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    """Take the exclusive lock of an open file and tell whether that worked; any kind of exit frees it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_for_lock(handle: int) -> None:
    """Take the exclusive lock of an open file as soon as no other process has it."""
    fcntl.flock(handle, fcntl.LOCK_EX)


def write_error(path: Path, error: OSError) -> DataError:
    """Return the one-line error for a write that failed, with the free space where that is the reason."""
    reason = error.strerror or str(error)
    if error.errno not in _NO_SPACE:
        return DataError("can not be written", place=str(path), got=reason)
    return DataError(
        "can not be written, no space left",
        place=str(path),
        got=f"{reason}, {_free(path.parent)} free",
        hint="free some space or write to another disk; nothing was left half done",
    )


def _free(folder: Path) -> str:
    try:
        return f"{shutil.disk_usage(folder).free / 1e6:,.1f} MB"
    except OSError:
        return "an unknown amount"
