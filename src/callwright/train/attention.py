"""Attention that takes the branches of a pack apart: each sees its trunk and itself, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.attention.bias import causal_lower_right
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

ATTENTION = "callwright-branches"
"""The name to give to `from_pretrained(attn_implementation=...)`."""

IN_PIECES = (torch.bfloat16,)
"""What a CPU multiplies so fast that plain products are faster than its fused kernel; see `_InPieces`."""
PIECE = 128
"""Queries whose weights exist at a time."""


class Layout(NamedTuple):
    """Where the branches of a pack lie: tree after tree, then what fills the pack up."""

    trees: tuple[tuple[int, ...], ...]
    """Of each tree: the length of its trunk, then those of its branches."""
    fill: int


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    layout: Layout | None = None,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Return attention as (rows, queries, heads, head size); the arguments are those of transformers."""
    if layout is None:
        plain: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, **kwargs
        )
        return plain
    scale = scaling if scaling is not None else query.shape[-1] ** -0.5
    window = kwargs.get("sliding_window")
    lengths = [*(length for tree in layout.trees for length in tree), layout.fill]
    pieces = zip(*(torch.split(x, lengths, dim=2) for x in (query, key, value)), strict=True)
    parts: list[Tensor] = []
    for trunk, *branches in layout.trees:
        q, trunk_key, trunk_value = next(pieces)
        parts.append(_causal(q, trunk_key, trunk_value, scale, window))
        for q, k, v in islice(pieces, len(branches)):
            if trunk:
                k, v = torch.cat((trunk_key, k), dim=2), torch.cat((trunk_value, v), dim=2)
            parts.append(_causal(q, k, v, scale, window))
    (filling, _, _) = next(pieces)
    return torch.cat((*parts, torch.zeros_like(filling)), dim=2).transpose(1, 2), None


def _causal(query: Tensor, key: Tensor, value: Tensor, scale: float, window: int | None) -> Tensor:
    """Attend from the last places of `key`, each to those up to its own, or to the last `window` of them."""
    length, places = query.shape[2], key.shape[2]
    if not length:
        return query
    if query.device.type == "cpu" and query.dtype in IN_PIECES:
        attended: Tensor = _InPieces.apply(query, key, value, scale, window or places)  # type: ignore[no-untyped-call]
        return attended
    if window is None or window >= places:
        mask: Any = causal_lower_right(length, places)  # a name, which fused kernels know: no mask is read
    else:
        mask = torch.ones(length, places, dtype=torch.bool, device=query.device).tril(places - length)
        mask &= torch.ones_like(mask).triu(places - length - window + 1)
    grouped = key.shape[1] != query.shape[1]
    return scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale, enable_gqa=grouped)


class _InPieces(torch.autograd.Function):
    """Attention by plain matrix products, `PIECE` queries at a time, and their weights again on the way back.

    In bfloat16 on a CPU that takes three quarters of the fused kernel's time for long rows, and keeps as
    little. The queries that share a key head are one matrix.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, scale: float, window: int) -> Tensor:
        ctx.save_for_backward(query, key, value)
        ctx.scale, ctx.window = scale, window
        queries = _by_key_head(query, key)
        out = torch.empty_like(queries)
        for own, seen in _pieces(query.shape[2], key.shape[2], window):
            weights = _weights(queries[:, :, own] * scale, key[0, :, seen], window)
            out[:, :, own] = torch.bmm(weights, value[0, :, seen]).view_as(out[:, :, own])
        return out.view(query.shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        query, key, value = ctx.saved_tensors
        queries, grad = _by_key_head(query, key), _by_key_head(gradients[0], key)
        grad_query = torch.empty_like(queries)
        grad_key, grad_value = (torch.zeros_like(x[0], dtype=torch.float32) for x in (key, value))
        for own, seen in _pieces(query.shape[2], key.shape[2], ctx.window):
            scaled = queries[:, :, own] * ctx.scale
            weights = _weights(scaled, key[0, :, seen], ctx.window)
            above = grad[:, :, own].flatten(1, 2)
            grad_value[:, seen] += torch.bmm(weights.mT, above)
            slopes = torch.bmm(above, value[0, :, seen].mT)
            slopes = torch._softmax_backward_data(slopes, weights, -1, weights.dtype)
            grad_query[:, :, own] = torch.bmm(slopes, key[0, :, seen]).view_as(scaled) * ctx.scale
            grad_key[:, seen] += torch.bmm(slopes.mT, scaled.flatten(1, 2))
        return grad_query.view(query.shape), grad_key[None].to(key), grad_value[None].to(value), None, None


def _by_key_head(x: Tensor, key: Tensor) -> Tensor:
    """Return (1, heads, length, size) as (key heads, heads of each, length, size)."""
    return x.reshape(key.shape[1], -1, *x.shape[2:])


def _pieces(length: int, places: int, window: int) -> Iterator[tuple[slice, slice]]:
    """Yield which queries go together, and which places they see."""
    before = places - length
    for start in range(0, length, PIECE):
        end = min(length, start + PIECE)
        yield slice(start, end), slice(max(0, before + start - window + 1), before + end)


def _weights(queries: Tensor, key: Tensor, window: int) -> Tensor:
    """Return what each query takes from each place: (key heads, queries of each, places)."""
    length, places = queries.shape[2], key.shape[1]
    scores = torch.bmm(queries.flatten(1, 2), key.mT)
    by_query = scores.view(*queries.shape[:3], places)
    later = torch.ones(length, length, dtype=torch.bool).triu_(1)
    by_query[..., places - length :].masked_fill_(later, -torch.inf)
    if window < places:
        by_query.masked_fill_(
            torch.ones(length, places, dtype=torch.bool).tril_(places - length - window), -torch.inf
        )
    return torch.softmax(scores, -1)


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
