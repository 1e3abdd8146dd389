"""What a verb writes is never what it reads: the rows, the dropped ones beside them, the report."""

from pathlib import Path

import pytest

from callwright.errors import ConfigError
from callwright.store import refuse_to_overwrite
from command_line import callwright


def touched(path: Path) -> Path:
    path.write_text("{}\n", encoding="utf-8")
    return path


def test_an_output_that_is_read_is_refused(tmp_path: Path) -> None:
    rows = touched(tmp_path / "rows.jsonl")
    (tmp_path / "link.jsonl").symlink_to(rows)
    for out in (rows, tmp_path / "link.jsonl", tmp_path / "." / "rows.jsonl"):
        with pytest.raises(ConfigError, match="would overwrite the rows it reads"):
            refuse_to_overwrite(out, [tmp_path / "other.jsonl", rows])
    with pytest.raises(ConfigError, match="into the folder it reads"):
        refuse_to_overwrite(tmp_path / "deeper" / "new.jsonl", [tmp_path])
    refuse_to_overwrite(tmp_path / "new.jsonl", [rows, tmp_path / "*.jsonl"])


@pytest.mark.parametrize(
    ("out", "read"),
    [
        ("rows.jsonl", "rows.dropped.jsonl"),
        ("rows.jsonl", "rows.report.json"),
        ("rows.jsonl.zst", "rows.dropped.jsonl.zst"),
        ("rows.parquet", "rows.dropped.jsonl"),
        ("folder", "folder.dropped.jsonl"),
    ],
)
def test_what_is_written_beside_the_output_is_no_input_either(tmp_path: Path, out: str, read: str) -> None:
    path = touched(tmp_path / read)
    with pytest.raises(ConfigError, match=f"{read}: would overwrite the rows it reads.*choose another -o"):
        refuse_to_overwrite(tmp_path / out, [path])
    refuse_to_overwrite(tmp_path / f"other-{out}", [path])


def test_unify_looks_at_the_files_that_a_pattern_means(tmp_path: Path) -> None:
    files = [touched(tmp_path / name) for name in ("raw1.jsonl", "raw2.jsonl", "rows.dropped.jsonl")]
    for source, out in (("raw*.jsonl", "raw2.jsonl"), ("*.jsonl", "rows.jsonl")):
        done = callwright("unify", source, "-o", out, cwd=tmp_path)
        assert done.returncode == 2
        assert "would overwrite the rows it reads" in done.stderr
    assert sorted(tmp_path.iterdir()) == files
    assert {path.read_text(encoding="utf-8") for path in files} == {"{}\n"}
