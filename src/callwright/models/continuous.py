"""Answers to prompts that come at any time: each joins the others between two of their tokens.

One thread owns the model. Between two steps it reads one waiting prompt at most, so that a long prompt holds
the others up once, and not for as long as prompts keep coming.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

import torch

from callwright.errors import CallwrightError, ModelError
from callwright.models.batching import Row

Told = Callable[[Row, bool], None]
"""Is told of a row in the model's thread, after each of its tokens; True after the last one."""


class Steps(Protocol):
    """What writes the rows: `batching.Batch`, or `plain.Alone` for architectures that it does not take."""

    slots: int
    rows: list[Row]

    def admit(self, row: Row) -> bool:
        """Begin a row; tell whether it has ended already."""
        ...

    def step(self) -> list[Row]:
        """Write one token in every row; return those that ended."""
        ...

    def clear(self) -> None:
        """Forget all rows."""
        ...


class Continuous:
    """Writes rows that are submitted from any thread, those that came first first."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._waiting: deque[tuple[Row, Told]] = deque()
        self._begun: dict[int, tuple[Row, Told]] = {}
        """The rows that were begun and have not ended, by their identity, and whom to tell of them."""
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Return how many rows have not been begun."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """Return how many rows are being written."""
        return len(self._begun)

    def submit(self, row: Row, told: Told) -> None:
        """Let a row be written; raises `ModelError` after `close`."""
        with self._changed:
            if self._closed:
                raise ModelError("the model is being closed")
            self._waiting.append((row, told))
            self._changed.notify()

    def close(self) -> None:
        """Take no more rows, write those that were submitted to their end, and stop the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with torch.inference_mode():
            while self._work():
                try:
                    self._admit()
                    ended = self._steps.step()
                except Exception as error:  # of the model itself, and so of all that it was writing
                    self._fail(error)
                else:
                    for row in self._steps.rows:
                        self._tell(row)
                    for row in ended:
                        self._tell(row, ended=True)

    def _work(self) -> bool:
        """Wait until there is something to do; False when there never will be."""
        with self._changed:
            while not (self._waiting or self._begun or self._closed):
                self._changed.wait()
            return bool(self._waiting or self._begun)

    def _admit(self) -> None:
        """Begin a row that waits, if there is room for it."""
        if not self._waiting or len(self._steps.rows) >= self._steps.slots:
            return
        row, told = self._waiting.popleft()
        self._begun[id(row)] = row, told
        if row.unwanted or self._steps.admit(row):
            self._tell(row, ended=True)

    def _tell(self, row: Row, *, ended: bool = False) -> None:
        _, told = self._begun.pop(id(row)) if ended else self._begun[id(row)]
        told(row, ended)

    def _fail(self, error: Exception) -> None:
        """Tell of every row that was begun that the model failed, and go on without them."""
        known = error if isinstance(error, CallwrightError) else None
        self._steps.clear()
        for row, _ in list(self._begun.values()):
            row.error = known or ModelError("the model failed", got=repr(error))
            self._tell(row, ended=True)
