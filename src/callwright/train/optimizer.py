"""AdamW for an adapter in bfloat16: weights and moments in float32, of which the model sees a rounded copy.

bfloat16 has eight bits of mantissa. A step of a thousandth of a weight rounds to no step at all, and a second
moment that moves by a thousandth per step stands still; both happen to every LoRA run whose optimiser works
on the rounded weights. Micikevicius et al. (arXiv 1710.03740, section 3.1) call the remedy master weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import torch
from torch.optim.adamw import adamw

_MASTER, _STEP, _MEAN, _SQUARE = "master", "step", "exp_avg", "exp_avg_sq"


class MasterAdamW(torch.optim.Optimizer):
    """AdamW on float32 copies of those of `parameters` that are trained, each rounded after a step.

    Only matrices decay. Those in `raised` learn at `ratio` times the rate.

    A copy is made at the first step: until then a launcher may still replace the parameters by their shards.
    """

    def __init__(
        self, parameters: Iterable[torch.nn.Parameter], lr: float, weight_decay: float = 0.0,
        *, raised: Iterable[torch.nn.Parameter] = (), ratio: float = 1.0,
    ) -> None:  # fmt: skip
        trained = [p for p in parameters if p.requires_grad]
        vectors = [p for p in trained if p.ndim < 2]
        fast = set(raised)
        slow, faster = ([p for p in trained if p.ndim > 1 and (p in fast) is it] for it in (False, True))
        groups = [
            {"params": slow, "weight_decay": weight_decay},
            {"params": faster, "weight_decay": weight_decay, "lr": ratio * lr},
            {"params": vectors, "weight_decay": 0.0},
        ]
        defaults = {"lr": lr, "betas": (0.9, 0.999), "eps": 1e-8}
        super().__init__([group for group in groups if group["params"]], defaults)

    def master(self, parameter: torch.nn.Parameter) -> torch.Tensor:
        """Return the float32 copy of a parameter."""
        copy: torch.Tensor = self._state_of(parameter)[_MASTER]
        return copy

    def _state_of(self, parameter: torch.nn.Parameter) -> dict[str, torch.Tensor]:
        state: dict[str, torch.Tensor] = self.state[parameter]
        if not state:
            master = parameter.detach().clone().float()
            state |= {_STEP: torch.zeros(()), _MASTER: master}
            state |= {_MEAN: torch.zeros_like(master), _SQUARE: torch.zeros_like(master)}
        return state

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Move the copies by the gradients of the parameters, then round them into the parameters."""
        for group in self.param_groups:
            moved = [p for p in group["params"] if p.grad is not None]
            states = [self._state_of(p) for p in moved]
            adamw(
                [s[_MASTER] for s in states],
                [p.grad.float() for p in moved],
                [s[_MEAN] for s in states],
                [s[_SQUARE] for s in states],
                [],
                [s[_STEP] for s in states],
                amsgrad=False,
                maximize=False,
                beta1=group["betas"][0],
                beta2=group["betas"][1],
                lr=group["lr"],
                weight_decay=group["weight_decay"],
                eps=group["eps"],
            )
            for parameter, state in zip(moved, states, strict=True):
                parameter.copy_(state[_MASTER])

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back what `state_dict` returned, unrounded: PyTorch casts it to the parameters' dtype."""
        super().load_state_dict(state_dict)
        numbers = chain.from_iterable(group["params"] for group in state_dict["param_groups"])
        parameters = chain.from_iterable(group["params"] for group in self.param_groups)
        for number, parameter in zip(numbers, parameters, strict=True):
            if number in state_dict["state"]:
                self.state[parameter] = {
                    name: value.clone() if name == _STEP else value.to(parameter.device, copy=True)
                    for name, value in state_dict["state"][number].items()
                }
