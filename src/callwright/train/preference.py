"""Direct preference optimisation with LoRA (Rafailov et al., arXiv 2305.18290) on verified pairs.

The SFT adapter is trained further; a frozen copy of it is the reference, so that the loss starts at ln 2.
Chosen and rejected answer share their prompt, and the prompt goes through the model once for both: the
answers follow it side by side (see `branches`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import torch
from trl import DPOConfig as TrlDpoConfig
from trl import DPOTrainer
from trl.trainer.utils import use_adapter

from callwright.formats import chat_template
from callwright.train import lora
from callwright.train.batches import tokens_per_step, training_order
from callwright.train.branches import pack, token_logps
from callwright.train.config import DpoConfig, Progress, TrainSummary
from callwright.train.session import arguments, budget_for, finish, prepare, read_rows, train
from callwright.train.supervised import lora_optimizer
from callwright.train.tokens import Pair, tokenize_pair


class SharedPromptTrainer(DPOTrainer):  # type: ignore[misc]  # TRL publishes no types
    """TRL's trainer with one forward per pair and logits at answer positions only."""

    sft_weight: float = 0.0

    def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        return dataset  # the rows are tokenized already

    def _compute_loss(self, model: Any, inputs: dict[str, list[int]], return_outputs: bool) -> Any:
        chosen, rejected = pair_logps(model, **inputs)
        with torch.no_grad(), use_adapter(self.accelerator.unwrap_model(model), adapter_name="ref"):
            ref_chosen, ref_rejected = pair_logps(model, **inputs)
        margin = (chosen - ref_chosen) - (rejected - ref_rejected)
        preference = -torch.nn.functional.logsigmoid(self.beta * margin)
        anchor = -chosen / len(inputs["chosen"])
        metrics = self._metrics["train" if model.training else "eval"]
        metrics["preference_loss"].append(preference.item())
        metrics["margin"].append(self.beta * margin.item())
        metrics["accuracy"].append(float(margin.item() > 0))
        metrics["chosen_nll"].append(anchor.item())
        loss = preference + self.sft_weight * anchor
        return (loss, None) if return_outputs else loss


def pair_logps(
    model: Any, *, prompt: list[int], chosen: list[int], rejected: list[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return log P(chosen | prompt) and log P(rejected | prompt), summed over tokens, from one forward."""
    answers = (chosen, rejected)
    logps = token_logps(model, pack(prompt, answers, [range(len(a)) for a in answers], fill=prompt[0]))
    return logps[: len(chosen)].sum(), logps[len(chosen) :].sum()


def run(
    config: DpoConfig,
    *,
    base: Path,
    adapter: Path,
    pairs: Path,
    out: Path,
    progress: Callable[[Progress], None] | None,
) -> TrainSummary:
    """See `callwright.train.dpo`."""
    started = time.monotonic()
    tokenizer = lora.load_tokenizer(base)
    weights = adapter / "adapter_model.safetensors"
    prepare(out, config, {"base": base.name, "adapter": weights, "pairs": pairs})
    rows = read_rows(
        pairs,
        out,
        "train-dpo",
        lambda t: tokenize_pair(t, tokenizer, max_length=config.max_length),
        "trajectories with a rejected answer",
    )
    lengths = [len(x.prompt) + len(x.chosen) + len(x.rejected) for x in rows.kept]
    order = training_order(
        [b""] * len(lengths), epochs=config.epochs, batch_size=config.batch_size, seed=config.seed
    )
    tokens = tokens_per_step(lengths, order, config.batch_size)
    model = lora.load_adapter(lora.load_base(base, config.dtype), adapter)
    budget = budget_for(config, out, tokens, progress)
    trainer = SharedPromptTrainer(
        model=model,
        args=arguments(
            TrlDpoConfig,
            out,
            config,
            steps=len(tokens),
            per_forward=1,
            extra={"beta": config.beta, "max_length": None},
        ),
        train_dataset=_dataset(rows.kept).select(order),
        processing_class=tokenizer,
        data_collator=lambda batch: batch[0],
        optimizers=lora_optimizer(model, config.learning_rate, budget),
    )
    trainer.sft_weight = config.sft_weight
    _match_reference(model)
    resumed = train(trainer, budget, out)
    lora.save_adapter(model, tokenizer, out / "adapter", chat_template())
    done = order[: trainer.state.global_step * config.batch_size]
    return finish(
        out,
        stage="dpo",
        rows=rows,
        budget=budget,
        model=model,
        steps=trainer.state.global_step,
        tokens=tokens,
        batch_size=config.batch_size,
        supervised=sum(len(rows.kept[i].chosen) + len(rows.kept[i].rejected) for i in done),
        seconds=time.monotonic() - started,
        resumed=resumed,
        metrics=_last_metrics(trainer.state.log_history),
    )


def _match_reference(model: Any) -> None:
    """Give the frozen reference adapter the trained one's dtype; TRL copies it in float32."""
    for name, parameter in model.named_parameters():
        if ".ref." in name:
            trained = model.get_parameter(name.replace(".ref.", ".default."))
            parameter.data = trained.data.clone()
            parameter.requires_grad_(False)


def _dataset(pairs: list[Pair]) -> Any:
    return datasets.Dataset.from_dict(
        {
            "prompt": [p.prompt for p in pairs],
            "chosen": [p.chosen for p in pairs],
            "rejected": [p.rejected for p in pairs],
        }
    )


def _last_metrics(history: list[dict[str, float]]) -> dict[str, float]:
    """Return each preference metric, averaged over the last tenth of the steps (at least five)."""
    steps = [h for h in history if "preference_loss" in h]
    tail = steps[-max(5, len(steps) // 10) :]
    names = ("preference_loss", "margin", "accuracy", "chosen_nll")
    return {n: round(sum(h[n] for h in tail) / len(tail), 4) for n in names} if tail else {}
