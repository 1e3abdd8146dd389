"""Answers that are read while they are written, several at a time, by whoever asks for them from any thread.

What evaluation asks of a model is `Model`; what a server asks of one is a `Writer`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from callwright.errors import CallwrightError, DataError, ModelError
from callwright.models import Completion, Model, Prompt
from callwright.models.scripted import words
from callwright.models.spelling import Until


@dataclass(frozen=True)
class Wish:
    """How an answer is to be written."""

    max_tokens: int
    seed: int = 0
    """Of what is drawn, where the prompt has a temperature."""
    top_p: float = 1.0
    """Drawn is among the likeliest tokens that together have this probability."""
    stop: tuple[str, ...] = ()
    """Texts before which the answer ends."""
    logprobs: int | None = None
    """Log-probabilities are told, of a token and of so many others at its place; None: they are not."""


class Scored(NamedTuple):
    """A token, and how likely it was."""

    text: str
    logprob: float
    raw: bytes
    """What it stands for; of a part of a character, `text` can tell nothing."""
    top: tuple[Scored, ...] = ()
    """Of one that was written, the likeliest at its place, the best first."""


class Piece(NamedTuple):
    """How an answer goes on."""

    text: str
    tokens: tuple[Scored, ...] = ()


Told = Callable[[Piece | Completion | CallwrightError], None]
"""Is told of the pieces of an answer, then of the whole or of why there is none; in a thread of the model."""
Cancel = Callable[[], None]


class Load(NamedTuple):
    """How much there is to do."""

    waiting: int
    running: int


class Writer(Protocol):
    """What a server asks of a model."""

    @property
    def name(self) -> str:
        """Return the name that clients see."""
        ...

    @property
    def load(self) -> Load:
        """Return how many answers wait and how many are being written."""
        ...

    def write(self, prompt: Prompt, wish: Wish, told: Told) -> Cancel:
        """Begin an answer; return what gives it up.

        Raises `DataError` for a prompt that does not fit or a grammar that is none, and `ModelError` after
        `close`.
        """
        ...

    def close(self) -> None:
        """Take no more prompts, and return when all answers are written."""
        ...


class WholeAnswers:
    """A `Writer` that has a model answer one prompt after the other, each as a whole."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._lock = threading.Lock()
        self._open = 0

    @property
    def name(self) -> str:
        """Return the model's name."""
        return self._model.name

    @property
    def load(self) -> Load:
        """Return how many wait behind the one that is being answered."""
        return Load(max(0, self._open - 1), min(1, self._open))

    def write(self, prompt: Prompt, wish: Wish, told: Told) -> Cancel:
        """Begin an answer; such a model draws nothing and tells no log-probabilities."""
        given_up = threading.Event()
        if not self._model.fits(prompt, wish.max_tokens):
            raise DataError(f"the prompt does not fit into the context of {self.name}")
        try:
            self._thread.submit(self._answer, prompt, wish, told, given_up)
        except RuntimeError as error:
            raise ModelError("the model is being closed") from error
        self._count(1)
        return given_up.set

    def close(self) -> None:
        """Answer what was asked, then stop."""
        self._thread.shutdown()

    def _answer(self, prompt: Prompt, wish: Wish, told: Told, given_up: threading.Event) -> None:
        try:
            if not given_up.is_set():
                [whole] = self._model.complete([prompt], max_tokens=wish.max_tokens, seed=wish.seed)
                until = Until(wish.stop)
                text = until.feed(whole.text) + until.close()
                for word in words(text):
                    told(Piece(word))
                told(whole._replace(text=text))
        except CallwrightError as error:
            told(error)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._open += change
