"""Answers of a weaker model: what it gets wrong is rejected (xLAM §3.5), what it gets right is no pair.

An answer is graded by what can be decided: can it be read, what does `verify` see, does it do what the right
answer does, on paper and, where the tools can be called, when both are executed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from callwright import formats
from callwright.models import Completion, Prompt
from callwright.pair.candidate import Offer, Ready, candidate
from callwright.pair.classes import MALFORMED, mistake_of
from callwright.record import Json, Message, ToolCall, Trajectory
from callwright.verify import Execute

RIGHT = "answer-is-right"


class Question(NamedTuple):
    """A prompt, and the name under which its answer is kept."""

    id: str
    prompt: Prompt


Ask = Callable[[Sequence[Question]], Sequence[Completion | None]]
"""Answers questions in their order, None where one does not fit into the model's context; raises `ModelError`
for an outage."""


class Generations:
    """The source that asks a model for each row's next turn."""

    def __init__(self, ask: Ask, name: str, play: Execute | None = None) -> None:
        self._ask = ask
        self._name = name
        self._play = play
        self.outcomes: Counter[str] = Counter()
        """Answers by error class, or by why they are no rejected answer."""

    def __call__(self, rows: Sequence[Ready]) -> list[Offer]:
        """Return the model's answer to each row where it is wrong."""
        answers = self._ask([Question(one.row.id, prompt_for(one.t)) for one in rows]) if rows else ()
        return [self._offer(one.t, answer) for one, answer in zip(rows, answers, strict=True)]

    def _offer(self, t: Trajectory, answer: Completion | None) -> Offer:
        message, outcome = graded(t, answer, self._play)
        one = None
        if message is not None:
            one = candidate(t, message, outcome, "model", {"model": self._name})
            outcome = outcome if one is not None else "answer-not-renderable"
        self.outcomes[outcome] += 1
        return Offer(reason=outcome) if one is None else Offer((one,))

    def to_json(self) -> dict[str, Json]:
        """Return what became of the answers, the most frequent first."""
        return {"model": self._name, "answers": dict(self.outcomes.most_common())}


def graded(
    t: Trajectory, answer: Completion | None, play: Execute | None = None
) -> tuple[Message | None, str]:
    """Return a wrong answer and its class; None and the reason for one that shows no mistake."""
    if answer is None:
        return None, "prompt-too-long"
    if answer.finish == "length":
        return None, "answer-cut-off"
    message = formats.reply_message(answer.text, t.task.output_format)
    if isinstance(message, formats.Malformed):
        why = f"{message.reason} at character {message.position}"
        unread = ToolCall(name="", arguments=None, raw=answer.text, parse_error=why)
        return Message(role="assistant", tool_calls=(unread,)), MALFORMED
    found = mistake_of(t, message, play)
    return (message, found) if found else (None, RIGHT)


def prompt_for(t: Trajectory) -> Prompt:
    """Return the prompt that asks for what stands last in a row, in the bytes that training uses."""
    messages = formats.plain_messages(t)[:-1]
    return Prompt(
        messages=tuple((message.role, message.content) for message in messages),
        segments=tuple((s.text, s.control) for s in formats.segments(messages, generation_prompt=True)),
        settled=partial(formats.settled, output_format=t.task.output_format),
    )
