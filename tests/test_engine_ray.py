"""Ray Data gives what the local engine gives, on a two-worker cluster of this machine."""

import os
from typing import Any

import pytest

import engine_steps as steps
from callwright import engine
from callwright.record import Dropped, Message, Trajectory, encode

pytest.importorskip("ray", reason="Ray is not installed: pip install 'callwright[ray]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    # Ray's own: sockets and files that it closes at exit, and its use of what others deprecated.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    # A worker must find the steps of this test; it does not inherit pytest's path.
    os.environ["PYTHONPATH"] = os.pathsep.join([os.path.dirname(__file__), os.environ.get("PYTHONPATH", "")])
    yield
    import ray

    ray.shutdown()


def rows(count: int) -> list[Trajectory | Dropped]:
    made: list[Trajectory | Dropped] = [
        Trajectory(id=str(i), messages=(Message(role="user", content=f"{i} ü 😀"),))
        if i % 7
        else Dropped(id=str(i), stage="before", reason="not-json", row={"broken": i})
        for i in range(count)
    ]
    return made


@pytest.mark.slow
def test_rows_come_back_in_order_with_the_same_bytes() -> None:
    given = rows(1000)
    local = [encode(row) for row in engine.run(steps.same, given)]
    assert [encode(row) for row in engine.run(steps.same, given, engine="ray", workers=2, chunk=16)] == local


def test_an_error_of_the_step_surfaces_as_itself_after_the_rows_before_it() -> None:
    given = [row for row in rows(140) if isinstance(row, Trajectory)]
    assert until_it_fails(given, engine="ray", workers=2, chunk=8) == until_it_fails(given)


def until_it_fails(given: list[Trajectory], **spread: Any) -> list[str]:
    """Return the ids that come out before the step's KeyError does."""
    seen: list[str] = []
    try:
        for row in engine.run(steps.raises_key_error, given, **spread):
            seen.append(row.id)
    except KeyError:
        return seen
    pytest.fail("the step did not fail")


def test_the_cluster_has_two_workers() -> None:
    import ray

    assert ray.cluster_resources()["CPU"] == 2
