"""Parquet and Arrow files give the rows that went in: no invented nulls, JSON columns as JSON."""

import datetime
import json
import math
from pathlib import Path
from typing import Any

import pytest

from callwright.errors import DataError
from callwright.record import Trajectory
from callwright.unify import unify, unify_lines
from callwright.unify.files import elements

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'callwright[parquet]'")
import pyarrow.parquet as pq  # noqa: E402

CHAT: list[dict[str, Any]] = [
    {
        "messages": [
            {"role": "user", "content": "Rain in Bergen?"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"name": "rain", "arguments": {"city": "Bergen"}}],
            },
        ],
        "tools": [{"name": "rain", "parameters": {"city": {"type": "str"}}}],
    },
    {
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}],
        "tools": [],
    },
]


def values(path: Path) -> list[Any]:
    found = list(elements(path))
    assert [e.number for e in found] == list(range(len(found)))
    return [e.error.reason if e.error else e.value for e in found]


def test_a_key_that_arrow_filled_with_null_is_left_out(tmp_path: Path) -> None:
    rows = [{"a": {"x": 1}, "l": [{"y": "t"}, {"z": 2}]}, {"a": {"w": None}, "l": []}, {"a": None, "l": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert values(tmp_path / "a.parquet") == [
        {"a": {"x": 1}, "l": [{"y": "t"}, {"z": 2}]},
        {"a": {}, "l": []},
        {"a": None, "l": None},
    ]


def test_json_columns_times_bytes_and_maps_become_json(tmp_path: Path) -> None:
    when = datetime.datetime(2026, 11, 24, 5, 6)
    table = pa.table(
        {
            "j": pa.array(['{"b": 1, "a": null}', None], pa.json_()),
            "t": pa.array([when, None]),
            "b": pa.array([b"\x00\xff", None]),
            "m": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    first, second = values(tmp_path / "a.parquet")
    assert first == {"j": {"b": 1, "a": None}, "t": "2026-11-24T05:06:00", "b": "AP8=", "m": {"k": 1}}
    assert second == {"j": None, "t": None, "b": None, "m": None}


def test_a_broken_json_column_costs_its_row_only(tmp_path: Path) -> None:
    texts = pa.array(['{"a": 1}', '{"a": 1, "a": 2}', '{"a": 3}']).cast(pa.json_())
    pq.write_table(pa.table({"j": texts}), tmp_path / "a.parquet")
    assert values(tmp_path / "a.parquet") == [{"j": {"a": 1}}, "not-json", {"j": {"a": 3}}]


def test_what_json_has_no_number_for_costs_its_row_as_it_does_in_json(tmp_path: Path) -> None:
    table = pa.table(
        {"r": [0.5, math.nan, 1.0, 2.0], "l": [[1.0], [2.0], [math.inf, 1.0], [3.0]], "n": [1, 2, None, 4]}
    )
    pq.write_table(table, tmp_path / "a.parquet")
    found = list(elements(tmp_path / "a.parquet"))
    assert [e.value if e.error is None else (e.error.reason, e.error.path) for e in found] == [
        {"r": 0.5, "l": [1.0], "n": 1},
        ("not-json", "r"),
        ("not-json", "l"),
        {"r": 2.0, "l": [3.0], "n": 4},
    ]
    assert "nan" in found[1].value, "the row is told"


@pytest.mark.parametrize("name", ["list_", "large_list", "list_view", "large_list_view"])
def test_every_kind_of_list_is_a_list(tmp_path: Path, name: str) -> None:
    if not hasattr(pa, name):
        pytest.skip("this pyarrow has no such list")
    kind = getattr(pa, name)(pa.struct([("a", pa.int64()), ("b", pa.string())]))
    table = pa.table({"l": pa.array([[{"a": 1}, {"b": "x"}], [], None], kind)})
    with pa.OSFile(str(tmp_path / "a.arrow"), "wb") as out, pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    assert values(tmp_path / "a.arrow") == [{"l": [{"a": 1}, {"b": "x"}]}, {"l": []}, {"l": None}]


def test_chats_in_a_parquet_file_are_unified_like_those_in_lines(tmp_path: Path) -> None:
    flat = [{"messages": json.dumps(row["messages"]), "tools": json.dumps(row["tools"])} for row in CHAT]
    pq.write_table(pa.Table.from_pylist(flat), tmp_path / "chat.parquet")
    (tmp_path / "chat.jsonl").write_text("".join(json.dumps(row) + "\n" for row in CHAT), encoding="utf-8")
    from_columns, from_lines = (list(unify([tmp_path / f"chat.{s}"])) for s in ("parquet", "jsonl"))
    assert all(isinstance(row, Trajectory) for row in from_columns)
    assert [(r.tools, r.messages) for r in from_columns] == [(r.tools, r.messages) for r in from_lines]
    batches = list(unify_lines([tmp_path / "chat.parquet"]))
    assert sum(batch.rows for batch in batches) == 2


def test_a_folder_of_datasets_save_to_disk_is_read(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [{"query": "Rain?", "answers": "[]", "tools": "[]", "id": i} for i in range(1200)]
    datasets.DatasetDict({"train": datasets.Dataset.from_list(rows)}).save_to_disk(tmp_path / "saved")
    notes: list[str] = []
    found = list(unify([tmp_path / "saved"], notes=notes))
    assert len(found) == 1200
    assert all(isinstance(row, Trajectory) for row in found)
    assert any("xlam_60k" in note for note in notes)
    assert any("dataset_info.json: passed over" in note for note in notes)


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_a_file_that_is_none_is_a_clear_error(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"PAR1 this is not it PAR1")
    with pytest.raises(DataError, match="can not be read"):
        list(unify([path]))
