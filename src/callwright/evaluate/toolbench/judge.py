"""One vote of a judge on a run, by ToolEval's rules, and many votes asked for together.

A ballot is a generator: it puts questions and gets replies, so that the votes on many runs go to the model in
common rounds. Replies are kept in a journal under vote, question and model; a vote is asked anew only where
one of these changes. A reply without a verdict counts as Unsure and is counted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from random import Random
from typing import Literal, NamedTuple, TypeVar

from callwright.evaluate.answers import Asker, Request
from callwright.evaluate.toolbench.apis import GIVE_UP
from callwright.evaluate.toolbench.judge_prompts import JudgePrompts, QuestionName, read_verdict
from callwright.evaluate.toolbench.layout import Run
from callwright.models import Prompt
from callwright.record import Json

T = TypeVar("T")
Status = Literal["Solved", "Unsure", "Unsolved"]
_Put = tuple[QuestionName, Prompt]
Ballot = Generator[_Put, str | None, T]
"""Puts questions, gets verdicts (None where a reply holds none), returns the vote."""


class Vote(NamedTuple):
    """One vote on a run: ToolEval's label and the status that StableToolBench counts."""

    passed: bool
    status: Status


def status(run: Run, prompts: JudgePrompts) -> Ballot[Status]:
    """Find out whether a run solved its query: by the final answer, by the whole run if that is unsure."""
    final = run.final_answer
    if not final or GIVE_UP in final:
        return "Unsolved"
    found = yield _put(prompts, "check_answer_status", query=run.query, answer=final)
    if found not in ("Solved", "Unsolved"):
        whole = json.dumps(run.answer)
        found = yield _put(prompts, "parse_answer_status", query=run.query, answer=whole)
    return _status(found)


def vote(run: Run, prompts: JudgePrompts, coin: Random) -> Ballot[Vote]:
    """Vote as ToolEval's pass rate does; `coin` decides what the judge leaves open.

    No call of Finish at the end: failed. Solved: passed. Otherwise it depends on whether the task can be
    solved at all: not solvable is passed; solvable is failed for Unsolved; the rest is up to the coin.
    """
    if not run.finished:
        return Vote(False, "Unsolved")
    found = yield from status(run, prompts)
    if found == "Solved":
        return Vote(True, found)
    task = json.dumps({"query": run.query, "available_tools": run.tools})
    solvable = yield _put(prompts, "check_task_solvable", task=task)
    if solvable == "Unsolvable":
        return Vote(True, found)
    if solvable == "Solvable" and found == "Unsolved":
        return Vote(False, found)
    return Vote(coin.random() < 0.5, found)


def solved(run: Run, prompts: JudgePrompts) -> Ballot[Status]:
    """Vote as StableToolBench does, where every task is solvable: by the status alone."""
    if not run.finished:
        return "Unsolved"
    return (yield from status(run, prompts))


def better(reference: Run, candidate: Run, prompts: JudgePrompts, coin: Random) -> Ballot[bool]:
    """Vote whether the candidate is better: by status first, then by the judge's choice.

    As in ToolEval, positions are not swapped. `coin` decides between equal runs and where no choice is read.
    """
    first = yield from status(reference, prompts)
    second = yield from status(candidate, prompts)
    if first != second:
        order = ("Solved", "Unsure", "Unsolved")
        return order.index(second) < order.index(first)
    if reference.answer == candidate.answer:
        return coin.random() < 0.5
    answers = {"answer_0": json.dumps(reference.answer), "answer_1": json.dumps(candidate.answer)}
    chosen = yield _put(prompts, "select_better_answer", query=reference.query, **answers)
    return coin.random() < 0.5 if chosen is None else chosen == "1"


class Polled(NamedTuple):
    """The votes by the ids of their ballots, and how often a reply held no verdict."""

    votes: dict[str, Json]
    questions: int
    unreadable: int


def poll(ballots: Mapping[str, Ballot[T]], asker: Asker) -> Polled:
    """Return the votes of all ballots; raises ModelError for an outage, never scores one."""
    votes: dict[str, Json] = {}
    waiting: dict[str, tuple[Ballot[T], _Put]] = {}
    counts: Counter[str] = Counter()
    for key, ballot in ballots.items():
        _advance(key, ballot, None, waiting, votes)
    number = 0
    while waiting:
        requests = [Request(f"{key}#{number}", prompt) for key, (_, (_, prompt)) in waiting.items()]
        answers = asker.ask(requests)
        for request, (key, (ballot, (name, _))) in zip(requests, list(waiting.items()), strict=True):
            verdict = read_verdict(name, answers[request.id].text)
            counts["questions"] += 1
            counts["unreadable"] += verdict is None
            del waiting[key]
            _advance(key, ballot, verdict, waiting, votes)
        number += 1
    return Polled(votes, counts["questions"], counts["unreadable"])


def coin(seed: int, *parts: str) -> Random:
    """Return the coin of one vote, the same in every run with this seed."""
    return Random("\0".join((str(seed), *parts)))


def _advance(
    key: str,
    ballot: Ballot[T],
    verdict: str | None,
    waiting: dict[str, tuple[Ballot[T], _Put]],
    votes: dict[str, Json],
) -> None:
    try:
        waiting[key] = (ballot, ballot.send(verdict))
    except StopIteration as done:
        votes[key] = done.value


def _put(prompts: JudgePrompts, name: QuestionName, **values: str) -> _Put:
    return name, prompts.ask(name, **values)


def _status(found: str | None) -> Status:
    return "Solved" if found == "Solved" else "Unsolved" if found == "Unsolved" else "Unsure"


def majority(passed: Iterable[bool]) -> int:
    """Return how many more votes passed than failed."""
    return sum(1 if each else -1 for each in passed)
