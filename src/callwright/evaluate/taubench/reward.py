"""The official reward: the database is as the reference leaves it, and the user was told what has to be told.

An action that ends the conversation is not part of the reference's changes. Told is told: once, in any
message to the user, whatever the case, commas taken out of what the agent said (but not out of what is
expected, as in the original).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from callwright.evaluate.taubench.database import Database
from callwright.evaluate.taubench.domain import ENDS, Domain, TauTask
from callwright.evaluate.taubench.tools import call


class Reward(NamedTuple):
    """What of the two conditions holds."""

    astray: tuple[str, ...]
    """The records, as "table key", that are not as the reference leaves them."""
    untold: tuple[str, ...]
    """The outputs that the user was not told."""

    @property
    def value(self) -> float:
        """1 where both conditions hold, else 0."""
        return float(not self.astray and not self.untold)


Difference = dict[tuple[str, str], str]


def reference(domain: Domain, task: TauTask) -> Difference:
    """Return how the reference solution leaves the database."""
    db = domain.database
    for action in task.actions:
        if action.name not in ENDS:
            db = db.changed(call(domain.functions, db, action.name, action.kwargs).changes)
    return db.differing()


def reward(expected: Difference, outputs: Sequence[str], db: Database, said: Sequence[str]) -> Reward:
    """Return the reward of an agent that left `db` and said `said` to the user."""
    found = db.differing()
    places = dict.fromkeys([*expected, *found])
    astray = tuple(" ".join(place) for place in places if expected.get(place) != found.get(place))
    heard = [text.lower().replace(",", "") for text in said]
    untold = tuple(each for each in outputs if not any(each.lower() in text for text in heard))
    return Reward(astray, untold)
