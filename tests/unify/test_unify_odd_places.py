"""Where raw files may lie, and what beside them: pipes, loops of links, odd names, caches, our own rows."""

import json
import os
from pathlib import Path

import pytest

from callwright.errors import ConfigError, DataError
from callwright.record import Message, Trajectory, encode
from callwright.store import Sink, refuse_to_overwrite
from callwright.unify import unify, unify_lines

ROW = json.dumps({"query": "Rain?", "answers": "[]", "tools": "[]", "id": 1})


def good(folder: Path, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text(ROW + "\n", encoding="utf-8")
    return path


def test_what_is_no_regular_file_is_passed_over_in_a_folder_and_refused_by_name(tmp_path: Path) -> None:
    good(tmp_path)
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "loop.jsonl").symlink_to(tmp_path / "loop.jsonl")
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere.jsonl")
    notes: list[str] = []
    assert len(list(unify([tmp_path], notes=notes))) == 1
    assert sum("passed over, no regular file" in note for note in notes) == 3
    with pytest.raises(DataError, match=r"no regular file.*write it to a file first"):
        list(unify([tmp_path / "pipe.jsonl"]))


def test_a_name_that_is_no_utf8_is_told_legibly_and_costs_no_row(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    with open(os.path.join(folder, b"bad\xe9name.jsonl"), "wb") as stream:
        stream.write(ROW.encode() + b"\n")
    notes: list[str] = []
    with Sink(tmp_path / "out.jsonl", "unify", {}) as sink:
        for batch in unify_lines([tmp_path], notes=notes):
            sink.put_lines(*batch)
        sink.note("notes", notes)
    assert sink.report.kept == 1
    row = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))
    assert row["source"]["uri"] == r"bad\xe9name.jsonl"


def test_a_report_that_can_not_be_written_publishes_nothing(tmp_path: Path) -> None:
    out = good(tmp_path, "out.jsonl")
    before = out.read_bytes()
    sink = Sink(out, "unify", {})
    sink.note("notes", ["half a character: \ud800"])
    with pytest.raises(UnicodeEncodeError), sink:
        sink.put(Trajectory(id="a"))
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]


def test_caches_beside_a_saved_data_set_are_not_read_as_its_rows(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [{"query": f"Rain {i}?", "answers": "[]", "tools": "[]", "id": i} for i in range(20)]
    datasets.Dataset.from_list(rows).save_to_disk(tmp_path / "saved")
    saved = datasets.load_from_disk(tmp_path / "saved")
    saved.map(lambda row: {"query": row["query"] + " Really?"})
    assert any(path.name.startswith("cache-") for path in (tmp_path / "saved").iterdir())
    notes: list[str] = []
    assert len(list(unify([tmp_path / "saved"], notes=notes))) == 20
    assert any(note.startswith("cache-") and "passed over" in note for note in notes)
    assert any(note.startswith("state.json: passed over") for note in notes)


def test_our_own_rows_are_not_taken_for_another_layout(tmp_path: Path) -> None:
    said = (Message(role="user", content="hi"), Message(role="assistant", content="hello"))
    own = tmp_path / "own.jsonl"
    own.write_bytes(encode(Trajectory(id="a", messages=said)) + b"\n")
    with pytest.raises(DataError, match=r"holds trajectories already.*no unify"):
        list(unify([own]))
    good(tmp_path, "raw.jsonl")
    notes: list[str] = []
    assert len(list(unify([tmp_path], notes=notes))) == 1
    assert "own.jsonl: passed over, holds trajectories already" in notes


def test_an_output_that_is_read_is_refused(tmp_path: Path) -> None:
    rows = good(tmp_path)
    (tmp_path / "link.jsonl").symlink_to(rows)
    for out in (rows, tmp_path / "link.jsonl", tmp_path / "." / "rows.jsonl"):
        with pytest.raises(ConfigError, match="would overwrite the rows it reads"):
            refuse_to_overwrite(out, [tmp_path / "other.jsonl", rows])
    with pytest.raises(ConfigError, match="into the folder it reads"):
        refuse_to_overwrite(tmp_path / "deeper" / "new.jsonl", [tmp_path])
    refuse_to_overwrite(tmp_path / "new.jsonl", [rows, tmp_path / "*.jsonl"])
