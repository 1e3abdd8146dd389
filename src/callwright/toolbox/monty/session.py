"""Monty's end: sessions with the tools loaded, which take batches of calls and give back JSON text.

Only text of a bounded length leaves the sandbox. A value would be turned into Python objects as a tree, and
a list that holds the same list many times over, small in there, would fill this process's memory.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from callwright.errors import ExtraMissing
from callwright.toolbox.monty.statements import GUARD

if TYPE_CHECKING:
    from pydantic_monty import Monty, MontySession, ResourceLimits

HINT = "pip install 'callwright[sandbox]'"
BATCH = 128
PATIENCE, GRACE = 1 / 4, 1 / 8
"""Of the timeout of a call: what a batch may take, and how much later its process is killed.

A call that hangs does so twice, in its batch and alone, before the other executor gets to see it.
"""
ROOM = 4 << 20
"""Characters that a batch may hold, or give back; the rest of it comes in the next one."""
DEEPEST = 400
"""Calls in calls. CPython's limit is 1000, with a few of our own below; what is deeper is its to decide."""
HOST_TURNS = 1_000_000
"""Turns to this process that a session may take. None is ever granted anything."""

_PRELUDE = f"""
import json as __callwright_json
__callwright_round = round

def round(number, ndigits=None):
    if ndigits is None or type(number) is not float:
        return __callwright_round(number, ndigits)
    if type(ndigits) is not int:
        raise NotImplementedError
    return float(f"{{number:.{{ndigits}}f}}")  # Monty's own errs where a half can not be written exactly

def print(*values, **options):
    return None

def __callwright_kept(value):
    if type(value) in (list, dict, set):
        raise NotImplementedError
    return value

def {GUARD.format("add")}(x, y): return __callwright_kept(x) + y
def {GUARD.format("mult")}(x, y): return __callwright_kept(x) * y
def {GUARD.format("bitor")}(x, y): return __callwright_kept(x) | y
def {GUARD.format("bitand")}(x, y): return __callwright_kept(x) & y
def {GUARD.format("bitxor")}(x, y): return __callwright_kept(x) ^ y
"""
ADDS_PLAINLY = sum([0.1] * 10) != 1.0
"""Whether this Python adds floats as they come, as Monty does. Since 3.12 it makes up for what that loses."""
_SUM_OF_INTEGERS = """
__callwright_sum = sum

def sum(iterable, start=0):
    if type(start) is float or any(type(item) is float for item in iterable):
        raise NotImplementedError
    return __callwright_sum(iterable, start)
"""
_RUN = """
def __callwright_run(
    calls, limit, room, tools=__callwright_tools, loads=__callwright_json.loads,
    dumps=__callwright_json.dumps, size=len, failures=BaseException,
):
    answers = []
    for name, arguments in loads(calls):
        try:
            value = tools[name](**arguments)
            text = dumps(value, separators=(",", ":"), allow_nan=False)
            if size(text) > limit or loads(text) != value:  # too long, or not plain: tuples, other keys
                text = None
        except failures:
            text = None
        answers.append(text)
        room -= 0 if text is None else size(text)
        if room < 0:
            break
    return answers
"""


class Lost(Exception):
    """The session gave no answer: it ran into a limit, or its process ended."""


class Answer(NamedTuple):
    """What Monty says to one call."""

    text: str | None
    """The result as JSON text; None where Monty is no place for the call."""
    seconds: float
    """Its share of the time that its batch took."""


@contextmanager
def _boundary() -> Iterator[None]:
    """Say Lost for whatever Monty raises: its own errors, and RuntimeError for a session that has ended."""
    from pydantic_monty import MontyError

    try:
        yield
    except (MontyError, RuntimeError, TimeoutError) as error:
        raise Lost(str(error)) from None


class Session:
    """One Monty session. Not thread-safe; after Lost it is of no more use."""

    def __init__(self, pool: Monty, code: str, names: Iterable[str], limits: ResourceLimits) -> None:
        """Load the tools; raises Lost if Monty can not."""
        self._session: MontySession = pool.checkout(limits=limits, os_policy={"sleep": "zero"})
        with _boundary():
            self._session.__enter__()
        try:
            self._feed(_program(code, names))
        except Lost:
            self.stop()
            raise

    def run(self, calls: Sequence[str], limit: int) -> list[str | None]:
        """Return the results of the first calls, each of at most `limit` characters; raises Lost.

        A call is the JSON of ``[name, arguments]``. There is at least one answer.
        """
        inputs = {"__callwright_calls": f"[{','.join(calls)}]"}
        answers = self._feed(f"__callwright_run(__callwright_calls, {limit}, {ROOM})", inputs)
        if (
            not isinstance(answers, list)
            or not 0 < len(answers) <= len(calls)
            or not all(answer is None or isinstance(answer, str) for answer in answers)
        ):
            raise Lost("spoke out of turn")
        return answers

    def stop(self) -> None:
        """Give the process back, to be cleared or replaced."""
        try:
            self._session.__exit__(None, None, None)
        except RuntimeError:
            pass  # it had ended before

    def _feed(self, code: str, inputs: dict[str, str] | None = None) -> object:
        with _boundary():
            return self._session.feed_run(code, inputs=inputs, print_callback=lambda stream, text: None)


def _program(code: str, names: Iterable[str]) -> str:
    """Return all that a session is fed at first: what has to differ, the tools, and what calls them."""
    prelude = _PRELUDE + ("" if ADDS_PLAINLY else _SUM_OF_INTEGERS)
    table = ", ".join(f"{name!r}: {name}" for name in names)
    return f"{prelude}\n{code}\n__callwright_tools = {{{table}}}\n{_RUN}"


class Limits(NamedTuple):
    """What a call may use up; see `Executor`."""

    timeout: float
    memory_mb: int
    output_bytes: int


@dataclass
class _Slot:
    """A place for one session at a time."""

    session: Session | None = None
    size: int = BATCH
    """Of the next batch: smaller after one was lost."""

    def stop(self) -> None:
        if self.session:
            self.session.stop()
            self.session = None


class Sessions:
    """A few sessions with the same tools, and the processes that they run in. May be shared by threads."""

    def __init__(self, limits: Limits, workers: int) -> None:
        self._limits = limits
        self._code, self._names = "", tuple[str, ...]()
        self._slots = [_Slot() for _ in range(workers)]
        self._idle: queue.SimpleQueue[_Slot] = queue.SimpleQueue()
        for slot in self._slots:
            self._idle.put(slot)
        self._pool: Monty | None = None
        self._lock = threading.Lock()

    def load(self, code: str, names: Iterable[str]) -> bool:
        """Set what sessions are to load from now on; return whether they can."""
        self._code, self._names = code, tuple(names)
        slot = self._idle.get()
        try:
            slot.stop()
            self._running(slot)
        except Lost:
            return False
        finally:
            self._idle.put(slot)
        return True

    def answer(self, calls: Sequence[str]) -> list[Answer]:
        """Return one answer for each call, in their order, from one session."""
        answers: list[Answer] = []
        slot = self._idle.get()
        try:
            while len(answers) < len(calls):
                answers += self._batch(slot, calls[len(answers) : len(answers) + slot.size])
        except BaseException:
            slot.stop()
            raise
        finally:
            self._idle.put(slot)
        return answers

    def stop(self) -> None:
        """End all sessions and processes. A later call starts new ones."""
        with self._lock:
            for slot in self._slots:
                slot.stop()
            if self._pool:
                self._pool.__exit__(None, None, None)
                self._pool = None

    def _batch(self, slot: _Slot, calls: Sequence[str]) -> list[Answer]:
        """Return the answers to the first of the calls. If they are lost together, each is repeated alone."""
        characters = 0
        for count, call in enumerate(calls, 1):
            characters += len(call)
            if characters > ROOM:
                calls = calls[:count]
                break
        start = time.perf_counter()
        try:
            texts = self._running(slot).run(calls, self._limits.output_bytes)
        except Lost:
            slot.stop()
            if len(calls) == 1:
                return [Answer(None, 0.0)]
            slot.size = max(1, slot.size // 2)
            return [answer for call in calls for answer in self._batch(slot, [call])]
        slot.size = min(BATCH, 2 * slot.size)
        seconds = (time.perf_counter() - start) / len(texts)
        return [Answer(text, seconds) for text in texts]

    def _running(self, slot: _Slot) -> Session:
        if slot.session is None:
            limits: ResourceLimits = {
                "max_feed_duration_secs": PATIENCE * self._limits.timeout,
                "max_memory": self._limits.memory_mb << 20,
                "max_recursion_depth": DEEPEST,
                "max_suspensions": HOST_TURNS,
            }
            slot.session = Session(self._started(), self._code, self._names, limits)
        return slot.session

    def _started(self) -> Monty:
        with self._lock:
            if self._pool is None:
                from pydantic_monty import Monty

                pool = Monty(
                    max_processes=len(self._slots), feed_duration_limit_grace=GRACE * self._limits.timeout
                )
                try:
                    pool.__enter__()
                except (RuntimeError, OSError) as error:
                    raise ExtraMissing("Monty can not be started", got=str(error), hint=HINT) from None
                self._pool = pool
            return self._pool
