"""A run of white space, however long, costs the time that it takes to read it, wherever a text has it."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from callwright.unify import unify
from callwright.unify.notations import answers, react

SECONDS = 20
"""Of this process alone; what goes back over a gap for each of its characters takes many times as long."""
GAPS = pytest.mark.parametrize("gap", [" " * 200_000, "\n" * 200_000], ids=["spaces", "lines"])
CALL = '[{"name": "f", "arguments": {}}]'
TOOLS: list[dict[str, Any]] = [
    {"name": "f", "description": "", "parameters": {"type": "dict", "properties": {}}, "required": []}
]


@pytest.fixture(autouse=True)
def limit() -> Iterator[None]:
    def end(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"more than {SECONDS} seconds")

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def when2call(gap: str) -> dict[str, Any]:
    user, no = {"role": "user", "content": "?"}, {"role": "assistant", "content": "no"}
    wrong = {"role": "assistant", "content": f"<TOOLCALL>{gap}{CALL}{gap}x"}
    return {"tools": TOOLS, "messages": [user], "chosen_response": no, "rejected_response": wrong}


def hammer(gap: str) -> dict[str, Any]:
    turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": f"```json{gap}{CALL}{gap}x"}]
    return {"query": turns, "tools": TOOLS, "answers": []}


def hammer_masked(gap: str) -> dict[str, Any]:
    sections = {"AVAILABLE TOOLS": json.dumps(TOOLS), "QUERY": "?"}
    text = "\n".join(f"[BEGIN OF {name}]\n{part}\n[END OF {name}]" for name, part in sections.items())
    return {"instruction": text, "input": "", "output": f"```json{gap}{CALL}{gap}x"}


def apibench(gap: str) -> dict[str, Any]:
    code = f"###Instruction:{gap}Do it.{gap}x 'Instruction':{gap}x"
    return {"code": code, "api_call": "f()", "provider": "p", "api_data": {}}


def toolace(gap: str) -> dict[str, Any]:
    said = [{"from": "user", "value": "?"}, {"from": "assistant", "value": "No."}]
    return {"system": f"You know all.{gap}Here are tools: {json.dumps(TOOLS)}", "conversations": said}


@GAPS
@pytest.mark.parametrize("source", [when2call, hammer, hammer_masked, apibench, toolace])
def test_a_row_with_a_long_gap_is_converted_soon(tmp_path: Path, gap: str, source: Any) -> None:
    path = tmp_path / "raw.jsonl"
    path.write_text(json.dumps(source(gap)) + "\n", encoding="utf-8")
    assert len(list(unify([path], source.__name__))) == 1


@GAPS
def test_a_text_with_a_long_gap_is_read_soon(gap: str) -> None:
    assert answers.told(f"You. <tools>[{gap}").tools is None
    told = answers.told(f"You.{gap}<tools>{gap}{json.dumps(TOOLS)}{gap}</tools>{gap}For each one{gap}x")
    assert told.tools == TOOLS
    assert answers.read(f"```json{gap}{CALL}{gap}x", "").calls == []
    assert [call.name for call in answers.read(f"```json{gap}\n{CALL}\n{gap}```", "").calls] == ["f"]
    assert react.with_input(f"Search{gap}for it") is None
    assert react.with_input(f"Search{gap}with{gap}Action Input:{gap}rain") is not None
