"""A local model as a `Writer`: answers of many clients side by side, told as they are written."""

from __future__ import annotations

import torch
from torch import Tensor

from callwright.models import Completion, Prompt
from callwright.models.batching import Batch, Row, can_decode
from callwright.models.continuous import Continuous, Steps
from callwright.models.local import LocalModel
from callwright.models.plain import Alone
from callwright.models.prefixes import Prefixes
from callwright.models.sampling import Picker
from callwright.models.spelling import Spelling, Until, bytes_of
from callwright.models.writing import Cancel, Load, Piece, Scored, Told, Wish

REMEMBERED = 1 << 29
"""Bytes of what was read and written that are kept for conversations that go on."""


class LocalWriter:
    """Write answers with a local model, up to `slots` of them at a time."""

    def __init__(self, model: LocalModel, *, slots: int | None = None, remember: int = REMEMBERED) -> None:
        self._model = model
        steps: Steps
        if can_decode(model.model):
            most = slots or model.slots(model.context)
            steps = Batch(
                model.model, most, model.stop, Prefixes(remember) if remember else None, model.context
            )
        else:
            steps = Alone(model.model, model.stop)
        self._lines = Continuous(steps)

    @property
    def name(self) -> str:
        """Return the model's name."""
        return self._model.name

    @property
    def load(self) -> Load:
        """Return how many answers wait and how many are being written."""
        return Load(self._lines.waiting, self._lines.running)

    def write(self, prompt: Prompt, wish: Wish, told: Told) -> Cancel:
        """Begin an answer; return what gives it up."""
        ids = self._model.read(prompt, wish.max_tokens)
        picker = self._model.picker(prompt, wish.seed, wish.top_p)
        scores = None
        if wish.logprobs is not None:
            scores = picker = _Scores(picker, wish.logprobs)
        row = Row(ids, wish.max_tokens, picker)
        self._lines.submit(row, _Teller(self._model, wish, scores, told))

        def cancel() -> None:
            row.unwanted = True

        return cancel

    def close(self) -> None:
        """Take no more prompts, and return when all answers are written."""
        self._lines.close()


class _Teller:
    """Turns the tokens of a row into pieces, and its end into a completion."""

    def __init__(self, model: LocalModel, wish: Wish, scores: _Scores | None, told: Told) -> None:
        self._spelling = Spelling(model.text)
        self._until = Until(wish.stop)
        self._model = model
        self._scores = scores
        self._told = told
        self._seen = 0
        self._text = ""

    def __call__(self, row: Row, ended: bool) -> None:
        """Tell what is new; a client that can not be told any more has gone."""
        try:
            if row.error:
                self._told(row.error)
            elif not row.unwanted or self._until.found:
                self._tell(row, ended)
        except Exception:  # a loop that was closed: the thread that writes for others must live on
            row.unwanted = True

    def _tell(self, row: Row, ended: bool) -> None:
        for token in row.tokens[self._seen :]:
            self._seen += 1
            if token not in self._model.stop and not self._until.found:
                text = self._until.feed(self._spelling.feed(token))
                self._put(text, () if self._until.found else self._scored(token))
        if self._until.found and not ended:
            row.unwanted = True  # nothing more is wanted of it; its end is told when the model gets there
        if ended:
            self._put(self._until.feed(self._spelling.close()) + self._until.close(), ())
            self._told(self._completion(row))

    def _put(self, text: str, scored: tuple[Scored, ...]) -> None:
        if text or scored:
            self._text += text
            self._told(Piece(text, scored))

    def _scored(self, token: int) -> tuple[Scored, ...]:
        if self._scores is None:
            return ()
        chosen, top = self._scores.found[self._seen - 1]
        return (self._told_of(token, chosen)._replace(top=tuple(self._told_of(*each) for each in top)),)

    def _told_of(self, token: int, logprob: float) -> Scored:
        return Scored(self._model.text([token]), logprob, bytes_of(self._model.tokenizer, token))

    def _completion(self, row: Row) -> Completion:
        said_stop = row.tokens[-1] in self._model.stop
        count = len(row.tokens) - said_stop
        over = said_stop or self._until.found
        return Completion(self._text, len(row.prompt), count, "stop" if over else "length")


class _Scores:
    """Chooses as `picker` does, and keeps the log-probabilities of what it chose from."""

    def __init__(self, picker: Picker | None, top: int) -> None:
        self._picker = picker
        self._top = top
        self.found: list[tuple[float, list[tuple[int, float]]]] = []

    def pick(self, logits: Tensor) -> int:
        """Return a token; `logits` is (vocabulary,)."""
        token = self._picker.pick(logits) if self._picker else int(logits.argmax())
        logps = torch.log_softmax(logits.float(), -1)
        values, ids = logps.topk(self._top)
        self.found.append((logps[token].item(), list(zip(ids.tolist(), values.tolist(), strict=True))))
        return token
