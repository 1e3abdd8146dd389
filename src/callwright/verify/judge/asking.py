"""Ask one judge about rows, all of them in one call of its model, and read what it answers.

An answer that can not be read is asked for once more, with what is wrong about it. A judge whose second
answer can not be read either abstains. An outage raises `ModelError` and is no vote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from callwright.models import Completion, Model
from callwright.models.http import HttpModel, Sent
from callwright.models.prices import Price
from callwright.record import Trajectory
from callwright.verify.judge.account import Used
from callwright.verify.judge.decision import Vote
from callwright.verify.judge.lenient_json import sound
from callwright.verify.judge.opinion import Unreadable
from callwright.verify.judge.question import Question, again, question
from callwright.verify.judge.reading import read

LEAST = 1000
"""Characters of a row below which a question is no use."""


class Judge(NamedTuple):
    """A model that judges, the name its votes carry, and what its tokens cost."""

    name: str
    model: Model
    price: Price | None = None


class Limits(NamedTuple):
    """How much a judge is shown and may say."""

    chars: int = 32_000
    """Characters of a row in a question."""
    tokens: int = 2048
    """Tokens of an answer."""


LIMITS = Limits()


def votes_of(
    judge: Judge, rows: Sequence[Trajectory], limits: Limits, progress: Callable[[int], None]
) -> tuple[list[Vote], Used]:
    """Return the judge's vote on each row, and what that took."""
    model = judge.model
    before = model.sent if isinstance(model, HttpModel) else None
    asked = [_fitting(model, t, limits) for t in rows]
    first = _complete(model, asked, limits, progress)
    repeated = [
        _repeated(model, one, answer, limits) if one is not None and answer is not None else None
        for one, answer in zip(asked, first, strict=True)
    ]
    second = _complete(model, repeated, limits, progress)
    last = [one or other for one, other in zip(second, first, strict=True)]
    votes = [_vote(judge, one, answer) for one, answer in zip(asked, last, strict=True)]
    return votes, _used(model, before, first, second)


def _fitting(model: Model, t: Trajectory, limits: Limits) -> Question | None:
    """Return the question, the row cut as far as the model's context needs; None where that is too far."""
    budget = limits.chars
    while budget >= LEAST:
        asked = question(t, budget)
        if model.fits(asked.prompt, limits.tokens):
            return asked
        budget //= 2
    return None


def _complete(
    model: Model, asked: Sequence[Question | None], limits: Limits, progress: Callable[[int], None]
) -> list[Completion | None]:
    prompts = [one.prompt for one in asked if one is not None]
    answers = iter(
        model.complete(prompts, max_tokens=limits.tokens, arrived=lambda place, answer: progress(1))
        if prompts
        else ()
    )
    return [None if one is None else next(answers) for one in asked]


def _repeated(model: Model, asked: Question, answer: Completion, limits: Limits) -> Question | None:
    """Return the question to ask once more; None where the answer can be read or would be no better."""
    opinion = read(answer.text, steps=asked.steps, mark=asked.mark)
    if not isinstance(opinion, Unreadable) or answer.finish == "length" or not answer.text.strip():
        return None
    repeated = again(asked, answer.text, opinion.complaint)
    return repeated if model.fits(repeated.prompt, limits.tokens) else None


def _vote(judge: Judge, asked: Question | None, answer: Completion | None) -> Vote:
    if asked is None or answer is None:
        return Vote(judge.name, None, "the row does not fit into the context of the model")
    opinion = read(answer.text, steps=asked.steps, mark=asked.mark)
    if not isinstance(opinion, Unreadable):
        return Vote(judge.name, opinion, cut=asked.cut)
    end = f", cut after {answer.completion_tokens} tokens" if answer.finish == "length" else ""
    return Vote(judge.name, None, opinion.complaint + end, sound(answer.text), asked.cut)


def _used(
    model: Model, before: Sent | None, first: Sequence[Completion | None], second: Sequence[Completion | None]
) -> Used:
    answers = [answer for answer in (*first, *second) if answer is not None]
    prompt_tokens = sum(answer.prompt_tokens for answer in answers)
    completion_tokens = sum(answer.completion_tokens for answer in answers)
    new = Sent(len(answers), prompt_tokens, completion_tokens)
    if before is not None and isinstance(model, HttpModel):
        new = Sent(*(now - then for now, then in zip(model.sent, before, strict=True)))
    return Used(
        asked=sum(answer is not None for answer in first),
        again=sum(answer is not None for answer in second),
        from_journal=len(answers) - new.requests,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        new_prompt_tokens=new.prompt_tokens,
        new_completion_tokens=new.completion_tokens,
    )
