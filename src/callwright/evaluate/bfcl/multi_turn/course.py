"""The course of one conversation, by the official runner's rules: turns, steps, and when each is over.

A turn goes on as long as replies hold calls; a reply without calls, or one that can not be read, ends it.
A turn whose replies go on holding calls after `MAX_STEPS` steps ends the whole conversation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from callwright.evaluate.bfcl.multi_turn.calls import Step
from callwright.evaluate.bfcl.multi_turn.dialogue import Dialogue
from callwright.evaluate.bfcl.multi_turn.stage import Stage
from callwright.models import Prompt
from callwright.record import Json

MAX_STEPS = 20
"""Steps with calls that a turn may have; the official loop counts after the fact, so one more is executed."""
Messages = Sequence[Mapping[str, Json]]


class Course:
    """A conversation under way."""

    def __init__(
        self,
        turns: Sequence[Messages],
        held_back: Mapping[int, Sequence[Mapping[str, Json]]],
        dialogue: Dialogue,
        stage: Stage,
    ) -> None:
        self._turns = turns
        self._held_back = held_back
        self._dialogue = dialogue
        self._stage = stage
        self.steps: list[list[Step]] = [[]]
        """The calls of each reply, per turn; the last turn may be under way."""
        self.replies: list[list[str]] = [[]]
        self.forced = self.too_long = False
        self.over = not turns
        if turns:
            self._open_turn()

    @property
    def done(self) -> int:
        """Return how many turns the official runner would have recorded."""
        return len(self.steps) if self.over and not self.too_long else len(self.steps) - 1

    def prompt(self) -> Prompt | None:
        """Return the prompt for the next reply, None if the conversation is over."""
        return None if self.over else self._dialogue.prompt()

    def take(self, reply: str | None) -> None:
        """Go on with a reply; None where its prompt was too long, which ends the conversation."""
        if self.over:
            return
        if reply is None:
            self.over = self.too_long = True
            return
        self.replies[-1].append(reply)
        calls = self._dialogue.hear(reply)
        if calls:
            self._dialogue.observe(calls, self._stage.run(calls))
            self.steps[-1].append(calls)
            self.over = self.forced = len(self.steps[-1]) > MAX_STEPS
        elif len(self.steps) == len(self._turns):
            self.over = True
        else:
            self.steps.append([])
            self.replies.append([])
            self._open_turn()

    def _open_turn(self) -> None:
        number = len(self.steps) - 1
        if number in self._held_back:
            self._dialogue.announce(self._held_back[number])
        else:
            self._dialogue.tell(self._turns[number])
