"""Attention for reading and for single steps on a CPU, where torch's fused kernel is not the fastest way.

The fused kernel computes the whole square of scores under a causal mask, and takes two to three times as long
as two plain matrix products for one new token a row. Registered with transformers under `ATTENTION`; what is
not one of these two cases goes to the fused kernel unchanged.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

ATTENTION = "callwright"
"""The name to give to `set_attn_implementation`."""

BLOCK = 64
"""Queries that are read together; each block looks only at the keys up to its own end."""


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Return attention as (rows, queries, heads, head size); the arguments are those of transformers."""
    plain = kwargs.get("softcap") is None and kwargs.get("position_bias") is None
    if plain and query.shape[2] == 1 and _is_additive(attention_mask):
        return _one_token(query, key, value, attention_mask, scaling), None
    if plain and attention_mask is None and BLOCK < query.shape[2] == key.shape[2] and module.is_causal:
        return _causal(query, key, value, scaling), None
    out: tuple[Tensor, None] = sdpa_attention_forward(
        module, query, key, value, attention_mask, scaling=scaling, **kwargs
    )
    return out


def _is_additive(mask: Tensor | None) -> bool:
    return mask is not None and mask.is_floating_point() and mask.shape[1] == 1


def _one_token(query: Tensor, key: Tensor, value: Tensor, mask: Any, scaling: float | None) -> Tensor:
    """Attend from one query a row; the queries that share a key head form one matrix."""
    rows, heads, _, size = query.shape
    groups = rows * key.shape[1]
    folded = query.reshape(groups, -1, size) * (scaling if scaling is not None else size**-0.5)
    scores = torch.bmm(folded, key.reshape(groups, -1, size).transpose(1, 2))
    scores = scores.view(rows, heads, 1, -1) + mask
    weights = torch.softmax(scores, dim=-1, dtype=torch.float32).to(value.dtype)
    out = torch.bmm(weights.view(groups, heads // key.shape[1], -1), value.reshape(groups, -1, size))
    return out.view(rows, 1, heads, size)


def _causal(query: Tensor, key: Tensor, value: Tensor, scaling: float | None) -> Tensor:
    """Attend causally in blocks of queries, which leaves out most of the masked half."""
    length = query.shape[2]
    seen = torch.ones(BLOCK, length, dtype=torch.bool, device=query.device)
    blocks = []
    for start in range(0, length, BLOCK):
        end = min(start + BLOCK, length)
        blocks.append(
            scaled_dot_product_attention(
                query[:, :, start:end],
                key[:, :, :end],
                value[:, :, :end],
                attn_mask=seen[: end - start, :end].tril(start),
                scale=scaling,
                enable_gqa=True,
            )
        )
    return torch.cat(blocks, dim=2).transpose(1, 2)


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
