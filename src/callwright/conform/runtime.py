"""What a runtime is to a certificate: the few things that it does with text and tokens, each a function.

None stands for what a runtime has no part in: a parser of calls knows nothing of prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from callwright.conform.cases import Case
from callwright.record import Json

Property = Literal["prompt", "control", "learnt", "calls", "streamed"]
PROPERTIES: dict[Property, str] = {
    "prompt": "same prompt",
    "control": "no control token from text",
    "learnt": "learnt = generated",
    "calls": "same calls",
    "streamed": "same calls, streamed",
}


class Said(NamedTuple):
    """What an answer is read as."""

    content: str
    calls: tuple[tuple[str, dict[str, Json]], ...]
    """Name and arguments of each."""
    reasoning: str = ""


class Written(NamedTuple):
    """A case as training and serving here write it: what every runtime is held to."""

    case: Case
    prompt: list[int]
    """Tokens of the conversation up to the answer."""
    answer: list[int]
    """Tokens that the model has to write, its end of turn included."""
    whole: list[int]
    """Tokens of the training row."""
    learnt: list[bool]
    """Which of them are supervised."""
    text: str
    """The answer as text, without its end of turn."""
    said: Said
    """What the answer is to be read as."""
    control: int
    """How many control tokens the frame puts into the prompt."""


class Limit(NamedTuple):
    """A limit of a runtime that nothing on our side can lift."""

    says: str
    """What lies beyond it, for whoever reads the certificate."""
    exceeded: Callable[[Case], bool]
    """Tell whether a case holds such a thing."""


@dataclass(frozen=True)
class Runtime:
    """A way to run the model."""

    name: str
    version: str
    prompt: Callable[[Written], list[int]] | None = None
    """Return the tokens of the prompt, as this runtime makes them of messages and tools."""
    learnt: Callable[[Written], Json] | None = None
    """Return a difference between what is supervised and what is generated; None where there is none."""
    calls: Callable[[Written], Said] | None = None
    """Return what this runtime reads in the answer."""
    streamed: Callable[[Written, Sequence[int]], Said] | None = None
    """Return what it reads where the answer comes in pieces that end at these characters."""
    close: Callable[[], None] | None = None
    """Give back what it holds."""
    limit: Limit | None = None
    """What it is known not to be able to write."""
