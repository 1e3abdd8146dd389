"""Call tools in isolated processes and say what came back.

The processes persist and take batches, so that a call costs microseconds. A call that hangs, crashes or
exhausts the memory costs its process: the executor starts another and goes on. Blame is exact: only the call
that a fresh process dies of is at fault; any other is repeated as the first of a fresh process. An episode of
calls that share a state is repeated from its start.

    with Executor(import_python(Path("tools.py"))) as execute:
        execute(ToolCall(name="get_weather", arguments={"city": "Rome", "date": "2026-05-04"})).value
"""

from __future__ import annotations

import queue
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar

from callwright.errors import ConfigError, ToolsError
from callwright.record import Episode, Isolation, Observation, Played, ToolCall
from callwright.toolbox import episodes as stories
from callwright.toolbox import limits
from callwright.toolbox.process import LEVELS, Gone, Level, Process, Setup
from callwright.toolbox.python import Toolbox, check_import, unchanged_source

IMPORT_SECONDS = 20.0
BATCH = 512
BATCH_BYTES = 1 << 22
SHARE = 1024
"""Calls that a worker takes at once at most; it comes back for more."""
Item = TypeVar("Item")
Result = TypeVar("Result")


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

    `isolation` is what keeps them from the rest of the machine: "bwrap" (namespaces, needs bubblewrap),
    "landlock" (rules of the Linux kernel), "process" (a guard in the interpreter, no boundary) or "none"
    (limits on time, memory and output only, for trusted tools that need files or network). "auto" takes the
    strongest of the first three that works here; each observation says which that was.

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
        isolation: Level = "auto",
    ) -> None:
        if isolation not in LEVELS:
            raise ConfigError("not usable", place="isolation", expected=", ".join(LEVELS), got=str(isolation))
        limits.check(timeout=timeout, output_bytes=output_bytes, workers=workers, memory_mb=memory_mb)
        self._settings: dict[str, Any] = {
            "timeout": timeout, "memory_mb": memory_mb, "output_bytes": output_bytes, "workers": workers,
            "isolation": isolation,
        }  # fmt: skip
        self._toolbox = toolbox
        self._names = {tool.name for tool in toolbox.tools}
        self._methods = {name for names in toolbox.classes.values() for name in names}
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

        A tool with a state plays an episode of this one call. Raises ToolsError only if the file is not the
        one that was imported, or can no longer be imported, and ConfigError if the isolation does not work.
        """
        if self._methods and any(call.name in self._methods for call in calls):
            return [played.observations[0] for played in self.play([Episode((call,)) for call in calls])]
        prepared = [stories.text(call, self._names) for call in calls]
        lines = [line for line in prepared if isinstance(line, bytes)]
        observed = iter(self._spread(lines, SHARE, self._call))
        return [next(observed) if isinstance(line, bytes) else line for line in prepared]

    def play(self, episodes: Sequence[Episode]) -> list[Played]:
        """Run episodes, over all workers, and return what came of each; see `many` for what is raised.

        The calls of an episode run in order and share fresh instances of the classes that they use. Those
        behind one that ended the process are refused, because the state that they would find is lost.
        """
        return stories.played_apart(episodes, self._methods, self.many, self._stage)

    def _stage(self, episodes: Sequence[Episode]) -> list[Played]:
        plays = [stories.prepare(episode, self._names, self._toolbox.classes.keys()) for episode in episodes]
        played = iter(self._spread([play for play in plays if play.sent], SHARE // 8, self._play))
        return [next(played) if play.sent else stories.assembled(play, ()) for play in plays]

    def _spread(
        self, items: Sequence[Item], most: int, work: Callable[[_Slot, Sequence[Item]], list[Result]]
    ) -> list[Result]:
        """Return what `work` makes of the items, in order, shared out among the workers."""
        workers = min(len(self._slots.all), len(items))
        size = max(1, min(most, -(-len(items) // max(1, workers))))
        shares = [items[i : i + size] for i in range(0, len(items), size)]

        def do(share: Sequence[Item]) -> list[Result]:
            slot = self._slots.idle.get()
            try:
                return work(slot, share)
            except BaseException:
                slot.stop()  # its pipe may hold half an answer
                raise
            finally:
                self._slots.idle.put(slot)

        if workers < 2:
            return [result for share in shares for result in do(share)]
        with ThreadPoolExecutor(workers) as pool:
            return [result for results in pool.map(do, shares) for result in results]

    def _call(self, slot: _Slot, lines: Sequence[bytes]) -> list[Observation]:
        done: list[Observation] = []
        while len(done) < len(lines):
            batch = lines[len(done) : len(done) + BATCH]
            while len(batch) > 1 and sum(map(len, batch)) > BATCH_BYTES:
                batch = batch[: len(batch) // 2]
            self._batch(slot, batch, done)
        return done

    def _batch(self, slot: _Slot, lines: Sequence[bytes], done: list[Observation]) -> None:
        """Append the observations of those calls that the slot's process answers, or is to blame for."""
        process = self._running(slot)
        was_fresh, before, level = process.answered == 0, len(done), slot.level
        try:
            for answer in process.answers(lines, len(lines), self._timeout):
                if answer[0] == stories.MEMORY and not (was_fresh and len(done) == before):
                    slot.stop()  # an earlier call may have left too little
                    return
                done.append(stories.observation(answer, level))
        except Gone as gone:
            slot.stop()
            if was_fresh and len(done) == before:
                done.append(stories.blamed(gone, level, self._timeout))
            return
        if process.spent:
            slot.stop()

    def _play(self, slot: _Slot, plays: Sequence[stories.Play]) -> list[Played]:
        done: list[Played] = []
        while len(done) < len(plays):
            self._episodes(slot, plays[len(done) : len(done) + BATCH // 16], done)
        return done

    def _episodes(self, slot: _Slot, plays: Sequence[stories.Play], done: list[Played]) -> None:
        """Append what came of those episodes that the slot's process plays, or is to blame for."""
        process = self._running(slot)
        was_fresh, before, level = process.answered == 0, len(done), slot.level
        seen: list[Observation] = []
        first = was_fresh
        try:
            count = sum(len(play.sent) + 1 for play in plays)
            answers = process.answers([play.request for play in plays], count, self._timeout)
            for play in plays:
                seen, first = [], was_fresh and len(done) == before
                for answer in islice(answers, len(play.sent)):
                    if answer[0] == stories.MEMORY and not first:
                        slot.stop()  # an earlier episode may have left too little
                        return
                    seen.append(stories.observation(answer, level))
                changes = stories.changes(next(answers))
                done.append(stories.assembled(play, seen, changes))
                if process.spent:
                    break
        except Gone as gone:
            slot.stop()
            if first:
                last = stories.blamed(gone, level, self._timeout)
                done.append(stories.ended(plays[len(done) - before], seen, last))
            return
        if process.spent:
            slot.stop()

    def _running(self, slot: _Slot) -> Process:
        if slot.process is None:
            slot.process, slot.level = self._start()
        return slot.process

    def _start(self) -> tuple[Process, Isolation]:
        path = self._setup.path
        unchanged_source(self._toolbox)
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
        return process, hello["isolation"]


def _rebuild(toolbox: Toolbox, settings: dict[str, Any]) -> Executor:
    return Executor(toolbox, **settings)
