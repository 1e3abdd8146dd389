"""Direct preference optimisation with LoRA (Rafailov et al., arXiv 2305.18290) on verified pairs.

The SFT adapter is trained further; a frozen copy of it is the reference, so that the loss starts at ln 2.
Chosen and rejected answer share their prompt, and the prompt goes through the model once for both: the
answers follow it side by side (see `branches`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import torch
from torch.nn.functional import logsigmoid
from trl import DPOConfig as TrlDpoConfig
from trl import DPOTrainer
from trl.trainer.utils import use_adapter

from callwright.train import lora
from callwright.train.batches import deal, tokens_per_forward, training_order
from callwright.train.branches import Pack, Tree, pack, together, token_logps
from callwright.train.config import DpoConfig, Plan, Progress, TrainSummary
from callwright.train.plan import Example, evenly
from callwright.train.processes import processes
from callwright.train.session import Session, Work, arguments
from callwright.train.steps import Measure, Shares, Steps, StepTrainer
from callwright.train.tokens import Pair, tokenize_pair

FIGURES = ("preference_loss", "margin", "accuracy", "chosen_nll")


class Part(NamedTuple):
    """What goes through the model at a time."""

    packed: Pack
    answers: tuple[int, ...]
    """How many tokens they have: chosen, rejected, chosen, rejected, …"""
    whole: int
    """The number of pairs in its step."""


class SharedPromptTrainer(StepTrainer[Part], DPOTrainer):  # type: ignore[misc]  # TRL publishes no types
    """TRL's trainer with one forward for both answers and logits at their positions only."""

    def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        return dataset  # the pairs are tokenized already


def preference(trainer: Any, config: DpoConfig) -> Measure[Part]:
    """Return what measures a part: its share of the step's loss, and of `FIGURES`."""

    def measure(model: Any, part: Part) -> tuple[torch.Tensor, torch.Tensor]:
        chosen, rejected = answer_logps(model, part)
        with torch.no_grad(), use_adapter(trainer.accelerator.unwrap_model(model), adapter_name="ref"):
            ref_chosen, ref_rejected = answer_logps(model, part)
        margin = (chosen - ref_chosen) - (rejected - ref_rejected)
        preferred = -logsigmoid(config.beta * margin)
        anchor = -chosen / chosen.new_tensor(part.answers[::2])
        figures = torch.stack([preferred, config.beta * margin, (margin > 0).to(margin), anchor])
        losses = preferred + config.sft_weight * anchor
        return losses.sum() / part.whole, figures.sum(1) / part.whole

    return measure


def answer_logps(model: Any, part: Part) -> tuple[torch.Tensor, torch.Tensor]:
    """Return log P(chosen | prompt) and log P(rejected | prompt) of each pair: (pairs,), sums over tokens."""
    logps = token_logps(model, part.packed)
    sums = torch.stack([answer.sum() for answer in torch.split(logps, list(part.answers))])
    return sums[::2], sums[1::2]


def parts_of(pairs: Sequence[Pair], fill: int, hands: int, limit: int) -> Shares[Part]:
    """Return pairs of one loss for each of `hands` processes, in packs of at most `limit` tokens."""

    def part(trees: Sequence[Tree]) -> Part:
        answers = tuple(len(answer) for tree in trees for answer in tree.branches)
        return Part(pack(trees, fill), answers, len(pairs))

    dealt = deal([_tree(pair) for pair in pairs], hands, lambda tree: tree.tokens)
    return [[part(some) for some in together(trees, limit)] for trees in dealt]


def _tree(pair: Pair) -> Tree:
    answers = (pair.chosen, pair.rejected)
    return Tree(pair.prompt, answers, [dict.fromkeys(range(len(answer)), 1.0) for answer in answers])


def run(
    config: DpoConfig, *, base: Path, adapter: Path | None, pairs: Path, out: Path,
    progress: Callable[[Progress], None] | None,
) -> TrainSummary:  # fmt: skip
    """See `callwright.train.dpo`."""
    start = {
        "base": str(base),
        "adapter": adapter and adapter / "adapter_model.safetensors",
        "tuning": "qlora" if adapter and lora.in_four_bits(adapter) else "lora",
    }
    session = Session("dpo", config, out, {**start, "pairs": pairs}, progress)
    return session.carry_out(*_set_up(session, config, base, adapter, pairs, out))


def plan(config: DpoConfig, *, base: Path, adapter: Path | None, pairs: Path) -> Plan:
    """See `callwright.train.plan_dpo`."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session("dpo", config, Path(folder), {}, None)
        return session.planned(*_set_up(session, config, base, adapter, pairs, Path(folder)))


def _set_up(
    session: Session, config: DpoConfig, base: Path, adapter: Path | None, pairs: Path, out: Path
) -> tuple[SharedPromptTrainer, Work[Part], Any]:
    """Return the trainer, its work, and the tokenizer."""
    tokenizer = lora.load_tokenizer(base)
    rows, held = session.rows(
        pairs,
        lambda t: tokenize_pair(t, tokenizer, max_length=config.max_length),
        "trajectories with a rejected answer",
    )
    order = training_order(
        [b""] * len(rows), epochs=config.epochs, batch_size=config.batch_size, seed=config.seed
    )
    model = lora.for_dpo(base, adapter, config)
    trainer = SharedPromptTrainer(
        model=model,
        args=arguments(TrlDpoConfig, out, config, len(order), beta=config.beta, max_length=None),
        train_dataset=datasets.Dataset.from_dict({"prompt": range(len(order))}),
        processing_class=tokenizer,
        data_collator=lambda steps: steps,
    )
    _match_reference(model)
    fill, hands, limit = tokenizer.pad_token_id, processes().num_processes, tokens_per_forward(model)
    work = Work(
        steps=Steps(len(order), lambda i: parts_of([rows[k] for k in order[i]], fill, hands, limit)),
        measure=preference(trainer, config),
        figures=FIGURES,
        tokens=[sum(rows[k].tokens for k in step) for step in order],
        supervised=[sum(rows[k].supervised for k in step) for step in order],
        validation=parts_of(held, fill, hands, limit),
        examples=[example for pair in evenly(rows) for example in _examples(pair)],
    )
    return trainer, work, tokenizer


def _examples(pair: Pair) -> Iterator[Example]:
    for name, answer in (("chosen", pair.chosen), ("rejected", pair.rejected)):
        weights = [*[0.0] * len(pair.prompt), *[1.0] * len(answer)]
        yield Example(f"{pair.id} ({name})", [*pair.prompt, *answer], weights)


def _match_reference(model: Any) -> None:
    """Give the frozen reference adapter the trained one's dtype; TRL copies it in float32."""
    for name, parameter in model.named_parameters():
        if ".ref." in name:
            trained = model.get_parameter(name.replace(".ref.", ".default."))
            parameter.data = trained.data.clone()
            parameter.requires_grad_(False)
