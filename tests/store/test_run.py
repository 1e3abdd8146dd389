"""Run directories: what is finished is reused, what is not is done again, and runs never mix."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import RunError
from callwright.store import Run

Work = Callable[[Path], Mapping[str, Any]]
STAGES = ("data", "train", "score")


def writing(text: str, calls: list[str] | None = None) -> Work:
    def work(folder: Path) -> Mapping[str, Any]:
        if calls is not None:
            calls.append(folder.name)
        assert not list(folder.iterdir()), "a stage that can not resume starts in an empty folder"
        (folder / "out.txt").write_text(text, encoding="utf-8")
        (folder / "deep").mkdir()
        (folder / "deep" / "more.txt").write_text(text * 2, encoding="utf-8")
        return {"size": len(text), "pair": (1, 2)}

    return work


def go(path: Path, text: str = "x", config: Mapping[str, Any] | None = None, **options: bool) -> list[str]:
    """Run all stages and return those that were done rather than reused."""
    calls: list[str] = []
    with Run.open(path, config or {"seed": 1}, **options) as run:
        for name in STAGES:
            result = run.stage(name, writing(f"{text} {name}", calls))
            assert result.reused == (name not in calls)
            assert result.summary == {"size": len(text) + 1 + len(name), "pair": [1, 2]}
        run.mark_finished({"ok": True})
    return calls


def test_a_finished_stage_is_reused_with_its_summary(tmp_path: Path) -> None:
    assert go(tmp_path / "run") == list(STAGES)
    assert go(tmp_path / "run") == []


def test_the_finished_marker_comes_last_and_goes_when_a_stage_is_redone(tmp_path: Path) -> None:
    path = tmp_path / "run"
    go(path)
    with Run.open(path, {"seed": 1}) as run:
        assert run.finished
        assert msgspec.json.decode((path / "run.done.json").read_bytes())["summary"] == {"ok": True}
        (path / "data" / "out.txt").write_text("tampered", encoding="utf-8")
        run.stage("data", writing("x data"))
        assert not run.finished


@pytest.mark.parametrize("broken", STAGES)
@pytest.mark.parametrize("how", ["changed", "removed", "no marker", "half a marker"])
def test_a_stage_that_is_not_what_its_marker_says_is_redone_and_so_is_what_follows_if_it_changed(
    tmp_path: Path, broken: str, how: str
) -> None:
    go(tmp_path)
    folder = tmp_path / broken
    marker = folder / "done.json"
    if how == "changed":
        (folder / "deep" / "more.txt").write_text("y", encoding="utf-8")
    elif how == "removed":
        (folder / "out.txt").unlink()
    elif how == "no marker":
        marker.unlink()
    else:
        marker.write_bytes(marker.read_bytes()[:40])
    # It comes out the same, so what was made from it still stands …
    assert go(tmp_path) == [broken]
    # … and does not when it comes out different.
    marker.unlink()
    with Run.open(tmp_path, {"seed": 1}) as run:
        results = [run.stage(name, writing("new" if name == broken else f"x {name}")) for name in STAGES]
    assert [r.name for r in results if not r.reused] == list(STAGES[STAGES.index(broken) :])


def test_a_big_file_is_trusted_by_its_size(tmp_path: Path) -> None:
    def work(folder: Path) -> Mapping[str, Any]:
        with (folder / "big").open("wb") as out:
            out.truncate(65 * 2**20)
        return {}

    with Run.open(tmp_path / "run", {}) as run:
        run.stage("train", work)
    outputs = msgspec.json.decode((tmp_path / "run" / "train" / "done.json").read_bytes())["outputs"]
    assert outputs == {"big": f"size:{65 * 2**20}"}
    os.truncate(tmp_path / "run" / "train" / "big", 64 * 2**20)
    with Run.open(tmp_path / "run", {}) as run:
        assert not run.stage("train", work).reused


def test_a_resumable_stage_finds_its_files_only_while_its_inputs_are_the_same(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def dies(folder: Path) -> Mapping[str, Any]:
        seen.append(sorted(p.name for p in folder.iterdir()))
        (folder / f"step-{len(seen)}").write_bytes(b"")
        raise KeyboardInterrupt

    for text in ("one", "one", "two"):
        with Run.open(tmp_path / "run", {}) as run:
            (tmp_path / "run" / "data" / "done.json").unlink(missing_ok=True)
            run.stage("data", writing(text))
            with pytest.raises(KeyboardInterrupt):
                run.stage("train", dies, resumable=True)
    assert seen == [[], ["step-1"], []]


def test_an_exception_leaves_the_stage_unfinished(tmp_path: Path) -> None:
    def fails(folder: Path) -> Mapping[str, Any]:
        (folder / "half").write_bytes(b"")
        raise ValueError("midway")

    with Run.open(tmp_path, {}) as run:
        with pytest.raises(ValueError, match="midway"):
            run.stage("data", fails)
        assert run.stage("data", writing("x")).reused is False
        assert not (tmp_path / "data" / "half").exists()


KEYS = st.sampled_from(["seed", "a", "b", "a.b"])
CONFIGS = st.dictionaries(
    KEYS,
    st.recursive(
        st.none() | st.integers(-5, 5) | st.sampled_from(["x", "1", ""]),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
        max_leaves=4,
    ),
    max_size=4,
)


@given(CONFIGS, CONFIGS)
def test_a_run_opens_again_for_an_equal_config_and_for_no_other(
    tmp_path_factory: pytest.TempPathFactory, one: dict[str, Any], other: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("run")
    Run.open(path, one).close()
    Run.open(path, one).close()
    if one != other:
        with pytest.raises(RunError, match="another config"):
            Run.open(path, other)


def test_another_config_is_refused_with_every_key_that_differs_and_both_values(tmp_path: Path) -> None:
    Run.open(tmp_path / "run", {"seed": 1, "train": {"lr": 0.1, "rank": 8}, "old": True}).close()
    with pytest.raises(RunError) as caught:
        Run.open(tmp_path / "run", {"seed": 2, "train": {"lr": 0.1, "rank": 16}, "new": "x"})
    assert caught.value.expected == "seed = 1, train.rank = 8, old = true, new = (absent)"
    assert caught.value.got == 'seed = 2, train.rank = 16, old = (absent), new = "x"'
    assert "--fresh" in caught.value.hint
    assert "\n" not in str(caught.value)


def test_fresh_removes_what_the_run_wrote_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "run"
    go(path)
    (path / "notes.txt").write_text("mine", encoding="utf-8")
    (path / "mine").mkdir()
    assert go(path, "new", {"seed": 2}, fresh=True) == list(STAGES)
    assert go(path, "new", {"seed": 2}) == []
    assert (path / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert (path / "mine").is_dir()
    assert (path / "data" / "out.txt").read_text(encoding="utf-8") == "new data"


@pytest.mark.parametrize("fresh", [False, True])
def test_a_directory_that_is_no_run_is_refused_and_left_alone(tmp_path: Path, fresh: bool) -> None:
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    with pytest.raises(RunError, match=r"holds no run: got thesis\.tex"):
        Run.open(tmp_path, {}, fresh=fresh)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_that_somebody_else_put_where_a_stage_goes_is_left_alone(tmp_path: Path) -> None:
    with Run.open(tmp_path, {}) as run:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "mine.txt").write_bytes(b"")
        with pytest.raises(RunError, match="not written by this run"):
            run.stage("data", writing("x"))
    assert (tmp_path / "data" / "mine.txt").exists()


def test_a_stage_folder_that_is_a_link_is_emptied_but_not_followed_away(tmp_path: Path) -> None:
    (tmp_path / "big-disk").mkdir()
    go(tmp_path / "run")
    (tmp_path / "run" / "data").rename(tmp_path / "big-disk" / "data")
    (tmp_path / "run" / "data").symlink_to(tmp_path / "big-disk" / "data")
    assert go(tmp_path / "run") == []
    assert go(tmp_path / "run", "new", fresh=True) == list(STAGES)
    assert list((tmp_path / "big-disk" / "data").iterdir()) == []


def test_a_file_and_a_damaged_config_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RunError, match="not a directory"):
        Run.open(tmp_path / "file", {})
    Run.open(tmp_path / "run", {}).close()
    (tmp_path / "run" / "run.json").write_text('{"config": ', encoding="utf-8")
    with pytest.raises(RunError, match="can not be read"):
        Run.open(tmp_path / "run", {})


@pytest.mark.parametrize("name", ["", "..", "a/b", "/etc", "run.json", "-x", ".hidden"])
def test_a_stage_can_not_leave_the_directory(tmp_path: Path, name: str) -> None:
    with Run.open(tmp_path, {}) as run, pytest.raises(ValueError, match="not a name for a stage"):
        run.stage(name, writing("x"))


SCRIPT = """
import sys, time
from pathlib import Path
from callwright.store import Run

def slow(folder):
    (folder / "half").write_text("half")
    print("in", folder.name, flush=True)
    time.sleep(60)

with Run.open(Path(sys.argv[1]), {"seed": 1}) as run:
    run.stage("data", lambda folder: (folder / "out.txt").write_text("x data") and {})
    run.stage("train", slow)
"""


@contextmanager
def another_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in train\n"
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def test_a_run_that_was_killed_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with another_process(tmp_path / "run"):
        pass
    assert (tmp_path / "run" / "train" / "half").exists()
    with Run.open(tmp_path / "run", {"seed": 1}) as run:
        assert run.stage("data", writing("never")).reused
        assert not run.stage("train", writing("x")).reused
    assert not (tmp_path / "run" / "train" / "half").exists()


@pytest.mark.parametrize("fresh", [False, True])
def test_a_second_process_is_refused_by_the_first_ones_id(tmp_path: Path, fresh: bool) -> None:
    with another_process(tmp_path / "run") as process:
        with pytest.raises(RunError, match=f"in use by process {process.pid}"):
            Run.open(tmp_path / "run", {"seed": 1}, fresh=fresh)
        assert (tmp_path / "run" / "train" / "half").exists()


def test_a_run_that_nobody_closed_is_let_go_with_its_last_reference(tmp_path: Path) -> None:
    run = Run.open(tmp_path, {})
    with pytest.raises(RunError, match=f"in use by process {os.getpid()}"):
        Run.open(tmp_path, {})
    del run
    Run.open(tmp_path, {}).close()


def test_killed_at_any_moment_a_run_opens_again_and_ends_the_same(tmp_path: Path) -> None:
    script = SCRIPT.replace("time.sleep(60)", "return {}").replace(
        '    print("in", folder.name, flush=True)\n', ""
    )
    for delay in (0.12, 0.13, 0.14, 0.15, 0.16, 0.18):
        path = tmp_path / str(delay)
        with subprocess.Popen([sys.executable, "-c", script, str(path)]) as process:
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
        with Run.open(path, {"seed": 1}) as run:
            run.stage("data", writing("x data"))
            run.stage("train", writing("half"))
        assert (path / "data" / "out.txt").read_text(encoding="utf-8") == "x data"
