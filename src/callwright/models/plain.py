"""Decoding without the batched loop, for architectures that it does not take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from callwright.models.batching import Finished, Row, write

if TYPE_CHECKING:
    from callwright.models.sampling import Picker


@torch.inference_mode()
def generate(
    model: Any,
    prompts: Sequence[list[int]],
    *,
    max_tokens: int,
    stop: frozenset[int],
    slots: int,
    pickers: Mapping[int, Picker] | None = None,
    finished: Finished = lambda place, tokens: None,
) -> list[list[int]]:
    """Do what `batching.decode` does with transformers' own loop, where `can_decode` says no.

    That loop has one generator for all rows, so what is drawn is written alone.
    """
    answers: list[list[int]] = [[] for _ in prompts]
    pad = min(stop)
    for i, picker in (pickers or {}).items():
        answers[i] = _drawn(model, Row(prompts[i], max_tokens, picker), stop)
        finished(i, answers[i])
    order = sorted(set(range(len(prompts))) - set(pickers or ()), key=lambda i: len(prompts[i]))
    for start in range(0, len(order), slots):
        batch = order[start : start + slots]
        width = len(prompts[batch[-1]])
        ids = torch.tensor([[pad] * (width - len(prompts[i])) + prompts[i] for i in batch])
        mask = torch.tensor([[0] * (width - len(prompts[i])) + [1] * len(prompts[i]) for i in batch])
        out = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            max_new_tokens=max_tokens,
            do_sample=False,
            eos_token_id=sorted(stop),
            pad_token_id=pad,
        )
        for i, tokens in zip(batch, out[:, width:].tolist(), strict=True):
            answers[i] = _until_stop(tokens, stop)
            finished(i, answers[i])
    return answers


class Alone:
    """One answer at a time, for `continuous.Continuous` where `can_decode` says no."""

    slots = 1

    def __init__(self, model: Any, stop: frozenset[int]) -> None:
        self.rows: list[Row] = []
        self._model = model
        self._stop = stop
        self._cache: Any = None

    def admit(self, row: Row) -> bool:
        """Begin a row; tell whether its first token is its last."""
        self._cache = None
        self._write(row, row.prompt)
        if row.ended(self._stop):
            return True
        self.rows.append(row)
        return False

    def step(self) -> list[Row]:
        """Write one token; return the row if it ended."""
        if not self.rows:
            return []
        [row] = self.rows
        self._write(row, row.tokens[-1:])
        if not row.ended(self._stop):
            return []
        self.rows.clear()
        return [row]

    def clear(self) -> None:
        """Forget the row."""
        self.rows.clear()

    def _write(self, row: Row, read: list[int]) -> None:
        out = self._model(
            input_ids=torch.tensor([read], device=self._model.device),
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        self._cache = out.past_key_values
        write([row], out.logits)


def _drawn(model: Any, row: Row, stop: frozenset[int]) -> list[int]:
    alone = Alone(model, stop)
    alone.admit(row)
    while alone.rows:
        alone.step()
    if row.error:
        raise row.error
    return row.tokens


def _until_stop(tokens: list[int], stop: frozenset[int]) -> list[int]:
    end = next((i + 1 for i, token in enumerate(tokens) if token in stop), len(tokens))
    return tokens[:end]
