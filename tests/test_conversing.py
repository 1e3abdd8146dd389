"""The converse verb with models behind a real wire: whole conversations, and nothing paid for twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from callwright import formats
from callwright.conversing import conversed
from callwright.errors import ConfigError
from callwright.models.scripted_server import ScriptedServer
from callwright.record import Trajectory
from callwright.settings import ConverseSettings
from callwright.store import dropped_path, read

WORLD = "tau:home"
EXAMPLES = Path(__file__).parent.parent / "examples"
PASSES = json.dumps({"rating": 5, "passes": True, "why": "right"})


def quiet(done: int, total: int, note: str) -> None:
    assert 0 <= done <= total


def judge(folder: Path) -> str:
    """Return the spec of a judge that lets everything pass."""
    script = folder / "judge.jsonl"
    script.write_text(json.dumps({"match": "", "text": PASSES}) + "\n", encoding="utf-8")
    return f"scripted:{script}"


def kept(path: Path) -> list[Trajectory]:
    return [row for row in read(path) if isinstance(row, Trajectory)]


def agent_of(rows: list[Trajectory]) -> Any:
    """Return an agent that says what was said in these conversations, which it knows by their first words."""
    said = {row.messages[0].content: formats.plain_messages(row) for row in rows}

    def answer(body: dict[str, Any]) -> str:
        talk = [(m["role"], m["content"]) for m in body["messages"]]
        first = next(content for role, content in talk if role == "user")
        replies = [m.content for m in said.get(first, ()) if m.role == "assistant"]
        number = sum(role == "assistant" for role, _ in talk)
        return replies[number] if number < len(replies) else "I can not do that."

    return answer


@pytest.mark.slow
def test_a_model_that_does_what_is_right_makes_conversations_and_a_second_run_asks_nothing(
    tmp_path: Path,
) -> None:
    script = ConverseSettings(accept=6, max_candidates=8, judge=(judge(tmp_path),))
    conversed(WORLD, tmp_path / "script.jsonl", script, quiet)
    acted = kept(tmp_path / "script.jsonl")
    assert all(row.extra["synthesize"]["review"]["votes"]["passes"] for row in acted)
    out = tmp_path / "played.jsonl"
    with ScriptedServer(agent_of(acted)) as server:
        config = ConverseSettings(accept=6, max_candidates=8, agent=f"{server.url}#m")
        report, _ = conversed(WORLD, out, config, quiet)
    assert report.kept == len(kept(out)) == 6
    assert {row.id for row in kept(out)} == {row.id for row in acted}
    assert all(row.extra["synthesize"]["agent"].endswith("#m") for row in kept(out))
    assert all(row.source and row.source.license == "Apache-2.0" for row in kept(out))
    bytes_before = out.read_bytes()
    conversed(WORLD, out, config, quiet)  # the server is gone: all that was said is in the journal
    assert out.read_bytes() == bytes_before


def test_what_a_model_did_otherwise_is_kept_with_the_reason(tmp_path: Path) -> None:
    lazy = tmp_path / "lazy.jsonl"
    lazy.write_text(json.dumps({"match": "", "text": "I can not do that."}) + "\n", encoding="utf-8")
    config = ConverseSettings(accept=2, max_candidates=16, agent=f"scripted:{lazy}")
    report, told = conversed(WORLD, tmp_path / "none.jsonl", config, quiet)
    assert report.kept == 0
    assert "0 of 2 conversations: 16 candidates were tried" in told[-1]
    lines = dropped_path(tmp_path / "none.jsonl").read_text(encoding="utf-8").splitlines()
    dropped = [json.loads(line) for line in lines]
    assert len(dropped) == 16
    failed = [row["row"] for row in dropped if row["reason"] == "unlike-blueprint"]
    assert len(failed) > 8
    assert all(row["messages"][-1]["role"] == "assistant" for row in failed)


def test_a_user_needs_somebody_to_talk_to(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nobody to talk to"):
        conversed(WORLD, tmp_path / "x.jsonl", ConverseSettings(user="smollm2-135m"), quiet)
    assert not (tmp_path / "x.jsonl").exists()


def test_the_tools_that_are_read_are_not_overwritten(tmp_path: Path) -> None:
    declared = tmp_path / "tools.jsonl"
    declared.write_text('{"name": "go", "parameters": {"type": "object"}}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="would overwrite"):
        conversed(str(declared), declared, ConverseSettings(accept=1), quiet)


def test_another_spelling_of_a_path_makes_the_same_rows(tmp_path: Path) -> None:
    (tmp_path / "library.py").write_bytes((EXAMPLES / "library.py").read_bytes())
    (tmp_path / "below").mkdir()
    written = []
    for name in ("library.py", "below/../library.py"):
        conversed(f"{tmp_path}/{name}", tmp_path / "talks.jsonl", ConverseSettings(accept=2), quiet)
        written.append((tmp_path / "talks.jsonl").read_bytes())
    assert written[0] == written[1]
    assert str(tmp_path).encode() not in written[0]
