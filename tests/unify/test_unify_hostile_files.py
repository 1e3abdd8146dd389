"""Files as they come: broken, cut off, in other encodings. Rows get a reason, unreadable files an error."""

import gzip
import json
from pathlib import Path

import pytest
import zstandard

from callwright.errors import ConfigError, DataError
from callwright.record import Dropped, Trajectory
from callwright.unify import REASONS, detect, unify

GOOD = {
    "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
    "tools": [],
}
LINE = json.dumps(GOOD)


def read(path: Path, source: str = "auto", notes: list[str] | None = None) -> list[Trajectory | Dropped]:
    rows = list(unify([path], source, notes=notes))
    for row in rows:
        if isinstance(row, Dropped):
            assert row.reason in REASONS
            assert row.stage == "unify"
            assert f"{path.name}:" in row.detail
    return rows


def reasons(rows: list[Trajectory | Dropped]) -> list[str]:
    return [row.reason if isinstance(row, Dropped) else "kept" for row in rows]


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf\n", b"[]"])
def test_a_file_without_rows_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path, "empty.jsonl", content)
    with pytest.raises(DataError, match=r"empty\.jsonl: is empty"):
        read(path)


def test_a_byte_order_mark_costs_nothing(tmp_path: Path) -> None:
    assert reasons(read(write(tmp_path, "a.jsonl", b"\xef\xbb\xbf" + LINE.encode()))) == ["kept"]
    assert reasons(read(write(tmp_path, "a.json", b"\xef\xbb\xbf[" + LINE.encode() + b"]"))) == ["kept"]


def test_each_bad_line_is_one_dropped_row_with_its_text(tmp_path: Path) -> None:
    bad = [
        '{"messages": [',
        '{"messages": NaN}',
        "[1, 2]",
        '"text"',
        "7",
        "{}",
        '{"messages": []}',
        "nonsense",
    ]
    rows = read(write(tmp_path, "a.jsonl", "\n".join([LINE, LINE, *bad, LINE])), "openai_chat")
    assert reasons(rows) == [
        "kept", "kept", "not-json", "not-json", "not-an-object", "not-an-object", "not-an-object",
        "missing-field", "empty-conversation", "not-json", "kept",
    ]  # fmt: skip
    broken = rows[2]
    assert isinstance(broken, Dropped)
    assert broken.row == '{"messages": ['


def test_latin_1_costs_only_the_lines_that_need_it(tmp_path: Path) -> None:
    line = LINE.replace("Hello", "Grüezi").encode("latin-1").replace(b"\\u00fc", b"\xfc")
    path = write(tmp_path, "a.jsonl", LINE.encode() + b"\n" + line + b"\n" + LINE.encode())
    assert reasons(read(path)) == ["kept", "not-utf8", "kept"]


def test_utf_16_and_binary_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="UTF-16"):
        read(write(tmp_path, "a.jsonl", LINE.encode("utf-16")))
    with pytest.raises(DataError, match="no text"):
        read(write(tmp_path, "b.json", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256))))


def test_a_truncated_array_keeps_its_whole_elements(tmp_path: Path) -> None:
    text = json.dumps([GOOD, GOOD, GOOD])
    rows = read(write(tmp_path, "a.json", text[:-20]))
    assert reasons(rows) == ["kept", "kept", "not-json"]


def test_a_broken_element_of_an_array_costs_only_itself(tmp_path: Path) -> None:
    text = f'[{LINE}, {{"messages": NaN}}, {LINE}]'
    assert reasons(read(write(tmp_path, "a.json", text))) == ["kept", "not-json", "kept"]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_is_an_array_whatever_its_name_and_layout(
    tmp_path: Path, name: str, indent: int | None
) -> None:
    path = write(tmp_path, name, json.dumps([GOOD] * 20, indent=indent))
    assert reasons(read(path)) == ["kept"] * 20


def test_lines_that_are_arrays_are_rows_of_their_own(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", f"[{LINE}, 1]\n[{LINE}, 2]\n")
    assert reasons(read(path, "openai_chat")) == ["not-an-object", "not-an-object"]
    with pytest.raises(DataError, match="rows of type list"):
        detect(path)


def test_one_pretty_printed_object_is_one_row(tmp_path: Path) -> None:
    assert reasons(read(write(tmp_path, "a.json", json.dumps(GOOD, indent=2)))) == ["kept"]


def test_lines_in_a_file_called_json_are_lines(tmp_path: Path) -> None:
    assert reasons(read(write(tmp_path, "a.json", f"{LINE}\n\n{LINE}\n"))) == ["kept", "kept"]


@pytest.mark.parametrize("twice", [LINE[:-1] + ', "tools": null}', '{"a": {"b": [{"c": 1, "c": 1}]}}'])
def test_a_key_that_occurs_twice_drops_the_row_wherever_it_is(tmp_path: Path, twice: str) -> None:
    rows = read(write(tmp_path, "a.jsonl", f"{LINE}\n{twice}\n{LINE}"))
    assert reasons(rows) == ["kept", "duplicate-key", "kept"]


def test_a_key_that_occurs_twice_in_the_arguments_is_a_parse_error_not_the_last_value(tmp_path: Path) -> None:
    row = {"query": "Rain?", "answers": '[{"name": "f", "arguments": {"a": 1, "a": 2}}]', "tools": "[]"}
    (read_back,) = read(write(tmp_path, "a.jsonl", json.dumps(row)))
    assert isinstance(read_back, Trajectory)
    call = read_back.messages[1].tool_calls[0]
    assert call.arguments is None
    assert "duplicate key" in str(call.parse_error)
    assert call.raw == row["answers"]


def test_deep_nesting_is_a_dropped_row_not_a_crash(tmp_path: Path) -> None:
    deep = '{"messages": ' + "[" * 100_000 + "]" * 100_000 + "}"
    rows = read(write(tmp_path, "a.jsonl", f"{LINE}\n{deep}\n{LINE}"))
    assert reasons(rows) == ["kept", "too-deep", "kept"]


def test_compressed_files_read_like_plain_ones(tmp_path: Path) -> None:
    text = f"{LINE}\n{LINE}\n".encode()
    assert reasons(read(write(tmp_path, "a.jsonl.gz", gzip.compress(text)))) == ["kept"] * 2
    frames = zstandard.compress(text) + zstandard.compress(text)
    assert reasons(read(write(tmp_path, "a.jsonl.zst", frames))) == ["kept"] * 4


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
def test_a_file_that_is_not_compressed_as_its_name_says_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="can not be read"):
        read(write(tmp_path, name, LINE))


def test_a_folder_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no data file found"):
        read(tmp_path)
    write(tmp_path, "README.md", "# nothing")
    with pytest.raises(DataError, match="no data file found"):
        read(tmp_path)


def test_missing_paths_and_unknown_sources_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        unify([tmp_path / "absent.jsonl"])
    with pytest.raises(DataError, match="no file matches"):
        unify([tmp_path / "*.jsonl"])
    with pytest.raises(ConfigError, match="openai_chat"):
        unify([tmp_path], "opanai")


def test_an_unknown_layout_names_fields_and_nearest_sources(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", json.dumps({"query": "q", "answers": [], "colour": 1}))
    with pytest.raises(DataError) as caught:
        detect(path)
    assert "query, answers, colour" in str(caught.value)
    assert "xlam_60k" in str(caught.value)


def test_patterns_and_equal_names_give_distinct_ids(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, "data.jsonl", LINE)
    for paths in ([tmp_path], [tmp_path / "*" / "data.jsonl"], [tmp_path / "a", tmp_path / "b"]):
        rows = list(unify(paths))
        assert len({row.id for row in rows}) == 2
    assert {r.id for r in unify([tmp_path])} == {"openai_chat/a/data/0", "openai_chat/b/data/0"}


def test_a_file_named_twice_is_read_once_and_noted(tmp_path: Path) -> None:
    path = write(tmp_path, "data.jsonl", LINE)
    notes: list[str] = []
    assert len(list(unify([path, tmp_path], notes=notes))) == 1
    assert any("named twice" in note for note in notes)


def test_seal_tools_without_its_tools_says_where_they_belong(tmp_path: Path) -> None:
    row = {"id": "a", "query": "q", "calling": [{"api": "f", "parameters": {}, "responses": []}]}
    with pytest.raises(DataError, match=r"tool\.jsonl"):
        read(write(tmp_path, "dev.jsonl", json.dumps(row)))


def test_api_bank_without_its_tools_has_unknown_tools(tmp_path: Path) -> None:
    turns = [
        {"role": "User", "text": "Hi"},
        {"role": "API", "api_name": "F", "param_dict": {}, "result": "ok"},
    ]
    rows = read(write(tmp_path, "d.jsonl", "\n".join(map(json.dumps, turns))))
    assert isinstance(rows[0], Trajectory)
    assert rows[0].tools is None
    assert rows[0].messages[-1].content == "ok"


def test_a_reward_that_no_float_can_hold_stays_a_field(tmp_path: Path) -> None:
    golden = Path(__file__).parent.parent / "golden" / "environment" / "raw.jsonl"
    rows = [json.loads(line) for line in golden.read_text("utf-8").splitlines()[:-1]]
    row = next(row for row in rows if row.get("reward") is not None)
    huge = write(tmp_path, "a.jsonl", json.dumps({**row, "reward": 10**400}))
    (found,) = read(huge, "environment")
    assert isinstance(found, Trajectory)
    assert found.extra["unify"]["fields"]["reward"] == 10**400
    assert found.outcome is None or found.outcome.reward is None
