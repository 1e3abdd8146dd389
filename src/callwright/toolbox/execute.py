"""Call tools in isolated processes and say what came back.

The processes persist and take batches, so that a call costs microseconds. A call that hangs, crashes or
exhausts the memory costs its process: the executor starts another and goes on. Blame is exact: only the call
that a fresh process dies of is at fault; any other is repeated as the first of a fresh process.

    with Executor(import_python(Path("tools.py"))) as execute:
        execute(ToolCall(name="get_weather", arguments={"city": "Rome", "date": "2026-05-04"})).value
"""

from __future__ import annotations

import hashlib
import json
import queue
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from types import TracebackType
from typing import Any, Literal, Self

import msgspec

from callwright.errors import ConfigError, ToolsError
from callwright.record import Episode, Isolation, Observation, Played, ToolCall
from callwright.toolbox.process import Answer, Gone, Process, Setup
from callwright.toolbox.python import Toolbox, check_import, read_source

IMPORT_SECONDS = 20.0
BATCH = 128
_KINDS: dict[bytes, Literal["raised", "oversize"]] = {b"e": "raised", b"m": "raised", b"o": "oversize"}
_RESULT, _MEMORY = b"v", b"m"


@dataclass
class _Slot:
    """A place for one process at a time."""

    process: Process | None = None
    level: Isolation = "none"
    """The level that its last process reported."""

    def stop(self) -> None:
        if self.process:
            self.process.stop()
            self.process = None


@dataclass
class _Slots:
    """The places of an executor; those not in use wait in `idle`."""

    all: list[_Slot]
    idle: queue.SimpleQueue[_Slot] = field(default_factory=queue.SimpleQueue)

    def stop(self) -> None:
        for slot in self.all:
            slot.stop()


class Executor:
    """Calls the tools of a toolbox. Processes start on the first call; `close` or `with` ends them.

    It pickles as its settings, and may be shared by threads.
    """

    def __init__(
        self,
        toolbox: Toolbox,
        *,
        timeout: float = 2.0,
        memory_mb: int = 1024,
        output_bytes: int = 65536,
        workers: int = 1,
        isolation: Literal["landlock", "process"] | None = None,
    ) -> None:
        for name, number in (("timeout", timeout), ("output_bytes", output_bytes), ("workers", workers)):
            if number <= 0:
                raise ConfigError("not usable", place=name, expected="more than 0", got=str(number))
        if memory_mb < 128:
            raise ConfigError("not usable", place="memory_mb", expected="at least 128", got=str(memory_mb))
        self._settings: dict[str, Any] = {
            "timeout": timeout, "memory_mb": memory_mb, "output_bytes": output_bytes, "workers": workers,
            "isolation": isolation,
        }  # fmt: skip
        self._toolbox = toolbox
        self._names = {tool.name for tool in toolbox.tools}
        self._timeout = timeout
        self._setup = Setup(toolbox.path, isolation, memory_mb, output_bytes)
        self._slots = _Slots([_Slot() for _ in range(workers)])
        for slot in self._slots.all:
            self._slots.idle.put(slot)
        self._stop = weakref.finalize(self, self._slots.stop)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self._toolbox, self._settings))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes. A later call would start new ones."""
        self._slots.stop()

    @property
    def isolation(self) -> Isolation:
        """The level that calls run at on this machine; starts a process to find out."""
        slot = self._slots.idle.get()
        try:
            self._running(slot)
            return slot.level
        finally:
            self._slots.idle.put(slot)

    def __call__(self, call: ToolCall) -> Observation:
        """Call one tool. Whatever the tool does becomes the observation; see `many` for what is raised."""
        return self.many([call])[0]

    def many(self, calls: Sequence[ToolCall]) -> list[Observation]:
        """Call tools in order, over all workers, and return one observation each.

        Raises ToolsError only if the file is not the one that was imported, or can no longer be imported.
        """
        observations: list[Observation | None] = [None] * len(calls)
        texts: dict[int, bytes] = {}
        for i, call in enumerate(calls):
            text = self._text(call)
            if isinstance(text, bytes):
                texts[i] = text
            else:
                observations[i] = text
        todo = list(texts)
        workers = min(len(self._slots.all), len(todo))
        size = max(1, min(4 * BATCH, -(-len(todo) // max(1, workers))))
        shares = [todo[i : i + size] for i in range(0, len(todo), size)]

        def work(share: list[int]) -> list[Observation]:
            return self._execute([texts[i] for i in share])

        if workers < 2:
            results = [work(share) for share in shares]
        else:
            with ThreadPoolExecutor(workers) as pool:
                results = list(pool.map(work, shares))
        for share, found in zip(shares, results, strict=True):
            for i, observation in zip(share, found, strict=True):
                observations[i] = observation
        return [observation for observation in observations if observation is not None]

    def play(self, episodes: Sequence[Episode]) -> list[Played]:
        """Run episodes, over all workers, and return what came of each; see `many` for what is raised."""
        observed = iter(self.many([call for episode in episodes for call in episode.calls]))
        return [Played(tuple(islice(observed, len(episode.calls)))) for episode in episodes]

    def _text(self, call: ToolCall) -> bytes | Observation:
        """Return the call as a process takes it, or why it is refused."""
        if call.name not in self._names:
            return Observation(ok=False, kind="refused", error=f"no tool is named {call.name!r}")
        if not isinstance(call.arguments, dict):
            return Observation(ok=False, kind="refused", error="the arguments are not an object")
        try:
            return json.dumps([call.name, call.arguments], allow_nan=False).encode("ascii")
        except (TypeError, ValueError, RecursionError) as error:
            return Observation(ok=False, kind="refused", error=f"the arguments are not JSON: {error}")

    def _execute(self, calls: Sequence[bytes]) -> list[Observation]:
        slot = self._slots.idle.get()
        done: list[Observation] = []
        try:
            while len(done) < len(calls):
                self._batch(slot, calls[len(done) : len(done) + BATCH], done)
        except BaseException:
            slot.stop()  # its pipe may hold half an answer
            raise
        finally:
            self._slots.idle.put(slot)
        return done

    def _batch(self, slot: _Slot, calls: Sequence[bytes], done: list[Observation]) -> None:
        """Append the observations of those `calls` that the slot's process answers, or is to blame for."""
        process = self._running(slot)
        was_fresh, before = process.answered == 0, len(done)
        try:
            for answer in process.answers(calls, self._timeout):
                if answer.status == _MEMORY and not (was_fresh and len(done) == before):
                    slot.stop()  # an earlier call may have left too little
                    return
                done.append(self._observation(answer, slot.level))
        except Gone as gone:
            slot.stop()
            if was_fresh and len(done) == before:
                text = (
                    f"no answer within {self._timeout:g} s"
                    if gone.kind == "timeout"
                    else f"the call {gone.text}"
                )
                seconds = self._timeout if gone.kind == "timeout" else 0.0
                done.append(
                    Observation(ok=False, kind=gone.kind, error=text, isolation=slot.level, seconds=seconds)
                )
            return
        if process.spent:
            slot.stop()

    def _observation(self, answer: Answer, level: Isolation) -> Observation:
        if answer.status != _RESULT:
            return Observation(
                ok=False, kind=_KINDS[answer.status], error=answer.text.decode("utf-8", "replace"),
                isolation=level, seconds=answer.seconds,
            )  # fmt: skip
        try:
            value = msgspec.json.decode(answer.text)
        except (msgspec.DecodeError, RecursionError):
            raise Gone("crashed", "spoiled its own answer") from None
        return Observation(ok=True, value=value, isolation=level, seconds=answer.seconds)

    def _running(self, slot: _Slot) -> Process:
        if slot.process is None:
            slot.process, slot.level = self._start()
        return slot.process

    def _start(self) -> tuple[Process, Isolation]:
        path = self._setup.path
        if hashlib.sha256(read_source(path)).hexdigest() != self._toolbox.sha256:
            raise ToolsError("changed since it was imported", place=str(path), hint="import it again")
        process = Process(self._setup)
        try:
            hello = process.hello(IMPORT_SECONDS)
            check_import(hello, path)
        except Gone as gone:
            process.stop()
            raise ToolsError(f"the import {gone.text}", place=str(path)) from None
        except BaseException:
            process.stop()
            raise
        level: Isolation = hello["isolation"]
        if self._setup.isolation not in (None, level):
            process.stop()
            raise ConfigError(
                "the isolation asked for does not work on this machine",
                place="isolation", expected=str(self._setup.isolation), got=level,
            )  # fmt: skip
        return process, level


def _rebuild(toolbox: Toolbox, settings: dict[str, Any]) -> Executor:
    return Executor(toolbox, **settings)
