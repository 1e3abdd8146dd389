"""Run a step over rows, in this process or in several, with the same bytes in the same order either way.

A step is a function from an iterable of trajectories to an iterator of what became of them. It must treat
each row on its own (randomness comes from `store.row_seed`), so it can not matter where the stream is cut.
With workers, a bounded number of chunks is in flight and results are put back in order.

>>> list(run(lambda rows: iter(rows), []))
[]
"""

from __future__ import annotations

import atexit
import itertools
import multiprocessing
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any, NamedTuple, cast

import msgspec

from callwright.errors import CallwrightError, ConfigError, WorkerError
from callwright.record import Dropped, Trajectory

Row = Trajectory | Dropped
Step = Callable[[Iterable[Trajectory]], Iterator[Row]]

_AHEAD = 3
"""Chunks per worker that are read but not handed on yet: bridges a slow one and keeps memory flat."""
_PATIENCE = 3.0
"""Seconds that workers get to clean up before they are killed."""


def run(step: Step, rows: Iterable[Row], *, workers: int = 1, chunk: int = 256) -> Iterator[Row]:
    """Yield what `step` makes of `rows`; a row that an earlier stage dropped passes through in its place.

    With `workers` > 1 the step must be picklable. An exception of the step or of `rows` surfaces as itself,
    after all that came before it; a worker that dies is a `WorkerError` that names its chunk.
    """
    if workers < 1 or chunk < 1:
        raise ConfigError(
            "no way to run", expected="at least 1 worker and 1 row a chunk", got=f"{workers}, {chunk}"
        )
    return _apply(step, rows) if workers == 1 else _spread(step, rows, workers, chunk)


def _apply(step: Step, rows: Iterable[Row]) -> Iterator[Row]:
    # A dropped row is a barrier: a step that reads ahead would otherwise move it.
    for dropped, group in itertools.groupby(rows, key=_is_dropped):
        if dropped:
            yield from group
        else:
            yield from step(cast(Iterable[Trajectory], group))


def _is_dropped(row: Row) -> bool:
    return isinstance(row, Dropped)


def _spread(step: Step, rows: Iterable[Row], workers: int, chunk: int) -> Iterator[Row]:
    team = _Team(step, workers)
    # A caller that dies while this generator is suspended would else wait for the workers for ever.
    atexit.register(team.stop)
    try:
        yield from _in_order(team, _chunks(rows, chunk), _AHEAD * workers)
    finally:
        team.stop()
        atexit.unregister(team.stop)


def _chunks(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Cut `rows` into lists; what was read before `rows` failed comes out before the failure does."""
    batch: list[Row] = []
    try:
        for row in rows:
            batch.append(row)
            if len(batch) == size:
                yield batch
                batch = []
    except Exception:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _in_order(team: _Team, chunks: Iterator[list[Row]], window: int) -> Iterator[Row]:
    submitted = emitted = 0
    reading, failure = True, None
    while reading or emitted < submitted:
        if reading and submitted - emitted < window:
            try:
                team.submit(next(chunks))
                submitted += 1
            except StopIteration:
                reading = False
            except Exception as error:
                reading, failure = False, error
        must_wait = submitted - emitted >= (window if reading else 1) and emitted not in team.answers
        team.turn(block=must_wait)
        if emitted in team.answers:
            answer = team.answers.pop(emitted)
            yield from _unpack(answer.rows)
            if answer.error is not None:
                raise answer.error
            emitted += 1
    if failure is not None:
        raise failure


# --- what travels between processes


class _Batch(msgspec.Struct, array_like=True, gc=False):
    """Rows on the wire: the two kinds apart, because they carry no tag, and where the dropped ones stood."""

    kept: list[Trajectory]
    dropped: list[Dropped]
    places: list[int]


_Packed = bytes | list[Row]
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Batch)


class _Answer(NamedTuple):
    rows: _Packed
    error: Exception | None


def _pack(rows: list[Row]) -> _Packed:
    """Return rows as JSON, a third of the cost of a pickle; as they are if JSON can not hold them."""
    batch = _Batch(
        [row for row in rows if isinstance(row, Trajectory)],
        [row for row in rows if isinstance(row, Dropped)],
        [place for place, row in enumerate(rows) if isinstance(row, Dropped)],
    )
    try:
        return _encoder.encode(batch)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return rows


def _unpack(packed: _Packed) -> Iterator[Row]:
    if isinstance(packed, list):
        yield from packed
        return
    batch = _decoder.decode(packed)
    kept, dropped, places = iter(batch.kept), iter(batch.dropped), set(batch.places)
    for place in range(len(batch.kept) + len(batch.dropped)):
        yield next(dropped) if place in places else next(kept)


# --- in the worker


def _work(step: Step, pipe: Connection) -> None:
    """Answer chunks until the other end of `pipe` is closed, by whatever death."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # unwind, so that the step can clean up
    try:
        pipe.send(None)  # ready
        while True:
            rows: list[Row] = []
            error: Exception | None = None
            packed: _Packed = pipe.recv()
            try:
                rows.extend(_apply(step, _unpack(packed)))
            except Exception as raised:
                error = _sendable(raised)
            _send(pipe, _Answer(_pack(rows), error))
    except (EOFError, OSError):
        return  # nobody is left to answer to


def _send(pipe: Connection, answer: _Answer) -> None:
    try:
        pipe.send(answer)
    except OSError:
        raise
    except Exception as error:
        pipe.send(_Answer([], WorkerError("a step made a row that can not be sent", got=str(error))))


def _sendable(error: Exception) -> Exception:
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


class _Chunk(NamedTuple):
    number: int
    place: str
    packed: _Packed


class _Worker:
    """A process and the chunk it is at; None before it is ready and while it has nothing to do."""

    def __init__(self, step: Step) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=_work, args=(step, theirs), name="callwright-worker")
        self.ready = False
        self.chunk: _Chunk | None = None
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
            place=self.chunk.place if self.chunk else "at its start",
            got=how,
            hint="out of memory, most likely"
            if code == -signal.SIGKILL
            else "with one worker the cause shows",
        )


class _Team:
    """The worker processes, the chunks that wait for one, and the answers that wait to be handed on."""

    def __init__(self, step: Step, size: int) -> None:
        self.answers: dict[int, _Answer] = {}
        self._step = step
        self._size = size
        self._workers: list[_Worker] = []
        self._queue: deque[_Chunk] = deque()
        self._submitted = 0
        self._rows = 0

    def submit(self, rows: list[Row]) -> None:
        first, self._rows = self._rows + 1, self._rows + len(rows)
        place = f"chunk {self._submitted + 1}, rows {first} to {self._rows}, the first is {rows[0].id!r}"
        self._queue.append(_Chunk(self._submitted, place, _pack(rows)))
        self._submitted += 1

    def turn(self, *, block: bool) -> None:
        """Take what workers have to say and give them what there is to do; `block` until one speaks."""
        waiting = len(self._queue) - sum(worker.chunk is None for worker in self._workers)
        if waiting > 0 and len(self._workers) < self._size:
            self._workers.append(_Worker(self._step))
        self._hand_out()
        speakers: dict[Any, _Worker] = {w.pipe: w for w in self._workers if w.chunk or not w.ready}
        speakers |= {w.process.sentinel: w for w in self._workers if w.chunk or not w.ready}
        for worker in {speakers[ready] for ready in wait(list(speakers), None if block else 0)}:
            self._listen(worker)
        self._hand_out()

    def _hand_out(self) -> None:
        for worker in list(self._workers):
            if self._queue and worker.ready and worker.chunk is None:
                worker.chunk = self._queue.popleft()
                try:
                    worker.pipe.send(worker.chunk.packed)
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
            if worker.chunk is None:
                raise said
            said = _Answer([], said)
        if worker.chunk is not None:
            self.answers[worker.chunk.number] = said
        worker.ready, worker.chunk = True, None

    def stop(self) -> None:
        """End all workers: idle ones by closing the pipe, busy ones by a signal, stubborn ones by a kill."""
        for worker in self._workers:
            worker.pipe.close()
            if worker.chunk is not None or not worker.ready:
                worker.process.terminate()
        deadline = time.monotonic() + _PATIENCE
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self._workers.clear()
