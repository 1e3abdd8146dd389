"""The verb as people meet it: files in, files out, one line for a mistake."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from callwright.export import EXPORTS, read
from callwright.exporting import TARGETS
from callwright.settings import ExportSettings
from command_line import callwright, error_line, start, write_xlam

LINES = [to for to in EXPORTS if EXPORTS[to].CONTAINER == "lines"]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty trajectories with a licence, each with one call."""
    folder = tmp_path_factory.mktemp("rows")
    write_xlam(folder / "xlam.jsonl")
    done = callwright("unify", "xlam.jsonl", "-o", "rows.jsonl", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "rows.jsonl"


def lines_of(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_option_names_every_layout_of_the_table() -> None:
    assert get_args(get_type_hints(ExportSettings)["to"]) == (*EXPORTS, *TARGETS)


@pytest.mark.slow
@pytest.mark.parametrize("to", LINES)
def test_a_file_of_rows_becomes_a_file_of_the_layout(to: str, rows: Path, tmp_path: Path) -> None:
    done = callwright("export", rows, "-o", "out.jsonl", "--to", to, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "export: 60 rows in, 60 kept, 0 dropped" in done.stderr
    assert "licences: CC-BY-4.0 60" in done.stderr
    assert len(lines_of(tmp_path / "out.jsonl")) == 60
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "out.dropped.jsonl", "out.jsonl", "out.report.json",
    ]  # fmt: skip


@pytest.mark.slow
def test_the_layout_of_the_data_set_gives_the_data_set_back(rows: Path, tmp_path: Path) -> None:
    assert callwright("export", rows, "-o", "out.jsonl", "--to", "xlam", cwd=tmp_path).returncode == 0
    raw, back = lines_of(rows.parent / "xlam.jsonl"), lines_of(tmp_path / "out.jsonl")
    for before, after in zip(raw, back, strict=True):
        assert after["query"] == before["query"]
        assert json.loads(after["answers"]) == json.loads(before["answers"])
        (tool,) = json.loads(after["tools"])
        assert tool["parameters"] == {
            "author": {"type": "string", "description": "Who wrote it."},
            "year": {"type": "integer", "description": "Year of print.", "default": 2000},
        }


def test_the_report_goes_to_stdout_as_json(rows: Path, tmp_path: Path) -> None:
    done = callwright("export", rows, "-o", "out.jsonl.zst", "--to", "hermes", "--json", cwd=tmp_path)
    report = json.loads(done.stdout)
    assert report == json.loads((tmp_path / "out.report.json").read_text(encoding="utf-8"))
    assert (report["stage"], report["kept"], report["config"]["to"]) == ("export", 60, "hermes")
    assert report["extra"]["licenses"] == {"CC-BY-4.0": 60}
    assert report["extra"]["noncommercial"] == 0
    assert report["extra"]["datasets"] == {"xlam_60k": 60}
    assert report["extra"]["lost"]["tools[].schema_fixes"] == 60
    assert report["extra"]["loses"] == EXPORTS["hermes"].LOSES.sentence


@pytest.mark.slow
def test_rows_that_can_not_be_expressed_are_kept_beside_with_their_reason(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    source = {"dataset": "d", "license": "CC-BY-NC-4.0", "noncommercial": True}
    good = {"id": "b", "tools": [], "messages": [messages[0], {"role": "assistant"}], "source": source}
    bad = {"id": "a", "tools": [], "messages": messages}
    text = "\n".join([json.dumps(bad), json.dumps(good), '{"question": 1}'])
    (tmp_path / "rows.jsonl").write_text(text, encoding="utf-8")
    done = callwright("export", "rows.jsonl", "-o", "out.jsonl", "--to", "xlam", cwd=tmp_path)
    assert done.returncode == 0
    assert "3 rows in, 1 kept, 2 dropped (not-a-trajectory 1, text-answer 1)" in done.stderr
    assert "CC-BY-NC-4.0 1; 1 rows forbid commercial use" in done.stderr
    first, second = lines_of(tmp_path / "out.dropped.jsonl")
    assert (first["id"], first["reason"], first["path"]) == ("a", "text-answer", "messages[1].content")
    assert first["row"]["messages"] == messages
    assert (second["reason"], second["path"]) == ("not-a-trajectory", "rows.jsonl:3")
    done = callwright(
        "export", "rows.jsonl", "-o", "out.jsonl", "--to", "xlam", "--max-drop", "0.5", cwd=tmp_path
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "more than --max-drop 0.5 of the rows were dropped"


def test_what_is_left_behind_is_counted(tmp_path: Path) -> None:
    answer = {"role": "assistant", "content": "Hello", "weight": 0.0}
    row = {"id": "a", "messages": [{"role": "user"}, answer], "outcome": {"reward": 1.0}}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row), encoding="utf-8")
    done = callwright("export", "rows.jsonl", "-o", "out.jsonl", "--to", "trl", cwd=tmp_path)
    assert "left behind: messages[].weight 1, outcome 1" in done.stderr


@pytest.mark.slow
def test_parquet_is_written_and_read_like_lines(rows: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    done = callwright("export", rows, "-o", "rows.parquet", "--to", "parquet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(read(tmp_path / "rows.parquet")) == list(read(rows))
    done = callwright("export", "rows.parquet", "-o", "out.jsonl", "--to", "openai", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(lines_of(tmp_path / "out.jsonl")) == 60
    done = callwright("export", "rows.parquet", "-o", "hub", "--to", "hf", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (tmp_path / "hub").iterdir()) == ["README.md", "data"]


MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "layout": (("rows.jsonl", "-o", "out.jsonl", "--to", "alpaca"), "'alpaca'"),
    "name": (("rows.jsonl", "-o", "out.txt"), "out.txt: not a name for a file of rows"),
    "parquet-name": (("rows.jsonl", "-o", "out.jsonl", "--to", "parquet"), "a name that ends in .parquet"),
    "lines-name": (("rows.jsonl", "-o", "out.parquet", "--to", "trl"), "not a name for a file of rows"),
    "folder-name": (("rows.jsonl", "-o", "out.jsonl", "--to", "hf"), "not a name for a folder"),
    "foreign-folder": (("rows.jsonl", "-o", ".", "--to", "hf"), "the folder holds what no export wrote"),
    "absent": (("nosuch.jsonl", "-o", "out.jsonl"), "nosuch.jsonl: no such file"),
    "absent-for-folder": (("nosuch.jsonl", "-o", "hub", "--to", "hf"), "nosuch.jsonl: no such file"),
    "itself": (("rows.jsonl", "-o", "rows.jsonl"), "would overwrite the rows it reads"),
    "no-parquet": (("rows.parquet", "-o", "out.jsonl"), "rows.parquet: can not be read"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_changes_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"id": "a"}\n', encoding="utf-8")
    (tmp_path / "rows.parquet").write_text("no", encoding="utf-8")
    arguments, said = MISTAKES[name]
    assert said in error_line(callwright("export", *arguments, cwd=tmp_path))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["rows.jsonl", "rows.parquet"]
    assert (tmp_path / "rows.jsonl").read_text(encoding="utf-8") == '{"id": "a"}\n'


@pytest.mark.slow
def test_without_pyarrow_the_extra_is_named(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"id": "a"}\n', encoding="utf-8")
    (tmp_path / "pyarrow.py").write_text("raise ImportError('no pyarrow here')\n", encoding="utf-8")
    env = {"PYTHONPATH": str(tmp_path)}
    done = callwright("export", "rows.jsonl", "-o", "out.parquet", "--to", "parquet", cwd=tmp_path, env=env)
    assert "pip install 'callwright[parquet]'" in error_line(done)


@pytest.mark.slow
@pytest.mark.parametrize(("to", "out"), [("openai", "out.jsonl"), ("hf", "hub")])
def test_a_kill_leaves_what_was_there_before(to: str, out: str, rows: Path, tmp_path: Path) -> None:
    assert callwright("export", rows, "-o", out, "--to", to, cwd=tmp_path).returncode == 0
    report = tmp_path / f"{out.removesuffix('.jsonl')}.report.json"
    data = tmp_path / ("out.jsonl" if to == "openai" else "hub/data/train-00000-of-00001.parquet")
    before, told = data.read_bytes(), report.read_bytes()
    (tmp_path / "many.jsonl").write_bytes(rows.read_bytes() * 2000)
    process = start("export", "many.jsonl", "-o", out, "--to", to, cwd=tmp_path)
    part = data.with_name(f"{data.name}.part")
    deadline = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        assert process.poll() is None, "the export ended before it could be killed"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert part.exists()
    assert data.read_bytes() == before
    assert report.read_bytes() == told
    assert callwright("export", rows, "-o", out, "--to", to, cwd=tmp_path).returncode == 0
    assert not part.exists()
