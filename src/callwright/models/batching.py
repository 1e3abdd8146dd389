"""Decoding of many prompts with one transformers model, at the speed of the matrix products.

Three things cost time in the usual batched loop and are left out here:

- Padding and repeated prefixes. Prompts are sorted by their tokens and read one at a time; each starts from
  the keys and values of the prefix that it shares with the one before (same instruction, same tools), or with
  an earlier conversation where `Prefixes` are kept.
- Growing the cache. Keys and values live in slots allocated ahead, one slot a row, each row at its own
  length, so that a step writes one column in place instead of copying everything.
- Stragglers. A row that stops frees its slot for the next prompt at once: steps stay full until the end.

A row never attends to its neighbours, so in float32 the tokens are those of a plain greedy search; in
bfloat16 the shape of a matrix product may round differently, as it does between any two batch sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import Cache, DynamicCache
from transformers.cache_utils import DynamicLayer

from callwright.models.prefixes import Prefill, Prefixes, best

if TYPE_CHECKING:
    from callwright.models.sampling import Picker

GROWTH = 64
"""Slots grow and shrink by multiples of this many tokens."""
Finished = Callable[[int, list[int]], None]
"""Is told of an answer: the place of its prompt, and its tokens."""
LOOK = 8
"""After how many tokens it is looked whether an answer is settled."""


class SlotLayer(DynamicLayer):  # type: ignore[misc]  # transformers is untyped
    """Keys and values of one layer: row i of a step is slot i, written at that row's own length."""

    keys: Tensor
    values: Tensor
    is_initialized: bool

    def __init__(self, step: _Step) -> None:
        super().__init__()
        self.step = step

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Store one new token a row; return the keys and values of all rows, unused columns included."""
        rows = key_states.shape[0]
        self.keys[self.step.slots, :, self.step.lengths] = key_states[:, :, 0]
        self.values[self.step.slots, :, self.step.lengths] = value_states[:, :, 0]
        return self.keys[:rows], self.values[:rows]

    def resize(self, like: Tensor, slots: int, capacity: int) -> None:
        """Make room for `capacity` tokens a slot; `like` tells heads, head size, dtype and device."""
        # Zeros, because a masked position still takes part in a product: its weight is 0, and 0 × NaN is NaN.
        keys, values = (like.new_zeros(slots, like.shape[1], capacity, like.shape[3]) for _ in range(2))
        if self.is_initialized:
            kept = min(capacity, self.keys.shape[2])
            keys[:, :, :kept] = self.keys[:, :, :kept]
            values[:, :, :kept] = self.values[:, :, :kept]
        self.keys, self.values, self.is_initialized = keys, values, True

    def get_seq_length(self, *args: Any, **kwargs: Any) -> int:
        """Return the columns that a step's mask covers, the new token's not counted."""
        return self.keys.shape[2] - 1


@dataclass
class _Step:
    """Where the current step writes; shared by all layers."""

    slots: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))
    lengths: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))


class SlotCache(Cache):  # type: ignore[misc]  # transformers is untyped
    """Keys and values of up to `slots` rows of different lengths, every layer one contiguous block."""

    def __init__(self, layers: int, slots: int) -> None:
        self.step = _Step()
        self.slots = slots
        self.capacity = 0
        super().__init__(layers=[SlotLayer(self.step) for _ in range(layers)])

    def load(self, slot: int, prefilled: DynamicCache) -> None:
        """Copy the one row of `prefilled` into `slot`."""
        length = prefilled.layers[0].keys.shape[2]
        self._fit(length, prefilled.layers[0].keys)
        for layer, source in zip(self.layers, prefilled.layers, strict=True):
            layer.keys[slot, :, :length] = source.keys[0]
            layer.values[slot, :, :length] = source.values[0]

    def move(self, source: int, target: int, length: int) -> None:
        """Copy the first `length` tokens of one slot over another."""
        for layer in self.layers:
            layer.keys[target, :, :length] = layer.keys[source, :, :length]
            layer.values[target, :, :length] = layer.values[source, :, :length]

    def copy(self, slot: int, length: int) -> list[tuple[Tensor, Tensor]]:
        """Return the keys and values of the first `length` tokens of a slot, one pair a layer."""
        return [
            (
                layer.keys[slot : slot + 1, :, :length].clone(),
                layer.values[slot : slot + 1, :, :length].clone(),
            )
            for layer in self.layers
        ]

    def next_step(self, lengths: Sequence[int]) -> Tensor:
        """Prepare the step in which row i writes at ``lengths[i]``; return its additive attention mask."""
        like = self.layers[0].keys
        self._fit(max(lengths) + 1, like, shrink=True)
        self.step.lengths = torch.tensor(lengths, device=like.device)
        self.step.slots = torch.arange(len(lengths), device=like.device)
        unused = torch.arange(self.capacity, device=like.device) > self.step.lengths[:, None]
        mask = torch.zeros(unused.shape, dtype=like.dtype, device=like.device)
        return mask.masked_fill_(unused, torch.finfo(like.dtype).min)[:, None, None]

    def _fit(self, needed: int, like: Tensor, *, shrink: bool = False) -> None:
        """Give every slot room for `needed` tokens; take it back where most of it is unused."""
        if needed > self.capacity or (shrink and 2 * needed + GROWTH < self.capacity):
            self.capacity = -(-needed // GROWTH) * GROWTH
            for layer in self.layers:
                layer.resize(like, self.slots, self.capacity)


@dataclass
class _Row:
    """A prompt that is being answered."""

    index: int
    length: int
    """Tokens in the cache."""
    tokens: list[int]
    """Generated so far; the last one is not in the cache yet."""
    picker: Picker | None = None


def can_decode(model: Any) -> bool:
    """Tell whether `decode` works for this architecture: full attention in every layer."""
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
    settled: Callable[[int, list[int]], bool] = lambda place, tokens: False,
    finished: Finished = lambda place, tokens: None,
) -> list[list[int]]:
    """Return the continuation of every prompt, a final stop token included, in the order given.

    With `prefixes`, what was read and written is kept there for prompts that go on from it. `pickers` choose
    the tokens, by the place of the prompt; without one it is always the best. `settled` tells of a place and
    the tokens written there that nothing more is needed; `finished` is told of every answer the moment it is
    there.
    """

    def ended(row: _Row) -> bool:
        if row.tokens[-1] in stop or len(row.tokens) >= max_tokens:
            return True
        return len(row.tokens) % LOOK == 0 and settled(row.index, row.tokens)

    answers: list[list[int]] = [[] for _ in prompts]
    batch = _Batch(model, slots, prefixes, ended)
    waiting = sorted(range(len(prompts)), key=lambda i: prompts[i], reverse=True)
    while waiting or batch.rows:
        done: list[_Row] = []
        while waiting and len(batch.rows) < slots:
            place = waiting.pop()
            done += batch.admit(place, prompts[place], (pickers or {}).get(place))
        done += batch.step(prompts)
        for row in done:
            answers[row.index] = row.tokens
            finished(row.index, row.tokens)
    return answers


class _Batch:
    """The prompts that are being answered, one a slot."""

    def __init__(
        self, model: Any, slots: int, prefixes: Prefixes | None, ended: Callable[[_Row], bool]
    ) -> None:
        self.rows: list[_Row] = []
        self._model = model
        self._prefixes = prefixes
        self._ended = ended
        self._prefill = Prefill(model, prefixes)
        self._cache = SlotCache(model.config.get_text_config().num_hidden_layers, slots)

    def admit(self, place: int, prompt: list[int], picker: Picker | None) -> list[_Row]:
        """Read a prompt into the next free slot; return its row if its first token is its last."""
        row = _Row(place, len(prompt), [self._prefill(prompt, picker)], picker)
        if not self._ended(row):
            self._cache.load(len(self.rows), self._prefill.cache)
            self.rows.append(row)
            return []
        if self._prefixes is not None:
            self._prefixes.keep(prompt, self._prefill.layers)
        return [row]

    def step(self, prompts: Sequence[list[int]]) -> list[_Row]:
        """Generate one token for every row; return the rows that ended, whose slots are free again."""
        if not self.rows:
            return []
        _step(self._model, self._cache, self.rows)
        done = []
        for slot in range(len(self.rows) - 1, -1, -1):
            row = self.rows[slot]
            if not self._ended(row):
                continue
            done.append(row)
            if self._prefixes is not None:
                written = prompts[row.index] + row.tokens[:-1]
                self._prefixes.keep(written, self._cache.copy(slot, row.length))
            last = self.rows.pop()
            if slot < len(self.rows):
                self.rows[slot] = last
                self._cache.move(len(self.rows), slot, last.length)
        return done


def _step(model: Any, cache: SlotCache, rows: list[_Row]) -> None:
    """Generate one token for every row."""
    lengths = [row.length for row in rows]
    mask = cache.next_step(lengths)
    logits = model(
        input_ids=torch.tensor([[row.tokens[-1]] for row in rows], device=mask.device),
        position_ids=torch.tensor(lengths, device=mask.device)[:, None],
        attention_mask=mask,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    ).logits
    for row, token in zip(rows, best(logits, [row.picker for row in rows]), strict=True):
        row.tokens.append(token)
        row.length += 1
