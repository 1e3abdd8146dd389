"""Play the tasks of worlds with a model, a policy or the reference, and write what came of it.

>>> from callwright.evaluate.taubench.home import library
>>> from callwright.evaluate.taubench.session import TauWorld
>>> recited([TauWorld(library())], limit=2)[0].scores["reward"]
1.0
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from callwright.evaluate.answers import Asker
from callwright.evaluate.playing import play
from callwright.evaluate.results import Result
from callwright.evaluate.sessions import Policy, Session, Who, World, follow, recite

Worlds = Sequence[World[Any]]


def spread(tasks: Sequence[Any], limit: int | None) -> list[Any]:
    """Return at most `limit` tasks, evenly spread over all; every one without a limit."""
    n = len(tasks) if limit is None else min(limit, len(tasks))
    return [tasks[i * len(tasks) // n] for i in range(n)]


def recited(worlds: Worlds, *, limit: int | None = None) -> list[Result]:
    """Return what the reference gets, task by task."""
    return [recite(world.reset(task), world.gold(task)) for world, task in _tasks(worlds, limit)]


def followed(
    worlds: Worlds, policy_of: Callable[[World[Any]], Policy], *, limit: int | None = None
) -> list[Result]:
    """Return what a policy gets; `policy_of` makes it for a world."""
    policies = {id(world): policy_of(world) for world in worlds}
    return [follow(world.reset(task), policies[id(world)]) for world, task in _tasks(worlds, limit)]


def played(
    worlds: Worlds,
    askers: Mapping[Who, Asker],
    *,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Result]:
    """Return what models get; `progress` is called with (episodes over, all). Raises ModelError."""
    total = sum(1 for _ in _tasks(worlds, limit))
    sessions: Iterator[Session] = (world.reset(task) for world, task in _tasks(worlds, limit))
    told = (lambda done: progress(done, total)) if progress else None
    return list(play(sessions, askers, progress=told))


def _tasks(worlds: Worlds, limit: int | None) -> Iterator[tuple[World[Any], Any]]:
    return chain.from_iterable(((world, task) for task in spread(world.tasks, limit)) for world in worlds)
