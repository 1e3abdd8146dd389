"""Answers that are drawn instead of taken: each by a generator of its own, seeded by what is asked.

So an answer does not depend on the prompts that happen to be answered beside it, nor on their order.
"""

from __future__ import annotations

import hashlib
import json
import random
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class Picker(Protocol):
    """Chooses the tokens of one answer, one after the other."""

    def pick(self, logits: Tensor) -> int:
        """Return the next token; `logits` is (vocabulary,)."""
        ...


class Sampler:
    """Draws tokens at a temperature above 0, from the likeliest that together reach `top_p`."""

    def __init__(self, temperature: float, seed: int, top_p: float = 1.0) -> None:
        self._top_p = top_p
        self._temperature = max(temperature, 1e-30)  # float32 takes anything smaller for 0
        self._random = random.Random(seed)

    def pick(self, logits: Tensor) -> int:
        """Return a token drawn by its probability; `logits` is (vocabulary,), -inf for what may not be."""
        scores = logits.cpu().float()
        weights = ((scores - scores.max()) / self._temperature).exp().double()
        if self._top_p < 1:
            likeliest, places = weights.sort(descending=True, stable=True)
            before = likeliest.cumsum(0) - likeliest
            weights[places[before >= self._top_p * likeliest.sum()]] = 0.0
        reached = weights.cumsum(0)
        return int((reached <= self._random.random() * reached[-1]).sum())


def seed_of(text: str, sample: int, seed: int) -> int:
    """Return the seed of one answer: of 31 bits, since servers take no more."""
    told = json.dumps([text, sample, seed]).encode()
    return int.from_bytes(hashlib.sha256(told).digest()[:4], "big") >> 1
