"""The limit of requests in flight: it follows the server, and nobody is sent beyond it."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import ConfigError
from callwright.models.pacing import LONGEST_PAUSE, Outcome, Pace, SkippedTime, Stopped, pauses, retry_after

NEVER = threading.Event()


class Blocked(Exception):
    """Someone would wait for another request to end."""


class NoSlot(SkippedTime):
    """Skips pauses, and tells of it where there is no slot."""

    def wait(self, changed: threading.Condition, seconds: float | None) -> None:
        if seconds is None:
            raise Blocked
        super().wait(changed, seconds)


def window(pace: Pace, *outcomes: Outcome) -> None:
    """Send so many requests at a time, and end them."""
    admissions = [pace.admit(NEVER) for _ in outcomes]
    for admission, outcome in zip(admissions, outcomes, strict=True):
        pace.done(admission, outcome)


@given(
    st.integers(1, 40),
    st.lists(
        st.one_of(
            st.just("send"),
            st.tuples(
                st.integers(0, 60),
                st.sampled_from(["answered", "answered", "crowded", "failed"]),
                st.sampled_from([0.0, 0.0, 0.5, 7.0]),
            ),
        ),
        max_size=200,
    ),
)
def test_nobody_is_sent_beyond_the_limit_nor_while_the_server_wants_to_be_left_alone(
    most: int, steps: list[str | tuple[int, Outcome, float]]
) -> None:
    clock = NoSlot()
    pace = Pace(most, time=clock)
    flying: list[tuple[int, int]] = []  # admission, and how many halvings there had been
    halvings, until = 0, 0.0
    for step in steps:
        before = pace.limit
        if isinstance(step, str):
            if len(flying) < pace.limit:
                flying.append((pace.admit(NEVER), halvings))
                assert clock.now() >= until
            else:
                with pytest.raises(Blocked):
                    pace.admit(NEVER)
        elif flying:
            place, outcome, pause = step
            admission, seen = flying.pop(place % len(flying))
            until = max(until, clock.now() + pause if pause else 0.0)
            pace.done(admission, outcome, pause)
            if outcome == "crowded" and seen == halvings:
                assert pace.limit == max(1, before // 2)
                halvings += 1
            else:
                assert pace.limit in (before, min(before + 1, most) if outcome == "answered" else before)
        assert 1 <= pace.limit <= most
        assert pace.in_flight == len(flying)


def test_the_limit_grows_by_one_with_each_full_window_and_halves_once_for_all_that_were_in_flight() -> None:
    pace = Pace(12, time=NoSlot())
    limits = [pace.limit]
    for _ in range(10):
        window(pace, *["answered"] * (pace.limit - 1))
        assert pace.limit == limits[-1]
        window(pace, "answered")
        limits.append(pace.limit)
    assert limits == [4, 5, 6, 7, 8, 9, 10, 11, 12, 12, 12]
    window(pace, *["crowded"] * 11, "answered")
    assert pace.limit == 6
    window(pace, "crowded", *["answered"] * 5)
    assert pace.limit == 3
    for _ in range(5):
        window(pace, "crowded")
    assert pace.limit == 1
    window(pace, "answered")
    assert pace.limit == 2


def test_what_fails_for_another_reason_changes_no_limit() -> None:
    pace = Pace(8, time=NoSlot())
    window(pace, *["failed"] * 4)
    assert (pace.limit, pace.in_flight) == (4, 0)


def test_a_pause_holds_for_everyone_and_the_longest_one_counts() -> None:
    clock = NoSlot()
    pace = Pace(8, time=clock)
    first, second = pace.admit(NEVER), pace.admit(NEVER)
    pace.done(first, "crowded", 20.0)
    pace.done(second, "crowded", 5.0)
    assert clock.now() == 0
    pace.admit(NEVER)
    assert clock.now() == 20


def test_threads_are_never_more_than_the_limit_and_all_get_their_turn() -> None:
    pace = Pace(6)
    lock = threading.Lock()
    flying, most = 0, 0

    def work(k: int) -> int:
        nonlocal flying, most
        admission = pace.admit(NEVER)
        with lock:
            flying += 1
            most = max(most, flying)
        time.sleep(0.0005)
        with lock:
            flying -= 1
        pace.done(admission, "crowded" if k % 40 == 39 else "answered")
        return k

    with ThreadPoolExecutor(24) as pool:
        assert list(pool.map(work, range(300))) == list(range(300))
    assert pace.in_flight == 0
    assert 2 <= most <= 6


@pytest.mark.parametrize("waits_for", ["a slot", "the end of a pause", "its own repetition"])
def test_whoever_waits_is_woken_when_the_run_ends(waits_for: str) -> None:
    pace, stopped, ended = Pace(1), threading.Event(), threading.Event()
    admission = pace.admit(NEVER)
    if waits_for == "the end of a pause":
        pace.done(admission, "failed", 250.0)

    def wait() -> None:
        with pytest.raises(Stopped):
            pace.rest(250.0, stopped) if waits_for == "its own repetition" else pace.admit(stopped)
        ended.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert not ended.wait(0.02)
    pace.stop(stopped)
    assert ended.wait(5)
    waiting.join()


def test_a_rest_takes_as_long_as_it_says() -> None:
    clock = SkippedTime()
    Pace(1, time=clock).rest(3.5, NEVER)
    assert clock.now() == 3.5


def test_no_request_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="must be positive"):
        Pace(0)


def test_the_pauses_of_a_request_grow_repeat_and_differ_from_those_of_others() -> None:
    mine = list(islice(pauses("a"), 12))
    assert mine == list(islice(pauses("a"), 12))
    assert mine != list(islice(pauses("b"), 12))
    for key in map(str, range(50)):
        for step, pause in enumerate(islice(pauses(key), 12)):
            whole = min(0.5 * 2**step, LONGEST_PAUSE)
            assert whole / 2 <= pause <= whole


NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 0.25 "}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2),
        ({"retry-after": format_datetime(NOW.replace(minute=1), usegmt=True)}, 60),
        ({"retry-after": "Thu, 26 Nov 2026 12:01:00 -0000"}, 60),
        ({"retry-after": "Thu, 26 Nov 2026 13:01:00 +0100"}, 60),
        ({"retry-after": "Thu, 26 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "9" * 400}, float("inf")),
        *(({"retry-after": text}, 0) for text in ("", "-5", "nan", "inf", "1e9", "later", "Thu", "0x10")),
        ({"retry-after": "Thu, 99 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "Mon, 01 Jan 0001 00:00:00 +2359"}, 0),
    ],
)
def test_how_long_to_wait_is_read_in_all_its_spellings(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers, NOW.timestamp()) == seconds


@given(st.text("0123456789.:,+-/ ThuNovGMTé٣\n", max_size=40))
def test_no_header_breaks_the_reading(text: str) -> None:
    assert retry_after({"retry-after": text, "retry-after-ms": text[::-1]}, random.random()) >= 0
