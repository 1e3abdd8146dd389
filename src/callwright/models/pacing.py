"""How many requests are sent to a server at a time: as many as it takes, found out by sending them.

The limit grows by one with every window of answers and halves when the server is crowded, as TCP does it, so
that nobody has to know a server's limits beforehand. A pause that the server asks for holds for all requests.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal, Protocol

from callwright.errors import ConfigError

START = 4
"""Requests in flight at first."""
LONGEST_WAIT = 300.0
"""Seconds that a server may ask to be left alone; more is an outage."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
"""Seconds before the first repetition of a request and before the later ones, at most."""

Outcome = Literal["answered", "crowded", "failed"]
"""How a request ended; `failed` says nothing about how busy the server is."""

_SECONDS = re.compile(r"\d+(?:\.\d+)?")


class Stopped(Exception):
    """Nothing more is to be sent, because something else ended the run."""


class Time(Protocol):
    """What a pace knows of time."""

    def now(self) -> float:
        """Return the seconds since some moment."""
        ...

    def wait(self, changed: threading.Condition, seconds: float | None) -> None:
        """Return when `changed` is notified or the seconds have passed; the condition is held."""
        ...


class RealTime:
    """Time as it passes."""

    def now(self) -> float:
        """Return the seconds since some moment."""
        return time.monotonic()

    def wait(self, changed: threading.Condition, seconds: float | None) -> None:
        """Return when `changed` is notified or the seconds have passed."""
        changed.wait(seconds)


class SkippedTime:
    """Time that passes at once where it is waited for: for tests of what would take minutes."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        """Return the seconds that were skipped."""
        return self.seconds

    def wait(self, changed: threading.Condition, seconds: float | None) -> None:
        """Skip the seconds; without any, return when `changed` is notified."""
        if seconds is None:
            changed.wait()
        else:
            self.seconds += seconds


class Pace:
    """The limit of requests in flight, between 1 and `most`; shared by all threads that ask one server."""

    def __init__(self, most: int, *, time: Time | None = None) -> None:
        if most < 1:
            raise ConfigError("the number of requests at a time must be positive", got=str(most))
        self.most = most
        self.limit = min(START, most)
        self.in_flight = 0
        self._time = time or RealTime()
        self._changed = threading.Condition()
        self._resumes = self._time.now()
        self._halvings = 0
        self._answered = 0

    def admit(self, stopped: threading.Event) -> int:
        """Wait until a request may be sent; return its admission, for `done`. Raises `Stopped`."""
        with self._changed:
            while not stopped.is_set():
                pause = self._resumes - self._time.now()
                if pause > 0:
                    self._time.wait(self._changed, pause)
                elif self.in_flight >= self.limit:
                    self._time.wait(self._changed, None)
                else:
                    self.in_flight += 1
                    return self._halvings
        raise Stopped

    def done(self, admission: int, outcome: Outcome, pause: float = 0.0) -> None:
        """Take back an admission; `pause` is for how many seconds the server wants to be left alone."""
        with self._changed:
            self.in_flight -= 1
            if pause > 0:
                self._resumes = max(self._resumes, self._time.now() + pause)
            # What was in flight when the limit was halved tells nothing about the new one.
            if admission == self._halvings:
                self._learn(outcome)
            self._changed.notify_all()

    def _learn(self, outcome: Outcome) -> None:
        if outcome == "crowded":
            self.limit = max(1, self.limit // 2)
            self._halvings += 1
            self._answered = 0
        elif outcome == "answered":
            self._answered += 1
            if self._answered >= self.limit:
                self.limit = min(self.limit + 1, self.most)
                self._answered = 0

    def rest(self, seconds: float, stopped: threading.Event) -> None:
        """Wait, as one request does before it is repeated. Raises `Stopped`."""
        with self._changed:
            until = self._time.now() + seconds
            while not stopped.is_set():
                left = until - self._time.now()
                if left <= 0:
                    return
                self._time.wait(self._changed, left)
        raise Stopped

    def stop(self, stopped: threading.Event) -> None:
        """Set `stopped`, and wake everyone who waits here."""
        with self._changed:
            stopped.set()
            self._changed.notify_all()


def pauses(key: str) -> Iterator[float]:
    """Yield the seconds between the attempts at one request: longer each time, and different by its key."""
    jitter = random.Random(key)
    pause = FIRST_PAUSE
    while True:
        yield pause * jitter.uniform(0.5, 1.0)
        pause = min(2 * pause, LONGEST_PAUSE)


def retry_after(headers: Mapping[str, str], now: float) -> float:
    """Return for how many seconds a response asks to be left alone, 0 where it says nothing legible.

    ``Retry-After`` holds seconds or an HTTP date, which is held against `now`, seconds since the epoch;
    OpenAI's ``retry-after-ms`` is more exact and goes first. `headers` ignores the case of its names.
    """
    exact, plain = headers.get("retry-after-ms", "").strip(), headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(exact):
        return float(exact) / 1000
    if _SECONDS.fullmatch(plain):
        return float(plain)
    try:
        date = parsedate_to_datetime(plain)
        return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, OverflowError):
        return 0.0
