"""Sequences that begin alike in one forward: their beginning once, then each one's own part, and no padding.

The rows of a training step often begin with the same tools, and both answers of a preference pair follow the
same prompt. Such a trunk is read once, with the gradients of all branches flowing back through it: loss and
gradients are those of separate sequences, at half of the tokens. Everything but attention works on single
tokens and sees one long row; attention takes the branches apart again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from callwright.train.head import token_logps_of

ATTENTION = "callwright-branches"
"""The name to give to `from_pretrained(attn_implementation=...)`."""

MULTIPLE = 32
"""Packs are filled up to it: shapes then repeat, and a kernel that is compiled per shape is found again."""


PLAIN_SCORES = 512 * 512
"""More scores a head than these are left to the fused kernel, which is slower and keeps none of them."""


class Layout(NamedTuple):
    """Where a pack's branches lie: first the trunk, then the branches, then what fills it up."""

    trunk: int
    branches: tuple[int, ...]
    fill: int


class Pack(NamedTuple):
    """One forward: what is read, and what is to be predicted."""

    input_ids: Tensor
    """(1, tokens)"""
    position_ids: Tensor
    """(1, tokens): every branch goes on where the trunk ends."""
    layout: Layout
    sources: Tensor
    """(predicted,) The places whose hidden state predicts a token."""
    targets: Tensor
    """(predicted,) The tokens that should be predicted."""
    weights: Tensor
    """(predicted,) How much each counts."""


def pack(
    trunk: Sequence[int],
    branches: Sequence[Sequence[int]],
    predicted: Sequence[Mapping[int, float]],
    fill: int,
) -> Pack:
    """Lay a trunk and its branches out in one row, filled up with the token `fill`.

    ``predicted[i]`` are the places of ``branches[i]`` whose token is to be predicted, with its weight, each
    from the token before it; the first one's is the end of the trunk.
    """
    lengths = tuple(map(len, branches))
    rest = -(len(trunk) + sum(lengths)) % MULTIPLE
    sources: list[int] = []
    targets: list[int] = []
    start = len(trunk)
    for branch, places in zip(branches, predicted, strict=True):
        sources += [start + place - 1 if place else len(trunk) - 1 for place in places]
        targets += [branch[place] for place in places]
        start += len(branch)
    positions = [range(len(trunk)), *(range(len(trunk), len(trunk) + n) for n in lengths), range(rest)]
    return Pack(
        input_ids=torch.tensor([[*trunk, *chain.from_iterable(branches), *[fill] * rest]]),
        position_ids=torch.tensor([list(chain.from_iterable(positions))]),
        layout=Layout(len(trunk), lengths, rest),
        sources=torch.tensor(sources),
        targets=torch.tensor(targets),
        weights=torch.tensor(list(chain.from_iterable(places.values() for places in predicted))),
    )


def answer_with_logps(causal: Any) -> None:
    """Let a causal model that is given a layout return the log-probabilities of the pack's targets.

    It is the model itself that is called, and so whatever wraps it: launchers bring the gradients of several
    processes together, or fetch the weights that other processes hold, around that call.

    Raises ValueError for a model that was not loaded with `ATTENTION`: its branches would see each other.
    """
    if causal.config._attn_implementation != ATTENTION:
        raise ValueError(f"the model attends with {causal.config._attn_implementation!r}, not {ATTENTION!r}")
    plain = causal.forward

    def forward(*args: Any, layout: Layout | None = None, **inputs: Any) -> Any:
        return plain(*args, **inputs) if layout is None else _logps(causal, layout, inputs)

    causal.forward = forward


def _logps(causal: Any, layout: Layout, inputs: dict[str, Any]) -> Tensor:
    hidden = causal.get_decoder()(
        input_ids=inputs["input_ids"], position_ids=inputs["position_ids"], use_cache=False, layout=layout
    ).last_hidden_state[0]
    head = causal.get_output_embeddings().weight
    cap = getattr(causal.config, "final_logit_softcapping", None)
    return token_logps_of(hidden[inputs["sources"]], head, inputs["targets"], cap)


def token_logps(model: Any, packed: Pack) -> Tensor:
    """Return the log-probability of each target, (predicted,), in float32.

    `model` is one that was told to `answer_with_logps`, however it is wrapped.
    """
    device = next(model.parameters()).device
    inputs = {k: v.to(device) for k, v in packed._asdict().items() if isinstance(v, Tensor)}
    logps: Tensor = model(layout=packed.layout, **inputs)
    return logps


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
    sizes = [layout.trunk, *layout.branches, layout.fill]
    (query, *queries, filling), (key, *keys), (value, *values) = (
        torch.split(x, sizes, dim=2) for x in (query, key, value)
    )
    parts = [_causal(query, key, value, scale, window)]
    for q, k, v in zip(queries, keys, values, strict=False):
        parts.append(_causal(q, torch.cat((key, k), dim=2), torch.cat((value, v), dim=2), scale, window))
    return torch.cat((*parts, torch.zeros_like(filling)), dim=2).transpose(1, 2), None


def _causal(query: Tensor, key: Tensor, value: Tensor, scale: float, window: int | None) -> Tensor:
    """Attend from the last places of `key`, each to those up to its own, or to the last `window` of them.

    On a CPU two plain matrix products, with the queries that share a key head in one matrix, take half the
    time of the fused kernel's backward pass in bfloat16.
    """
    _, heads, length, size = query.shape
    groups, places = key.shape[1], key.shape[2]
    if not length:
        return query
    hidden = torch.ones(length, places, dtype=torch.bool, device=query.device).triu(places - length + 1)
    if window is not None and window < places:
        hidden |= torch.ones_like(hidden).tril(places - length - window)
    if query.device.type != "cpu" or length * places > PLAIN_SCORES:
        return scaled_dot_product_attention(
            query, key, value, attn_mask=~hidden, scale=scale, enable_gqa=groups != heads
        )
    folded = query.reshape(groups, -1, size) * scale
    scores = torch.bmm(folded, key[0].transpose(1, 2)).view(groups, -1, length, places)
    weights = scores.masked_fill_(hidden, -torch.inf).softmax(-1).view(groups, -1, places)
    return torch.bmm(weights, value[0]).view(1, heads, length, size)


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
