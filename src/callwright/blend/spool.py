"""The rows that stay, on disk until it is known how many of them there are and in which order they go out."""

from __future__ import annotations

import os
import tempfile
from array import array
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from callwright.record import Trajectory, decode, encode
from callwright.store.files import write_error


class Spool:
    """Rows in a temporary file, by number; a context manager. Costs 8 bytes of memory a row."""

    def __init__(self, folder: Path | None = None) -> None:
        self._place = Path(folder or tempfile.gettempdir()) / "(rows set aside)"
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed in __exit__
        except OSError as error:
            raise write_error(self._place, error) from None
        self._ends = array("Q", [0])
        self._unwritable: dict[int, Trajectory] = {}

    def __len__(self) -> int:
        return len(self._ends) - 1

    def put(self, row: Trajectory) -> None:
        """Take a row; one that JSON can not hold stays in memory and goes out as it is."""
        try:
            line = encode(row)
        except (ValueError, TypeError, OverflowError, RecursionError):
            self._unwritable[len(self)] = row
            line = b""
        try:
            self._file.write(line)
        except OSError as error:
            raise write_error(self._place, error) from None
        self._ends.append(self._ends[-1] + len(line))

    def get(self, number: int) -> Trajectory:
        """Return a row again."""
        if number in self._unwritable:
            return self._unwritable[number]
        start, end = self._ends[number], self._ends[number + 1]
        return decode(os.pread(self._file.fileno(), end - start, start))

    def flush(self) -> None:
        """Make all rows readable; to be called once, after the last `put`."""
        try:
            self._file.flush()
        except OSError as error:
            raise write_error(self._place, error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # what could not be written was told, and is thrown away anyway
            self._file.close()
