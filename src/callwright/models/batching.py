"""Greedy decoding of many prompts with one transformers model, at the speed of the matrix products.

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

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import Cache, DynamicCache
from transformers.cache_utils import DynamicLayer

from callwright.models.prefixes import Prefill, Prefixes, best

if TYPE_CHECKING:
    from callwright.models.constrained import Guide

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
    guide: Guide | None = None


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
    guides: Mapping[int, Guide] | None = None,
    settled: Callable[[int, list[int]], bool] = lambda place, tokens: False,
    finished: Finished = lambda place, tokens: None,
) -> list[list[int]]:
    """Return the greedy continuation of every prompt, a final stop token included, in the order given.

    With `prefixes`, what was read and written is kept there for prompts that go on from it. `guides` hold
    answers to their grammars, by the place of the prompt; `settled` tells of a place and the tokens written
    there that nothing more is needed; `finished` is told of every answer the moment it is there.
    """
    guided = guides or {}
    answers: list[list[int]] = [[] for _ in prompts]
    waiting = sorted(range(len(prompts)), key=lambda i: prompts[i], reverse=True)
    prefill = Prefill(model, prefixes)
    cache = SlotCache(model.config.get_text_config().num_hidden_layers, slots)
    rows: list[_Row] = []

    def ended(row: _Row) -> bool:
        return _ended(row, max_tokens, stop) or (
            len(row.tokens) % LOOK == 0 and settled(row.index, row.tokens)
        )

    while waiting or rows:
        while waiting and len(rows) < slots:
            index = waiting.pop()
            guide = guided.get(index)
            row = _Row(index, len(prompts[index]), [prefill(prompts[index], guide)], guide)
            if not ended(row):
                cache.load(len(rows), prefill.cache)
                rows.append(row)
                continue
            answers[index] = row.tokens
            if prefixes is not None:
                prefixes.keep(prompts[index], prefill.layers)
            finished(index, row.tokens)
        if rows:
            _step(model, cache, rows)
        for slot in range(len(rows) - 1, -1, -1):
            if not ended(rows[slot]):
                continue
            row = rows[slot]
            answers[row.index] = row.tokens
            if prefixes is not None:
                prefixes.keep(prompts[row.index] + row.tokens[:-1], cache.copy(slot, row.length))
            last = rows.pop()
            if slot < len(rows):
                rows[slot] = last
                cache.move(len(rows), slot, last.length)
            finished(row.index, row.tokens)
    return answers


def _ended(row: _Row, max_tokens: int, stop: frozenset[int]) -> bool:
    return row.tokens[-1] in stop or len(row.tokens) >= max_tokens


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
    for row, token in zip(rows, best(logits, [row.guide for row in rows]), strict=True):
        row.tokens.append(token)
        row.length += 1


@torch.inference_mode()
def generate(
    model: Any,
    prompts: Sequence[list[int]],
    *,
    max_tokens: int,
    stop: frozenset[int],
    slots: int,
    finished: Finished = lambda place, tokens: None,
) -> list[list[int]]:
    """Do what `decode` does with transformers' own loop, for architectures that `can_decode` refuses."""
    answers: list[list[int]] = [[] for _ in prompts]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    pad = min(stop)
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


def _until_stop(tokens: list[int], stop: frozenset[int]) -> list[int]:
    end = next((i + 1 for i, token in enumerate(tokens) if token in stop), len(tokens))
    return tokens[:end]


def decode_one(model: Any, ids: list[int], *, max_tokens: int, stop: frozenset[int]) -> Iterator[int]:
    """Yield the greedy continuation of one prompt, token by token, without the stop token."""
    cache: Any = None
    pending = ids
    for _ in range(max_tokens):
        # A generator may be resumed on any thread, and inference mode belongs to one: enter it for each step.
        with torch.inference_mode():
            out = model(
                input_ids=torch.tensor([pending], device=model.device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
        token = best(out.logits)[0]
        if token in stop:
            return
        cache, pending = out.past_key_values, [token]
        yield token
