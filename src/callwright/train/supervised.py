"""Supervised fine-tuning: TRL's trainer, our rows, our loss positions, our budget."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import torch
from trl import SFTConfig as TrlSftConfig
from trl import SFTTrainer

from callwright.train import lora
from callwright.train.batches import deal_rows, packs_of, tokens_per_forward, training_order
from callwright.train.branches import Pack, token_logps
from callwright.train.config import Plan, Progress, SftConfig, TrainSummary
from callwright.train.plan import Example, evenly
from callwright.train.processes import processes
from callwright.train.session import Session, Work, arguments
from callwright.train.steps import Shares, Steps, StepTrainer
from callwright.train.tokens import Row, tokenize_row


class Part(NamedTuple):
    """What goes through the model at a time."""

    packed: Pack
    whole: float
    """The weights of all that its step predicts."""


class PackedTrainer(StepTrainer[Part], SFTTrainer):  # type: ignore[misc]  # TRL publishes no types
    """TRL's trainer on packs: shared beginnings read once, no padding, logits at supervised positions only.

    Nine tenths of a tool-calling row are prompt; on a CPU their logits alone cost a third of each step.
    """


def nll(model: Any, part: Part) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a part's share of the step's mean negative log-likelihood per unit of weight."""
    logps = token_logps(model, part.packed)
    return -(part.packed.weights.to(logps) * logps).sum() / part.whole, logps.new_zeros(0)


def parts_of(rows: Sequence[Row], fill: int, hands: int, limit: int) -> Shares[Part]:
    """Return rows of one loss for each of `hands` processes, in packs of at most `limit` tokens."""
    packs = [packs_of(some, fill, limit) for some in deal_rows(rows, hands)]
    whole = sum(packed.weights.sum().item() for some in packs for packed in some)
    return [[Part(packed, whole) for packed in some] for some in packs]


def run(
    config: SftConfig, *, base: Path, data: Path, out: Path, progress: Callable[[Progress], None] | None
) -> TrainSummary:
    """See `callwright.train.sft`."""
    session = Session("sft", config, out, {"base_directory": base.name, "data": data}, progress)
    return session.carry_out(*_set_up(session, config, base, data, out))


def plan(config: SftConfig, *, base: Path, data: Path) -> Plan:
    """See `callwright.train.plan_sft`."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session("sft", config, Path(folder), {}, None)
        return session.planned(*_set_up(session, config, base, data, Path(folder)))


def _set_up(
    session: Session, config: SftConfig, base: Path, data: Path, out: Path
) -> tuple[PackedTrainer, Work[Part], Any]:
    """Return the trainer, its work, and the tokenizer."""
    tokenizer = lora.load_tokenizer(base)
    rows, held = session.rows(
        data,
        lambda t: tokenize_row(
            t, tokenizer, max_length=config.max_length, final_turn_only=config.details.final_turn_only
        ),
        "at least one trajectory with a supervised assistant turn",
    )
    order = training_order(
        [r.start for r in rows], epochs=config.epochs, batch_size=config.batch_size, seed=config.seed
    )
    fill, hands = tokenizer.pad_token_id, processes().num_processes
    model = lora.for_sft(base, config)
    limit = tokens_per_forward(model)
    trainer = PackedTrainer(
        model=model,
        args=arguments(
            TrlSftConfig, out, config, len(order),
            max_length=None, dataset_kwargs={"skip_prepare_dataset": True},
        ),
        train_dataset=datasets.Dataset.from_dict({"input_ids": range(len(order))}),
        processing_class=tokenizer,
    )  # fmt: skip
    work = Work(
        steps=Steps(len(order), lambda i: parts_of([rows[k] for k in order[i]], fill, hands, limit)),
        measure=nll,
        tokens=[sum(len(rows[k].input_ids) for k in step) for step in order],
        supervised=[sum(rows[k].supervised for k in step) for step in order],
        validation=parts_of(held, fill, hands, limit),
        examples=[Example(row.id, row.input_ids, row.weights) for row in evenly(rows)],
    )
    return trainer, work, tokenizer
