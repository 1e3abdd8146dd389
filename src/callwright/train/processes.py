"""The processes of a run that a launcher started: who writes, whose clock counts, and where they wait.

Without a launcher there is one, and nothing here does anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import parse_flag_from_env
from torch.distributed.tensor import DTensor

Result = TypeVar("Result")


def processes() -> PartialState:
    """Return the state of all processes, brought up at the first call."""
    return PartialState(cpu=not torch.cuda.is_available())


def by_deepspeed() -> bool:
    """Tell whether DeepSpeed leads the run.

    It brings the weights of a module together when that module is called: none may take those of another.
    """
    return bool(parse_flag_from_env("ACCELERATE_USE_DEEPSPEED"))


def first_then_others(work: Callable[[], Result]) -> Result:
    """Do something in the first process, then in all others, which find what it left."""
    state = processes()
    with state.main_process_first():
        return work()


def agreed(seconds: float) -> float:
    """Return what the first process says, so that all decide alike."""
    state = processes()
    if state.num_processes == 1:
        return seconds
    told = torch.tensor([seconds], dtype=torch.float64, device=state.device)
    torch.distributed.broadcast(told, src=0)
    return float(told.item())


def gathered(model: Any, *, frozen: bool) -> dict[str, torch.Tensor] | None:
    """Return the weights that are trained, and the `frozen` ones if told, whole; every process has to ask.

    Returns None where no process has less than all of the model.
    """
    parameters = dict(model.named_parameters())
    if not any(map(_is_shard, parameters.values())):
        return None
    return {
        name: _whole(parameter) if _is_shard(parameter) else parameter.detach()
        for name, parameter in parameters.items()
        if parameter.requires_grad or frozen
    }


def _is_shard(parameter: torch.Tensor) -> bool:
    """Tell whether FSDP or DeepSpeed (ZeRO-3) left a process a part of a weight."""
    return isinstance(parameter, DTensor) or hasattr(parameter, "ds_numel")


def _whole(parameter: torch.Tensor) -> torch.Tensor:
    if isinstance(parameter, DTensor):
        full: torch.Tensor = parameter.full_tensor()
        return full
    import deepspeed

    with deepspeed.zero.GatheredParameters([parameter]):
        return parameter.detach().clone()


def size_of(parameter: torch.Tensor) -> int:
    """Return how many numbers a weight has, wherever they are."""
    return int(getattr(parameter, "ds_numel", parameter.numel()))
