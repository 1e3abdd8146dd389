"""Supervised fine-tuning with LoRA: TRL's trainer, our rows, our loss positions, our budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import torch
from trl import SFTConfig as TrlSftConfig
from trl import SFTTrainer

from callwright.formats import chat_template
from callwright.train import lora
from callwright.train.batches import Step, step_of, tokens_per_step, training_order
from callwright.train.branches import token_logps
from callwright.train.budget import Budget
from callwright.train.config import Progress, SftConfig, TrainSummary
from callwright.train.optimizer import MasterAdamW
from callwright.train.session import (
    arguments,
    budget_for,
    finish,
    prepare,
    read_rows,
    release_memory,
    train,
)
from callwright.train.tokens import IGNORED, tokenize_row

STEPS_BETWEEN_RELEASES = 16
"""After so many steps freed memory goes back to the system; after each it would cost a tenth of the speed."""


class PackedTrainer(SFTTrainer):  # type: ignore[misc]  # TRL publishes no types
    """TRL's trainer on packs: shared beginnings read once, no padding, logits at supervised positions only.

    Nine tenths of a tool-calling row are prompt; on a CPU their logits alone cost a third of each step.
    """

    def training_step(self, model: Any, inputs: dict[str, Step], *unused: Any, **more: Any) -> torch.Tensor:
        """Return the mean negative log-likelihood per supervised token, after one backward pass per pack."""
        model.train()
        step = inputs["step"]
        loss = torch.zeros(())
        for packed in step.packs:
            nll = -token_logps(model, packed).sum() / step.targets()
            self.accelerator.backward(nll)
            loss += nll.detach().cpu()
        if self.state.global_step % STEPS_BETWEEN_RELEASES == 0:
            release_memory()
        return loss


def run(
    config: SftConfig,
    *,
    base: Path,
    data: Path,
    out: Path,
    progress: Callable[[Progress], None] | None,
) -> TrainSummary:
    """See `callwright.train.sft`."""
    started = time.monotonic()
    tokenizer = lora.load_tokenizer(base)
    prepare(out, config, {"base": base.name, "data": data})
    rows = read_rows(
        data,
        out,
        "train-sft",
        lambda t: tokenize_row(t, tokenizer, max_length=config.max_length),
        "at least one trajectory with a supervised assistant turn",
    )
    lengths = [len(r.input_ids) for r in rows.kept]
    order = training_order(
        [r.start for r in rows.kept], epochs=config.epochs, batch_size=config.batch_size, seed=config.seed
    )
    model = lora.add_lora(lora.load_base(base, config.dtype), config.lora_rank)
    tokens = tokens_per_step(lengths, order, config.batch_size)
    budget = budget_for(config, out, tokens, progress)
    trainer = PackedTrainer(
        model=model,
        args=arguments(
            TrlSftConfig,
            out,
            config,
            steps=len(tokens),
            per_forward=config.batch_size,
            extra={"max_length": None, "dataset_kwargs": {"skip_prepare_dataset": True}},
        ),
        train_dataset=datasets.Dataset.from_dict({"input_ids": order}),
        processing_class=tokenizer,
        data_collator=lambda batch: {
            "step": step_of([rows.kept[x["input_ids"]] for x in batch], tokenizer.pad_token_id)
        },
        optimizers=lora_optimizer(model, config.learning_rate, budget),
    )
    resumed = train(trainer, budget, out)
    lora.save_adapter(model, tokenizer, out / "adapter", chat_template())
    supervised = [sum(x != IGNORED for x in r.labels) for r in rows.kept]
    done = trainer.state.global_step * config.batch_size
    return finish(
        out,
        stage="sft",
        rows=rows,
        budget=budget,
        model=model,
        steps=trainer.state.global_step,
        tokens=tokens,
        batch_size=config.batch_size,
        supervised=sum(supervised[i] for i in order[:done]),
        seconds=time.monotonic() - started,
        resumed=resumed,
        metrics={},
    )


def lora_optimizer(model: Any, learning_rate: float, budget: Budget) -> tuple[Any, Any]:
    """Return AdamW over the adapter and the budget's schedule."""
    optimizer = MasterAdamW(model.parameters(), learning_rate)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, budget.learning_rate_factor)
