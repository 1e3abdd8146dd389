"""One forward over what several rows have in common: the tools are read once, each row's own part apart.

Rows of one forward often begin with the same tokens (the system text with its tools). Their keys and values
are computed once and attended to by every row, with gradients flowing back through them, so loss and
gradients are those of separate rows, at a third to a half of the tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import DynamicCache

from callwright.train.tokens import IGNORED

SHORTEST = 24
"""A common beginning of fewer tokens is not worth a second pass."""


def common_prefix(ids: Sequence[Sequence[int]], labels: Sequence[Sequence[int]]) -> int:
    """Return how many tokens all rows begin with alike, none supervised; 0 if sharing does not pay."""
    if len(ids) < 2:
        return 0
    first, shortest = ids[0], min(map(len, ids))
    length = 0
    while (
        length < shortest - 1
        and all(row[length] == first[length] for row in ids[1:])
        # The token after the prefix is predicted by it; it must not be supervised either.
        and all(row[length + 1] == IGNORED for row in labels)
    ):
        length += 1
    return length if length >= SHORTEST else 0


def branch_hidden(
    decoder: Any, config: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, prefix: int
) -> torch.Tensor:
    """Return the hidden states (rows, length - prefix, width) after a prefix that all rows share."""
    rows, length = input_ids.shape
    cache = DynamicCache(config=config)
    decoder(input_ids=input_ids[:1, :prefix], past_key_values=cache, use_cache=True)
    for layer in cache.layers:
        layer.keys = layer.keys.expand(rows, -1, -1, -1)
        layer.values = layer.values.expand(rows, -1, -1, -1)
    positions = torch.arange(prefix, length, device=input_ids.device)[None]
    hidden: torch.Tensor = decoder(
        input_ids=input_ids[:, prefix:],
        attention_mask=attention_mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
    ).last_hidden_state
    return hidden
