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
from callwright.train.batches import collate, rows_per_forward, tokens_per_step, training_order
from callwright.train.budget import Budget
from callwright.train.config import Progress, SftConfig, TrainSummary
from callwright.train.session import arguments, budget_for, finish, prepare, read_rows, train
from callwright.train.shared_prefix import branch_hidden
from callwright.train.tokens import IGNORED, Row, tokenize_row


class SupervisedPositionsTrainer(SFTTrainer):  # type: ignore[misc]  # TRL publishes no types
    """TRL's trainer, with the language-model head computed at supervised positions only.

    Nine tenths of a tool-calling row are prompt; on a CPU their logits cost a third of each step.
    """

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> Any:
        """Return the mean negative log-likelihood per supervised token of the optimiser step."""
        if self.accelerator.num_processes > 1 or self.aux_loss_enabled or return_outputs:
            plain = {k: v for k, v in inputs.items() if k != "prefix"}
            return super().compute_loss(model, plain, return_outputs, num_items_in_batch)
        total, count = supervised_nll(model, inputs)
        return total / (count if num_items_in_batch is None else num_items_in_batch)


def supervised_nll(model: Any, inputs: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the summed negative log-likelihood of all labelled tokens, and how many there are.

    ``inputs["prefix"]``, if there, is the number of tokens that all rows begin with alike.
    """
    causal = model.get_base_model()
    ids, mask, labels = inputs["input_ids"], inputs["attention_mask"], inputs["labels"]
    prefix = int(inputs["prefix"]) if "prefix" in inputs else 0
    if prefix:
        hidden = branch_hidden(causal.get_decoder(), causal.config, ids, mask, prefix)
    else:
        decoder = causal.get_decoder()
        hidden = decoder(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
    targets = labels[:, prefix + 1 :]
    keep = targets != IGNORED
    logits = causal.get_output_embeddings()(hidden[:, :-1][keep]).float()
    return torch.nn.functional.cross_entropy(logits, targets[keep], reduction="sum"), keep.sum()


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
    lengths, starts = [len(r.input_ids) for r in rows.kept], [r.start for r in rows.kept]
    per_forward = rows_per_forward(lengths, starts, config.batch_size)
    order = training_order(
        lengths,
        starts=starts,
        epochs=config.epochs,
        batch_size=config.batch_size,
        per_forward=per_forward,
        seed=config.seed,
    )
    model = lora.add_lora(lora.load_base(base, config.dtype), config.lora_rank)
    tokens = tokens_per_step(lengths, order, config.batch_size)
    budget = budget_for(config, out, tokens, progress)
    trainer_arguments = arguments(
        TrlSftConfig,
        out,
        config,
        steps=len(tokens),
        per_forward=per_forward,
        extra={"max_length": None, "dataset_kwargs": {"skip_prepare_dataset": True}},
    )
    trainer = SupervisedPositionsTrainer(
        model=model,
        args=trainer_arguments,
        train_dataset=_dataset(rows.kept).select(order),
        processing_class=tokenizer,
        data_collator=lambda batch: collate(batch, tokenizer.pad_token_id),
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
    optimizer = torch.optim.AdamW(
        [p for p in model.parameters() if p.requires_grad], lr=learning_rate, weight_decay=0.0
    )
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, budget.learning_rate_factor)


def _dataset(rows: list[Row]) -> Any:
    # Lists of integers are the only thing Arrow ever sees: it invents nulls in nested tool schemas.
    return datasets.Dataset.from_dict(
        {"input_ids": [r.input_ids for r in rows], "labels": [r.labels for r in rows]}
    )
