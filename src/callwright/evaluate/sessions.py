"""Episodes under way: whose turn it is, what that one is shown, and what came of it.

A benchmark of several turns is a `World`: what all its tasks share, read once and never changed. `reset`
makes a `Session` of a task; a session holds all that changes, so any number of them run side by side in one
process, in any order, without a server. A session asks for a reply (`turn`), takes it (`take`) and, once it
asks for nothing more, tells its `Result`. Who replies is not its business: a model, a rule, the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, Protocol, TypeVar

from callwright.evaluate.results import Result
from callwright.models import Prompt
from callwright.record import Json

Who = Literal["agent", "user", "tools"]
"""The model under test; one that plays the user; one that stands in for tools."""
TOO_LONG = None
"""What a session takes where a prompt did not fit into the model's context, so that nothing was asked."""


class Turn(NamedTuple):
    """A reply is wanted: from whom, and to what."""

    who: Who
    prompt: Prompt


class Session(Protocol):
    """One episode. All that it changes is its own."""

    @property
    def id(self) -> str:
        """Return the task's id, unique in its world."""
        ...

    def turn(self) -> Turn | None:
        """Return whose reply is wanted, None if the episode is over; asking again changes nothing."""
        ...

    def take(self, reply: str | None) -> None:
        """Go on with a reply, in the words of the model; None where its prompt was too long.

        Never raises for what a reply holds.
        """
        ...

    def result(self) -> Result:
        """Return the verdict; an episode that is not over counts as given up."""
        ...


Task = TypeVar("Task")
Policy = Callable[[Session], str]
"""Replies for the agent without a model: the reference, a rule, chance."""


class World(Protocol[Task]):
    """A benchmark's tasks and all that they share; never changed after it was read."""

    @property
    def conditions(self) -> dict[str, Json]:
        """Return what a score depends on: variant, sha256 of the data, seed, limits, tagger or judge."""
        ...

    @property
    def tasks(self) -> Sequence[Task]:
        """Return the tasks in the benchmark's order."""
        ...

    def reset(self, task: Task) -> Session:
        """Return a new session of a task."""
        ...

    def gold(self, task: Task) -> Iterable[str]:
        """Return the agent's replies that the reference solution consists of, in order."""
        ...


def recite(session: Session, replies: Iterable[str]) -> Result:
    """Play an episode in which the agent says `replies`, one after another, and return the verdict.

    Where more are wanted than there are, the episode ends as given up.
    """
    said: Iterator[str] = iter(replies)
    while session.turn() is not None:
        reply = next(said, None)
        if reply is None:
            break
        session.take(reply)
    return session.result()


def follow(session: Session, policy: Policy) -> Result:
    """Play an episode with a policy in the agent's place."""
    while session.turn() is not None:
        session.take(policy(session))
    return session.result()
