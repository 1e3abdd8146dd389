"""The engine's promise: the same bytes in the same order, however the work is spread; no hang, no orphan."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import engine_steps as steps
from callwright import engine
from callwright.errors import ConfigError, DataError, WorkerError
from callwright.record import Dropped, Message, ToolCall, Trajectory, encode
from command_line import heed_interrupts

Row = Trajectory | Dropped


def numbered(count: int) -> list[Row]:
    return [Trajectory(id=str(i)) for i in range(count)]


def outcome(step: engine.Step, rows: Iterator[Row] | list[Row], **spread: int) -> tuple[list[bytes], str]:
    """Run to the end or to the exception; return the bytes that came out, and the exception as text."""
    out: list[bytes] = []
    try:
        for row in engine.run(step, rows, **spread):
            out.append(type(row).__name__.encode() + encode(row))
    except Exception as error:
        return out, f"{type(error).__name__}: {error}"
    return out, ""


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.lists(
    st.one_of(
        st.builds(Trajectory, id=st.text(), extra=st.dictionaries(st.text(), VALUES, max_size=2)),
        st.builds(Dropped, id=st.text(), stage=st.just("before"), reason=st.just("r"), row=VALUES),
    ),
    max_size=40,
)


@pytest.mark.slow
@settings(max_examples=12, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(rows=ROWS, chunk=st.integers(1, 50), workers=st.integers(2, 3))
@pytest.mark.parametrize("step", [steps.same, steps.uneven, steps.reads_ahead, steps.nothing])
def test_any_spread_gives_the_same_bytes_in_the_same_order(
    step: engine.Step, rows: list[Row], chunk: int, workers: int
) -> None:
    expected = outcome(step, rows)
    assert outcome(step, iter(rows), chunk=chunk) == expected
    assert outcome(step, iter(rows), workers=workers, chunk=chunk) == expected


def test_a_dropped_row_stays_between_its_neighbours() -> None:
    gone = Dropped(id="gone", stage="before", reason="r")
    rows: list[Row] = [Trajectory(id="a"), gone, gone, Trajectory(id="b"), gone]
    for step in (steps.same, steps.reads_ahead):
        assert [row.id for row in engine.run(step, rows)] == ["a", "gone", "gone", "b", "gone"]
        assert [row.id for row in engine.run(step, rows, workers=2, chunk=2)] == [
            "a",
            "gone",
            "gone",
            "b",
            "gone",
        ]


def test_a_whole_trajectory_arrives_as_it_was_sent() -> None:
    call = ToolCall(name="f", arguments={"n": 1, "x": 1.0, "big": 2**66, "none": None}, id="c")
    row = Trajectory(id="a", messages=(Message(role="assistant", tool_calls=(call,)),), tools=())
    (back,) = engine.run(steps.same, [row], workers=2)
    assert back == row
    assert encode(back) == encode(row)


def test_text_that_json_can_not_hold_travels_too() -> None:
    row = Trajectory(id="\ud800")
    assert list(engine.run(steps.same, [row], workers=2)) == [row]


@pytest.mark.parametrize(
    ("step", "kind", "text"),
    [
        (steps.raises_data_error, DataError, "50: bad: expected good, got worse (mend it)"),
        (steps.raises_key_error, KeyError, "'fifty'"),
    ],
)
def test_an_exception_of_the_step_surfaces_as_itself_after_all_that_came_before(
    step: engine.Step, kind: type[Exception], text: str
) -> None:
    before = outcome(steps.same, numbered(50))[0]
    for spread in ({"workers": 1}, {"workers": 2, "chunk": 8}, {"workers": 2, "chunk": 1000}):
        assert outcome(step, numbered(200), **spread) == (before, f"{kind.__name__}: {text}")


def test_an_exception_that_can_not_travel_is_quoted() -> None:
    with pytest.raises(WorkerError, match="Refused: 50: no reason"):
        list(engine.run(steps.raises_unpicklable, numbered(60), workers=2, chunk=8))


def test_the_trace_of_a_foreign_exception_comes_along() -> None:
    with pytest.raises(KeyError) as caught:
        list(engine.run(steps.raises_key_error, numbered(60), workers=2, chunk=8))
    assert "raises_key_error" in "".join(caught.value.__notes__)


def test_an_exception_of_the_source_surfaces_after_all_that_it_gave() -> None:
    def source() -> Iterator[Row]:
        yield from numbered(21)
        raise DataError("cut off", place="in.jsonl")

    expected = (outcome(steps.same, numbered(21))[0], "DataError: in.jsonl: cut off")
    assert outcome(steps.same, source()) == expected
    assert outcome(steps.same, source(), workers=2, chunk=4) == expected


@pytest.mark.parametrize(
    ("step", "how"),
    [(steps.exits, "exit code 7"), (steps.is_killed, "signal SIGKILL"), (steps.asks_to_exit, "exit code 3")],
)
@pytest.mark.timeout(20)
def test_a_worker_that_dies_is_an_error_that_names_the_chunk(step: engine.Step, how: str) -> None:
    out, error = outcome(step, numbered(200), workers=2, chunk=8)
    assert out == outcome(steps.same, numbered(48))[0]
    assert error.startswith("WorkerError: chunk 7, rows 49 to 56, the first is '48': a worker process died")
    assert how in error


def test_a_row_that_can_not_be_sent_back_is_an_error() -> None:
    with pytest.raises(WorkerError, match="can not be sent"):
        list(engine.run(steps.unsendable, numbered(3), workers=2))


def test_a_step_that_can_not_be_sent_is_refused_with_the_way_out() -> None:
    with pytest.raises(ConfigError, match="top of a module"):
        list(engine.run(lambda rows: iter(rows), numbered(3), workers=2))


@pytest.mark.parametrize("spread", [{"workers": 0}, {"workers": -1}, {"chunk": 0}])
def test_numbers_that_make_no_sense_are_refused_at_once(spread: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        engine.run(steps.same, [], **spread)


def test_no_row_starts_no_worker_and_one_worker_starts_no_process() -> None:
    assert list(engine.run(steps.same, [], workers=8)) == []
    (row,) = engine.run(steps.process_ids, numbered(1))
    assert isinstance(row, Trajectory)
    assert row.extra["pid"] == os.getpid()


def test_the_work_is_shared_out() -> None:
    rows = list(engine.run(steps.process_ids, numbered(60), workers=2, chunk=1))
    ids = {row.extra["pid"] for row in rows if isinstance(row, Trajectory)}
    assert len(ids) == 2
    assert os.getpid() not in ids


@pytest.mark.parametrize("workers", [1, 2])
def test_reading_does_not_run_ahead_of_writing(workers: int) -> None:
    """Memory is bounded: while the first chunk is slow, only a fixed number of rows is taken in."""
    taken = 0

    def source() -> Iterator[Row]:
        nonlocal taken
        for row in numbered(5000):
            taken += 1
            yield row

    rows = engine.run(steps.first_is_slow, source(), workers=workers, chunk=10)
    next(rows)
    assert taken <= (1 if workers == 1 else 3 * workers * 10)
    assert sum(1 for _ in rows) == 4999


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + 10
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(alive, pids))


def test_a_consumer_that_stops_early_leaves_no_process() -> None:
    rows = engine.run(steps.process_ids, numbered(1000), workers=2, chunk=1)
    pids = [row.extra["pid"] for row, _ in zip(rows, range(8), strict=False) if isinstance(row, Trajectory)]
    rows.close()  # type: ignore[attr-defined]
    assert gone(pids)


SCRIPT = """
import sys, threading
sys.path.insert(0, {tests!r})
import engine_steps as steps
from callwright import engine
from callwright.record import Trajectory
rows = (Trajectory(id=str(i), extra={{"folder": {folder!r}}}) for i in range(1000))
if __name__ == "__main__":
    {body}
"""


@pytest.mark.parametrize("how", ["ctrl-c", "terminate"])
@pytest.mark.timeout(40)
def test_an_interrupt_leaves_no_process(tmp_path: Path, how: str) -> None:
    """Ctrl-C signals the whole process group; a plain SIGTERM only the parent, whose pipes then close."""
    body = "list(engine.run(steps.sleeps_after_signing, rows, workers=2, chunk=1))"
    if how == "terminate":
        body = f"import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(1)); {body}"
    script = SCRIPT.format(tests=str(Path(__file__).parent), folder=str(tmp_path), body=body)
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    ) as process:
        deadline = time.monotonic() + 20
        while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        pids = [int(path.name) for path in tmp_path.iterdir()]
        assert len(pids) == 2
        if how == "ctrl-c":
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.terminate()
        _, stderr = process.communicate(timeout=20)
    assert gone(pids)
    assert "callwright-worker" not in stderr  # only the parent speaks


@pytest.mark.timeout(40)
def test_an_uncaught_error_of_the_consumer_does_not_hang_the_exit(tmp_path: Path) -> None:
    body = "for row in engine.run(steps.same, rows, workers=2, chunk=1): raise ValueError(row.id)"
    script = SCRIPT.format(tests=str(Path(__file__).parent), folder=str(tmp_path), body=body)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("ValueError: 0")
