"""Decoding of many prompts with one transformers model, at the speed of the matrix products.

Three things cost time in the usual batched loop and are left out here:

- Padding and repeated prefixes. Prompts are sorted by their tokens and read one at a time; each starts from
  the keys and values of the prefix that it shares with the one before (same instruction, same tools), or with
  an earlier conversation where `Prefixes` are kept.
- Growing the cache. Keys and values live in slots allocated ahead (see `slots`), so that a step writes one
  column in place instead of copying everything.
- Stragglers. A row that stops frees its slot for the next prompt at once: steps stay full until the end.

A row never attends to its neighbours, so in float32 the tokens are those of a plain greedy search; in
bfloat16 the shape of a matrix product may round differently, as it does between any two batch sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from callwright.errors import CallwrightError
from callwright.models.prefixes import Prefill, Prefixes
from callwright.models.slots import SlotCache

if TYPE_CHECKING:
    from callwright.models.sampling import Picker

Finished = Callable[[int, list[int]], None]
"""Is told of an answer: the place of its prompt, and its tokens."""
LOOK = 8
"""After how many tokens it is looked whether an answer is settled."""


@dataclass(eq=False)
class Row:
    """An answer that is being written."""

    prompt: list[int]
    max_tokens: int
    picker: Picker | None = None
    """Chooses the tokens; without one it is always the best."""
    settled: Callable[[list[int]], bool] | None = None
    """Tells of the tokens written so far that nothing more is needed."""
    tokens: list[int] = field(default_factory=list)
    """Written so far; the last one is not in the cache yet."""
    length: int = 0
    """Tokens in the cache."""
    unwanted: bool = False
    """Set, by any thread, when nobody waits for the rest."""
    error: CallwrightError | None = None
    """Why it could not be written on; its neighbours are not concerned."""

    def ended(self, stop: frozenset[int]) -> bool:
        """Tell whether no further token is to be written."""
        if self.unwanted or self.error or self.tokens[-1] in stop or len(self.tokens) >= self.max_tokens:
            return True
        return bool(self.settled and len(self.tokens) % LOOK == 0 and self.settled(self.tokens))


def can_decode(model: Any) -> bool:
    """Tell whether rows can share steps in this architecture: full attention in every layer."""
    return all(type(layer) is DynamicLayer for layer in DynamicCache(config=model.config).layers)


@torch.inference_mode()
def decode(
    model: Any,
    prompts: Sequence[list[int]],
    *,
    max_tokens: int,
    stop: frozenset[int],
    slots: int,
    prefixes: Prefixes | None = None,
    pickers: Mapping[int, Picker] | None = None,
    settled: Callable[[int, list[int]], bool] | None = None,
    finished: Finished = lambda place, tokens: None,
) -> list[list[int]]:
    """Return the continuation of every prompt, a final stop token included, in the order given.

    With `prefixes`, what was read and written is kept there for prompts that go on from it. `pickers` choose
    the tokens, by the place of the prompt. `settled` tells of a place and the tokens written there that
    nothing more is needed; `finished` is told of every answer the moment it is there.
    """
    rows = [
        Row(prompt, max_tokens, (pickers or {}).get(i), partial(settled, i) if settled else None)
        for i, prompt in enumerate(prompts)
    ]
    places = {id(row): i for i, row in enumerate(rows)}
    slots = min(slots, len(rows))
    batch = Batch(model, slots, stop, prefixes, max(map(len, prompts), default=0) + max_tokens)
    waiting = sorted(rows, key=lambda row: row.prompt, reverse=True)
    while waiting or batch.rows:
        done: list[Row] = []
        while waiting and len(batch.rows) < slots:
            row = waiting.pop()
            if batch.admit(row):
                done.append(row)
        for row in [*done, *batch.step()]:
            if row.error:
                raise row.error
            finished(places[id(row)], row.tokens)
    return [row.tokens for row in rows]


class Batch:
    """The answers that are being written, one a slot."""

    def __init__(
        self, model: Any, slots: int, stop: frozenset[int], prefixes: Prefixes | None = None, longest: int = 0
    ) -> None:
        self.slots = slots
        self.rows: list[Row] = []
        self._model = model
        self._stop = stop
        self._prefixes = prefixes
        self._prefill = Prefill(model, prefixes)
        self._cache = SlotCache(model.config.get_text_config().num_hidden_layers, slots, longest)

    def admit(self, row: Row) -> bool:
        """Read a prompt into the next free slot; tell whether its first token is its last."""
        write([row], self._prefill(row.prompt))
        row.length = len(row.prompt)
        if not row.ended(self._stop):
            self._cache.load(len(self.rows), self._prefill.cache)
            self.rows.append(row)
            return False
        if self._prefixes is not None:
            self._prefixes.keep(row.prompt, self._prefill.layers)
        return True

    def step(self) -> list[Row]:
        """Write one token in every row; return the rows that ended, whose slots are free again."""
        if not self.rows:
            return []
        self._advance()
        done = []
        for slot in range(len(self.rows) - 1, -1, -1):
            row = self.rows[slot]
            if row.ended(self._stop):
                done.append(row)
                self._free(slot)
        return done

    def clear(self) -> None:
        """Forget all rows."""
        self.rows.clear()

    def _advance(self) -> None:
        lengths = [row.length for row in self.rows]
        mask = self._cache.next_step(lengths)
        logits = self._model(
            input_ids=torch.tensor([[row.tokens[-1]] for row in self.rows], device=mask.device),
            position_ids=torch.tensor(lengths, device=mask.device)[:, None],
            attention_mask=mask,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits
        for row in self.rows:
            row.length += 1
        write(self.rows, logits)

    def _free(self, slot: int) -> None:
        row = self.rows[slot]
        if self._prefixes is not None:
            read = [*row.prompt, *row.tokens][: row.length]
            self._prefixes.keep(read, self._cache.copy(slot, row.length))
        last = self.rows.pop()
        if slot < len(self.rows):
            self.rows[slot] = last
            self._cache.move(len(self.rows), slot, last.length)


def write(rows: Sequence[Row], logits: Tensor) -> None:
    """Append a token to every row; in float32, which on a CPU is five times faster than bfloat16."""
    last = logits[:, -1].float()
    for row, likeliest, scores in zip(rows, last.argmax(-1).tolist(), last, strict=True):
        try:
            row.tokens.append(row.picker.pick(scores) if row.picker else likeliest)
        except CallwrightError as error:
            row.error = error
