"""The log-probability of given tokens through a frozen language-model head, a few rows of logits at a time.

Fifty thousand logits in float32 for every predicted token are, with what their gradient needs, the largest
thing in a training step. The head gets no gradient of its own, so what a hidden state has to learn from its
token is known as soon as its logits are, and these can go.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

CHUNK = 128
"""Hidden states whose logits exist at a time: 25 MB for 50,000 tokens."""


def token_logps_of(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """Return log P(target) for each hidden state, (predicted,), in float32.

    ``hidden`` is (predicted, width), ``weight`` the head's (vocabulary, width), which must not require a
    gradient.
    """
    if weight.requires_grad:
        raise ValueError("the head is trained too; its gradient is not computed here")
    logps: Tensor = _FrozenHead.apply(hidden, weight, targets)  # type: ignore[no-untyped-call]
    return logps


class _FrozenHead(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        pieces = zip(torch.split(hidden, CHUNK), torch.split(targets, CHUNK), strict=True)
        logps, slopes = zip(*(_piece(h, weight, t) for h, t in pieces), strict=True)
        ctx.save_for_backward(torch.cat(slopes))
        return torch.cat(logps)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (slopes,) = ctx.saved_tensors
        return gradients[0].to(slopes.dtype)[:, None] * slopes, None, None


def _piece(hidden: Tensor, weight: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the log-probabilities, and what each would gain from moving its hidden state, (piece, width)."""
    places = targets[:, None]
    logits = (hidden @ weight.T).float()
    shares = torch.log_softmax(logits, dim=-1)
    logps = shares.gather(1, places)[:, 0]
    shares = shares.exp_().neg_()
    shares.scatter_add_(1, places, torch.ones_like(places, dtype=shares.dtype))
    return logps, shares.to(weight.dtype) @ weight
