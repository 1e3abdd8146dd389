"""A credential in raw data stops everything, or its row, or is replaced: on disk it never arrives."""

import json
from pathlib import Path

import pytest

from callwright.errors import DataError, GateError
from callwright.record import Dropped, Trajectory
from callwright.unify import unify, unify_lines
from callwright.unify.gate import Mode
from command_line import callwright

KEY = "glpat-" + "Zk3Qw9Lx7Vb2Nm8Rt5Yp1Hd6"
FINE = {"messages": [{"role": "user", "content": "Rain?"}, {"role": "assistant", "content": "No."}]}
LEAK = {"messages": [{"role": "user", "content": f"Use {KEY}."}, {"role": "assistant", "content": "No."}]}
BROKEN = {"messages": [{"role": "king", "content": f"Use {KEY}."}]}
TOKEN = "ghp_" + "Zk3Qw9Lx7Vb2Nm8Rt5Yp1Hd6" + "Q7z4X9c2V5b8"
HEADER = {"headers": {"X-RapidAPI-Key": TOKEN[4:36]}}
ESCAPED = f"token:\n{TOKEN}"


def conversation(call: str, result: str) -> str:
    """Return a row with a call's arguments and its result, both as text."""
    function = {"name": "look", "arguments": call}
    tool = {"name": "look", "parameters": {"type": "object", "properties": {}}}
    messages = [
        *FINE["messages"][:1],
        {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "1", "content": result},
    ]
    return json.dumps({"messages": messages, "tools": [{"type": "function", "function": tool}]})


HIDDEN = {
    "result": conversation("{}", json.dumps({"body": ESCAPED})),
    "nested": conversation(json.dumps({"a": json.dumps({"b": ESCAPED})}), "ok"),
    "unparsed": conversation(json.dumps({"a": ESCAPED})[:-1], "ok"),
    "key": conversation(json.dumps({"a": {TOKEN: {"b": TOKEN}}}), "ok"),
    "header": conversation(json.dumps(HEADER), "ok"),
    "broken": conversation("{}", ESCAPED)[:-1],
    "twice": json.dumps({TOKEN: 1, "messages": []})[:-1] + f', "{TOKEN}": 2}}',
    "role": json.dumps({"messages": [{"role": f"the holder of {TOKEN}", "content": ""}]}),
}


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


def test_rows_that_are_equal_once_they_are_redacted_have_one_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "raw.jsonl"
    tokens = (TOKEN, TOKEN[:-1] + "9", "[REDACTED]")
    rows = [conversation(json.dumps({"a": token}), "ok") for token in tokens]
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    found = [row for row in unify([path], secrets="redact") if isinstance(row, Trajectory)]
    assert len({row.fingerprint for row in found}) == 1
    assert found[0].messages == found[2].messages


@pytest.mark.slow
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


@pytest.mark.parametrize("mode", ["fail", "drop", "redact"])
@pytest.mark.parametrize("name", HIDDEN)
def test_no_mode_lets_a_hidden_credential_out(tmp_path: Path, name: str, mode: Mode) -> None:
    path = tmp_path / "raw.jsonl"
    path.write_text(f"{json.dumps(FINE)}\n{HIDDEN[name]}\n", encoding="utf-8")
    if mode == "fail":
        with pytest.raises(GateError, match="openai_chat/raw/1") as caught:
            list(unify_lines([path], "openai_chat"))
        told = str(caught.value)
    else:
        batches = list(unify_lines([path], "openai_chat", secrets=mode))
        told = str(b"".join(batch.kept + batch.dropped for batch in batches), "utf-8")
        assert sum(batch.rows for batch in batches) == 2
        assert "[REDACTED]" in told
    assert TOKEN[4:14] not in told


def test_fields_of_an_unknown_file_are_told_without_credentials(raw: Path) -> None:
    unknown = raw.with_name("unknown.jsonl")
    unknown.write_text(json.dumps({f"long {TOKEN}": 1, "other": 2}), encoding="utf-8")
    with pytest.raises(DataError, match=r"fields long .*other") as caught:
        list(unify([unknown]))
    notes: list[str] = []
    list(unify([raw.parent], secrets="drop", notes=notes))
    assert [note for note in notes if "fields" in note]
    assert TOKEN[:8] not in f"{caught.value} {notes}"


def test_a_key_that_stands_twice_is_told_without_credentials(tmp_path: Path) -> None:
    path = tmp_path / "raw.jsonl"
    path.write_text(f'{{"{TOKEN}": 1, "{TOKEN}": 2}}', encoding="utf-8")
    with pytest.raises(DataError, match=r'duplicate key "\[REDACTED\]"'):
        list(unify([path]))
