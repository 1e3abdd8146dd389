"""Run a step over rows: in this process, in worker processes, or on Ray; the same bytes in the same order.

A step is a function from an iterable of trajectories to an iterator of what became of them. It must treat
each row on its own (randomness comes from `store.row_seed`), so it can not matter where the stream is cut.

>>> list(run(lambda rows: iter(rows), []))
[]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, TypeVar

from callwright.engine.rows import ApplyStep, Row, Step, apply, chunks, unpack
from callwright.engine.task import Task
from callwright.errors import ConfigError

__all__ = ["Engine", "Row", "Step", "Task", "in_order", "run"]

Engine = Literal["local", "ray"]
T = TypeVar("T")
R = TypeVar("R")


def in_order(
    work: Callable[[T], R], tasks: Iterable[Task], *, workers: int = 1, engine: Engine = "local"
) -> Iterator[R]:
    """Yield ``work(task.value)`` for each task, in the order of the tasks, a bounded number in flight.

    With more than one worker, or on Ray, `work` and the values must be picklable.
    """
    if engine == "ray":
        from callwright.engine import cluster

        return cluster.spread(work, tasks, workers)
    if workers == 1:
        return (work(task.value) for task in tasks)
    from callwright.engine import team  # the machinery of processes takes two megabytes

    return team.spread(work, tasks, workers)


def run(
    step: Step, rows: Iterable[Row], *, workers: int = 1, chunk: int = 256, engine: Engine = "local"
) -> Iterator[Row]:
    """Yield what `step` makes of `rows`; a row that an earlier stage dropped passes through in its place.

    With `workers` > 1 the step must be picklable. An exception of the step or of `rows` surfaces as itself,
    after all that came before it; a worker that dies is a `WorkerError` that names its chunk.
    """
    if workers < 1 or chunk < 1:
        raise ConfigError(
            "no way to run", expected="at least 1 worker and 1 row a chunk", got=f"{workers}, {chunk}"
        )
    if workers == 1 and engine == "local":
        return apply(step, rows)
    return _spread(step, rows, workers, chunk, engine)


def _spread(step: Step, rows: Iterable[Row], workers: int, chunk: int, engine: Engine) -> Iterator[Row]:
    for done in in_order(ApplyStep(step), chunks(rows, chunk), workers=workers, engine=engine):
        yield from unpack(done.rows)
        if done.error is not None:
            raise done.error
