"""Several processes write the rows of one: the same bytes, whatever becomes of the others."""

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthesize_tools import HOSTILE, PLAIN, tool

from callwright.record import Json, Observation, Tool, ToolCall, Trajectory, encode
from callwright.synthesize import STYLES, synthesize
from callwright.synthesize.coverage import Call, Coverage
from callwright.synthesize.generate import Checks, Run, budget_of
from callwright.synthesize.grammar import Grammar
from callwright.synthesize.propose import Workshop, open_workshop
from callwright.synthesize.replicas import WORTH, Replica, Replicas, processes_for, shares_of
from callwright.synthesize.scenes import Scenes
from callwright.synthesize.slots import Slot
from callwright.verify import each
from callwright.verify.verdict import static

ROWS = 200
"""Four waves, and a fifth for what is dropped."""


def shop_of(tools: Sequence[Tool] = PLAIN, scenes: Scenes | None = None) -> Workshop:
    return open_workshop(tools, seed=3, families="train", values="train", scenes=scenes)


def refuse_some(call: ToolCall) -> Observation:
    return Observation(ok=len(str(call.arguments)) % 5 > 0, error="no", kind="raised")


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def rows_of(
    processes: int, tools: Sequence[Tool] = PLAIN, *, ready: bool = True,
    midway: Callable[[Replicas], None] = lambda replicas: None,
) -> tuple[list[bytes], Json]:  # fmt: skip
    """Return the rows of a run and what it covers; `midway` is called in its second wave."""
    with Replicas(shop_of(tools), processes) as replicas:
        assert len(replicas.running) == processes - 1
        if ready:
            wait_until(lambda: all(replica.is_ready() for replica in replicas.running))
        grammar = Grammar(replicas.shop, replicas.fill)
        checks = Checks(each(refuse_some), static=replicas.static)
        run = Run([grammar], replicas.shop, STYLES, checks, budget_of(ROWS, None))
        found = []
        for number, row in enumerate(run(ROWS)):
            found.append(encode(row))
            if number == 70:
                midway(replicas)
        return found, replicas.shop.coverage.to_json()


@pytest.mark.slow
@pytest.mark.parametrize("tools", [PLAIN, HOSTILE])
def test_any_number_of_processes_writes_the_same_bytes(tools: Sequence[Tool]) -> None:
    alone = rows_of(1, tools)
    assert len(alone[0]) > 3 * 64
    assert rows_of(2, tools) == alone
    assert rows_of(3, tools) == alone


@pytest.mark.slow
def test_rows_are_the_same_while_replicas_still_start() -> None:
    assert rows_of(2, ready=False) == rows_of(1)
    some = [encode(row) for row in synthesize(PLAIN, accept=1500, seed=4, processes=2)]
    assert some == [encode(row) for row in synthesize(PLAIN, accept=1500, seed=4)]


@pytest.mark.slow
@pytest.mark.parametrize("at_work", [False, True])
def test_a_replica_that_dies_costs_no_row_and_changes_none(at_work: bool) -> None:
    ended: list[Replica] = []

    def end_one(replicas: Replicas) -> None:
        ended.append(replicas.running[0])
        process = ended[0].process
        if at_work:  # it gets an order, and never answers
            process.send_signal(signal.SIGSTOP)
            threading.Timer(0.5, process.kill).start()
        else:
            process.kill()

    assert rows_of(3, midway=end_one) == rows_of(1)
    assert ended[0].failed


@pytest.mark.slow
def test_replicas_do_their_share_and_judge_it() -> None:
    slots = [Slot(number, style) for number, style in enumerate([*STYLES] * 11)]
    with Replicas(shop_of(), 2) as replicas:
        alone = replicas.fill(slots)
        wait_until(replicas.running[0].is_ready)
        first = replicas.running[0].pace
        together = replicas.fill(slots)
        assert replicas.running[0].pace != first  # it answered
        assert together == alone
        rows = [row for row in together if isinstance(row, Trajectory)]
        assert [replicas.static(row) for row in rows] == [static(row) for row in rows]
        # The very tools, so that what is known of them holds for every row.
        own = {id(subject.tool) for subject in replicas.shop.subjects}
        assert all(id(t) in own for row in rows for t in row.tools or ())
    assert replicas.running == []


@pytest.mark.slow
def test_no_replica_outlives_a_process_that_is_killed() -> None:
    code = (
        "import os, signal\n"
        "from synthesize_tools import PLAIN\n"
        "from callwright.synthesize.propose import open_workshop\n"
        "from callwright.synthesize.replicas import Replicas\n"
        "shop = open_workshop(PLAIN, seed=1, families='train', values='train')\n"
        "with Replicas(shop, 3) as replicas:\n"
        "    while not replicas.running[0].is_ready(): pass\n"
        "    print(*(r.process.pid for r in replicas.running), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = os.pathsep.join(entry for entry in sys.path if entry)
    killed = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    pids = list(map(int, killed.stdout.split()))
    assert len(pids) == 2
    wait_until(lambda: not any(map(is_alive, pids)))
    assert killed.stderr == ""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"


def test_a_replica_is_in_a_session_of_its_own_where_ctrl_c_does_not_reach_it() -> None:
    with Replicas(shop_of(), 2) as replicas:
        pid = replicas.running[0].process.pid
        assert os.getsid(pid) != os.getsid(0)
    assert not is_alive(pid)


def test_what_replicas_are_told_makes_the_same_coverage() -> None:
    told: list[Call] = []
    shop = shop_of()
    shop.coverage.tell = told.append
    run = Run([Grammar(shop)], shop, STYLES, Checks(), budget_of(100, None))
    list(run(100))
    again = Coverage(PLAIN)
    for call in told:
        again.add(*call)
    assert again.to_json() == shop.coverage.to_json()


def test_a_workshop_that_can_not_be_sent_as_it_is_has_no_replicas() -> None:
    used = shop_of()
    used.coverage.add("simple", "get_weather", {"city": "Rome"})
    exotic = [tool("f", "Do it.", x={"enum": [value]}) for value in (math.nan, (1, 2), 2**80)]
    shops = [shop_of(scenes=Scenes([None], lambda state: {})), used, *(shop_of([one]) for one in exotic)]
    for shop in shops:
        with Replicas(shop, 2) as replicas:
            assert replicas.running == []
            slots = [Slot(number, "simple") for number in range(3)]
            assert replicas.fill(slots) == [row for [row] in Grammar(shop).propose(slots)]


def test_small_runs_stay_in_one_process() -> None:
    assert processes_for(WORTH - 1) == 1
    assert 1 <= processes_for(10 * WORTH) <= 4


@given(st.integers(0, 64), st.lists(st.floats(0.1, 16), min_size=1, max_size=4))
def test_shares_hold_each_slot_once_in_order_and_fit_the_paces(count: int, paces: list[float]) -> None:
    slots = [Slot(number, "simple") for number in range(count)]
    shares = shares_of(slots, paces)
    assert [slot for share in shares for slot in share] == slots
    for pace, share in zip(paces, shares, strict=True):
        assert abs(len(share) - count / pace / sum(1 / p for p in paces)) <= 1.01
