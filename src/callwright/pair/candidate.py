"""A rejected answer that a row could have, and what every source of them promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from msgspec.structs import replace

from callwright.formats import Unrenderable, rejected_text
from callwright.record import Json, Message, Trajectory

Origin = Literal["model", "failure", "corruption"]
ORIGINS: tuple[Origin, ...] = ("model", "failure", "corruption")
"""Where rejected answers come from: those that somebody gave before those that were made up."""


_NOTHING: Mapping[str, Json] = {}


class Ready(NamedTuple):
    """A row that can have a rejected answer."""

    row: Trajectory
    t: Trajectory
    """The row up to the answer to be preferred: it verifies and can be written."""


class Candidate(NamedTuple):
    """One rejected answer."""

    t: Trajectory
    """The row up to the chosen answer, its last message; another turn than that of `Ready` for some."""
    rejected: Message
    error_class: str
    origin: Origin
    longer: int
    """1 where the rejected answer is longer than the chosen one, -1 where it is shorter."""
    about: Mapping[str, Json] = _NOTHING
    """What the row keeps of where the answer is from."""


class Offer(NamedTuple):
    """What a source has for one row."""

    candidates: tuple[Candidate, ...] = ()
    reason: str = ""
    """Why there is none, as a stable code."""


class Source(Protocol):
    """Finds rejected answers."""

    def __call__(self, rows: Sequence[Ready]) -> Sequence[Offer]:
        """Return an offer for each row, in their order."""
        ...


def candidate(
    t: Trajectory,
    rejected: Message,
    error_class: str,
    origin: Origin,
    about: Mapping[str, Json] = _NOTHING,
) -> Candidate | None:
    """Return the candidate; None where its answer can not be written."""
    rejected = replace(rejected, weight=None)
    try:
        sizes = [len(rejected_text(each, t.task.output_format)) for each in (rejected, t.messages[-1])]
    except Unrenderable:
        return None
    longer = (sizes[0] > sizes[1]) - (sizes[0] < sizes[1])
    return Candidate(t, rejected, error_class, origin, longer, about)
