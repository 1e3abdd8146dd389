"""Trajectories in Parquet are the same when they are read again, and so are those in ATIF."""

import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import ConfigError, DataError
from callwright.export import EXPORTS, export, read
from callwright.export.columns import GROUP
from callwright.record import Dropped, Message, Trajectory, encode
from callwright.unify.notations.own_atif import restored
from record_strategies import trajectories

parquet = pytest.importorskip("pyarrow.parquet")
pyarrow = pytest.importorskip("pyarrow")


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(trajectories(), max_size=4))
def test_what_is_written_to_parquet_is_read_back_to_the_byte(rows: list[Trajectory]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rows.parquet"
        export(rows, out, "parquet")
        back = list(read(out))
    assert back == rows
    assert [encode(row) for row in back] == [encode(row) for row in rows]


@pytest.mark.slow
@settings(max_examples=100)
@given(trajectories(errors=False))
def test_nothing_is_lost_in_atif(t: Trajectory) -> None:
    line = msgspec.json.encode(EXPORTS["atif"].render(t))
    back = restored(msgspec.json.decode(line))
    assert encode(back) == encode(t)


@pytest.mark.slow
def test_steps_of_atif_are_numbered_and_results_name_calls_of_their_step() -> None:
    @settings(max_examples=50)
    @given(trajectories(errors=False))
    def check(t: Trajectory) -> None:
        row = EXPORTS["atif"].render(t)
        assert [step["step_id"] for step in row["steps"]] == list(range(1, len(row["steps"]) + 1))
        for step in row["steps"]:
            own = [call["tool_call_id"] for call in step.get("tool_calls", ())]
            results = step.get("observation", {}).get("results", ())
            assert all(result.get("source_call_id", own[:1]) in [*own, own[:1]] for result in results)
            if step["source"] != "agent":
                assert not {"tool_calls", "observation", "reasoning_content"} & step.keys()

    check()


def test_many_rows_make_several_groups_in_order(tmp_path: Path) -> None:
    rows = [Trajectory(id=str(n)) for n in range(2 * GROUP + 1)]
    export(rows, tmp_path / "rows.parquet", "parquet")
    assert parquet.ParquetFile(tmp_path / "rows.parquet").num_row_groups == 3
    assert list(read(tmp_path / "rows.parquet")) == rows


def test_any_query_engine_can_filter_by_data_set_and_licence(tmp_path: Path) -> None:
    export([Trajectory(id="a", messages=(Message(role="user"),))], tmp_path / "rows.parquet", "parquet")
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert {"dataset", "license"} < set(table.column_names)
    assert {str(field.type) for field in table.schema} == {"string"}
    assert table.to_pylist()[0]["messages"] == '[{"role":"user"}]'


def test_another_parquet_file_is_refused_with_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    parquet.write_table(pyarrow.table({"text": ["a"]}), path)
    with pytest.raises(DataError, match=r"other\.parquet: holds no trajectories: got columns text"):
        list(read(path))
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match="can not be read"):
        list(read(path))
    with pytest.raises(DataError, match="no such file"):
        list(read(tmp_path / "absent.parquet"))
    with pytest.raises(ConfigError, match=r"ends in \.parquet"):
        export([], tmp_path / "rows.jsonl", "parquet")


def test_a_row_that_somebody_broke_is_dropped_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    export([Trajectory(id="a"), Trajectory(id="b")], path, "parquet")
    table = parquet.read_table(path)
    columns = {name: table[name].to_pylist() for name in table.column_names}
    columns["messages"][1] = "[{"
    parquet.write_table(pyarrow.table(columns, schema=table.schema), path)
    good, bad = read(path)
    assert good == Trajectory(id="a")
    assert isinstance(bad, Dropped)
    assert (bad.id, bad.reason, bad.path) == ("b", "not-a-trajectory", "rows.parquet:2")
