"""The verb writes the same bytes for the same seed, accounts for every row and shows what it found."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from callwright import dataset
from callwright.errors import ConfigError, DataError
from callwright.record import Message, Source, Tool, ToolCall, Trajectory, encode
from command_line import callwright

WORDS = ["oslo", "paris", "hotel", "train", "ticket", "music", "garden", "river", "summer", "paper", "lemon"]


def rows(stem: str, count: int, seed: int) -> list[Trajectory]:
    rng = random.Random(seed)
    made = []
    for k in range(count):
        text = f"please {' '.join(rng.choices(WORDS, k=9))}"
        call = ToolCall(name=f"{stem}_{k % 7}", arguments={"x": k % 50})
        made.append(
            Trajectory(
                id=f"{stem}{k}",
                source=Source(dataset=stem, license="MIT" if stem == "tools" else "CC-BY-NC-4.0"),
                tools=(Tool(name=call.name), Tool(name="other")),
                messages=(Message(role="user", content=text), Message(role="assistant", tool_calls=(call,))),
            )
        )
    return made


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    tools, chat = rows("tools", 300, 1), rows("chat", 200, 2)
    contents = {"tools": tools + tools[:20], "chat": chat + tools[:5]}
    for name, content in contents.items():
        (tmp_path / f"{name}.jsonl").write_bytes(b"".join(encode(row) + b"\n" for row in content))
    return [tmp_path / "tools.jsonl", tmp_path / "chat.jsonl"]


OPTIONS: dict[str, Any] = {"holdout": 0.2, "near": 0.8, "weights": "chat=0.3", "max_per_structure": 40}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}


@pytest.mark.parametrize("split_by", ["request", "tool"])
def test_one_seed_gives_the_same_bytes_and_another_does_not(
    files: list[Path], tmp_path: Path, split_by: Any
) -> None:
    for name, seed in (("a", 4), ("b", 4), ("c", 5)):
        dataset.blended(files, tmp_path / name, seed=seed, split_by=split_by, **OPTIONS)
    a, b, c = (contents(tmp_path / name) for name in "abc")
    assert a == b
    assert a["train.jsonl"] != c["train.jsonl"]
    assert not list((tmp_path / "a").glob("*tmp*"))


def test_every_row_of_every_input_is_accounted_for(files: list[Path], tmp_path: Path) -> None:
    reports = dataset.blended(files, tmp_path / "out", seed=4, limit=100, **OPTIONS)
    told = reports["train"].extra["blend"]
    rows_in = {name: counts["rows_in"] for name, counts in told["inputs"].items()}
    assert rows_in == {"tools": 320, "chat": 205}
    for counts in told["inputs"].values():
        assert counts["rows_in"] == counts["kept"] + counts["dropped"]
        assert counts["kept"] == counts["train"] + counts["valid"]
    assert sum(counts["kept"] for counts in told["inputs"].values()) == 100
    assert {name: round(counts["share"], 2) for name, counts in told["inputs"].items()} == {
        "tools": 0.7,
        "chat": 0.3,
    }
    reasons: dict[str, int] = {}
    for counts in told["inputs"].values():
        for reason, count in counts["reasons"].items():
            reasons[reason] = reasons.get(reason, 0) + count
    assert reasons == reports["train"].reasons
    assert reasons["duplicate"] == 25
    assert {"duplicate", "over-structure", "over-weight"} <= reasons.keys()
    assert reports["train"].config["near"] == 0.8
    on_disk = json.loads((tmp_path / "out" / "train.report.json").read_bytes())
    assert on_disk["extra"]["blend"] == told


def test_files_of_one_name_are_told_apart_by_their_folder(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    twin = tmp_path / "more" / "tools.jsonl"
    twin.write_bytes(files[0].read_bytes())
    reports = dataset.blended([*files, twin], tmp_path / "out", holdout=0.0, seed=1)
    assert list(reports["train"].extra["blend"]["inputs"]) == [str(files[0]), "chat", str(twin)]
    weights = f"{twin}=0.5"
    with pytest.raises(ConfigError, match="chat"):
        dataset.blended([*files, twin], tmp_path / "out", holdout=0.0, seed=1, weights="toolz=0.5")
    assert (
        "blend"
        in dataset.blended([*files, twin][::-1], tmp_path / "o", holdout=0.0, seed=1, weights=weights)[
            "train"
        ].extra
    )


def test_the_verb_prints_what_met_what(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "bench.txt").write_text("please tell me nothing of this\n", encoding="utf-8")
    done = callwright(
        "blend", "tools.jsonl", "chat.jsonl", "-o", "out", "--weights", "chat=0.25", "--against", "bench.txt",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0].split() == ["input", "in", "train", "valid", "share", "dropped"]
    assert [line.split()[0] for line in lines[1:3]] == ["tools", "chat"]
    assert "25.0%" in lines[2]
    assert "  5 of chat against tools: duplicate" in lines
    assert "  bench (1 questions) found in: no row" in lines
    assert any(line.startswith("  licences: ") for line in lines)
    assert [line.split(":")[0] for line in lines if line.startswith(("train:", "valid:"))] == [
        "train",
        "valid",
    ]


@pytest.mark.slow
def test_a_mistake_in_the_options_is_one_line_and_writes_nothing(files: list[Path], tmp_path: Path) -> None:
    for option, value in (
        ("--weights", "chat"),
        ("--against", "absent.json"),
        ("--against", ","),
        ("--against", ""),
        ("--against", "tools.jsonl,"),
        ("--split-by", "taste"),
    ):
        done = callwright("blend", "tools.jsonl", "chat.jsonl", "-o", "out", option, value, cwd=tmp_path)
        assert done.returncode == 2, option
        assert len(done.stderr.splitlines()) == 1
        assert not list((tmp_path / "out").glob("*.jsonl"))


RAW = [{"query": f"question {k}", "tools": "[]", "answers": "[]"} for k in range(50)]


@pytest.mark.parametrize("data", [b"".join(json.dumps(row).encode() + b"\n" for row in RAW), b"\xff\n"])
def test_a_file_without_one_trajectory_is_told_the_way_out(
    files: list[Path], tmp_path: Path, data: bytes
) -> None:
    (tmp_path / "raw.jsonl").write_bytes(data)
    with pytest.raises(DataError, match="holds no trajectory") as caught:
        dataset.blended([files[0], tmp_path / "raw.jsonl"], tmp_path / "out", holdout=0.1, seed=1)
    assert caught.value.place == str(tmp_path / "raw.jsonl")
    assert caught.value.hint == "`callwright unify` makes trajectories of raw data"
    assert not list((tmp_path / "out").iterdir())


def test_empty_files_and_single_broken_rows_do_not_stop_a_blend(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"")
    (tmp_path / "mixed.jsonl").write_bytes(b"oops\n" + encode(rows("more", 1, 9)[0]) + b"\n")
    inputs = [files[0], tmp_path / "empty.jsonl", tmp_path / "mixed.jsonl"]
    told = dataset.blended(inputs, tmp_path / "out", holdout=0.0, seed=1)["train"].extra["blend"]["inputs"]
    assert told["empty"]["rows_in"] == 0
    assert told["mixed"]["reasons"] == {"not-a-trajectory": 1}
