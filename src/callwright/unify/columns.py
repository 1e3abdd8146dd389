"""Parquet files, and Arrow files as `datasets.save_to_disk` writes them → rows of plain JSON values.

Arrow gives every struct of a column the same keys, and null where a row had none. A null inside a struct is
therefore left out: it can not be told from a key that never was. A column that is null stays null.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable, Iterator
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from callwright.errors import DataError, ExtraMissing
from callwright.record import Json
from callwright.unify.rows import BadRow, Element
from callwright.unify.strict_json import decode

SUFFIXES = (".parquet", ".arrow")
_LISTS = ("list", "large_list", "fixed_size_list", "list_view", "large_list_view")
_DESCRIPTIONS = ("state.json", "dataset_info.json")


class _Shard(msgspec.Struct):
    filename: str


class _State(msgspec.Struct):
    """What `datasets` writes beside the files of a data set."""

    _data_files: list[_Shard]


_ROWS = 512
"""Rows that are taken from the columns at a time."""


def holds_rows(path: Path) -> bool:
    """Tell whether a file may hold rows; beside the Arrow files of a data set lie caches and descriptions."""
    if path.name in _DESCRIPTIONS and any(path.parent.glob("*.arrow")):
        return False
    state = path.parent / "state.json"
    if path.suffix != ".arrow" or not state.is_file():
        return True
    try:
        shards = msgspec.json.decode(state.read_bytes(), type=_State)._data_files
    except (OSError, msgspec.DecodeError):
        return not path.name.startswith("cache-")
    return path.name in {shard.filename for shard in shards}


def elements(path: Path) -> Iterator[Element]:
    """Yield each row; raises `DataError` for a file that can not be read, `ExtraMissing` without pyarrow."""
    arrow = _pyarrow(path)
    number = 0
    try:
        for batch in _batches(arrow, path):
            readers = [(field.name, _reader(arrow, field.type)) for field in batch.schema]
            for row in batch.to_pylist():
                yield _element(number, row, readers)
                number += 1
    except (OSError, arrow.ArrowException) as error:
        got = " ".join(str(error).split())[:200]
        raise DataError("can not be read", place=str(path), expected=path.suffix[1:], got=got) from None


def _pyarrow(path: Path) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet  # noqa: F401  (makes `pyarrow.parquet` exist)
    except ImportError as error:
        raise ExtraMissing(
            "Parquet and Arrow files need the package 'pyarrow'",
            place=str(path),
            got=str(error),
            hint="pip install 'callwright[parquet]'",
        ) from None
    return pyarrow


def _batches(arrow: Any, path: Path) -> Iterator[Any]:
    if path.suffix == ".parquet":
        with arrow.parquet.ParquetFile(path) as file:
            yield from file.iter_batches(_ROWS)
        return
    with arrow.OSFile(str(path)) as file:
        try:
            reader = arrow.ipc.open_stream(file)
        except arrow.ArrowInvalid:  # the other of the two kinds of Arrow file
            file.seek(0)
            reader = arrow.ipc.open_file(file)
            yield from (reader.get_batch(i) for i in range(reader.num_record_batches))
            return
        for batch in reader:
            yield from (batch.slice(i, _ROWS) for i in range(0, batch.num_rows, _ROWS))


def _element(number: int, row: dict[str, Any], readers: list[tuple[str, Callable[[Any], Json]]]) -> Element:
    value = {}
    for name, read in readers:
        try:
            value[name] = read(row[name])
        except ValueError as error:
            return Element(number, repr(row), BadRow("not-json", name, f"a value that is no JSON: {error}"))
    return Element(number, value)


def _reader(arrow: Any, kind: Any) -> Callable[[Any], Json]:
    """Return what turns a value of an Arrow type into JSON."""
    types = arrow.types
    if isinstance(kind, arrow.JsonType):
        return lambda value: None if value is None else decode(value)
    if types.is_struct(kind):
        readers = {field.name: _reader(arrow, field.type) for field in kind}
        return lambda value: (
            None if value is None else {k: readers[k](v) for k, v in value.items() if v is not None}
        )
    if any(getattr(types, f"is_{name}", _never)(kind) for name in _LISTS):
        read = _reader(arrow, kind.value_type)
        return lambda value: None if value is None else [read(item) for item in value]
    if types.is_map(kind):
        read = _reader(arrow, kind.item_type)
        return lambda value: None if value is None else {str(k): read(v) for k, v in value}
    return _plain


def _never(kind: Any) -> bool:
    """Stand in for the question about a kind of list that an older pyarrow has not."""
    return False


def _plain(value: Any) -> Json:
    """Return a value of a column that is no container; JSON has neither times nor bytes.

    Raises `ValueError` for NaN and infinity, which it has not either.
    """
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"{value}")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)
