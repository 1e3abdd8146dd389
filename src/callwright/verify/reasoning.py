"""Low-quality reasoning or planning (xLAM §3.3), as far as rules can tell: thoughts, loops, answers.

The paper lets models rate it; this is the deterministic half, held to what a reader would sign nearly every
time. What it does not see, such as a plan that is merely poor, is left to a judge.
"""

from __future__ import annotations

from collections.abc import Iterator

from callwright.record import Issue, Trajectory
from callwright.verify import answers, loops, thoughts

CODES = (*thoughts.CODES, *loops.CODES, *answers.CODES)


def check(t: Trajectory) -> Iterator[Issue]:
    """Yield what is wrong with the thoughts, the course and the answers of a row."""
    for message in t.messages:
        role = message.role
        if role == "tool" or message.reasoning is not None or (message.content and role == "assistant"):
            return _issues(t)
    return _NOTHING  # a question and its calls: nothing to judge, and no generator to pay for


_NOTHING: Iterator[Issue] = iter(())


def _issues(t: Trajectory) -> Iterator[Issue]:
    yield from thoughts.issues(t)
    yield from loops.issues(t)
    yield from answers.issues(t)
