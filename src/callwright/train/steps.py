"""An optimiser step whose parts several processes share: the same loss and gradient, however many there are.

Every process knows the whole step and takes its part of it, so a batch is as large under a launcher as
without one, and a run with two processes is the run with one, up to the order in which numbers are added.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from callwright.train.memory import release_memory
from callwright.train.optimizer import MasterAdamW

Unit = TypeVar("Unit")
Shares = Sequence[Sequence[Unit]]
"""The units of a step, those of each process by themselves, the largest first."""
Measure = Callable[[Any, Unit], tuple[Tensor, Tensor]]
"""Returns a unit's share of its step's loss, and a vector of its shares of other figures of the step."""

SECONDS_BETWEEN_RELEASES = 2.0
"""Freed memory goes back to the system that often; after each of many short steps it would cost a tenth."""


class Steps(Generic[Unit]):
    """The steps of a run, made when they are due: `step(i)` returns the units of step i, shared out."""

    def __init__(self, number: int, step: Callable[[int], Shares[Unit]]) -> None:
        self._number = number
        self._step = step

    def __len__(self) -> int:
        return self._number

    def __getitem__(self, number: int) -> Shares[Unit]:
        return self._step(number)

    def loader(self) -> DataLoader[Shares[Unit]]:
        """Return all steps in their order; each item is one step."""
        return DataLoader(self, batch_size=1, shuffle=False, collate_fn=lambda steps: steps[0])  # type: ignore[arg-type]


def share(shares: Shares[Unit], number: int) -> list[tuple[Unit, float]]:
    """Return the units of process `number`, each with its weight.

    Every process gets equally many, because they wait for each other in each: where one has too few, a small
    one is computed again with the weight 0.
    """
    most = max(shares, key=len)
    mine = [(unit, 1.0) for unit in shares[number]]
    return [*mine, *[(most[-1], 0.0)] * (len(most) - len(mine))]


def backward(accelerator: Any, model: Any, shares: Shares[Unit], measure: Measure[Unit]) -> Tensor:
    """Go back through the sum of all units' losses; return ``[loss, *figures]``, those of all processes."""
    mine = share(shares, accelerator.process_index)
    seen: list[Tensor] = []
    for place, (unit, weight) in enumerate(mine, start=1):
        last = place == len(mine)
        accelerator.sync_gradients = last
        with nullcontext() if last else accelerator.no_sync(model):
            loss, figures = measure(model, unit)
            # Launchers average the gradients of the processes; they are to be added.
            accelerator.backward(loss * (weight * len(shares)))
        seen.append(_row(loss, figures, weight))
    return _added(accelerator, seen)


@torch.no_grad()
def totals(accelerator: Any, model: Any, shares: Shares[Unit], measure: Measure[Unit]) -> Tensor:
    """Return ``[loss, *figures]``, summed over all units and processes."""
    mine = share(shares, accelerator.process_index)
    return _added(accelerator, [_row(*measure(model, unit), weight) for unit, weight in mine])


def _row(loss: Tensor, figures: Tensor, weight: float) -> Tensor:
    return torch.cat([loss.detach().reshape(1), figures.detach().to(loss)]) * weight


def _added(accelerator: Any, rows: Sequence[Tensor]) -> Tensor:
    added: Tensor = accelerator.reduce(torch.stack(list(rows)).sum(0), reduction="sum")
    return added


class StepTrainer(Generic[Unit]):
    """What SFT and DPO do in the same way in place of the loop of TRL's trainers, which stand behind it."""

    accelerator: Any
    lr_scheduler: Any
    model: Any
    optimizer: Any
    state: Any
    _metrics: Any

    steps: Steps[Unit]
    measure: Measure[Unit]
    figures: tuple[str, ...] = ()
    """What the figures of `measure` are called in the log."""
    learning_rate: float
    weight_decay: float
    loraplus_ratio: float
    schedule: Callable[[int], float]
    _released = 0.0

    def get_train_dataloader(self) -> Any:
        """Return all steps; which process computes what is decided in each."""
        return self.steps.loader()

    def create_optimizer(self, model: Any = None) -> Any:
        """Return AdamW over what is trained, by LoRA+ (arXiv 2402.12354) where there is an adapter."""
        if self.optimizer is None:
            named = dict((model or self.model).named_parameters())
            self.optimizer = MasterAdamW(
                named.values(),
                self.learning_rate,
                self.weight_decay,
                raised=[parameter for name, parameter in named.items() if ".lora_B." in name],
                ratio=self.loraplus_ratio,
            )
        return self.optimizer

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        """Return the budget's schedule."""
        if self.lr_scheduler is None:
            chosen = optimizer or self.optimizer
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(chosen, self.schedule)
        return self.lr_scheduler

    def training_step(self, model: Any, inputs: Shares[Unit], *unused: Any, **more: Any) -> Tensor:
        """Return the loss of one optimiser step after its backward passes."""
        model.train()
        added = backward(self.accelerator, model, inputs, self.measure)
        if time.monotonic() - self._released > SECONDS_BETWEEN_RELEASES:
            release_memory()
            self._released = time.monotonic()
        for name, value in zip(self.figures, added[1:].tolist(), strict=True):
            self._metrics["train"][name].append(value)
        return added[0]
