"""Where raw files may lie, and what beside them: pipes, loops of links, odd names, caches, our own rows."""

import json
import os
from pathlib import Path

import pytest

from callwright.errors import DataError
from callwright.record import Dropped, Message, Trajectory, encode
from callwright.store import Sink
from callwright.unify import unify, unify_lines
from command_line import callwright

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


def test_linked_folders_are_read_once_and_loops_end(tmp_path: Path) -> None:
    disk, folder = tmp_path / "disk", tmp_path / "folder"
    for place in (disk / "deep", folder / "real"):
        place.mkdir(parents=True)
    good(disk / "deep", "far.jsonl")
    good(folder / "real", "near.jsonl")
    for link, target in {
        "a": folder / "real", "b": disk, "c": disk / "deep", "up": tmp_path, "real/self": folder,
    }.items():  # fmt: skip
        (folder / link).symlink_to(target)
    (disk / "back").symlink_to(folder)
    notes: list[str] = []
    rows = list(unify([folder], notes=notes))
    assert [row.source.uri for row in rows if isinstance(row, Trajectory) and row.source] == [
        "b/deep/far.jsonl",
        "real/near.jsonl",
    ]
    assert sorted(note.split(":")[0] for note in notes if "passed over, a link" in note) == [
        "a", "b/back", "c", "real/self", "up",
    ]  # fmt: skip


@pytest.mark.parametrize("as_folders", [False, True])
def test_rows_of_files_with_one_name_can_be_traced(tmp_path: Path, as_folders: bool) -> None:
    places = [tmp_path / "logs" / "feb", tmp_path / "logs" / "jan"]
    for place in places:
        place.mkdir(parents=True)
        good(place, "trace.jsonl").write_text(f"{ROW}\n{ROW}\n7\n", encoding="utf-8")
    other = good(tmp_path, "other.jsonl")
    named = places if as_folders else [place / "trace.jsonl" for place in places]
    rows = list(unify([*named, other], "xlam_60k"))
    ids = [row.id for row in rows]
    months = [f"xlam_60k/logs/{month}/trace/{n}" for month in ("feb", "jan") for n in range(3)]
    assert ids == [*months, "xlam_60k/other/0"]
    kept = [row.source.uri for row in rows if isinstance(row, Trajectory) and row.source]
    assert kept == [
        *["logs/feb/trace.jsonl"] * 2,
        *["logs/jan/trace.jsonl"] * 2,
        "other.jsonl",
    ]
    assert [row.detail.split(":")[0] for row in rows if isinstance(row, Dropped)] == [
        "logs/feb/trace.jsonl",
        "logs/jan/trace.jsonl",
    ]


def test_the_report_names_what_was_read_as_it_was_named(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    good(tmp_path / "logs")
    good(tmp_path, "more.jsonl")
    done = callwright("unify", "logs", "mor*.jsonl", "-o", "out.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out.report.json").read_text(encoding="utf-8"))
    assert report["extra"]["inputs"] == ["logs", "mor*.jsonl"]
    assert str(tmp_path) not in json.dumps(report)


def test_what_is_hidden_in_a_folder_is_told(tmp_path: Path) -> None:
    good(tmp_path)
    good(tmp_path, ".copy.jsonl")
    (tmp_path / ".cache").mkdir()
    good(tmp_path / ".cache")
    notes: list[str] = []
    assert len(list(unify([tmp_path], notes=notes))) == 1
    assert [note for note in notes if "hidden" in note] == [
        ".cache: passed over, hidden",
        ".copy.jsonl: passed over, hidden",
    ]


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
