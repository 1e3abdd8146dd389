"""Keys and values of many rows, each in a slot of its own and at its own length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import Cache, DynamicCache
from transformers.cache_utils import DynamicLayer

GROWTH = 64
"""Slots grow and shrink by multiples of this many tokens."""


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

    def resize(self, like: Tensor, slots: int, capacity: int, longest: int) -> None:
        """Make room for `capacity` tokens a slot; `like` tells heads, head size, dtype and device."""
        if not self.is_initialized:
            self._blocks = _Block(like, slots, longest), _Block(like, slots, longest)
            self.keys, self.values = (
                like.new_zeros(slots, like.shape[1], 0, like.shape[3]) for _ in range(2)
            )
        self.keys = self._blocks[0].laid_out(self.keys, capacity)
        self.values = self._blocks[1].laid_out(self.values, capacity)
        self.is_initialized = True

    def get_seq_length(self, *args: Any, **kwargs: Any) -> int:
        """Return the columns that a step's mask covers, the new token's not counted."""
        return self.keys.shape[2] - 1


class _Block:
    """Memory that lies still while its rows become longer and shorter.

    New tensors for every length would leave an allocator with holes: half as much again as what is in use.
    """

    def __init__(self, like: Tensor, slots: int, longest: int) -> None:
        # An operating system gives memory when it is written to; a GPU's is gone when it is asked for.
        room = slots * like.shape[1] * like.shape[3] * (longest if like.device.type == "cpu" else 0)
        self._flat = like.new_empty(room)
        self._written = 0

    def laid_out(self, rows: Tensor, capacity: int) -> Tensor:
        """Return `rows`, (slots, heads, tokens, size), with room for `capacity` tokens."""
        slots, heads, tokens, size = rows.shape
        kept = rows[:, :, : min(tokens, capacity)].clone()
        needed = slots * heads * capacity * size
        if needed > self._flat.numel():
            self._flat, self._written = rows.new_empty(needed), 0
        # Zeros, because a masked position still takes part in a product: its weight is 0, and 0 × NaN is NaN.
        self._flat[self._written : needed].zero_()
        self._written = max(self._written, needed)
        laid = self._flat[:needed].view(slots, heads, capacity, size)
        laid[:, :, : kept.shape[2]] = kept
        return laid


@dataclass
class _Step:
    """Where the current step writes; shared by all layers."""

    slots: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))
    lengths: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))


class SlotCache(Cache):  # type: ignore[misc]  # transformers is untyped
    """Keys and values of up to `slots` rows of different lengths, every layer one contiguous block.

    Rows of more than `longest` tokens have room as well, but memory is moved for them.
    """

    def __init__(self, layers: int, slots: int, longest: int = 0) -> None:
        self.step = _Step()
        self.slots = slots
        self.longest = -(-longest // GROWTH) * GROWTH
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
        # In one piece of memory, which goes as one: thousands of small ones leave holes.
        heads, size = self.layers[0].keys.shape[1], self.layers[0].keys.shape[3]
        copied = self.layers[0].keys.new_empty(len(self.layers), 2, 1, heads, length, size)
        for layer, (keys, values) in zip(self.layers, copied, strict=True):
            keys[0] = layer.keys[slot, :, :length]
            values[0] = layer.values[slot, :, :length]
        return [(keys, values) for keys, values in copied]

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
                layer.resize(like, self.slots, self.capacity, self.longest)
