"""Attention that takes the branches of a pack apart: each sees its trunk and itself, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain, islice
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.attention.bias import causal_lower_right
from torch.nn.functional import pad, scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

try:
    from torch.nn.attention.varlen import varlen_attn
except ImportError:  # torch 2.9 and before
    varlen_attn = None  # type: ignore[assignment]

ATTENTION = "callwright-branches"
"""The name to give to `from_pretrained(attn_implementation=...)`."""

IN_PIECES = (torch.bfloat16,)
"""What a CPU multiplies so fast that plain products are faster than its fused kernel; see `_InPieces`."""
PIECE = 128
"""Queries whose weights exist at a time."""
MULTIPLE = 32
"""Queries, and twice as many places, to which a product is filled up: the kernel of a shape is compiled in
milliseconds and kept in up to megabytes, so the same few shapes should come again."""


@dataclass(frozen=True)
class Layout:
    """Where the branches of a pack lie: tree after tree, then what fills the pack up.

    No tuple: a compiler would take its length for part of the program.
    """

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
    if _has_flash(query):
        return _at_once(query, key, value, layout, scale, window), None
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


def _has_flash(query: Tensor) -> bool:
    """Tell whether FlashAttention reads this: half precision, small heads, an Ampere GPU or later."""
    return (
        query.is_cuda
        and varlen_attn is not None
        and query.dtype in (torch.bfloat16, torch.float16)
        and query.shape[-1] <= 256
        and query.shape[-1] % 8 == 0
        and torch.cuda.get_device_capability(query.device) >= (8, 0)
    )


def _at_once(
    query: Tensor, key: Tensor, value: Tensor, layout: Layout, scale: float, window: int | None
) -> Tensor:
    """Attend in all branches by one call: a GPU spends more time on a call than on what it computes."""
    ranges = _ranges(layout, query.device)
    end = query.shape[2] - layout.fill
    q, k, v = (x[0].transpose(0, 1)[:end] for x in (query, key, value))
    if ranges.places is not None:
        k, v = k[ranges.places], v[ranges.places]
    if (shared := q.shape[1] // k.shape[1]) > 1:
        k, v = k.repeat_interleave(shared, 1), v.repeat_interleave(shared, 1)
    attended: Any = varlen_attn(
        q, k, v, ranges.queries, ranges.keys, ranges.most_queries, ranges.most_keys,
        scale=scale, window_size=(-1 if window is None else window - 1, 0),
    )  # fmt: skip
    return pad(attended, (0, 0, 0, 0, 0, layout.fill))[None]


class _Ranges(NamedTuple):
    """Which queries see which keys, as FlashAttention is told: where each trunk and branch begins."""

    queries: Tensor
    keys: Tensor
    most_queries: int
    most_keys: int
    places: Tensor | None
    """The keys of all, those of a trunk again for each branch; None where that is how they lie."""


@lru_cache(maxsize=16)
def _ranges(layout: Layout, device: torch.device) -> _Ranges:
    """Return the ranges of a pack; layers after the first find them here."""
    lengths: list[int] = []
    seen: list[list[int]] = []
    start = 0
    for trunk, *branches in layout.trees:
        before = list(range(start, start + trunk))
        for length, past in ((trunk, []), *((branch, before) for branch in branches)):
            if length:
                lengths.append(length)
                seen.append([*past, *range(start, start + length)])
            start += length
    keys = [len(places) for places in seen]
    return _Ranges(
        torch.tensor([0, *accumulate(lengths)], dtype=torch.int32, device=device),
        torch.tensor([0, *accumulate(keys)], dtype=torch.int32, device=device),
        max(lengths),
        max(keys),
        torch.tensor([*chain.from_iterable(seen)], device=device) if keys != lengths else None,
    )


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
        (queries,), (keys, values) = _filled((query,), (key, value))
        out = torch.empty_like(queries)
        for piece in _pieces(query.shape[2], key.shape[2], window):
            weights = _weights(queries[:, :, piece.own] * scale, keys[:, piece.seen], piece, window)
            out[:, :, piece.own] = torch.bmm(weights, values[:, piece.seen]).view_as(out[:, :, piece.own])
        return out[:, :, : query.shape[2]].reshape(query.shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        query, key, value = ctx.saved_tensors
        length, places = query.shape[2], key.shape[2]
        (queries, grad), (keys, values) = _filled((query, gradients[0]), (key, value))
        grad_query = torch.empty_like(queries)
        grad_key, grad_value = (torch.zeros_like(x, dtype=torch.float32) for x in (keys, values))
        for piece in _pieces(length, places, ctx.window):
            own, seen = piece.own, piece.seen
            scaled = queries[:, :, own] * ctx.scale
            weights = _weights(scaled, keys[:, seen], piece, ctx.window)
            above = grad[:, :, own].flatten(1, 2)
            grad_value[:, seen] += torch.bmm(weights.mT, above)
            slopes = torch.bmm(above, values[:, seen].mT)
            slopes = torch._softmax_backward_data(slopes, weights, -1, weights.dtype)
            grad_query[:, :, own] = torch.bmm(slopes, keys[:, seen]).view_as(scaled) * ctx.scale
            grad_key[:, seen] += torch.bmm(slopes.mT, scaled.flatten(1, 2))
        return (
            grad_query[:, :, :length].reshape(query.shape),
            grad_key[None, :, :places].to(key),
            grad_value[None, :, :places].to(value),
            None,
            None,
        )


class _Piece(NamedTuple):
    """Queries that go together, and the places that some of them see."""

    own: slice
    seen: slice
    first: int
    """Which of these places is that of the first query."""


def _filled(
    of_queries: tuple[Tensor, ...], of_places: tuple[Tensor, ...]
) -> tuple[list[Tensor], list[Tensor]]:
    """Return (1, heads, length, size) as (key heads, heads of each, length, size) or (heads, places, size).

    Both are filled up with zeros. The places that this adds come after every query that counts.
    """
    length, places, heads = of_queries[0].shape[2], of_places[0].shape[2], of_places[0].shape[1]
    more = -length % MULTIPLE
    by_head = [pad(x, (0, 0, 0, more)).reshape(heads, -1, length + more, x.shape[3]) for x in of_queries]
    end = _up(places + more, 2 * MULTIPLE)
    return by_head, [pad(x[0], (0, 0, 0, end - places)) for x in of_places]


def _pieces(length: int, places: int, window: int) -> Iterator[_Piece]:
    """Yield what is multiplied at a time."""
    before = places - length
    filled = _up(length, MULTIPLE)
    for start in range(0, filled, PIECE):
        end = min(filled, start + PIECE)
        begin = max(0, before + start - window + 1) // (2 * MULTIPLE) * (2 * MULTIPLE)
        seen = slice(begin, _up(before + end, 2 * MULTIPLE))
        yield _Piece(slice(start, end), seen, before + start - begin)


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def _weights(queries: Tensor, key: Tensor, piece: _Piece, window: int) -> Tensor:
    """Return what each query takes from each place: (key heads, queries of each, places)."""
    bias = _bias(*queries.shape[1:3], key.shape[1], piece.first, window, queries.dtype)
    return torch.softmax(torch.baddbmm(bias, queries.flatten(1, 2), key.mT), -1)


@lru_cache(maxsize=16)
def _bias(heads: int, length: int, places: int, first: int, window: int, dtype: torch.dtype) -> Tensor:
    """Return what is added to the scores of `heads` x `length` queries: minus infinity where one can not see.

    To add it inside the product takes half of the time of a mask; layers after the first find it here.
    """
    seen = torch.ones(length, places, dtype=torch.bool).tril_(first).triu_(first - window + 1)
    return torch.zeros(length, places, dtype=dtype).masked_fill_(~seen, -torch.inf).repeat(heads, 1)


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
