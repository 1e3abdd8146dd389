"""One file of rows while it is written: under another name, locked, and renamed when it is whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from callwright.errors import RunError
from callwright.store.compression import write_compressed
from callwright.store.files import PART, refuse_folder, sync, sync_folder, try_lock, write_error
from callwright.store.lines import split_name


class PartFile:
    """A file that is written under another name, locked, until it is whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(path.name + PART)
        refuse_folder(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.file = _open_locked(self._part)
        except OSError as error:
            raise write_error(path, error) from None

    def publish(self) -> None:
        """Give the file its name, and let go of it."""
        try:
            self._part.replace(self.path)
            sync_folder(self.path.parent)
            self.file.close()
        except OSError as error:
            raise write_error(self.path, error) from None

    def remove(self) -> bool:
        """Remove the file unless it was published; tell whether it is still to be closed."""
        if self.file.closed:
            return False
        self._part.unlink(missing_ok=True)
        return True


class RowsFile:
    """One file of rows on its way to its final name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._part = PartFile(path)
        self._stream = write_compressed(self._part.file, split_name(path)[1])

    def write(self, line: bytes) -> None:
        """Write the line of one row."""
        self.write_lines(line + b"\n", 1)

    def write_lines(self, lines: bytes, count: int) -> None:
        """Write the lines of `count` rows."""
        try:
            self._stream.write(lines)
        except OSError as error:
            raise write_error(self.path, error) from None
        self.count += count

    def finish(self) -> None:
        """Bring everything down to the disk; the lock stays until `publish`."""
        try:
            if self._stream is not self._part.file:
                self._stream.close()
            sync(self._part.file)
        except OSError as error:
            raise write_error(self.path, error) from None

    def publish(self) -> None:
        """Give the file its name, and let go of it."""
        self._part.publish()

    def abandon(self) -> None:
        """Remove the part file, whatever state it is in; a published file has none any more."""
        if not self._part.remove():
            return
        for stream in (self._stream, self._part.file):
            try:
                stream.close()
            except OSError:
                pass  # what could not be flushed was to be thrown away


def _open_locked(part: Path) -> BinaryIO:
    """Open `part` empty, for this process alone."""
    while True:
        handle = os.open(part, os.O_RDWR | os.O_CREAT, 0o666)
        if not try_lock(handle):
            os.close(handle)
            raise RunError(
                "another process is writing this file",
                place=str(part),
                hint="wait for it or choose another -o",
            )
        try:
            if _is_at(handle, part):
                if part.is_file():
                    os.ftruncate(handle, 0)
                return os.fdopen(handle, "wb", buffering=1 << 17)
        except BaseException:  # Ctrl-C comes at any moment, and a stage that was not entered is not left
            part.unlink(missing_ok=True)
            os.close(handle)
            raise
        os.close(handle)  # the file was renamed away between opening and locking it: it is finished, not ours


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
