"""The folder for the hub: `datasets` gives back what was written, and the card tells where it comes from."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callwright.errors import ConfigError, RunError
from callwright.export import export
from callwright.export.card import NAME
from callwright.record import Message, Outcome, Source, Tool, ToolCall, Trajectory

ROWS = [
    ({"city": "Oslo", "days": 3}, {"city": {"type": "string"}, "days": {"type": "integer", "default": 1}}),
    ({"city": {"name": "Oslo", "at": [59.5, None]}, "days": "3"}, {"city": {"type": "object"}}),
    ({"type": ["a", 1, {"b": None}], "": 2**63, "properties": {}}, {"type": {"enum": ["a", 1, None, False]}}),
    ({"days": None, "key": {}}, {"days": {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/D"}]}}),
    ({}, {}),
]
"""Arguments and properties whose keys and types differ from row to row."""


def rows() -> list[Trajectory]:
    made = []
    for i, (arguments, properties) in enumerate(ROWS):
        call = ToolCall(name="f", arguments=arguments, id=f"c{i}")
        tool = Tool(name="f", parameters={"type": "object", "properties": properties, "$defs": {"D": {}}})
        made.append(
            Trajectory(
                id=f"r{i}",
                source=Source(dataset=f"set {i % 2} | x", license=("CC-BY-4.0", "", "CC-BY-NC-4.0")[i % 3]),
                tools=(tool,),
                messages=(
                    Message(role="user", content=f"{i} 鍵"),
                    Message(role="assistant", tool_calls=(call,), weight=0.5 if i else None),
                    Message(role="tool", content="", tool_call_id=f"c{i}", name="f"),
                ),
                outcome=Outcome(reward=0.1, success=False) if i == 1 else None,
            )
        )
    nothing = (Message(role="user", content="?"), Message(role="assistant", content="!"))
    return [
        *made,
        Trajectory(id="none", tools=(), messages=nothing),
        Trajectory(id="unknown", messages=nothing),
    ]


def loaded(folder: Path, tmp_path: Path) -> list[dict[str, Any]]:
    datasets = pytest.importorskip("datasets", minversion="5")
    found = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert str(found.features["messages"]) == str(datasets.List(datasets.Json()))
    assert str(found.features["tools"]) == str(datasets.List(datasets.Json()))
    return [dict(row) for row in found]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_datasets_gives_back_exactly_the_messages_and_tools(tmp_path: Path) -> None:
    before = rows()
    report = export(before, tmp_path / "hub", "hf")
    assert report.kept == len(before)
    found = loaded(tmp_path / "hub", tmp_path)
    for t, row in zip(before, found, strict=True):
        assert row["id"] == t.id
        assert [m["content"] for m in row["messages"]] == [m.content for m in t.messages]
        calls = [c for m in row["messages"] for c in m.get("tool_calls", ())]
        assert exact([c["function"]["arguments"] for c in calls]) == exact(
            [c.arguments for m in t.messages for c in m.tool_calls]
        )
        if t.tools is None:
            assert row["tools"] is None
        else:
            assert exact([x["function"]["parameters"] for x in row["tools"]]) == exact(
                [tool.parameters for tool in t.tools]
            )
        assert (row["reward"], row["success"]) == ((0.1, False) if t.id == "r1" else (None, None))
        assert row["license"] == (t.source.license if t.source else None)
    assert set(found[0]["messages"][0]) == {"role", "content"}
    assert found[1]["messages"][1]["weight"] == 0.5


def exact(value: Any) -> str:
    """Return text that tells 1 from 1.0 and true, and an absent key from a null."""
    return json.dumps(value, sort_keys=True)


def test_the_card_tells_licences_sources_and_columns(tmp_path: Path) -> None:
    report = export(rows(), tmp_path / "hub", "hf")
    assert report.extra["licenses"] == {"unknown": 4, "CC-BY-4.0": 2, "CC-BY-NC-4.0": 1}
    assert report.extra["noncommercial"] == 1
    card = (tmp_path / "hub" / NAME).read_text(encoding="utf-8")
    head = card.split("---")[1]
    assert "- unknown\n" in head
    assert "- cc-by-4.0\n" in head
    assert "- cc-by-nc-4.0\n" in head
    assert "path: data/*.parquet" in head
    assert "| CC-BY-4.0 | 2 |" in card
    assert "| set 0 \\| x | 3 |" in card
    assert "The licence of 1 rows forbids commercial use." in card
    assert "The licence of 4 rows is not known." in card
    assert all(f"| `{column}` |" in card for column in ("id", "messages", "tools", "reward", "license"))


def test_the_head_of_the_card_is_yaml_that_the_hub_reads(tmp_path: Path) -> None:
    import yaml

    export(rows(), tmp_path / "hub", "hf")
    head = yaml.safe_load((tmp_path / "hub" / NAME).read_text(encoding="utf-8").split("---")[1])
    assert head == {
        "license": ["unknown", "cc-by-4.0", "cc-by-nc-4.0"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "data/*.parquet"}]}],
    }


def test_an_export_of_no_row_has_its_columns_and_a_card(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    export([], tmp_path / "hub", "hf")
    assert parquet.read_table(tmp_path / "hub" / "data").column_names[:3] == ["id", "messages", "tools"]
    assert "0 conversations" in (tmp_path / "hub" / NAME).read_text(encoding="utf-8")


def test_a_folder_is_written_anew_only_if_an_export_wrote_it(tmp_path: Path) -> None:
    for _ in range(2):
        export(rows(), tmp_path / "hub", "hf")
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()) == [
        "hub.dropped.jsonl", "hub.report.json", "hub/README.md", "hub/data/train-00000-of-00001.parquet",
    ]  # fmt: skip
    (tmp_path / "hub" / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(RunError, match=r"mine\.txt"):
        export(rows(), tmp_path / "hub", "hf")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / NAME).write_text("# Mine\n", encoding="utf-8")
    with pytest.raises(RunError, match=r"README\.md"):
        export(rows(), tmp_path / "other", "hf")
    assert (tmp_path / "other" / NAME).read_text(encoding="utf-8") == "# Mine\n"
    with pytest.raises(ConfigError, match="a folder"):
        export(rows(), tmp_path / "x.jsonl", "hf")
    assert not (tmp_path / "x.jsonl").exists()


def test_the_text_in_the_file_is_exact_where_a_reader_of_the_hub_rounds(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    value = 0.1234567890123456789
    call = ToolCall(name="f", arguments={"a": value}, id="c")
    export(
        [Trajectory(id="t", messages=(Message(role="assistant", tool_calls=(call,)),))],
        tmp_path / "hub",
        "hf",
    )
    (row,) = parquet.read_table(tmp_path / "hub" / "data").to_pylist()
    message = msgspec.json.decode(row["messages"][0])
    assert message["tool_calls"][0]["function"]["arguments"]["a"] == value
