"""What was made once is found again by what went into it, and by nothing else."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from callwright.errors import ConfigError, RunError
from callwright.record import Message, Trajectory, encode
from callwright.study.lab import Lab, trajectories

RAN: list[str] = []


def shouted(rows: Iterable[Trajectory], *, mark: str) -> Iterator[Trajectory]:
    RAN.append(mark)
    for row in rows:
        yield Trajectory(id=f"{row.id}{mark}", messages=row.messages)


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    RAN.clear()


def written(path: Path, *ids: str) -> Path:
    rows = [Trajectory(id=i, messages=(Message(role="user", content=i),)) for i in ids]
    path.write_bytes(b"".join(encode(row) + b"\n" for row in rows))
    return path


def test_a_step_runs_once_for_the_same_content(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "made")
    first = lab.rows("shout", shouted, written(tmp_path / "a.jsonl", "x", "y"), mark="!")
    assert [row.id for row in trajectories(first)] == ["x!", "y!"]
    again = Lab(tmp_path / "made")
    assert again.rows("shout", shouted, written(tmp_path / "copy.jsonl", "x", "y"), mark="!") == first
    assert RAN == ["!"]
    assert again.steps[first].reused


def test_other_content_or_another_word_is_another_step(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "made")
    paths = {
        lab.rows("shout", shouted, written(tmp_path / "a.jsonl", "x"), mark="!"),
        lab.rows("shout", shouted, written(tmp_path / "a.jsonl", "z"), mark="!"),
        lab.rows("shout", shouted, written(tmp_path / "a.jsonl", "z"), mark="?"),
    }
    assert len(paths) == 3
    assert RAN == ["!", "!", "?"]


def test_what_was_tampered_with_is_made_anew(tmp_path: Path) -> None:
    source = written(tmp_path / "a.jsonl", "x")
    made = Lab(tmp_path / "made").rows("shout", shouted, source, mark="!")
    made.write_bytes(b"")
    again = Lab(tmp_path / "made").rows("shout", shouted, source, mark="!")
    assert [row.id for row in trajectories(again)] == ["x!"]
    assert RAN == ["!", "!"]


def test_a_verb_is_the_command_line_and_its_words_are_kept(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "made")
    kept = lab.verb("verify", written(tmp_path / "a.jsonl", "x"), makes="rows.jsonl")
    report = json.loads(kept.with_name("rows.report.json").read_text())
    assert report["stage"] == "verify"
    assert lab.steps[kept].command.startswith("verify ")
    assert lab.usual_seconds("verify") == lab.steps[kept].seconds > 0
    assert lab.usual_seconds("train-sft") == 0


def test_a_verb_that_fails_says_what_it_said(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "made")
    with pytest.raises(RunError, match="not a policy") as told:
        lab.verb("augment", written(tmp_path / "a.jsonl", "x"), "--policy", "magic=1", makes="rows.jsonl")
    assert "log.txt" in str(told.value)
    # What failed is not taken for done.
    with pytest.raises(RunError):
        lab.verb("augment", written(tmp_path / "a.jsonl", "x"), "--policy", "magic=1", makes="rows.jsonl")


def test_a_file_that_is_missing_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.jsonl"):
        Lab(tmp_path / "made").verb("verify", tmp_path / "nowhere.jsonl", makes="rows.jsonl")


SLOW = """
import sys, time
from collections.abc import Iterable
from pathlib import Path
from callwright.study.lab import Lab

def slow(rows):
    print("at it", flush=True)
    sys.stdin.readline()
    yield from rows

print(Lab(Path(sys.argv[1])).rows("slow", slow, Path(sys.argv[2])), flush=True)
"""


def test_what_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    source = written(tmp_path / "a.jsonl", "x")
    command = [sys.executable, "-c", SLOW, str(tmp_path / "made"), str(source)]
    told = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **told) as one:  # type: ignore[call-overload]
        assert one.stdout.readline() == "at it\n"
        with subprocess.Popen(command, **told) as other:  # type: ignore[call-overload]
            one.communicate("go on\n")
            made, _ = other.communicate()
    assert one.returncode == other.returncode == 0
    assert "at it" not in made, "the second one found what the first one had made"
    assert [row.id for row in trajectories(Path(made.strip()))] == ["x"]
