"""Replies without a model: what chance gives, and what giving an answer at once gives."""

from __future__ import annotations

from random import Random

from callwright.evaluate.sessions import Policy, Session
from callwright.evaluate.toolquery.toolspecs import FINISH
from callwright.evaluate.toolquery.world import ToolQuery
from callwright.record import Json

_STOP = 0.1
"""How likely chance ends an episode at each step."""
_GUESSES: tuple[Json, ...] = ("Yes", "No", 0)


def finish_at_once(world: ToolQuery, answer: Json = "Yes") -> Policy:
    """Return the policy that answers every question with `answer` and calls nothing else."""
    reply = world.say(FINISH, {"answer": answer})
    return lambda session: reply


def random_calls(world: ToolQuery, seed: int = 0) -> Policy:
    """Return the policy that makes calls drawn from those that have an answer, and ends with a guess.

    What it says depends on the seed, the task and how far the conversation is, not on the order of episodes.
    """

    def reply(session: Session) -> str:
        turn = session.turn()
        length = len(turn.prompt.messages) if turn else 0
        draw = Random(f"{seed} {session.id} {length}")
        if draw.random() < _STOP:
            return world.say(FINISH, {"answer": draw.choice(_GUESSES)})
        domain = world.domains[world.task(session.id).domain]
        return world.say(*domain.some_call(draw))

    return reply
