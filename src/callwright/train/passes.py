"""Adapters, norms and gates of a frozen model in few passes over memory, and with less of it kept.

A CPU is fast at matrix products, and then spends as long on what lies between them, which reads and writes
all activations again and again. The functions here compute the same with their gradients written out: an
adapter is added inside its product, a norm keeps what it read instead of a copy in float32, a gate keeps two
matrices instead of three. On a GPU, Liger's kernels do this.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from peft.tuners.lora import Linear as LoraLinear
from torch import Tensor, nn
from torch.nn.functional import linear, silu


def fewer_passes(model: Any) -> Any:
    """Let the layers of a model that are understood compute in fewer passes; return the model."""
    for module in model.modules():
        if type(module) is LoraLinear and _plain(module):
            module.forward = partial(_adapted, module, module.forward)
        elif type(module).__name__.endswith("RMSNorm") and _like_llama(module):
            module.forward = partial(_normed, module)
        elif hasattr(module, "gate_proj") and type(module.act_fn) is nn.SiLU:
            module.forward = partial(_gated, module)
    return model


def _plain(module: Any) -> bool:
    """Tell whether an adapter is two matrices on a frozen one, and nothing else."""
    base = module.get_base_layer()
    return (
        type(base) is nn.Linear
        and not any(parameter.requires_grad for parameter in base.parameters())
        and len(module.lora_A) == 1
        and not module.lora_variant
        and all(isinstance(dropout, nn.Identity) for dropout in module.lora_dropout.values())
        and all(layer.bias is None for layer in module.lora_B.values())
    )


def _like_llama(module: Any) -> bool:
    weight = getattr(module, "weight", None)
    return hasattr(module, "variance_epsilon") and weight is not None and not weight.requires_grad


def _adapted(module: Any, plain: Any, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    active = [name for name in module.active_adapters if name in module.lora_A]
    if args or kwargs or module.disable_adapters or module.merged or len(active) != 1:
        found: Tensor = plain(x, *args, **kwargs)
        return found
    [name] = active
    down, up = module.lora_A[name].weight, module.lora_B[name].weight
    base = module.get_base_layer()
    out: Tensor = _Adapted.apply(x, base.weight, base.bias, down, up, module.scaling[name])  # type: ignore[no-untyped-call]
    return out


def _normed(module: Any, x: Tensor) -> Tensor:
    out: Tensor = _Norm.apply(x, module.weight, module.variance_epsilon)  # type: ignore[no-untyped-call]
    return out


def _gated(module: Any, x: Tensor) -> Tensor:
    inner = _Gate.apply(module.gate_proj(x), module.up_proj(x))  # type: ignore[no-untyped-call]
    out: Tensor = module.down_proj(inner)
    return out


class _Adapted(torch.autograd.Function):
    """``x W^T + b + scale * (x A^T) B^T`` of a frozen W and b."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, down: Tensor, up: Tensor, scale: float
    ) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        low = flat @ down.T
        out = linear(flat, weight, bias)
        out.addmm_(low, up.T, alpha=scale)
        ctx.save_for_backward(flat, weight, down, up, low)
        ctx.scale, ctx.shape = scale, x.shape
        return out.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None, None, Tensor, Tensor, None]:
        flat, weight, down, up, low = ctx.saved_tensors
        grad = gradients[0].reshape(-1, gradients[0].shape[-1])
        grad_low = (grad @ up).mul_(ctx.scale)
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = (grad @ weight).addmm_(grad_low, down).view(ctx.shape)
        return grad_x, None, None, grad_low.T @ flat, (grad.T @ low).mul_(ctx.scale), None


class _Norm(torch.autograd.Function):
    """A root-mean-square norm whose weight is frozen, rounded where transformers rounds it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        size = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        rate = size.square_().div_(x.shape[-1]).add_(epsilon).rsqrt_()
        ctx.save_for_backward(x, weight, rate)
        return torch.mul(x, rate, out=torch.empty_like(x)).mul_(weight)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        x, weight, rate = ctx.saved_tensors
        grad = gradients[0] * weight
        along = torch.mul(grad, x, out=torch.empty_like(x, dtype=torch.float32))
        share = along.sum(-1, keepdim=True).mul_(rate**3).div_(x.shape[-1])
        torch.mul(x, share, out=along)
        straight = torch.mul(grad, rate, out=torch.empty_like(along))
        return straight.sub_(along).to(x.dtype), None, None


class _Gate(torch.autograd.Function):
    """``silu(gate) * up``"""

    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        ctx.save_for_backward(gate, up)
        return silu(gate).mul_(up)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        gate, up = ctx.saved_tensors
        (grad,) = gradients
        grad_gate = torch.ops.aten.silu_backward(grad * up, gate)
        return grad_gate, silu(gate).mul_(grad)
