"""Writing rows: nothing is lost, nothing half done looks done, equal rows give equal bytes."""

import os
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import ConfigError, DataError, RunError
from callwright.record import Dropped, Trajectory, encode
from callwright.store import Report, Sink, dropped_path, read, read_lines, report_path, together

SUFFIX = pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst"])
ROWS = st.lists(
    st.one_of(
        st.builds(Trajectory, id=st.text(max_size=5)),
        st.builds(Dropped, id=st.text(max_size=5), stage=st.just("s"), reason=st.sampled_from(["a", "b"])),
    ),
    max_size=30,
)


def fill(out: Path, rows: Iterable[Trajectory | Dropped], **config: int) -> Report:
    with Sink(out, "test", config) as sink:
        for row in rows:
            sink.put(row)
    return sink.report


@pytest.mark.slow
@SUFFIX
@given(rows=ROWS)
def test_what_goes_in_comes_out_as_kept_or_dropped(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, rows: list[Trajectory | Dropped]
) -> None:
    out = tmp_path_factory.mktemp("sink") / f"x{suffix}"
    report = fill(out, rows)
    dropped = [row for row in rows if isinstance(row, Dropped)]
    assert list(read(out)) == [row for row in rows if isinstance(row, Trajectory)]
    assert [msgspec.json.decode(line, type=Dropped) for _, line in read_lines(dropped_path(out))] == dropped
    assert (report.rows_in, report.dropped) == (len(rows), len(dropped))
    assert report.rows_in == report.kept + report.dropped
    assert report.reasons == Counter(row.reason for row in dropped)
    assert Report.load(report_path(out)) == report


@SUFFIX
def test_equal_rows_give_equal_bytes_under_any_name(tmp_path: Path, suffix: str) -> None:
    rows: list[Trajectory | Dropped] = [Trajectory(id=str(i)) for i in range(5000)]
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    fill(first, rows)
    os.utime(first, (0, 0))
    fill(second, rows)
    assert first.read_bytes() == second.read_bytes()


def test_the_report_carries_config_and_notes(tmp_path: Path) -> None:
    with Sink(tmp_path / "x.jsonl", "blend", {"seed": 3}) as sink:
        sink.note("clusters", {"n": 2})
    assert sink.report.stage == "blend"
    assert sink.report.to_json()["config"] == {"seed": 3}
    assert Report.load(tmp_path / "x.report.json").extra == {"clusters": {"n": 2}}


def test_a_report_that_is_none_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "x.report.json").write_text('{"stage": 1}', encoding="utf-8")
    with pytest.raises(DataError, match="not a report"):
        Report.load(tmp_path / "x.report.json")
    with pytest.raises(DataError, match="not a report"):
        Report.load(tmp_path / "absent.json")


def test_an_exception_leaves_what_was_there_before(tmp_path: Path) -> None:
    out = tmp_path / "x.jsonl"
    fill(out, [Trajectory(id="old")])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def rows() -> Iterator[Trajectory]:
        yield Trajectory(id="new")
        raise KeyError("midway")

    with pytest.raises(KeyError):
        fill(out, rows())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_ctrl_c_while_a_stage_begins_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(handle: int, length: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "ftruncate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path / "x.jsonl", [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("taken", ["x.jsonl", "x.dropped.jsonl", "x.report.json"])
def test_a_folder_in_the_way_is_told_before_the_work_is_done(taken: str, tmp_path: Path) -> None:
    (tmp_path / taken).mkdir()
    with pytest.raises(DataError, match=rf"{taken}: can not be written"):
        fill(tmp_path / "x.jsonl", (pytest.fail("a row was made") for _ in range(1)))
    assert [path.name for path in tmp_path.iterdir()] == [taken]


@pytest.mark.parametrize("failing", [0, 1])
def test_of_sinks_that_belong_together_all_appear_or_none(failing: int, tmp_path: Path) -> None:
    """A blend whose sides are of two runs would have rows on both of them."""

    def both(name: str, *, fail: bool) -> None:
        sinks = [Sink(tmp_path / f"{side}.jsonl", "test", {}) for side in ("train", "valid")]
        with together(*sinks):
            for sink in sinks:
                sink.put(Trajectory(id=name))
            if fail:
                sinks[failing].note("what can not be reported", object())  # type: ignore[arg-type]

    both("old", fail=False)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(before) == 6
    with pytest.raises(TypeError):
        both("new", fail=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    both("new", fail=False)
    assert [row.id for side in ("train", "valid") for row in read(tmp_path / f"{side}.jsonl")] == ["new"] * 2


def test_a_stage_may_write_over_its_own_input(tmp_path: Path) -> None:
    out = tmp_path / "x.jsonl"
    fill(out, [Trajectory(id=str(i)) for i in range(10_000)])
    with Sink(out, "test", {}) as sink:
        for row in read(out):
            sink.put(row)
    assert sink.report.kept == 10_000


def test_missing_folders_are_made_and_bad_names_refused(tmp_path: Path) -> None:
    assert fill(tmp_path / "a" / "b" / "x.jsonl", []).rows_in == 0
    with pytest.raises(ConfigError):
        Sink(tmp_path / "x.txt", "test", {})


def test_a_folder_that_can_not_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DataError, match="can not be written"):
        fill(tmp_path / "file" / "x.jsonl", [])


def test_a_second_sink_on_the_same_file_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "x.jsonl"
    with Sink(out, "test", {}) as sink:
        sink.put(Trajectory(id="a"))
        with pytest.raises(RunError, match="another process is writing"):
            fill(out, [])
    assert [row.id for row in read(out)] == ["a"]


@pytest.mark.parametrize("value", ["\ud800", {"deep": object()}])
def test_a_row_that_json_can_not_hold_is_dropped_and_legible(tmp_path: Path, value: object) -> None:
    out = tmp_path / "x.jsonl"
    report = fill(out, [Trajectory(id="a", extra={"key": value}), Trajectory(id="b")])
    assert report.reasons == {"not-encodable": 1}
    assert [row.id for row in read(out)] == ["b"]
    ((_, line),) = read_lines(dropped_path(out))
    assert "key" in msgspec.json.decode(line, type=Dropped).row


def test_a_dropped_row_that_json_can_not_hold_keeps_its_reason(tmp_path: Path) -> None:
    row = Dropped(id="\udc80", stage="unify", reason="bad-row", row=["\udfff"])
    assert fill(tmp_path / "x.jsonl", [row]).reasons == {"bad-row": 1}


@pytest.mark.parametrize("full", ["x.jsonl", "x.dropped.jsonl"])
def test_a_full_disk_is_one_line_with_path_and_free_space(tmp_path: Path, full: str) -> None:
    (tmp_path / f"{full}.part").symlink_to("/dev/full")
    rows: list[Trajectory | Dropped] = [Trajectory(id="a"), Dropped(id="b", stage="s", reason="r")]
    with pytest.raises(DataError, match=rf"{full}: .*no space left.*MB free") as caught:
        fill(tmp_path / "x.jsonl", rows)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def in_subprocess(out: Path, body: str, **limits: int) -> subprocess.CompletedProcess[str]:
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from callwright.record import *; from callwright.store import *\n"
        "rows = lambda n: (Trajectory(id=str(i), extra={'x': os.urandom(50).hex()}) for i in range(n))\n"
        f"with Sink(Path(sys.argv[1]), 'test', {{}}) as sink:\n    {body}\n"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits["bytes"], limits["bytes"]))

    return subprocess.run(
        [sys.executable, "-c", code, str(out)],
        capture_output=True,
        text=True,
        preexec_fn=limit if limits else None,
    )


@SUFFIX
def test_a_limit_on_file_size_is_a_clean_error_too(tmp_path: Path, suffix: str) -> None:
    done = in_subprocess(tmp_path / f"x{suffix}", "[sink.put(row) for row in rows(50_000)]", bytes=100_000)
    assert done.returncode == 1
    assert "DataError" in done.stderr
    assert "no space left" in done.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@SUFFIX
def test_a_killed_process_leaves_nothing_that_looks_finished(
    tmp_path: Path, suffix: Literal[".jsonl", ".jsonl.gz"]
) -> None:
    out = tmp_path / f"x{suffix}"
    done = in_subprocess(out, "[sink.put(row) for row in rows(20_000)]; os.kill(os.getpid(), signal.SIGKILL)")
    assert done.returncode == -signal.SIGKILL
    assert {path.suffix for path in tmp_path.iterdir()} == {".part"}
    assert fill(out, [Trajectory(id="again")]).kept == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [out.name, dropped_path(out).name, report_path(out).name]
    )
    assert [encode(row) for row in read(out)] == [encode(Trajectory(id="again"))]
