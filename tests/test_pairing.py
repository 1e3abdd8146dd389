"""The pair verb: planted answers are graded exactly, what was asked is never asked again, nothing is lost."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from callwright import formats
from callwright.errors import ConfigError, DataError, ToolsError
from callwright.models.faults import Faults
from callwright.models.scripted_server import ScriptedServer
from callwright.pair import mistake_of
from callwright.pairing import paired
from callwright.record import Dropped, Message, Task, Tool, ToolCall, Trajectory, encode
from callwright.settings import PairSettings
from callwright.store import dropped_path, read
from callwright.toolbox import import_tools
from callwright.verify import verify
from command_line import callwright, kill_again_and_again

TOOLS = '''
def get_weather(city: str, day: str, unit: str = "celsius") -> str:
    """Get the weather in a city.

    Args:
        city: Name of the city.
        day: Day of the week.
        unit: Unit of the temperature.
    """
    return f"sunny in {city.title()} on {day}, in {unit}"


def book_table(guests: int) -> dict:
    """Book a table.

    Args:
        guests: How many people come.
    """
    return {"guests": guests}
'''
WEATHER: dict[str, Any] = {"city": "Oslo", "day": "Monday"}


def quiet(done: int, total: int, note: str) -> None:
    assert done >= 0


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    path = tmp_path / "tools.py"
    path.write_text(TOOLS, encoding="utf-8")
    return path


def rows_of(tools: Path, number: int) -> list[Trajectory]:
    """Return rows that ask for the same in numbered words."""
    offered = import_tools(str(tools)).tools
    return [asked(offered, f"Weather in Oslo on Monday, please ({k}).", f"r{k}") for k in range(number)]


def asked(offered: tuple[Tool, ...], request: str, row_id: str) -> Trajectory:
    call = ToolCall(name="get_weather", arguments=WEATHER)
    said = (Message(role="user", content=request), Message(role="assistant", tool_calls=(call,)))
    return Trajectory(id=row_id, task=Task(expects="call"), tools=offered, messages=said)


def write(path: Path, rows: list[Trajectory]) -> Path:
    path.write_bytes(b"".join(encode(row) + b"\n" for row in rows))
    return path


def said(name: str = "get_weather", **arguments: Any) -> str:
    call = ToolCall(name=name, arguments=arguments)
    return formats.assistant_text(Message(role="assistant", tool_calls=(call,)))


PLANTED: dict[str, list[str]] = {
    "answer-is-right": [
        said(**WEATHER),
        said(**WEATHER, unit="celsius"),
        said(day="Monday", city="Oslo"),
        said(city="OSLO", day="Monday"),  # which the tool takes for the same
    ],
    "malformed": [said(**WEATHER)[:-9], f"{said(**WEATHER)} Done!"],
    "wrong-function": [said("book_table", guests=2)],
    "missing-argument": [said(city="Oslo"), said(day="Monday")],
    "needless-refusal": ["I am not able to do that.", "What a nice day!", "No."],
    "wrong-value": [said(city="Lima", day="Monday")],
    "wrong-type": [said(city="Oslo", day=1)],
    "undefined-function": [said("weather", city="Oslo")],
    "undefined-argument": [said(**WEATHER, language="no")],
    "extra-call": [f"{said(**WEATHER)}\n{said('book_table', guests=2)}"],
}


def planted(folder: Path, tools: Path) -> tuple[Path, str, list[str]]:
    """Return rows, a model that gives each of the planted answers once, and what each answer is."""
    texts = [(text, outcome) for outcome, several in PLANTED.items() for text in several]
    rows = write(folder / "rows.jsonl", rows_of(tools, len(texts)))
    lines = [{"match": f"({k}).", "text": text} for k, (text, _) in enumerate(texts)]
    script = folder / "script.jsonl"
    script.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return rows, f"scripted:{script}", [outcome for _, outcome in texts]


def test_planted_answers_are_graded_exactly_and_every_row_comes_out_once(tools: Path, tmp_path: Path) -> None:
    rows, model, outcomes = planted(tmp_path, tools)
    out = tmp_path / "pairs.jsonl"
    config = PairSettings(model=model, corruption=False, tools=str(tools), isolation="process")
    report, told = paired(rows, out, config, quiet)
    assert report.extra["model"] == {"model": model, "answers": dict(Counter(outcomes).most_common())}
    made = [row for row in read(out) if isinstance(row, Trajectory)]
    dropped = [json.loads(line) for line in dropped_path(out).read_text(encoding="utf-8").splitlines()]
    found = {t.id.removesuffix("#p"): t.preference.error_class for t in made if t.preference}
    found |= {line["id"]: line["reason"] for line in dropped}
    assert found == {f"r{k}": outcome for k, outcome in enumerate(outcomes)}
    assert report.rows_in == len(outcomes) == report.kept + report.dropped
    assert report.reasons == {"answer-is-right": 4}
    classes = {name: len(texts) for name, texts in PLANTED.items() if name != "answer-is-right"}
    told_classes = report.extra["balance"]["classes"]
    assert {name: count["pairs"] for name, count in told_classes.items()} == classes
    assert any("answers of the model: answer-is-right 4" in line for line in told)
    for t in made:
        assert t.preference is not None
        assert verify(t).ok
        assert t.preference.error_class == "malformed" or mistake_of(t, t.preference.rejected)


def test_without_tools_only_what_is_written_counts(tools: Path, tmp_path: Path) -> None:
    rows, model, _ = planted(tmp_path, tools)
    report, _ = paired(rows, tmp_path / "p.jsonl", PairSettings(model=model, corruption=False), quiet)
    answers = report.extra["model"]["answers"]
    assert answers["answer-is-right"] == 3
    assert answers["wrong-value"] == 2


def test_what_the_model_gets_right_is_corrupted_and_what_not_is_used(tools: Path, tmp_path: Path) -> None:
    rows, model, outcomes = planted(tmp_path, tools)
    report, _ = paired(rows, tmp_path / "p.jsonl", PairSettings(model=model), quiet)
    assert report.kept == len(outcomes)
    made = [t for t in read(tmp_path / "p.jsonl") if isinstance(t, Trajectory)]
    origins = Counter(t.extra["pair"]["origin"] for t in made)
    assert origins["corruption"] >= 3
    assert origins["model"] >= 9


def test_a_chosen_answer_that_fails_when_it_runs_is_none(tools: Path, tmp_path: Path) -> None:
    tools.write_text(TOOLS.replace("return f", "raise ValueError('no'); return f"), encoding="utf-8")
    rows = write(tmp_path / "rows.jsonl", rows_of(tools, 3))
    report, _ = paired(rows, tmp_path / "p.jsonl", PairSettings(tools=str(tools), isolation="process"), quiet)
    assert report.reasons == {"chosen-not-verified": 3}


def test_failures_that_join_are_counted_in_the_report(tools: Path, tmp_path: Path) -> None:
    rows = rows_of(tools, 4)
    wrong = ToolCall(name="get_weather", arguments={"city": "Oslo"})
    failed = Dropped(
        id="f", stage="verify", reason="missing-argument", path="messages[1].tool_calls[0].arguments",
        row=json.loads(encode(asked(rows[0].tools or (), rows[2].messages[0].content, "f"))),
    )  # fmt: skip
    failed.row["messages"][1]["tool_calls"] = [{"name": wrong.name, "arguments": wrong.arguments}]
    (tmp_path / "f.jsonl").write_bytes(encode(failed) + b"\n")
    config = PairSettings(failures=tmp_path / "f.jsonl")
    report, told = paired(write(tmp_path / "rows.jsonl", rows), tmp_path / "p.jsonl", config, quiet)
    assert report.kept == 4
    assert report.extra["failures"] == {"read": 1, "joined": 1, "left_out": {}}
    made = [t for t in read(tmp_path / "p.jsonl") if isinstance(t, Trajectory)]
    assert [t.extra["pair"].get("from") for t in made] == [None, None, "f", None]
    assert "failures: 1 read, 1 joined a row" in told


def test_a_mistake_of_the_user_is_named(tools: Path, tmp_path: Path) -> None:
    rows, out = write(tmp_path / "rows.jsonl", rows_of(tools, 1)), tmp_path / "p.jsonl"
    with pytest.raises(ConfigError, match="--model or --failures"):
        paired(rows, out, PairSettings(corruption=False), quiet)
    with pytest.raises(DataError, match="holds no dropped row"):
        paired(rows, out, PairSettings(failures=rows), quiet)
    with pytest.raises(ToolsError, match="nothing to call"):
        paired(rows, out, PairSettings(tools=str(rows)), quiet)
    failures = write(dropped_path(out), [])
    with pytest.raises(ConfigError, match="would overwrite"):
        paired(rows, out, PairSettings(failures=failures), quiet)
    assert not out.exists()


# --- interruptions --------------------------------------------------------------------------------


def weak(request: dict[str, Any]) -> str:
    """Answer a request in one of the planted ways, by its number."""
    number = int(request["messages"][-1]["content"].rpartition("(")[2].split(")")[0])
    texts = [text for several in PLANTED.values() for text in several]
    return texts[number % len(texts)]


@pytest.mark.slow
def test_a_run_that_was_stopped_asks_nothing_twice_and_writes_the_same(tools: Path, tmp_path: Path) -> None:
    rows = write(tmp_path / "rows.jsonl", rows_of(tools, 80))

    def stop_at(row: int) -> Any:
        def progress(done: int, total: int, note: str) -> None:
            if not total and done >= row:
                raise InterruptedError

        return progress

    with ScriptedServer(weak) as server:
        config = PairSettings(model=f"{server.url}#m", corruption=False)
        paired(rows, tmp_path / "whole.jsonl", config, quiet)
        assert server.served == 80
        for row in (1, 70):
            with pytest.raises(InterruptedError):
                paired(rows, tmp_path / "b.jsonl", config, stop_at(row))
            assert not (tmp_path / "b.jsonl").exists()
        paired(rows, tmp_path / "b.jsonl", config, quiet)
        assert server.served == 160
    for path in (Path, dropped_path):
        assert path(tmp_path / "b.jsonl").read_bytes() == path(tmp_path / "whole.jsonl").read_bytes()
    paired(rows, tmp_path / "b.jsonl", config, quiet)  # the server is gone: the journal answers


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_pairs(tools: Path, tmp_path: Path) -> None:
    rows = write(tmp_path / "rows.jsonl", rows_of(tools, 200))
    with ScriptedServer(weak, faults=Faults.parse("slow:0.02=0.5")) as server:
        command = [
            "pair", str(rows), "--model", f"{server.url}#m",
            "--tools", str(tools), "--isolation", "process",
        ]  # fmt: skip
        began = time.monotonic()
        assert callwright(*command, "-o", "whole.jsonl", cwd=tmp_path).returncode == 0
        whole, asked_once = time.monotonic() - began, server.served
        kill_again_and_again(*command, "-o", "b.jsonl", cwd=tmp_path, times=5, within=whole)
        assert callwright(*command, "-o", "b.jsonl", cwd=tmp_path).returncode == 0
        twice = server.served - 2 * asked_once
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert 0 <= twice <= 5 * 32  # what was in flight when it was killed
