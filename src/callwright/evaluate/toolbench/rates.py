"""What a judge's votes on many runs add up to: pass rate, solvable pass rate, win rate, never mixed.

- *pass rate* is ToolEval's: `votes` votes a query, passed where passed ≥ failed; coin flips are seeded.
- *solvable pass rate* is StableToolBench's: 1 for Solved, 0.5 for Unsure, mean and deviation of 3 votes.
- *win rate* is ToolEval's, of one system against another: a query that only one of them passed goes to
  that one; the others go to the one with more of `votes` comparisons.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean, pstdev
from typing import NamedTuple

from callwright.evaluate.answers import Asker
from callwright.evaluate.toolbench.judge import Polled, Vote, better, coin, majority, poll, solved, vote
from callwright.evaluate.toolbench.judge_prompts import JudgePrompts
from callwright.evaluate.toolbench.layout import Run

PASS_VOTES = 4
SOLVABLE_VOTES = 3
WIN_VOTES = 2
_WORTH = {"Solved": 1.0, "Unsure": 0.5, "Unsolved": 0.0}


class PassRate(NamedTuple):
    """ToolEval's pass rate."""

    rate: float
    passed: dict[str, bool]
    """Whether a query counts as passed in the printed rate: ties do."""
    labels: dict[str, bool]
    """ToolEval's table instead, where a coin decides ties; the win rate starts from it."""
    votes: dict[str, list[Vote]]
    unreadable: int


class SolvablePassRate(NamedTuple):
    """StableToolBench's solvable pass rate (SoPR)."""

    mean: float
    deviation: float
    """Standard deviation of the runs' rates (population)."""
    runs: tuple[float, ...]
    """The rate by the first votes, by the second and so on."""
    worth: dict[str, float]
    """The mean worth of a query's votes."""
    unreadable: int


class WinRate(NamedTuple):
    """How often a candidate beat a reference, lost to it, or neither."""

    win: float
    lose: float
    tie: float
    outcomes: dict[str, int]
    """1 where the candidate won, -1 where it lost, 0 for a tie."""
    unreadable: int

    @property
    def told(self) -> str:
        """Return the rates as one line."""
        shares = f"{self.win:.1%}, lost {self.lose:.1%}, tied {self.tie:.1%}"
        return f"win rate {shares} of {len(self.outcomes)} ({self.unreadable} replies without a verdict)"


def pass_rate(
    runs: Mapping[str, Run], asker: Asker, prompts: JudgePrompts, *, votes: int = PASS_VOTES, seed: int = 0
) -> PassRate:
    """Return ToolEval's pass rate of some runs by query."""
    ballots = {
        _key("vote", key, number): vote(run, prompts.of_vote(number), coin(seed, "pass", key, str(number)))
        for key, run in runs.items()
        for number in range(votes)
    }
    polled = poll(ballots, asker)
    cast = {key: [Vote(*polled.votes[_key("vote", key, n)]) for n in range(votes)] for key in runs}
    leads = {key: majority(each.passed for each in own) for key, own in cast.items()}
    labels = {
        key: lead > 0 or (lead == 0 and coin(seed, "tie", key).random() < 0.5) for key, lead in leads.items()
    }
    passed = {key: lead >= 0 for key, lead in leads.items()}
    return PassRate(sum(passed.values()) / max(len(passed), 1), passed, labels, cast, polled.unreadable)


def solvable_pass_rate(
    runs: Mapping[str, Run], asker: Asker, prompts: JudgePrompts, *, votes: int = SOLVABLE_VOTES
) -> SolvablePassRate:
    """Return StableToolBench's solvable pass rate; the queries have to be its solvable ones."""
    ballots = {
        _key("vote", key, number): solved(run, prompts.of_vote(number))
        for key, run in runs.items()
        for number in range(votes)
    }
    polled = poll(ballots, asker)
    rates = tuple(_mean([_worth(polled, key, number) for key in runs]) for number in range(votes))
    worth = {key: _mean([_worth(polled, key, number) for number in range(votes)]) for key in runs}
    return SolvablePassRate(_mean(list(rates)), pstdev(rates), rates, worth, polled.unreadable)


def win_rate(
    reference: Mapping[str, Run],
    candidate: Mapping[str, Run],
    passed: tuple[Mapping[str, bool], Mapping[str, bool]],
    asker: Asker,
    prompts: JudgePrompts,
    *,
    votes: int = WIN_VOTES,
    seed: int = 0,
) -> WinRate:
    """Return how often `candidate` beats `reference`; `passed` are the labels of both (`PassRate.labels`).

    A query that one side has no run for goes to the other.
    """
    keys = list(dict.fromkeys((*reference, *candidate)))
    outcomes: dict[str, int] = {}
    ballots = {}
    for key in keys:
        if key in passed[0] and key in passed[1] and passed[0][key] != passed[1][key]:
            outcomes[key] = 1 if passed[1][key] else -1
        elif key not in reference or key not in candidate:
            outcomes[key] = 1 if key in candidate else -1
        else:
            for number in range(votes):
                own = coin(seed, "win", key, str(number))
                asked = prompts.of_vote(number)
                ballots[_key("win", key, number)] = better(reference[key], candidate[key], asked, own)
    polled = poll(ballots, asker)
    for key in keys:
        if key not in outcomes:
            lead = majority(bool(polled.votes[_key("win", key, number)]) for number in range(votes))
            outcomes[key] = (lead > 0) - (lead < 0)
    shares = [sum(each == wanted for each in outcomes.values()) / max(len(keys), 1) for wanted in (1, -1, 0)]
    ordered = {key: outcomes[key] for key in keys}
    return WinRate(shares[0], shares[1], shares[2], ordered, polled.unreadable)


def _key(measure: str, query: str, number: int) -> str:
    """Return the id of a ballot; both pass rates count the same votes, so a judge is asked once for both."""
    return f"{measure}/{query}/{number}"


def _worth(polled: Polled, key: str, number: int) -> float:
    return _WORTH[str(polled.votes[_key("vote", key, number)])]


def _mean(values: list[float]) -> float:
    return fmean(values) if values else 0.0
