"""The candidates of a wave, made by several processes: the same ones as by a single process.

A candidate depends on its slot and on what the coverage had counted before its wave, so a replica of the
workshop that counts the same calls makes the same rows. Each replica takes a share of the slots, this process
another, and what a replica does not answer is made here. Rows come with what the static checks say of them.

A replica is an interpreter of its own, which does not run the program's main module. While it starts, waves
are made without it. It ends when its pipe is closed, so it does not outlive this process, however that ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from multiprocessing.connection import Connection, Pipe
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from callwright.record import Dropped, Tool, Trajectory
from callwright.synthesize.coverage import Call
from callwright.synthesize.families import Families
from callwright.synthesize.grammar import candidate
from callwright.synthesize.pools import Half
from callwright.synthesize.propose import Workshop, open_workshop
from callwright.synthesize.slots import Candidate, Slot
from callwright.verify.verdict import Verdict, static

WORTH = 1000
"""Rows from which on a second process pays for its start."""
MOST = 4
"""Processes that a run takes by itself: calls are executed by one, whatever their number."""
_START = "import sys; sys.path[:] = sys.argv[2:]; from callwright.synthesize.replicas import serve; serve()"
_READY = b"ready"
_NICE = 5
"""Replicas take what others leave of the processors: with nothing left, a run is as fast as without them."""
_SLOWEST = 16.0
"""A pace beyond which a share would be empty, and never tell that a replica became faster."""
_FAILURES = (OSError, EOFError, TypeError, ValueError, OverflowError, RecursionError)
"""What sending and reading raise, where the other end is gone or a value can not be carried."""


def processes_for(accept: int) -> int:
    """Return how many processes pay for a run of so many rows, on the processors that it may use."""
    if accept < WORTH or sys.platform != "linux":
        return 1
    return min(len(os.sched_getaffinity(0)), MOST)


# --- what is said


class _Plan(msgspec.Struct):
    """What a workshop is opened with."""

    tools: tuple[Tool, ...]
    seed: int
    families: Families
    values: Half
    licence: str


class _Order(NamedTuple):
    """The calls that were counted since the last order, and the slots to fill."""

    calls: list[Call]
    slots: Sequence[Slot]


class _Row(NamedTuple):
    """A row without its tools, which both sides have; their numbers; what the static checks say of it."""

    row: Trajectory
    offered: tuple[int, ...]
    verdict: Verdict


class _Answer(NamedTuple):
    """What became of each slot of an order, and how long that took."""

    rows: list[_Row | Dropped]
    seconds: float


_encode = msgspec.msgpack.Encoder().encode
_plan = msgspec.msgpack.Decoder(_Plan).decode
_order = msgspec.msgpack.Decoder(_Order).decode
_answer = msgspec.msgpack.Decoder(_Answer).decode


def _plan_of(shop: Workshop) -> bytes | None:
    """Return the plan of a workshop; None if it holds data, has counted, or would not come out the same."""
    if shop.scenes is not None or shop.coverage.calls:
        return None
    tools = tuple(subject.tool for subject in shop.subjects)
    plan = _Plan(tools, shop.seed, shop.families, shop.values, shop.licence)
    try:
        told = _encode(plan)
        return told if _plan(told) == plan else None
    except _FAILURES:
        return None


# --- in a replica


def serve() -> None:
    """Be a replica: read a plan, then answer orders until the other end of the pipe is closed."""
    os.nice(_NICE)
    pipe = Connection(int(sys.argv[1]))
    plan = _plan(sys.stdin.buffer.read())
    shop = open_workshop(
        plan.tools, seed=plan.seed, families=plan.families, values=plan.values, licence=plan.licence
    )
    numbers = {id(tool): number for number, tool in enumerate(plan.tools)}
    try:
        pipe.send_bytes(_READY)
        while True:
            order = _order(pipe.recv_bytes())
            for call in order.calls:
                shop.coverage.add(*call)
            began = time.perf_counter()
            rows = [candidate(shop, slot) for slot in order.slots]
            packed = [_packed(row, numbers) for row in rows]
            pipe.send_bytes(_encode(_Answer(packed, time.perf_counter() - began)))
    except (EOFError, OSError):
        return  # nobody is left to answer to


def _packed(row: Candidate, numbers: Mapping[int, int]) -> _Row | Dropped:
    if isinstance(row, Dropped):
        return row
    offered = tuple(numbers[id(tool)] for tool in row.tools or ())
    return _Row(msgspec.structs.replace(row, tools=None), offered, static(row))


# --- in this process


class Replica:
    """A process that makes candidates."""

    def __init__(self, plan: bytes) -> None:
        self.news: list[Call] = []
        """Calls that it was not told of yet."""
        self.pace = 1.0
        """How many times as long as this process it takes for a slot."""
        self.failed = False
        """It ended, or there was something that can not be sent."""
        self._ready = False
        self._pipe, theirs = Pipe()
        with theirs, tempfile.TemporaryFile() as file:
            file.write(plan)
            file.seek(0)
            number = theirs.fileno()
            # In a session of its own, where Ctrl-C does not reach it.
            self.process = subprocess.Popen(
                [sys.executable, "-c", _START, str(number), *sys.path], pass_fds=[number],
                start_new_session=True, stdin=file, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip

    def is_ready(self) -> bool:
        """Tell whether it has started."""
        try:
            if not self._ready and self._pipe.poll():
                self._ready = self._pipe.recv_bytes() == _READY
        except _FAILURES:
            self.failed = True
        return self._ready

    def ask(self, slots: Sequence[Slot]) -> None:
        """Order the candidates of some slots."""
        try:
            self._pipe.send_bytes(_encode(_Order(self.news, slots)))
            self.news.clear()
        except _FAILURES:
            self.failed = True

    def answer(self) -> _Answer | None:
        """Return the candidates that were ordered; None if it failed."""
        try:
            return None if self.failed else _answer(self._pipe.recv_bytes())
        except _FAILURES:
            self.failed = True
            return None

    def stop(self) -> None:
        """End the process."""
        self._pipe.close()
        self.process.kill()
        self.process.wait()


class Replicas:
    """This process and replicas of its workshop, which run as long as the context."""

    def __init__(self, shop: Workshop, processes: int) -> None:
        self.running: list[Replica] = []
        self.shop = shop
        self._processes = processes
        self._tools = tuple(subject.tool for subject in shop.subjects)
        self._verdicts: dict[str, Verdict] = {}

    def __enter__(self) -> Self:
        plan = _plan_of(self.shop) if self._processes > 1 else None
        try:
            while plan is not None and len(self.running) < self._processes - 1:
                self.running.append(Replica(plan))
        except _FAILURES:
            pass  # no room for one more: the others make its share
        self.shop.coverage.tell = self._tell if self.running else None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shop.coverage.tell = None
        while self.running:
            self.running.pop().stop()

    def _tell(self, call: Call) -> None:
        for replica in self.running:
            replica.news.append(call)

    def fill(self, slots: Sequence[Slot]) -> list[Candidate]:
        """Return the candidate of each slot."""
        self._verdicts.clear()
        for replica in [replica for replica in self.running if replica.failed]:
            self.running.remove(replica)
            replica.stop()
        ready = [replica for replica in self.running if replica.is_ready()]
        mine, *others = shares_of(slots, [1.0, *(replica.pace for replica in ready)])
        for replica, share in zip(ready, others, strict=True):
            replica.ask(share)
        began = time.perf_counter()
        made = self._made(mine)
        each = (time.perf_counter() - began) / max(1, len(mine))
        for replica, share in zip(ready, others, strict=True):
            answer = replica.answer()
            if answer is None:
                made += self._made(share)
                continue
            made += map(self._unpacked, answer.rows)
            if mine and share:
                pace = (replica.pace + answer.seconds / len(share) / each) / 2
                replica.pace = min(pace, _SLOWEST)
        return made

    def static(self, row: Trajectory) -> Verdict:
        """Judge a row by what it holds, which is done already for the rows of the last wave."""
        return self._verdicts.get(row.id) or static(row)

    def _made(self, slots: Sequence[Slot]) -> list[Candidate]:
        rows = [candidate(self.shop, slot) for slot in slots]
        if self.running:
            self._verdicts |= {row.id: static(row) for row in rows if isinstance(row, Trajectory)}
        return rows

    def _unpacked(self, made: _Row | Dropped) -> Candidate:
        if isinstance(made, Dropped):
            return made
        row = msgspec.structs.replace(made.row, tools=tuple(self._tools[n] for n in made.offered))
        self._verdicts[row.id] = made.verdict
        return row


def shares_of(slots: Sequence[Slot], paces: Sequence[float]) -> list[Sequence[Slot]]:
    """Return a part of the slots for each process, for which all take equally long at their paces."""
    speeds = [1 / pace for pace in paces]
    ends = [round(len(slots) * reached / sum(speeds)) for reached in accumulate(speeds, initial=0.0)]
    return [slots[start:end] for start, end in pairwise(ends)]
