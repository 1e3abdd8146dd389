"""A run in a text environment, played turn by turn into a conversation.

What the assistant writes becomes reasoning and calls; what the environment answers becomes their result. A
turn without an action, or with one of which not even the name can be told, stays as text, and
``extra["unify"]["no_action"]`` or ``["misfits"]`` tells its path. The ``Observation:`` in front of an
answer is a label and goes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from callwright.record import Outcome
from callwright.unify.conversation import Conversation
from callwright.unify.notations.dialogue import READ, Turn
from callwright.unify.notations.environments import Environment

_LABEL = re.compile(r"\A\s*(?:Observation|OBSERVATION)[ \t]*:[ \t]*\n?")
_END = re.compile(r"\A\s*Episode finished, reward = (True|False|-?\d+(?:\.\d+)?)\s*\Z")


class Episode:
    """The turns of one run."""

    def __init__(self, talk: Conversation, env: Environment) -> None:
        self.talk = talk
        self.env = env
        self.outcome: Outcome | None = None
        self._waiting: list[str] = []

    def play(self, turns: Sequence[Turn]) -> None:
        """Add the turns in order."""
        for turn in turns:
            if turn.speaker == "system":
                self.talk.system(turn.text)
            elif turn.speaker == "assistant":
                self.act(turn.text, turn.path, turn.weight)
            else:
                self.observe(turn.text, always=turn.speaker == "result")
            self.talk.keep(turn.path, turn.item, READ)

    def act(self, text: str, path: str, weight: float | None = None) -> None:
        """Add what the assistant writes."""
        step, calls, lost = self.env.step(text)
        if lost:
            self.talk.notes.setdefault("misfits", {})[path] = lost
        elif not calls:
            self.talk.notes.setdefault("no_action", []).append(path)
        if calls:
            said = "\n\n".join([part for part in (step.said, *lost) if part])
            self._waiting = self.talk.assistant(said, calls, reasoning=step.thought, weight=weight, path=path)
        else:
            self._waiting = []
            self.talk.assistant(text, weight=weight, path=path)

    def observe(self, text: str, *, always: bool = False) -> None:
        """Add what the environment answers, or what the user says where no call waits for an answer."""
        if self._waiting:
            self.talk.result(unlabelled(text), call_id=self._waiting.pop(0))
        elif always:
            self.talk.result(unlabelled(text))
        else:
            self.talk.user(text)

    def ends(self, text: str) -> bool:
        """Tell whether a text is but the end of the episode, and lift its reward into the outcome."""
        found = _END.match(unlabelled(text))
        if not found:
            return False
        reward = {"True": 1.0, "False": 0.0}.get(found[1])
        reward = float(found[1]) if reward is None else reward
        self.outcome = Outcome(reward=reward, success=reward == 1)
        return True


def unlabelled(text: str) -> str:
    """Return an answer of the environment without the label in front of it."""
    return _LABEL.sub("", text, count=1)
