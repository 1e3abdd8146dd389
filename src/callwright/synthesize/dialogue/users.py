"""Who the agent talks to: a script that follows the blueprint word by word, or what a model is told to be.

Either has the wishes of a blueprint, one after the other, and knows what is withheld at first. Neither sees
calls or their results.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from callwright.record import Message
from callwright.synthesize.asking import Question, question
from callwright.synthesize.dialogue.blueprint import Blueprint
from callwright.synthesize.dialogue.rollout import YES

DONE = "DONE"
"""What a model that plays the user writes when there is nothing left to say."""
_UNKNOWN = ("I don't know that.", "I can't tell you more than that.", "That is all I know.")
_AGREE = ("shall i", "should i", "go ahead", "is that right", "correct?", "proceed", "confirm")
_MORE = ("anything else", "something else", "what else", "more i can", "else i can")
_ASKING = ("tell me", "as soon as i know", "let me know", "need the", "provide", "give me", "specify")
"""Words of a sentence that asks for a value without a question mark."""
_GREETING = "Hello! What can I do for you?"
_RULES = """\
You play a customer who talks to an assistant. This is what you want, one thing after the other:
{wishes}

Say one thing at a time, in your own words, in one or two sentences, and go on to the next when the \
assistant has dealt with it or says that it can not. Keep every name, number, date and id exactly as it \
stands above. If the assistant asks whether to go ahead with what you want, agree. If it asks for something \
that does not stand above, say that you don't know. Write only what the customer says. When everything was \
dealt with, write only the word {done}."""


class ScriptedUser:
    """Says one request of the blueprint after the other, and answers questions in between."""

    def __init__(self, blueprint: Blueprint) -> None:
        self._turns = blueprint.turns
        self._rng = random.Random(blueprint.seed)
        self._turn = 0
        self._withheld = True

    def first(self) -> str:
        """Return what the conversation begins with."""
        return self._turns[0].request

    def answer(self, text: str) -> str | None:
        """Return what is said to a reply of the agent; None if there is nothing more to say."""
        last = text.rstrip().rpartition("\n")[2].lower()
        waits = self._withheld and self._turns[self._turn].kind == "missing-argument"
        if (last.endswith("?") or (waits and _any(_ASKING, last))) and not _any(_MORE, last):
            return self._told(last)
        self._turn += 1
        self._withheld = True
        return self._turns[self._turn].request if self._turn < len(self._turns) else None

    def _told(self, asked: str) -> str:
        turn = self._turns[self._turn]
        if turn.kind == "missing-argument" and self._withheld:
            self._withheld = False
            return turn.withheld[1]
        return self._rng.choice(YES if _any(_AGREE, asked) else _UNKNOWN)


def _any(marks: Sequence[str], text: str) -> bool:
    return any(mark in text for mark in marks)


def user_question(name: str, blueprint: Blueprint, messages: Sequence[Message]) -> Question:
    """Return the question whose answer is what a model says in the user's place.

    From where the user stands, the agent is the one who asks: the roles are turned round.
    """
    turned = {"user": "assistant", "assistant": "user"}
    said = [
        (turned[m.role], m.content) for m in messages if m.role in turned and m.content and not m.tool_calls
    ]
    return question(name, ("system", _rules(blueprint)), ("user", _GREETING), *said)


def _rules(blueprint: Blueprint) -> str:
    wishes = [
        f"{number}. {turn.request}"
        + (f" (Only if asked for more: {turn.withheld[1]})" if turn.kind == "missing-argument" else "")
        for number, turn in enumerate(blueprint.turns, start=1)
    ]
    return _RULES.format(wishes="\n".join(wishes), done=DONE)


def says_done(text: str) -> bool:
    """Tell whether what a model said in the user's place ends the conversation."""
    return text.rstrip(" .!\n").endswith(DONE)
