"""The same tasks on Ray Data, for a cluster: `pip install 'callwright[ray]'`.

A cluster that is already running is joined when the environment names it (``RAY_ADDRESS``); otherwise Ray
starts one on this machine. Tasks go out in windows, so that neither the driver nor the object store ever
holds more than a window; within it Ray schedules as it likes, and the results are put back in order.
"""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from callwright.engine.task import Task
from callwright.engine.team import sendable
from callwright.errors import ExtraMissing

T = TypeVar("T")
R = TypeVar("R")

_WINDOW = 64
"""Tasks per CPU of the cluster in one window: enough to hide the start of a pass over the data."""


def spread(work: Callable[[T], R], tasks: Iterable[Task], workers: int) -> Iterator[R]:
    """Yield ``work(task.value)`` for each task, in order.

    `workers` is the number of CPUs of a cluster started here; one that runs already has its own. An
    exception of `work` surfaces as itself, after all that came before it. Raises `ExtraMissing` without ray.
    """
    ray = _started(workers)
    cpus = max(1, int(ray.cluster_resources().get("CPU", 1)))
    waiting = iter(tasks)
    while window := list(itertools.islice(waiting, _WINDOW * cpus)):
        yield from _one_window(ray, work, window)


def _started(workers: int) -> Any:
    # Ray reports on its users unless told not to, and it must be told before it is imported.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ExtraMissing(
            "--engine ray needs Ray", got=str(error), hint="pip install 'callwright[ray]'"
        ) from None
    if not ray.is_initialized():
        joined = bool(os.environ.get("RAY_ADDRESS"))
        ray.init(
            **({} if joined else {"num_cpus": workers, "include_dashboard": False}),
            log_to_driver=False,
            logging_level="error",
        )
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray


def _one_window(ray: Any, work: Callable[[T], R], window: list[Task]) -> Iterator[R]:
    items = [{"number": i, "value": _Parcel(task.value)} for i, task in enumerate(window)]
    # One block per task: a block is what Ray schedules, and tasks are large already.
    made = ray.data.from_items(items, override_num_blocks=len(items)).map(partial(_answer, work))
    answers = {row["number"]: row["answer"] for row in made.iter_rows()}
    for number in range(len(window)):
        if answers[number].error is not None:
            raise answers[number].error
        yield answers[number].content


@dataclass(frozen=True)
class _Parcel:
    """What Arrow shall carry as it is, and not take apart into columns."""

    content: Any
    error: Exception | None = None


def _answer(work: Callable[[Any], Any], item: dict[str, Any]) -> dict[str, Any]:
    """Return the result, or the error as a value: Ray would wrap it beyond recognition."""
    try:
        return {"number": item["number"], "answer": _Parcel(work(item["value"].content))}
    except Exception as error:
        return {"number": item["number"], "answer": _Parcel(None, sendable(error))}
