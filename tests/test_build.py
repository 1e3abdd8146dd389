"""The main job, whole: every stage with real parts and a tiny model, stopped and killed wherever it hurts."""

import json
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from callwright.build import too_short
from command_line import TOOLS, callwright, processes_in, start, write_xlam

STAGES = ("dataset", "suite", "before", "sft", "pairs", "dpo", "after", "answer", "conform")
AT_WORK = {
    "dataset": "verified.jsonl.part",
    "before": "suite/answers.jsonl",
    "sft": "metrics.jsonl",
    "dpo": "metrics.jsonl",
    "after": "suite/answers.jsonl",
}
"""What shows that a stage is in the middle of its work; of the others, that their folder is there."""
DETERMINED = ("dataset/train.jsonl", "suite/suite.jsonl", "before/suite/results.jsonl", "pairs/pairs.jsonl")

pytestmark = pytest.mark.slow


def sizes(base: Path) -> tuple[str, ...]:
    return (
        "--base", str(base), "--minutes", "0.03", "--dpo-minutes", "0.02", "--rows", "40", "--suite", "3",
        "--bfcl", "0", "--max-tokens", "16",
    )  # fmt: skip


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "tools.py").write_text(TOOLS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def finished(desk: Path, tiny_base: Path) -> tuple[Path, float, str]:
    """An undisturbed run, the seconds that it took, and what it said."""
    started = time.monotonic()
    done = callwright("build", "tools.py", "-o", "whole", *sizes(tiny_base), cwd=desk)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return desk / "whole", time.monotonic() - started, done.stderr


def marker(run: Path, stage: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((run / stage / "done.json").read_bytes())
    return told


def stage_lines(said: str) -> dict[str, str]:
    """Return each finished stage with what stands where its seconds do."""
    done = [line.split() for line in said.splitlines() if line.startswith("  ✓ ")]
    return {words[1]: words[2] for words in done}


def test_one_command_makes_everything_and_says_where_it_lies(finished: tuple[Path, float, str]) -> None:
    run, _, said = finished
    assert list(stage_lines(said)) == list(STAGES)
    assert "error:" not in said
    assert "Warning" not in said
    assert json.loads((run / "run.done.json").read_bytes())["stages"] == list(STAGES)
    assert (run / "report.html").read_text(encoding="utf-8").count("<section ") == 7
    assert (run / "dpo" / "adapter" / "adapter_model.safetensors").is_file()
    last = said.splitlines()[-5:]
    assert [line.split()[0] for line in last] == ["report", "model", "serve", "look", "yours"]
    assert last[0].split()[-1] == "whole/report.html"
    assert last[2].endswith("callwright serve whole/dpo/adapter")


def test_what_went_over_http_is_kept(finished: tuple[Path, float, str]) -> None:
    exchange = json.loads((finished[0] / "answer" / "exchange.json").read_bytes())
    assert exchange["response"]["object"] == "chat.completion"
    offered = {tool["function"]["name"] for tool in exchange["request"]["tools"]}
    assert offered <= {"get_weather", "convert_currency", "set_alarm"}


def test_the_commands_that_it_recommends_work(finished: tuple[Path, float, str], desk: Path) -> None:
    said = finished[2]
    line = next(line for line in said.splitlines() if line.startswith("look on"))
    done = callwright(*line.split("callwright ")[1].split(), cwd=desk)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 7
    assert "rows" in done.stdout.splitlines()[-1]


def test_a_second_run_reuses_every_stage_and_is_at_least_three_times_as_quick(
    finished: tuple[Path, float, str], desk: Path, tiny_base: Path
) -> None:
    run, seconds, _ = finished
    before = {path: path.stat().st_mtime_ns for path in run.glob("*/**/*") if path.is_file()}
    started = time.monotonic()
    done = callwright("build", "tools.py", "-o", "whole", *sizes(tiny_base), cwd=desk)
    assert time.monotonic() - started < seconds / 3
    assert done.returncode == 0
    assert stage_lines(done.stderr) == dict.fromkeys(STAGES, "reused")
    assert {path: path.stat().st_mtime_ns for path in run.glob("*/**/*") if path.is_file()} == before


def kill_within(stage: str, run: Path, command: tuple[str, ...], desk: Path) -> None:
    """Start the build and kill it while it is at `stage`; a kill that came too late is tried again."""
    for _ in range(5):
        running = start(*command, cwd=desk)
        state = run / "run.json"
        deadline = time.monotonic() + 60
        while running.poll() is None and time.monotonic() < deadline:
            at_work = (run / stage / AT_WORK.get(stage, "")).exists() and began(state, stage)
            if at_work and not (run / stage / "done.json").exists():
                break
            time.sleep(0.0005)
        running.send_signal(signal.SIGKILL)
        _, said = running.communicate()
        if running.returncode == -signal.SIGKILL and not (run / stage / "done.json").exists():
            return
        assert running.returncode in (0, -signal.SIGKILL), said
        shutil.rmtree(run / stage)
    pytest.fail(f"{stage} was never caught at work")


def began(state: Path, stage: str) -> bool:
    try:
        return stage in json.loads(state.read_bytes())["stages"]
    except (FileNotFoundError, ValueError):
        return False


def no_process_is_left(folder: Path) -> bool:
    deadline = time.monotonic() + 10
    while list(processes_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not list(processes_in(folder))


def test_killed_in_the_middle_of_each_stage_it_ends_where_an_undisturbed_run_ends(
    finished: tuple[Path, float, str], desk: Path, tiny_base: Path
) -> None:
    run = desk / "killed"
    command = ("build", "tools.py", "-o", "killed", *sizes(tiny_base))
    made: dict[str, bytes] = {}
    for stage in STAGES:
        kill_within(stage, run, command, desk)
        assert not (run / "run.done.json").exists()
        assert no_process_is_left(desk), stage
        for earlier, content in made.items():
            assert (run / earlier / "done.json").read_bytes() == content, f"{earlier} was done again"
        made = {path.parent.name: path.read_bytes() for path in run.glob("*/done.json")}
        assert set(made) == set(STAGES[: STAGES.index(stage)])
    done = callwright(*command, cwd=desk)
    assert done.returncode == 0, done.stderr
    reused = {stage for stage, seconds in stage_lines(done.stderr).items() if seconds == "reused"}
    assert reused == set(STAGES[:-1])
    for name in DETERMINED:
        assert (run / name).read_bytes() == (finished[0] / name).read_bytes(), name
    for stage in STAGES:
        assert set(marker(run, stage)["outputs"]) >= {
            name for name in marker(finished[0], stage)["outputs"] if "checkpoint" not in name
        }
    assert not list(run.rglob("*.part"))
    assert json.loads((run / "run.done.json").read_bytes())["stages"] == list(STAGES)


def test_a_changed_tools_file_is_another_run_and_fresh_starts_over(
    finished: tuple[Path, float, str], desk: Path, tiny_base: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished[0], tmp_path / "whole")
    (tmp_path / "tools.py").write_text(TOOLS.replace("Set an alarm clock", "Wake me up"), encoding="utf-8")
    (tmp_path / "whole" / "notes.txt").write_text("mine", encoding="utf-8")
    done = callwright("build", "tools.py", "-o", "whole", *sizes(tiny_base), cwd=tmp_path)
    assert done.returncode == 2
    assert "the run was made with another config: expected tools = " in done.stderr
    anew = ("build", "tools.py", "-o", "whole", "--fresh", *sizes(tiny_base))
    kill_within("dataset", tmp_path / "whole", anew, tmp_path)
    assert (tmp_path / "whole" / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert not list((tmp_path / "whole").glob("*/done.json"))
    assert not (tmp_path / "whole" / "run.done.json").exists()


def test_raw_data_alone_is_enough(desk: Path, tiny_base: Path) -> None:
    write_xlam(desk / "raw.jsonl", 60)
    done = callwright(
        "build", "--data", "raw.jsonl", "-o", "data", *sizes(tiny_base), "--dpo-minutes", "0", cwd=desk
    )
    assert done.returncode == 0, done.stderr
    assert list(stage_lines(done.stderr)) == [s for s in STAGES if s not in ("pairs", "dpo")]
    assert "held out rows" in done.stderr
    assert "callwright serve data/sft/adapter" in done.stderr


def test_a_machine_that_is_too_slow_for_the_minutes_is_told_how_many_it_takes() -> None:
    assert too_short({"epochs": 0.9, "seconds": 420.0}) == ""
    told = too_short({"epochs": 0.19, "seconds": 420.0})
    assert "saw 19% of the training rows in 7 minutes" in told
    assert "--minutes 37 " in told
    assert too_short({"epochs": 0.0, "seconds": 60.0})
