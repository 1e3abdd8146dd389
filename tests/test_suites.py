"""A suite for one's own tools: six columns, cases written by hand beside them, effects that are looked at."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright import schema
from callwright.errors import ConfigError, UserError
from callwright.evaluate.results import read_results
from callwright.evaluate.suite import case_of
from callwright.evaluate.summary import Summary
from callwright.record import Message, Tool, Trajectory, encode
from callwright.scoring import score
from callwright.settings import EvaluateSettings
from callwright.store import read
from callwright.suites import requests_without_a_call
from callwright.synthesize import UNSEEN_TOOLS

TOOLS = '''
"""Two tools."""


def convert_length(value: float, unit: str = "m") -> float:
    """Convert a length into feet.

    Args:
        value: How much.
        unit: Unit of the length.
    """
    return round(value * (3.28084 if unit.lower() in ("m", "metre", "metres") else 1.0), 3)


def book_table(guests: int, day: str) -> dict:
    """Book a table in the restaurant.

    Args:
        guests: How many people come.
        day: The day of the week.
    """
    return {"guests": guests, "day": day.strip().lower()}
'''
COLUMNS = {
    "in_distribution", "held_out_phrasing", "held_out_values", "held_out_tools", "irrelevant",
    "missing_argument",
}  # fmt: skip


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tools") / "tools.py"
    path.write_text(TOOLS, encoding="utf-8")
    return path


def run(out: Path, spec: str, tools: Path, data: Path | None = None, limit: int = 4) -> Summary:
    told = EvaluateSettings(tools=tools, limit=limit, data=data)
    return score("suite", out, told, spec, lambda done, total: None)


def test_the_suite_grades_its_own_answers_right_and_says_what_it_was_made_of(
    tools: Path, tmp_path: Path
) -> None:
    summary = run(tmp_path / "a", "gold", tools)
    assert set(summary.columns) == COLUMNS
    assert summary.all.correct == summary.all.n
    assert summary.all.means["effect"].mean == 1.0
    assert summary.variants == ("suite/tools.py",)
    run(tmp_path / "b", "gold", tools)
    assert (tmp_path / "a" / "suite.jsonl").read_bytes() == (tmp_path / "b" / "suite.jsonl").read_bytes()
    row = read_results(tmp_path / "a" / "results.jsonl")[0]
    assert {"variant", "data_sha256", "tools_sha256", "seed", "model"} <= row.conditions.keys()


def test_cases_that_were_written_by_hand_are_a_column(tools: Path, tmp_path: Path) -> None:
    written = tmp_path / "mine.jsonl"
    said = Message(role="user", content="Nothing to do, thanks."), Message(role="assistant", content="Fine.")
    written.write_bytes(encode(Trajectory(id="mine", tools=(Tool(name="f"),), messages=said)) + b"\n")
    summary = run(tmp_path / "out", "gold", tools, written)
    assert summary.columns["written"].n == 1
    written.write_bytes(b"{}\n")
    with pytest.raises(UserError):
        run(tmp_path / "again", "gold", tools, written)


def test_cases_that_were_written_by_hand_are_never_written_over(tools: Path, tmp_path: Path) -> None:
    written = tmp_path / "suite.jsonl"
    said = Message(role="user", content="Nothing to do, thanks."), Message(role="assistant", content="Fine.")
    written.write_bytes(encode(Trajectory(id="mine", tools=(Tool(name="f"),), messages=said)) + b"\n")
    before = written.read_bytes()
    with pytest.raises(ConfigError, match="would overwrite the rows it reads"):
        run(tmp_path, "gold", tools, written)
    assert written.read_bytes() == before


def test_a_limit_holds_for_cases_written_by_hand_too_and_a_file_without_any_is_refused(
    tools: Path, tmp_path: Path
) -> None:
    rows = [
        Trajectory(id=f"mine-{i}", tools=(Tool(name="f"),), messages=(
            Message(role="user", content=f"Nothing to do, {i}."), Message(role="assistant", content="Fine."),
        ))
        for i in range(6)
    ]  # fmt: skip
    written = tmp_path / "mine.jsonl"
    written.write_bytes(b"".join(encode(each) + b"\n" for each in rows))
    assert run(tmp_path / "out", "gold", tools, written, limit=2).columns["written"].n == 2
    ids = [each.id for each in read(tmp_path / "out" / "suite.jsonl") if each.id.startswith("written/")]
    assert ids == ["written/mine-0", "written/mine-3"]
    written.write_bytes(b"")
    with pytest.raises(UserError, match="no row to score"):
        run(tmp_path / "again", "gold", tools, written)


def test_another_call_with_the_same_effect_is_told_beside_exact_match(tools: Path, tmp_path: Path) -> None:
    """A model that writes days in capitals is not right by the letter, and does what was asked for."""
    run(tmp_path / "gold", "gold", tools, limit=12)
    lines = []
    for row in read(tmp_path / "gold" / "suite.jsonl"):
        assert isinstance(row, Trajectory)
        case = case_of(row)
        calls = [
            {"name": c.name, "arguments": {k: loud(v) for k, v in (c.arguments or {}).items()}}
            for c in case.gold
        ]
        text = "\n".join(f"<tool_call>\n{json.dumps(c)}\n</tool_call>" for c in calls) or "I can not."
        lines.append(json.dumps({"match": last_words(row), "text": text}))
    script = tmp_path / "loud.jsonl"
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    summary = run(tmp_path / "out", f"scripted:{script}", tools, limit=12)
    rows = [r for r in read_results(tmp_path / "out" / "results.jsonl") if "effect" in r.scores]
    loudly = [r for r in rows if not r.correct and any("day" in c["arguments"] for c in r.gold)]
    assert loudly
    assert all(r.scores["effect"] == 1.0 for r in loudly)
    assert summary.all.means["effect"].mean > sum(r.correct for r in rows) / len(rows)
    assert {r.column for r in rows} <= COLUMNS - {"held_out_tools", "irrelevant", "missing_argument"}


def loud(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def last_words(row: Trajectory) -> str:
    return next(m.content for m in reversed(row.messages) if m.role == "user")


@settings(max_examples=25)
@given(st.lists(st.sampled_from(UNSEEN_TOOLS), min_size=1, max_size=4, unique_by=lambda t: t.name))
def test_a_request_without_a_call_lacks_what_the_tool_requires(tools: list[Tool]) -> None:
    columns = requests_without_a_call(tools, accept=3, seed=1)
    for row in columns.get("missing_argument", ()):
        name = row.extra["synthesize"]["missing_argument"]
        assert row.task.expects == "clarify"
        assert not any(m.tool_calls for m in row.messages)
        tool = next(t for t in row.tools or () if t.name == row.extra["synthesize"]["gold_tools"][0])
        assert name in tool.parameters["required"]
        assert tool in tools
        assert name.replace("_", " ") in row.messages[-1].content
        assert list(schema.check(tool.parameters, {}))


def test_a_suite_needs_tools(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--tools"):
        score("suite", tmp_path, EvaluateSettings(), "gold", lambda done, total: None)
