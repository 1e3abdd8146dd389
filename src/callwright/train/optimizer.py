"""AdamW for an adapter in bfloat16: weights and moments in float32, of which the model sees a rounded copy.

bfloat16 has eight bits of mantissa. A step of a thousandth of a weight rounds to no step at all, and a second
moment that moves by a thousandth per step stands still; both happen to every LoRA run whose optimiser works
on the rounded weights. Micikevicius et al. (arXiv 1710.03740, section 3.1) call the remedy master weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

MASTERS = "masters"
"""Their key in the state of a checkpoint."""


class MasterAdamW(torch.optim.AdamW):
    """AdamW without weight decay on float32 copies of `parameters`, which it overwrites after each step."""

    def __init__(self, parameters: Iterable[torch.nn.Parameter], lr: float) -> None:
        self.rounded = [p for p in parameters if p.requires_grad]
        super().__init__([p.detach().float().clone() for p in self.rounded], lr=lr, weight_decay=0.0)

    def masters(self) -> list[torch.Tensor]:
        """Return the float32 copies, in the order of the parameters."""
        copies: list[torch.Tensor] = self.param_groups[0]["params"]
        return copies

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move the copies by the gradients of the parameters, then round them into the parameters."""
        for master, parameter in zip(self.masters(), self.rounded, strict=True):
            master.grad = None if parameter.grad is None else parameter.grad.float()
        loss: float | None = super().step(closure)
        for master, parameter in zip(self.masters(), self.rounded, strict=True):
            parameter.copy_(master)
            master.grad = None
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of the parameters."""
        for parameter in self.rounded:
            parameter.grad = None

    def state_dict(self) -> dict[str, Any]:
        """Return the state of AdamW and the copies: a resumed run goes on from what was not rounded."""
        return {**super().state_dict(), MASTERS: [m.clone() for m in self.masters()]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""
        state = dict(state_dict)
        with torch.no_grad():
            for mine, saved in zip(self.masters(), state.pop(MASTERS), strict=True):
                mine.copy_(saved)
        super().load_state_dict(state)
