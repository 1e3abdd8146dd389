"""How generators ask models: the question, and who answers it is none of their business.

Journals, concurrency and retries belong to whoever provides the `Ask`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from callwright.formats import PlainMessage
from callwright.models import Completion, Prompt
from callwright.verify.judge.question import prompt_of

TEMPERATURE = 0.7
"""As in APIGen (arXiv 2406.18518)."""


class Question(NamedTuple):
    """A prompt, and the name under which its answer is kept."""

    id: str
    prompt: Prompt


Ask = Callable[[Sequence[Question]], Sequence[Completion | None]]
"""Answers questions in their order, None where one does not fit into the model's context; raises `ModelError`
for an outage."""


def asked_of(name: str, messages: Sequence[PlainMessage]) -> Question:
    """Return the question for the next turn of a conversation, answered greedily."""
    return Question(name, prompt_of(tuple((m.role, m.content) for m in messages)))


def question(name: str, *messages: tuple[str, str], sample: int = 0) -> Question:
    """Return a question of (role, content) messages; `sample` tells equal ones apart."""
    return Question(name, replace(prompt_of(messages), temperature=TEMPERATURE, sample=sample))
