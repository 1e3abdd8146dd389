"""From votes to a decision about a row.

Every number is over the votes that hold it; a judge that abstains counts nowhere. The row passes if more
judges pass it than fail it: a tie fails. It must also be rated `min_rating` or better on average: passing
never makes up for a low rating, and a good rating never for failing. Where all abstain there is no decision;
the row is kept and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from callwright.record import Dropped, Issue, Json, Trajectory
from callwright.verify.judge.opinion import Opinion
from callwright.verify.judge.places import place_of
from callwright.verify.judge.transcript import turns

CODES = ("judge-rejected", "low-rating", "hallucinated-argument")
"""Codes that drop a row."""
NOTES = ("low-rated-step", "judge-abstained")
"""Codes that are warnings only; a "hallucinated-argument" that few judges name is one as well."""

MIN_RATING = 4.0
"""AgentOhana keeps trajectories rated 4.0 or better (arXiv 2402.15506 §2.3)."""
TEXT = 2000
"""Characters kept of an answer that could not be read."""


class Vote(NamedTuple):
    """What one judge said about one row."""

    judge: str
    opinion: Opinion | None
    """None where the judge abstains."""
    complaint: str = ""
    """Why it abstains."""
    text: str = ""
    """What it wrote instead of an opinion."""
    cut: bool = False
    """The judge saw the row shortened."""


@dataclass(frozen=True)
class Decision:
    """What the committee says about one row."""

    votes: tuple[Vote, ...]
    passes: bool | None
    """What the majority says; None where nobody says either."""
    rating: float | None
    """The mean rating; None where nobody rates."""
    issues: tuple[Issue, ...]
    record: dict[str, Json]
    """What is kept as ``extra["judge"]``."""

    @property
    def decided(self) -> bool:
        """Tell whether any judge gave an opinion."""
        return any(vote.opinion is not None for vote in self.votes)

    @property
    def keeps(self) -> bool:
        """Tell whether the row is kept, decided or not."""
        return not any(issue.severity == "error" for issue in self.issues)


def decide(t: Trajectory, votes: Sequence[Vote], min_rating: float = MIN_RATING) -> Decision:
    """Return the decision that follows from the votes about a row."""
    opinions = [vote.opinion for vote in votes if vote.opinion is not None]
    said = [opinion.passes for opinion in opinions if opinion.passes is not None]
    passes = 2 * sum(said) > len(said) if said else None
    rating = _mean([opinion.rating for opinion in opinions if opinion.rating is not None])
    issues = [
        *_rejected(votes, said, passes),
        *_low(rating, min_rating),
        *_hallucinated(t, opinions),
        *_low_steps(t, opinions, min_rating),
        *_abstained(votes),
    ]
    record: dict[str, Json] = {
        "votes": [_vote(t, vote) for vote in votes],
        "passes": passes,
        "rating": rating,
        "min_rating": min_rating,
    }
    return Decision(tuple(votes), passes, rating, tuple(issues), record)


def settle(t: Trajectory, decision: Decision) -> Trajectory | Dropped:
    """Return the row with votes and findings on it, or `Dropped`, its row with the votes as well.

    What an earlier committee left on the row is replaced.
    """
    mine = {*CODES, *NOTES}
    others = tuple(issue for issue in t.issues if issue.code not in mine)
    judged = msgspec.structs.replace(
        t, issues=(*others, *decision.issues), extra={**t.extra, "judge": decision.record}
    )
    for issue in decision.issues:
        if issue.severity == "error":
            return Dropped(
                id=t.id,
                stage="verify",
                reason=issue.code,
                path=issue.path,
                detail=f"expected {issue.expected}, got {issue.got}",
                row=msgspec.to_builtins(judged),
            )
    return judged


def _mean(values: Sequence[float]) -> float | None:
    """Return the mean, rounded so that a threshold does not hang on the last bit of a float."""
    return round(sum(values) / len(values), 4) if values else None


def _rejected(votes: Sequence[Vote], said: Sequence[bool], passes: bool | None) -> Iterator[Issue]:
    if passes is False:
        whys = [v.opinion.why for v in votes if v.opinion and v.opinion.passes is False and v.opinion.why]
        got = f"{sum(said)} of {len(said)}"
        yield Issue(
            code="judge-rejected",
            path="messages",
            expected="a majority that passes it",
            got=f"{got}: {'; '.join(whys)}"[:300] if whys else got,
        )


def _low(rating: float | None, min_rating: float) -> Iterator[Issue]:
    if rating is not None and rating < min_rating:
        yield Issue(
            code="low-rating", path="messages", expected=f"a mean rating of {min_rating:g}", got=f"{rating:g}"
        )


def _hallucinated(t: Trajectory, opinions: Sequence[Opinion]) -> Iterator[Issue]:
    """Yield each value that a judge finds unsupported, once; an error where more than half of them name it.

    What can not be found in the row's calls stays a warning: two judges need not mean the same by it.
    """
    named: dict[str, list[str]] = {}
    lost: set[str] = set()
    for opinion in opinions:
        places = {}
        for step in opinion.steps:
            for unsupported in step.unsupported:
                place = place_of(t, step.step, unsupported)
                places[place.path] = place.value
                if not place.found:
                    lost.add(place.path)
        for path, value in places.items():
            named.setdefault(path, []).append(value)
    for path, values in named.items():
        most = 2 * len(values) > len(opinions) and path not in lost
        yield Issue(
            code="hallucinated-argument",
            path=path,
            severity="error" if most else "warning",
            expected="a value that the conversation supports",
            got=f"{values[0]} ({len(values)} of {len(opinions)} judges)",
        )


def _low_steps(t: Trajectory, opinions: Sequence[Opinion], min_rating: float) -> Iterator[Issue]:
    scores: dict[int, list[float]] = {}
    for opinion in opinions:
        for step in opinion.steps:
            if step.score is not None:
                scores.setdefault(step.step, []).append(step.score)
    at = turns(t)
    for number in sorted(scores):
        mean = _mean(scores[number])
        if mean is not None and mean < min_rating:
            yield Issue(
                code="low-rated-step",
                path=f"messages[{at[number - 1]}]",
                severity="warning",
                expected=f"a mean score of {min_rating:g}",
                got=f"{mean:g}",
            )


def _abstained(votes: Sequence[Vote]) -> Iterator[Issue]:
    for vote in votes:
        if vote.opinion is None:
            yield Issue(
                code="judge-abstained",
                path="messages",
                severity="warning",
                expected="an opinion",
                got=f"{vote.judge}: {vote.complaint}",
            )


def _vote(t: Trajectory, vote: Vote) -> dict[str, Json]:
    opinion = vote.opinion or Opinion()
    at = turns(t)
    record: dict[str, Json] = {
        "judge": vote.judge,
        "passes": opinion.passes,
        "rating": opinion.rating,
        "steps": [
            {"path": f"messages[{at[step.step - 1]}]", "score": step.score}
            for step in opinion.steps
            if step.score is not None
        ],
        "unsupported": [
            place_of(t, step.step, unsupported)._asdict()
            for step in opinion.steps
            for unsupported in step.unsupported
        ],
        "why": opinion.why,
        "abstained": vote.opinion is None,
    }
    if vote.opinion is None:
        record |= {"complaint": vote.complaint, "text": vote.text[:TEXT]}
    return record | ({"cut": True} if vote.cut else {})
