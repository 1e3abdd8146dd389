"""Worker processes of one machine: tasks in, results out in the order of the tasks, few at a time.

A worker that dies takes only its task with it, and the error names that task. Nothing outlives the caller.
"""

from __future__ import annotations

import atexit
import multiprocessing
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any, NamedTuple, TypeVar

from callwright.engine.task import Task
from callwright.errors import CallwrightError, ConfigError, WorkerError

T = TypeVar("T")
R = TypeVar("R")

_AHEAD = 3
"""Tasks per worker that are read but not handed on yet: bridges a slow one and keeps memory flat."""
_PATIENCE = 3.0
"""Seconds that workers get to clean up before they are killed."""


def spread(work: Callable[[T], R], tasks: Iterable[Task], workers: int) -> Iterator[R]:
    """Yield ``work(task.value)`` for each task, in order; `work` must be picklable.

    An exception of `work` or of `tasks` surfaces as itself, after all that came before it; a worker that
    dies is a `WorkerError` that names its task.
    """
    team = _Team(work, workers)
    # A caller that dies while this generator is suspended would else wait for the workers for ever.
    atexit.register(team.stop)
    try:
        yield from _in_order(team, iter(tasks), _AHEAD * workers)
    finally:
        team.stop()
        atexit.unregister(team.stop)


def _in_order(team: _Team, tasks: Iterator[Task], window: int) -> Iterator[Any]:
    submitted = emitted = 0
    reading, failure = True, None
    while reading or emitted < submitted:
        if reading and submitted - emitted < window:
            try:
                team.submit(submitted, next(tasks))
                submitted += 1
            except StopIteration:
                reading = False
            except Exception as error:
                reading, failure = False, error
        must_wait = submitted - emitted >= (window if reading else 1) and emitted not in team.answers
        team.turn(block=must_wait)
        if emitted in team.answers:
            answer = team.answers.pop(emitted)
            if answer.error is not None:
                raise answer.error
            yield answer.result
            emitted += 1
    if failure is not None:
        raise failure


class _Answer(NamedTuple):
    result: Any
    error: Exception | None


# --- in the worker


def _work(work: Callable[[Any], Any], pipe: Connection) -> None:
    """Answer tasks until the other end of `pipe` is closed, by whatever death."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # unwind, so that the work can clean up
    try:
        pipe.send(None)  # ready
        while True:
            value = pipe.recv()
            try:
                answer = _Answer(work(value), None)
            except Exception as raised:
                answer = _Answer(None, sendable(raised))
            _send(pipe, answer)
    except (EOFError, OSError):
        return  # nobody is left to answer to


def _send(pipe: Connection, answer: _Answer) -> None:
    try:
        pipe.send(answer)
    except OSError:
        raise
    except Exception as error:
        pipe.send(_Answer(None, WorkerError("a worker made a row that can not be sent", got=str(error))))


def sendable(error: Exception) -> Exception:
    """Return `error`, or a `WorkerError` that quotes it if it would not survive the way to the parent."""
    if not isinstance(error, CallwrightError):
        error.add_note("in a worker process:\n" + "".join(traceback.format_exception(error)))
    try:
        copy = ForkingPickler.loads(ForkingPickler.dumps(error))
    except Exception:
        copy = None
    if type(copy) is type(error):
        return error
    return WorkerError(
        "a step raised an exception that can not be sent", got=f"{type(error).__name__}: {error}"
    )


# --- in the parent


class _Numbered(NamedTuple):
    number: int
    task: Task


class _Worker:
    """A process and the task it is at; None before it is ready and while it has nothing to do."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=_work, args=(work, theirs), name="callwright-worker")
        self.ready = False
        self.task: _Numbered | None = None
        try:
            self.process.start()
        except OSError as error:
            self.pipe.close()
            raise WorkerError("a worker process can not be started", got=str(error)) from None
        except Exception as error:
            self.pipe.close()
            raise ConfigError(
                "the step can not be sent to a worker process",
                got=str(error),
                hint="define it at the top of a module, or use one worker",
            ) from error
        finally:
            theirs.close()

    def died(self) -> WorkerError:
        self.process.join(_PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        code = self.process.exitcode
        how = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
        return WorkerError(
            "a worker process died",
            place=self.task.task.place if self.task else "at its start",
            got=how,
            hint="out of memory, most likely"
            if code == -signal.SIGKILL
            else "with one worker the cause shows",
        )


class _Team:
    """The worker processes, the tasks that wait for one, and the answers that wait to be handed on."""

    def __init__(self, work: Callable[[Any], Any], size: int) -> None:
        self.answers: dict[int, _Answer] = {}
        self._work = work
        self._size = size
        self._workers: list[_Worker] = []
        self._queue: deque[_Numbered] = deque()

    def submit(self, number: int, task: Task) -> None:
        self._queue.append(_Numbered(number, task))

    def turn(self, *, block: bool) -> None:
        """Take what workers have to say and give them what there is to do; `block` until one speaks."""
        waiting = len(self._queue) - sum(worker.task is None for worker in self._workers)
        if waiting > 0 and len(self._workers) < self._size:
            self._workers.append(_Worker(self._work))
        self._hand_out()
        speakers: dict[Any, _Worker] = {w.pipe: w for w in self._workers if w.task or not w.ready}
        speakers |= {w.process.sentinel: w for w in self._workers if w.task or not w.ready}
        for worker in {speakers[ready] for ready in wait(list(speakers), None if block else 0)}:
            self._listen(worker)
        self._hand_out()

    def _hand_out(self) -> None:
        for worker in list(self._workers):
            if self._queue and worker.ready and worker.task is None:
                worker.task = self._queue.popleft()
                try:
                    worker.pipe.send(worker.task.task.value)
                except OSError:
                    self._listen(worker)

    def _listen(self, worker: _Worker) -> None:
        try:
            # A dead worker may have left a last word, so the pipe decides before the exit code does.
            said = worker.pipe.recv() if worker.pipe.poll() else worker.died()
        except (EOFError, OSError):
            said = worker.died()
        if isinstance(said, WorkerError):
            self._workers.remove(worker)
            worker.pipe.close()
            if worker.task is None:
                raise said
            said = _Answer(None, said)
        if worker.task is not None:
            self.answers[worker.task.number] = said
        worker.ready, worker.task = True, None

    def stop(self) -> None:
        """End all workers: idle ones by closing the pipe, busy ones by a signal, stubborn ones by a kill."""
        for worker in self._workers:
            worker.pipe.close()
            if worker.task is not None or not worker.ready:
                worker.process.terminate()
        deadline = time.monotonic() + _PATIENCE
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers.clear()
