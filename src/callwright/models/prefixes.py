"""Reading prompts from where they differ from what was read before.

Prompts of one benchmark share their instruction and tools, and the prompts of a conversation all that was
said so far. The keys and values of a shared prefix are the same, so only the rest has to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

MIN_SHARED = 16
"""A shared prefix shorter than this is read again: slicing it out costs as much."""

Layers = Sequence[tuple[Tensor, Tensor]]
"""Keys and values, each (1, heads, tokens, head size), one pair a layer."""


class Prefixes:
    """Keys and values of conversations; beyond a limit of bytes those go that were not used for longest."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: dict[tuple[int, ...], Layers] = {}
        self.bytes = 0

    def keep(self, ids: Sequence[int], layers: Layers) -> None:
        """Hold the keys and values of `ids`, in place of those of its prefixes."""
        new = tuple(ids)
        for old in [known for known in self._held if new[: len(known)] == known]:
            self._drop(old)
        if _size(layers) > self._limit:
            return
        self._held[new] = layers
        self.bytes += _size(layers)
        while self.bytes > self._limit:
            self._drop(next(iter(self._held)))

    def longest(self, ids: Sequence[int]) -> tuple[int, Layers]:
        """Return how many tokens of `ids` are known at most, and the layers that hold them."""
        shared, found = 0, None
        for known in self._held:
            common = common_prefix(known, ids)
            if common > shared:
                shared, found = common, known
        if found is None:
            return 0, ()
        layers = self._held.pop(found)
        self._held[found] = layers  # the last one in is the last one out
        return shared, layers

    def _drop(self, ids: tuple[int, ...]) -> None:
        self.bytes -= _size(self._held.pop(ids))


def _size(layers: Layers) -> int:
    return sum(t.numel() * t.element_size() for pair in layers for t in pair)


def common_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    """Return how many tokens two prompts have in common at their beginning."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


class Prefill:
    """Read prompts one at a time, each from where it differs from the one before or from what is kept."""

    def __init__(self, model: Any, prefixes: Prefixes | None = None) -> None:
        self.model = model
        self.ids: list[int] = []
        self.cache = DynamicCache()
        self._prefixes = prefixes

    @property
    def layers(self) -> Layers:
        """Return the keys and values of what was read last."""
        return [(layer.keys, layer.values) for layer in self.cache.layers]

    def __call__(self, ids: list[int]) -> Tensor:
        """Return the logits of the next token, (1, 1, vocabulary); `cache` then is that of `ids`."""
        shared, layers = self._known(ids)
        cache = DynamicCache()
        for i, (keys, values) in enumerate(layers):
            cache.update(keys[:, :, :shared], values[:, :, :shared], i)
        device = self.model.device
        logits: Tensor = self.model(
            input_ids=torch.tensor([ids[shared:]], device=device),
            position_ids=torch.arange(shared, len(ids), device=device)[None],
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits
        self.ids, self.cache = ids, cache
        return logits

    def _known(self, ids: list[int]) -> tuple[int, Layers]:
        shared, layers = common_prefix(self.ids, ids), self.layers
        if self._prefixes is not None:
            kept, held = self._prefixes.longest(ids)
            if kept > shared:
                shared, layers = kept, held
        # The last token is always read again: its logits are what is asked for.
        shared = min(shared, len(ids) - 1)
        return (shared, layers) if shared >= MIN_SHARED else (0, ())
