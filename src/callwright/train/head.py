"""The log-probability of given tokens through a language-model head, a few rows of logits at a time.

Fifty thousand logits in float32 for every predicted token are, with what their gradient needs, the largest
thing in a training step. A frozen head gets no gradient of its own, so what a hidden state has to learn from
its token is known as soon as its logits are, and these can go. A head that is trained computes them again on
the way back.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.utils.checkpoint import checkpoint

CHUNK = 128
"""Hidden states whose logits exist at a time: 25 MB for 50,000 tokens."""
MULTIPLE = 32
"""To which they are filled up: what a CPU compiles for a shape takes 30 ms and 6 MB for 50,000 tokens."""


def token_logps_of(hidden: Tensor, weight: Tensor, targets: Tensor, cap: float | None = None) -> Tensor:
    """Return log P(target) for each hidden state, (predicted,), in float32.

    ``hidden`` is (predicted, width), ``weight`` the head's (vocabulary, width); `cap` bounds the logits by a
    hyperbolic tangent, as Gemma does.
    """
    if weight.requires_grad:
        return torch.cat(
            [checkpoint(_logps, h, weight, t, cap, use_reentrant=False) for h, t in _pieces(hidden, targets)]
        )
    logps: Tensor = _FrozenHead.apply(hidden, weight, targets, cap)  # type: ignore[no-untyped-call]
    return logps


def _pieces(hidden: Tensor, targets: Tensor) -> zip[tuple[Tensor, Tensor]]:
    return zip(torch.split(hidden, CHUNK), torch.split(targets, CHUNK), strict=True)


class _FrozenHead(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, targets: Tensor, cap: float | None) -> Tensor:
        count = len(hidden)
        more = -count % MULTIPLE
        filled = _pieces(pad(hidden, (0, 0, 0, more)), pad(targets, (0, more)))
        logps, slopes = zip(*(_logps_and_slopes(h, weight, t, cap) for h, t in filled), strict=True)
        ctx.save_for_backward(torch.cat(slopes)[:count])
        return torch.cat(logps)[:count]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (slopes,) = ctx.saved_tensors
        return gradients[0].to(slopes.dtype)[:, None] * slopes, None, None, None


def _logps(hidden: Tensor, weight: Tensor, targets: Tensor, cap: float | None) -> Tensor:
    shares = torch.log_softmax(_logits(hidden, weight, cap), dim=-1)
    return shares.gather(1, targets[:, None])[:, 0]


def _logps_and_slopes(
    hidden: Tensor, weight: Tensor, targets: Tensor, cap: float | None
) -> tuple[Tensor, Tensor]:
    """Return the log-probabilities, and what each would gain from moving its hidden state, (piece, width)."""
    places = targets[:, None]
    logits = _logits(hidden, weight, cap)
    shares = torch.log_softmax(logits, dim=-1)
    logps = shares.gather(1, places)[:, 0]
    shares = shares.exp_().neg_()
    shares.scatter_add_(1, places, torch.ones_like(places, dtype=shares.dtype))
    if cap is not None:
        shares *= 1 - (logits / cap).square_()  # how a capped logit moves with the one before
    return logps, shares.to(weight.dtype) @ weight


def _logits(hidden: Tensor, weight: Tensor, cap: float | None) -> Tensor:
    logits = (hidden @ weight.T).float()
    return logits if cap is None else torch.tanh(logits / cap) * cap
