"""A credential in raw data stops everything, or its row, or is replaced: on disk it never arrives."""

import json
from pathlib import Path

import pytest

from callwright.errors import GateError
from callwright.record import Dropped, Trajectory
from callwright.unify import unify, unify_lines
from command_line import callwright

KEY = "glpat-" + "Zk3Qw9Lx7Vb2Nm8Rt5Yp1Hd6"
FINE = {"messages": [{"role": "user", "content": "Rain?"}, {"role": "assistant", "content": "No."}]}
LEAK = {"messages": [{"role": "user", "content": f"Use {KEY}."}, {"role": "assistant", "content": "No."}]}
BROKEN = {"messages": [{"role": "king", "content": f"Use {KEY}."}]}


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    path = tmp_path / "raw.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (FINE, LEAK, FINE, BROKEN)), encoding="utf-8")
    return path


def test_the_default_is_to_stop_and_to_say_where(raw: Path) -> None:
    with pytest.raises(GateError, match=r"openai_chat/raw/1: messages\[0\].content: .*gitlab-token.*redact"):
        list(unify([raw]))
    with pytest.raises(GateError, match="gitlab-token") as caught:
        list(unify_lines([raw]))
    assert KEY not in str(caught.value)


def test_drop_leaves_the_row_out_and_the_credential_too(raw: Path) -> None:
    rows = list(unify([raw], secrets="drop"))
    assert [r.reason if isinstance(r, Dropped) else "kept" for r in rows] == [
        "kept",
        "secret",
        "kept",
        "unknown-role",
    ]
    assert isinstance(rows[1], Dropped)
    assert (rows[1].path, rows[1].detail) == ("messages[0].content", "gitlab-token")
    assert KEY not in repr(rows)


def test_redact_keeps_the_row_and_says_what_was_replaced(raw: Path) -> None:
    rows = list(unify([raw], secrets="redact"))
    assert isinstance(rows[1], Trajectory)
    assert rows[1].messages[0].content == "Use [REDACTED]."
    assert rows[1].extra["unify"]["redacted"] == ["gitlab-token"]
    assert KEY not in repr(rows)


@pytest.mark.parametrize("mode", ["drop", "redact"])
def test_nothing_on_disk_holds_it(raw: Path, tmp_path: Path, mode: str) -> None:
    done = callwright("unify", "raw.jsonl", "-o", "out.jsonl", "--secrets", mode, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = {p.name: p.read_text("utf-8") for p in tmp_path.iterdir() if p != raw}
    assert written.keys() == {"out.jsonl", "out.dropped.jsonl", "out.report.json"}
    assert not [name for name, text in written.items() if KEY in text]
    report = json.loads(written["out.report.json"])
    assert report["rows_in"] == 4 == report["kept"] + report["dropped"]


def test_the_verb_ends_with_1_and_one_line_and_writes_nothing(raw: Path, tmp_path: Path) -> None:
    done = callwright("unify", "raw.jsonl", "-o", "out.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: openai_chat/raw/1: messages[0].content: holds what looks like")
    assert [p.name for p in tmp_path.iterdir()] == ["raw.jsonl"]
