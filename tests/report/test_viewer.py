"""The viewer's files and its server: every row is found, none is told twice, and nobody else may ask."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_run import result, write_run
from starlette.testclient import TestClient

from callwright.errors import ConfigError, DataError
from callwright.evaluate.results import write_results
from callwright.record import Dropped, Issue, Message, Source, ToolCall, Trajectory, encode
from callwright.report.viewer.app import MOST, create_app
from callwright.report.viewer.files import opened
from callwright.report.viewer.rows import Rows


def row(i: int, said: str = "", dataset: str = "seal") -> Trajectory:
    call = ToolCall(name=f"tool_{i % 3}", arguments={"city": f"City {i}"}, id="call_0")
    return Trajectory(
        id=f"row/{i}",
        source=Source(dataset=dataset),
        messages=(
            Message(role="user", content=said or f"Request {i} for Ærø"),
            Message(role="assistant", tool_calls=(call,)),
        ),
        issues=(Issue(code="grounding", path="messages[1]", severity="warning"),) if i % 4 == 0 else (),
    )


def write(path: Path, rows: list[Any]) -> Path:
    path.write_bytes(b"".join(encode(one) + b"\n" for one in rows))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "rows.jsonl", [row(i, dataset=("seal", "hammer")[i % 2]) for i in range(450)])


def ask(client: TestClient, path: str, **query: object) -> Any:
    answer = client.get(f"/api/{path}", params={key: str(value) for key, value in query.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


def client_of(*places: Path) -> TestClient:
    return TestClient(create_app(opened(places)), base_url="http://127.0.0.1:8001")


def test_pages_together_are_all_rows_once(file: Path) -> None:
    client = client_of(file)
    seen: list[int] = []
    while True:
        answer = ask(client, "rows", file=0, start=len(seen))
        seen += [one[0] for one in answer["rows"]]
        if len(seen) == answer["total"]:
            break
    assert seen == list(range(450))
    assert len(ask(client, "rows", file=0)["rows"]) == MOST


def test_words_verdict_and_group_narrow_what_is_shown(file: Path) -> None:
    client = client_of(file)
    (told,) = ask(client, "files")
    assert (told["name"], told["kind"], told["rows"], told["broken"]) == ("rows.jsonl", "rows", 450, 0)
    assert told["verdict"] == {"kept": 337, "grounding": 113}
    assert told["group"] == {"seal": 225, "hammer": 225}
    found = ask(client, "rows", file=0, q="CITY 44", verdict="grounding", group="seal")
    expected = [f"row/{i}" for i in range(0, 450, 4) if "44" in str(i)]
    assert [one[1] for one in found["rows"]] == expected
    assert ask(client, "rows", file=0, q="ÆRØ 449")["total"] == 1, "letters of all kinds, large or small"
    assert ask(client, "rows", file=0, q="nowhere")["rows"] == []


@given(st.lists(st.text(max_size=20), min_size=1, max_size=8), st.text(min_size=1, max_size=3))
def test_a_search_finds_exactly_the_rows_that_say_so(said: list[str], word: str) -> None:
    import tempfile

    words = word.lower().split()
    with tempfile.TemporaryDirectory() as folder:
        clean = [text.encode("utf-8", "ignore").decode() for text in said]
        rows = [row(i, text or "x") for i, text in enumerate(clean)]
        found = Rows(write(Path(folder) / "r.jsonl", rows), "r").find(tuple(words), "", "")
        texts = [
            f'row/{i} {text or "x"}  tool_{i % 3} {{"city": "City {i}"}}'.lower()
            for i, text in enumerate(clean)
        ]
        assert list(found) == [i for i, text in enumerate(texts) if all(w in text for w in words)]


def test_a_row_is_shown_whole_with_what_other_files_say_of_it(tmp_path: Path, file: Path) -> None:
    wrong = result(1, "simple", "before", "plain")
    for side in ("before", "after"):
        (tmp_path / side).mkdir()
        write_results(tmp_path / side / "results.jsonl", [wrong])
    client = client_of(tmp_path)
    names = [one["name"] for one in ask(client, "files")]
    assert names == ["after/results.jsonl", "before/results.jsonl", "rows.jsonl"]
    answer = ask(client, "row", file=0, row=0)
    assert answer["kind"] == "results"
    assert answer["row"]["id"] == wrong.id
    assert [(one["file"], one["row"]["id"]) for one in answer["beside"]] == [
        ("before/results.jsonl", wrong.id)
    ]
    assert ask(client, "row", file=2, row=7)["row"] == json.loads(file.read_bytes().splitlines()[7])


def test_dropped_rows_tell_their_stage_and_reason(tmp_path: Path) -> None:
    dropped = [
        Dropped(id="a", stage="verify", reason="wrong-type", row=json.loads(encode(row(1)))),
        Dropped(id="b", stage="unify", reason="no-json", row="{half"),
    ]
    client = client_of(write(tmp_path / "x.dropped.jsonl", dropped))
    (told,) = ask(client, "files")
    assert (told["kind"], told["group"]) == ("dropped", {"verify": 1, "unify": 1})
    first, second = ask(client, "rows", file=0)["rows"]
    assert first[1:] == ["a", "verify", "wrong-type", "Request 1 for Ærø", "tool_1"]
    assert second[1:4] == ["b", "unify", "no-json"]


def test_lines_that_can_not_be_read_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(
        encode(row(0)) + b"\n{half\n\n" + encode(row(1)) + b"\n" + b'{"id": 3}\n' + encode(row(2))
    )
    (told,) = ask(client_of(path), "files")
    assert (told["rows"], told["broken"]) == (3, 2)


def test_compressed_rows_are_rows(tmp_path: Path, file: Path) -> None:
    import zstandard

    path = tmp_path / "packed.jsonl.zst"
    path.write_bytes(zstandard.compress(file.read_bytes()))
    client = client_of(path)
    assert ask(client, "rows", file=0, q="City 449")["total"] == 1
    assert ask(client, "row", file=0, row=449)["row"]["id"] == "row/449"


def test_of_a_run_all_files_of_rows_are_taken(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    names = {file.name for file in opened([run])}
    assert {"dataset/train.jsonl", "before/suite/results.jsonl", "after/bfcl/results.jsonl"} <= names
    assert not {name for name in names if "metrics" in name}


def test_what_is_not_there_or_something_else_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("no rows\n" * 9, encoding="utf-8")
    with pytest.raises(DataError, match="neither rows nor dropped rows nor results"):
        opened([tmp_path / "x.jsonl"])
    with pytest.raises(ConfigError, match="nothing to view"):
        opened([tmp_path])
    with pytest.raises(ConfigError, match="no such file"):
        opened([tmp_path / "none"])


def test_pages_of_others_may_not_ask(file: Path) -> None:
    client = client_of(file)
    for path in ("/", "/api/files", "/view.js"):
        assert client.get(path, headers={"host": "evil.example"}).status_code == 403
        assert client.get(path, headers={"host": "localhost:8001"}).status_code == 200
    headers = client.get("/").headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("query", ["file=9", "file=-1", "file=x", "file=0&start=99999", "file=0&start=-1"])
def test_wrong_questions_are_told_so(file: Path, query: str) -> None:
    assert client_of(file).get(f"/api/rows?{query}").status_code == 400
