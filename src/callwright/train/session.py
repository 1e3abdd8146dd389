"""What SFT and DPO runs have in common: the run directory, its rows, training itself, and the summary."""

from __future__ import annotations

import copy
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import msgspec
import torch
from transformers import PrinterCallback, set_seed

from callwright.errors import DataError
from callwright.formats import chat_template
from callwright.record import Dropped, Trajectory, encode
from callwright.store import read, write_json_atomic
from callwright.train import card, lora
from callwright.train import plan as plans
from callwright.train.budget import Budget, last_checkpoint
from callwright.train.config import (
    CONFIG,
    ENOUGH,
    SHOWN,
    Plan,
    Progress,
    TrainConfig,
    TrainSummary,
    Validated,
)
from callwright.train.directory import BEST, leave, prepare
from callwright.train.holdout import Grouped, set_aside
from callwright.train.processes import first_then_others, gathered, processes, size_of
from callwright.train.steps import Measure, Shares, Steps, StepTrainer, Unit, totals
from callwright.train.validation import Validation

Kept = TypeVar("Kept", bound=Grouped)


@dataclass(frozen=True)
class Work(Generic[Unit]):
    """What a run computes."""

    steps: Steps[Unit]
    measure: Measure[Unit]
    tokens: Sequence[int]
    """Of each step: how many go through the model."""
    supervised: Sequence[int]
    """Of each step: how many are learnt."""
    validation: Shares[Unit] = ()
    """What is measured and not trained on."""
    figures: tuple[str, ...] = ()
    """What `measure` tells beside the loss."""
    examples: Sequence[plans.Example] = ()
    """Some rows, to be shown."""


class Session:
    """One call of a run, which may be the first or go on from an earlier one."""

    def __init__(
        self,
        stage: Literal["sft", "dpo"],
        config: TrainConfig,
        out: Path,
        inputs: Mapping[str, Any],
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._started = time.monotonic()
        self._stage = stage
        self._config = config
        self._out = out
        self._progress = progress
        self._dropped: Counter[str] = Counter()
        self._rows = self._held = self._silent = 0
        self._licences: Counter[str] = Counter()
        first_then_others(lambda: prepare(out, config, inputs))
        set_seed(config.seed)  # a fresh adapter is drawn before there is a trainer that would do it

    def rows(
        self, data: Path, tokenize: Callable[[Trajectory], Kept | Dropped], needed: str
    ) -> tuple[list[Kept], list[Kept]]:
        """Return the rows to train on and those to measure; ``dropped.jsonl`` gets what can be neither."""
        config = self._config
        kept, dropped = _tokenized(data, f"train-{self._stage}", tokenize, self._licences)
        held: list[Kept] = []
        if config.validation is not None:
            held, more = _tokenized(config.validation, f"train-{self._stage}", tokenize, Counter())
            dropped += more
        else:
            kept, held = set_aside(kept, config.details.holdout, config.seed)
        self._dropped.update(one.reason for one in dropped)
        self._rows, self._held = len(kept), len(held)
        self._silent = sum(not row.calls for row in kept)
        if processes().is_main_process:
            (self._out / "dropped.jsonl").write_bytes(b"".join(encode(d) + b"\n" for d in dropped))
        if not kept:
            got = f"{len(dropped)} rows, all dropped: {dict(self._dropped)}"
            raise DataError("no row can be trained on", place=str(data), expected=needed, got=got)
        return kept, held

    def carry_out(self, trainer: StepTrainer[Unit], work: Work[Unit], tokenizer: Any) -> TrainSummary:
        """Train to the end of the plan, or of the minutes; leave the adapter and the summary."""
        config, out = self._config, self._out
        budget = Budget(
            out,
            planned_steps=len(work.tokens),
            minutes=config.minutes,
            details=config.details,
            wanted_steps=math.ceil(ENOUGH * self._rows / config.batch_size),
            tokens_per_step=lambda step: work.tokens[min(step, len(work.tokens) - 1)],
            progress=self._progress if processes().is_main_process else None,
        )
        trainer.steps, trainer.measure, trainer.figures = work.steps, work.measure, work.figures
        trainer.learning_rate, trainer.weight_decay = config.learning_rate, config.details.weight_decay
        trainer.loraplus_ratio = config.details.loraplus_ratio if self._stage == "sft" else 1.0
        trainer.schedule = budget.schedule.factor
        folder = out / lora.folder_of(trainer.model)

        def save(place: Path) -> None:
            weights = gathered(trainer.model, frozen=folder.name == "model")
            if processes().is_main_process:
                lora.save(trainer.model, weights, tokenizer, place, chat_template())

        if processes().is_main_process:
            shown = {one.name: plans.by_token(tokenizer, one) for one in work.examples}
            write_json_atomic(out / SHOWN, msgspec.to_builtins(shown))
        validation = self._validation(trainer, work, budget, save) if any(work.validation) else None
        resumed = _train(trainer, [budget, *([validation] if validation else [])], out)
        leave(folder, save, validation, trainer.state.global_step)
        return self._finish(trainer, work, budget, validation, resumed, folder)

    def planned(self, trainer: StepTrainer[Unit], work: Work[Unit], tokenizer: Any) -> Plan:
        """Return what `carry_out` would do, after three steps that are thrown away."""
        config, model = self._config, trainer.model
        rate, peak = plans.probe(trainer, work.steps, work.measure, work.tokens)
        steps = plans.affordable(config.minutes, work.tokens, rate)
        weights, trained = plans.memory(model)
        return Plan(
            rows=self._rows,
            silent_rows=self._silent,
            validation_rows=self._held,
            dropped=dict(self._dropped),
            batch_size=config.batch_size,
            steps=steps,
            epochs=round(steps * config.batch_size / max(1, self._rows), 3),
            tokens=sum(work.tokens[:steps]),
            supervised_tokens=sum(work.supervised[:steps]),
            trainable_parameters=lora.trainable_parameters(model),
            parameters=sum(map(size_of, model.parameters())),
            dtype=str(model.dtype).removeprefix("torch."),
            weights_mb=weights,
            trained_mb=trained,
            peak_mb=peak,
            tokens_per_second=round(rate, 1),
            seconds=round(sum(work.tokens[:steps]) / rate, 1),
            examples={one.name: plans.marked(tokenizer, one) for one in work.examples},
        )

    def _validation(
        self, trainer: Any, work: Work[Unit], budget: Budget, save: Callable[[Path], None]
    ) -> Validation:
        details = self._config.details

        def measure() -> dict[str, float]:
            model = trainer.model_wrapped
            model.eval()
            found = totals(trainer.accelerator, model, work.validation, work.measure).tolist()
            model.train()
            return dict(zip(("loss", *work.figures), found, strict=True))

        def tell(figures: Mapping[str, float]) -> None:
            # A copy: to log ends the wish to log, and the step itself is still to be logged.
            control = copy.copy(trainer.control)
            trainer.callback_handler.on_log(trainer.args, trainer.state, control, dict(figures))

        return Validation(
            budget, measure, tell, lambda: save(self._out / BEST),
            times=details.measurements, patience=details.patience,
        )  # fmt: skip

    def _finish(
        self, trainer: Any, work: Work[Unit], budget: Budget, validation: Validation | None, resumed: int,
        folder: Path,
    ) -> TrainSummary:  # fmt: skip
        """Write ``train.json``, the last file of a run, and return what it says."""
        steps = trainer.state.global_step
        early = "validation" if validation and validation.stopped else "steps"
        summary = TrainSummary(
            stage=self._stage,
            rows=self._rows,
            silent_rows=self._silent,
            dropped=dict(self._dropped),
            steps=steps,
            epochs=round(steps * self._config.batch_size / max(1, self._rows), 3),
            tokens=sum(work.tokens[:steps]),
            supervised_tokens=sum(work.supervised[:steps]),
            first_loss=budget.first_loss,
            last_loss=budget.last_loss,
            seconds=round(time.monotonic() - self._started, 1),
            tokens_per_second=round(budget.rate(), 1),
            stopped_by="minutes" if budget.stopped_by_clock else early,  # type: ignore[arg-type]
            trainable_parameters=lora.trainable_parameters(trainer.model),
            dtype=str(trainer.model.dtype).removeprefix("torch."),
            peak_memory_mb=plans.peak(),
            resumed_from_step=resumed,
            metrics=_last_metrics(trainer.state.log_history, work.figures),
            validation=_validated(validation, self._held) if validation else None,
            licences=dict(self._licences),
            versions=card.versions(),
        )
        if processes().is_main_process:
            told = json.loads((self._out / CONFIG).read_text(encoding="utf-8"))
            card.write(folder, summary, told)
            write_json_atomic(self._out / "train.json", msgspec.to_builtins(summary))
        return summary


def _tokenized(
    data: Path, stage: str, tokenize: Callable[[Trajectory], Kept | Dropped], licences: Counter[str]
) -> tuple[list[Kept], list[Dropped]]:
    kept: list[Kept] = []
    dropped: list[Dropped] = []
    for item in read(data, stage):
        result = tokenize(item) if isinstance(item, Trajectory) else item
        if isinstance(result, Dropped):
            dropped.append(result)
            continue
        kept.append(result)
        if isinstance(item, Trajectory):
            licences[item.source.license if item.source else ""] += 1
    return kept, dropped


def arguments(kind: Any, out: Path, config: TrainConfig, steps: int, **more: Any) -> Any:
    """Return TRL arguments that keep it silent, offline and deterministic."""
    on_gpu = torch.cuda.is_available()
    return kind(
        output_dir=str(out / "checkpoints"),
        max_steps=steps,
        per_device_train_batch_size=1,  # of steps; see `steps`
        gradient_accumulation_steps=1,
        learning_rate=config.learning_rate,
        max_grad_norm=1.0,
        seed=config.seed,
        data_seed=config.seed,
        bf16=False,  # the weights are bfloat16 already; autocast on top costs time and gains nothing
        fp16=False,
        use_cpu=not on_gpu,
        gradient_checkpointing=False,
        logging_steps=1,
        save_strategy="no",  # Budget saves by the clock
        save_total_limit=2,
        report_to=list(config.details.report) or "none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        ddp_find_unused_parameters=False,
        **more,
    )


def _train(trainer: Any, callbacks: Sequence[Any], out: Path) -> int:
    """Run to the end of the plan, from the last complete checkpoint if there is one; return its step."""
    trainer.remove_callback(PrinterCallback)
    for callback in callbacks:
        trainer.add_callback(callback)
    checkpoint = first_then_others(lambda: last_checkpoint(out / "checkpoints"))
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return int(checkpoint.name.split("-")[1]) if checkpoint else 0


def _validated(validation: Validation, rows: int) -> Validated:
    first, last, best = validation.history[0], validation.history[-1], validation.best
    return Validated(
        rows=rows, first_loss=first.loss, best_loss=best.loss, best_step=best.step, last_loss=last.loss
    )


def _last_metrics(history: Sequence[Mapping[str, float]], figures: Sequence[str]) -> dict[str, float]:
    """Return each figure, averaged over the last tenth of the steps (at least five)."""
    steps = [h for h in history if all(name in h for name in figures)]
    tail = steps[-max(5, len(steps) // 10) :]
    return {n: round(sum(h[n] for h in tail) / len(tail), 4) for n in figures} if tail else {}
