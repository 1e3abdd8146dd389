"""Parquet files of rows, written in groups; the one place of this package that imports pyarrow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from callwright.errors import ExtraMissing
from callwright.record import Json

GROUP = 1000
"""Rows that are written together."""
GROUP_SIZE = 64 * 1024 * 1024
"""Characters of text after which a group is written, however few its rows."""


def pyarrow() -> Any:
    """Return the package with its Parquet part; raises `ExtraMissing` with the way to get it."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise ExtraMissing(
            "Parquet needs the package 'pyarrow'", got=str(error), hint="pip install 'callwright[parquet]'"
        ) from None
    return pyarrow


class Columns:
    """A Parquet file that is being written into an open stream."""

    def __init__(self, stream: BinaryIO, schema: Any) -> None:
        self._arrow = pyarrow()
        self._schema = schema
        self._writer = self._arrow.parquet.ParquetWriter(stream, schema, compression="zstd")
        self._rows: list[Mapping[str, Json]] = []
        self._size = 0

    def write(self, row: Mapping[str, Json], size: int) -> None:
        """Add a row whose text is about `size` characters long."""
        self._rows.append(row)
        self._size += size
        if len(self._rows) >= GROUP or self._size >= GROUP_SIZE:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the footer; the stream stays open."""
        self._flush()
        self._writer.close()

    def discard(self) -> None:
        """Let go of the stream, whatever state it is in: a writer that is never closed complains at exit."""
        try:
            self._writer.close()
        except (OSError, self._arrow.ArrowException):
            pass  # what could not be written was to be thrown away

    def _flush(self) -> None:
        if self._rows:
            arrays = [self._array(field) for field in self._schema]
            self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        self._rows, self._size = [], 0

    def _array(self, field: Any) -> Any:
        values = [row.get(field.name) for row in self._rows]
        if isinstance(field.type, self._arrow.ListType):  # pyarrow fills no lists of an extension type
            texts = self._arrow.array(values, self._arrow.list_(self._arrow.string()))
            return texts.cast(field.type)
        return self._arrow.array(values, field.type)
