"""The synthesize verb with models: real requests, planted answers, interruptions that cost nothing twice."""

import hashlib
import json
import random
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from callwright.errors import ConfigError, ModelError, ToolsError
from callwright.models.faults import Faults
from callwright.models.scripted_server import ScriptedServer
from callwright.record import Message, Tool, ToolCall, Trajectory, encode
from callwright.settings import SynthesizeSettings
from callwright.store import read
from callwright.synthesis import styles_of, synthesized
from command_line import callwright, kill_again_and_again
from written_pairs import CITIES, pair

TOOLS = '''
"""Two tools."""


def get_weather(city: str, day: str) -> str:
    """Get the weather in a city.

    Args:
        city: Name of the city.
        day: Day of the week.
    """
    if city == "Atlantis":
        raise ValueError("no such city")
    return f"sunny in {city} on {day}"


def book_table(guests: int) -> dict:
    """Book a table.

    Args:
        guests: How many people come.
    """
    return {"guests": guests}
'''
PLANTED = ("right", "right", "right", "right", "unreadable", "undefined", "wrong type", "made up", "failing")


def quiet(done: float, total: float, note: str) -> None:
    pass


def answer(request: dict[str, Any]) -> str:
    """Write one pair, right or with a planted mistake, by a hash of what is asked; mend nothing."""
    text = request["messages"][-1]["content"]
    if "was refused" in text:
        return "I do not know."
    number = int.from_bytes(hashlib.sha256(json.dumps(request, sort_keys=True).encode()).digest()[:4], "big")
    rng = random.Random(number)
    city, guests, kind = rng.choice(CITIES), rng.randint(2, 9999), rng.choice(PLANTED)
    query, call = (
        f"The weather in {city} on Monday, please ({number}).",
        ("get_weather", {"city": city, "day": "Monday"}),
    )
    if '"get_weather"' not in text:
        query, call = f"A table for {guests} ({number}).", ("book_table", {"guests": guests})
    if kind == "unreadable":
        return '{"query": "no answers"}'
    if kind == "undefined":
        call = ("sing", {})
    if kind == "wrong type":
        call = (call[0], {name: [value] for name, value in call[1].items()})
    if kind == "made up":
        call = (call[0], {name: 31337 if isinstance(v, int) else "Xanadu" for name, v in call[1].items()})
    if kind == "failing" and call[0] == "get_weather":
        query, call = (
            f"Atlantis on Monday ({number})?",
            ("get_weather", {"city": "Atlantis", "day": "Monday"}),
        )
    return f"[{pair(query, call)}]"


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    path = tmp_path / "tools.py"
    path.write_text(TOOLS, encoding="utf-8")
    return path


def settings(server: ScriptedServer, accept: int, **more: Any) -> SynthesizeSettings:
    return SynthesizeSettings(
        accept=accept,
        generator=(f"{server.url}#m@1/2",),
        styles="multiple=1",
        **{"max_candidates": 600, **more},
    )


def kept(path: Path) -> list[Trajectory]:
    return [row for row in read(path) if isinstance(row, Trajectory)]


@pytest.mark.slow
def test_planted_answers_are_counted_exactly_by_stage_and_paid_for_exactly(
    tools: Path, tmp_path: Path
) -> None:
    with ScriptedServer(answer, faults=Faults.parse("429:0=0.1,500=0.1,cut=0.05")) as server:
        report, told = synthesized(str(tools), tmp_path / "a.jsonl", settings(server, 40), quiet)
        asked = [json.loads(json.dumps(seen.body)) for seen in server.requests]
        served = server.served
    assert report.kept == 40
    first = {
        json.dumps(body, sort_keys=True)
        for body in asked
        if "was refused" not in body["messages"][-1]["content"]
    }
    mistakes = Counter(mistake(json.loads(body)) for body in first)
    account = report.extra["account"]
    funnel = account["funnel"]["sources"][0]
    assert funnel["format"]["unreadable"] == mistakes["unreadable"]
    assert funnel["format"]["offered"] == mistakes["undefined"]
    assert funnel["format"]["schema"] == mistakes["wrong type"]
    assert funnel["format"]["grounding"] == mistakes["made up"]
    assert funnel["execution"] == mistakes["failing"]
    assert funnel["passed"] + report.reasons.get("surplus", 0) == mistakes["right"]
    assert mistakes["failing"] > 0
    spent = account["spent"][f"{server.url}#m"]
    assert spent["requests"] == served
    assert spent["usd"] == pytest.approx(
        (spent["prompt_tokens"] + 2 * spent["completion_tokens"]) / 1e6, abs=1e-6
    )
    assert any("fail execution" in line for line in told)


def mistake(request: dict[str, Any]) -> str:
    """Return what was planted into the answer to a request."""
    text = answer(request)
    if "no answers" in text:
        return "unreadable"
    call = json.loads(text)[0]["answers"][0]
    values = list(call["arguments"].values())
    if call["name"] == "sing":
        return "undefined"
    if isinstance(values[0], list):
        return "wrong type"
    if values[0] in ("Xanadu", 31337):
        return "made up"
    return "failing" if values[0] == "Atlantis" else "right"


def test_a_run_that_was_stopped_goes_on_where_it_was_and_asks_nothing_twice(
    tools: Path, tmp_path: Path
) -> None:
    with ScriptedServer(answer) as server:
        synthesized(str(tools), tmp_path / "whole.jsonl", settings(server, 24), quiet)
        asked = server.served

        def stop_at(rows: int) -> Any:
            def progress(done: float, total: float, note: str) -> None:
                if done >= rows:
                    raise InterruptedError

            return progress

        for rows in (1, 15):
            with pytest.raises(InterruptedError):
                synthesized(str(tools), tmp_path / "b.jsonl", settings(server, 24), stop_at(rows))
            assert not (tmp_path / "b.jsonl").exists()
        report, _ = synthesized(str(tools), tmp_path / "b.jsonl", settings(server, 24), quiet)
        assert server.served == 2 * asked
    assert report.kept == 24
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


@pytest.mark.slow
def test_a_run_killed_at_ten_random_moments_ends_with_the_same_rows(tools: Path, tmp_path: Path) -> None:
    with ScriptedServer(answer, faults=Faults.parse("slow:0.02=0.5")) as server:
        command = [
            "synthesize", str(tools), "--accept", "150",
            "--generator", f"{server.url}#m", "--styles", "multiple=1", "--max-candidates", "2000",
        ]  # fmt: skip
        began = time.monotonic()
        assert callwright(*command, "-o", "whole.jsonl", cwd=tmp_path).returncode == 0
        whole, asked = time.monotonic() - began, server.served
        kill_again_and_again(*command, "-o", "b.jsonl", cwd=tmp_path, times=10, within=whole)
        assert callwright(*command, "-o", "b.jsonl", cwd=tmp_path).returncode == 0
        twice = server.served - 2 * asked
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert twice <= 10 * 32  # what was in flight when it was killed


def test_the_budget_of_dollars_ends_a_run_and_says_so(tools: Path, tmp_path: Path) -> None:
    with ScriptedServer(answer) as server:
        limits = settings(server, 500, max_candidates=5000, budget_usd=0.02)
        report, told = synthesized(str(tools), tmp_path / "a.jsonl", limits, quiet)
    spent = report.extra["account"]["spent"][f"{server.url}#m"]
    assert 0.01 < spent["usd"] <= 0.02
    assert 0 < report.kept < 500
    assert any("the budget of dollars is spent" in line for line in told)


def test_an_outage_loses_nothing_that_was_answered(tools: Path, tmp_path: Path) -> None:
    with ScriptedServer(answer) as server:
        url = server.url
        config = settings(server, 10)
        synthesized(str(tools), tmp_path / "a.jsonl", config, quiet)
    rows = (tmp_path / "a.jsonl").read_bytes()
    report, _ = synthesized(str(tools), tmp_path / "a.jsonl", config, quiet)  # out of the journal alone
    assert report.kept == 10
    assert (tmp_path / "a.jsonl").read_bytes() == rows
    assert url in (tmp_path / "a.report.json").read_text(encoding="utf-8")


def test_seed_examples_are_shown_and_must_be_rows(tools: Path, tmp_path: Path) -> None:
    call = ToolCall(name="book_table", arguments={"guests": 4})
    said = (
        Message(role="user", content="FOUR OF US ARE HUNGRY"),
        Message(role="assistant", tool_calls=(call,)),
    )
    rows = Trajectory(id="s", tools=(Tool(name="book_table"), Tool(name="f")), messages=said)
    (tmp_path / "seeds.jsonl").write_bytes(encode(rows) + b"\n")
    with ScriptedServer(answer) as server:
        synthesized(
            str(tools), tmp_path / "a.jsonl", settings(server, 20, seeds=tmp_path / "seeds.jsonl"), quiet
        )
        shown = [seen.body["messages"][-1]["content"] for seen in server.requests]
    assert any("FOUR OF US ARE HUNGRY" in text for text in shown)


@pytest.mark.parametrize(
    ("text", "found"),
    [("simple=1", {"simple": 1.0}), ("simple=.5, parallel=2.", {"simple": 0.5, "parallel": 2.0})],
)
def test_styles_are_read_as_they_are_written(text: str, found: dict[str, float]) -> None:
    assert styles_of(text) == found


def test_a_budget_in_dollars_needs_a_price(tools: Path, tmp_path: Path) -> None:
    config = SynthesizeSettings(generator=("http://127.0.0.1:1/v1#m",), budget_usd=1.0)
    with pytest.raises(ConfigError, match="what tokens cost"):
        synthesized(str(tools), tmp_path / "a.jsonl", config, quiet)


@pytest.mark.parametrize("text", ["simple", "simple=many", "=1", "simple=-1"])
def test_a_share_that_is_none_is_named(text: str, tools: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="style"):
        synthesized(str(tools), tmp_path / "a.jsonl", SynthesizeSettings(styles=text), quiet)


def test_a_generator_that_is_named_twice_or_is_none_is_refused(tools: Path, tmp_path: Path) -> None:
    for generator in (
        ("grammar", "grammar"),
        ("http://127.0.0.1:1/v1#m", "http://127.0.0.1:1/v1#m"),
        ("nobody",),
    ):
        with pytest.raises(ConfigError):
            synthesized(str(tools), tmp_path / "a.jsonl", SynthesizeSettings(generator=generator), quiet)


def test_declared_tools_and_the_tools_of_rows_make_rows_that_are_checked_as_they_stand(
    tmp_path: Path,
) -> None:
    tool = {
        "name": "get_weather", "description": "Get the weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    }  # fmt: skip
    declared = tmp_path / "declared.json"
    declared.write_text(json.dumps([tool]), encoding="utf-8")
    report, told = synthesized(str(declared), tmp_path / "a.jsonl", SynthesizeSettings(accept=10), quiet)
    assert report.kept == 10
    assert re.search(r"grammar +\d+ +10 +0 +not run", told[0])
    report, _ = synthesized(
        str(tmp_path / "a.jsonl"), tmp_path / "b.jsonl", SynthesizeSettings(accept=5), quiet
    )
    assert {t.name for row in kept(tmp_path / "b.jsonl") for t in row.tools or ()} == {"get_weather"}
    with pytest.raises(ToolsError):
        synthesized(str(tmp_path / "nothing.json"), tmp_path / "c.jsonl", SynthesizeSettings(), quiet)


@pytest.mark.parametrize("out", ["rows.jsonl", "seeds.jsonl"])
def test_the_rows_that_are_read_are_not_overwritten(tools: Path, tmp_path: Path, out: str) -> None:
    synthesized(str(tools), tmp_path / "rows.jsonl", SynthesizeSettings(accept=6), quiet)
    rows = (tmp_path / "rows.jsonl").read_bytes()
    (tmp_path / "seeds.jsonl").write_bytes(rows)
    settings = SynthesizeSettings(accept=3, seeds=tmp_path / "seeds.jsonl")
    with pytest.raises(ConfigError, match="would overwrite the rows it reads"):
        synthesized(str(tmp_path / "rows.jsonl"), tmp_path / out, settings, quiet)
    assert (tmp_path / out).read_bytes() == rows


@pytest.mark.slow
def test_an_outage_is_an_error_and_no_row(tools: Path, tmp_path: Path) -> None:
    with ScriptedServer(answer) as server:
        pass  # and is gone
    with pytest.raises((ModelError, ConfigError)):
        synthesized(str(tools), tmp_path / "a.jsonl", settings(server, 3), quiet)
    assert not (tmp_path / "a.jsonl").exists()
