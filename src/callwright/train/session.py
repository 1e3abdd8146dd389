"""What SFT and DPO runs have in common: the run directory, trainer arguments, resume, and the summary."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import json
import resource
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import msgspec
import torch

from callwright.errors import ConfigError, DataError, RunError
from callwright.record import Dropped, Trajectory, encode
from callwright.store import read, sha256_file, write_json_atomic
from callwright.train import lora
from callwright.train.budget import Budget, last_checkpoint
from callwright.train.config import Progress, TrainConfig, TrainSummary

Kept = TypeVar("Kept")


@dataclass
class Rows(Generic[Kept]):
    """What could be tokenized and what could not."""

    kept: list[Kept]
    dropped: list[Dropped]

    def reasons(self) -> dict[str, int]:
        """Return how many rows were dropped for which reason."""
        return dict(Counter(d.reason for d in self.dropped))


def read_rows(
    data: Path, out: Path, stage: str, tokenize: Callable[[Trajectory], Kept | Dropped], needed: str
) -> Rows[Kept]:
    """Tokenize every trajectory of `data`; what can not be trained on goes to ``dropped.jsonl``."""
    rows: Rows[Kept] = Rows([], [])
    for item in read(data, stage):
        result = tokenize(item) if isinstance(item, Trajectory) else item
        if isinstance(result, Dropped):
            rows.dropped.append(result)
        else:
            rows.kept.append(result)
    (out / "dropped.jsonl").write_bytes(b"".join(encode(d) + b"\n" for d in rows.dropped))
    if not rows.kept:
        raise DataError(
            "no row can be trained on",
            place=str(data),
            expected=needed,
            got=f"{len(rows.dropped)} rows, all dropped: {rows.reasons()}",
        )
    return rows


def prepare(out: Path, config: TrainConfig, inputs: dict[str, Any]) -> None:
    """Make the run directory, or refuse one that was started with another configuration or other data."""
    out.mkdir(parents=True, exist_ok=True)
    told = {
        **dataclasses.asdict(config),
        **{k: sha256_file(v) if isinstance(v, Path) else v for k, v in inputs.items()},
    }
    file = out / "config.json"
    if file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        differing = sorted(k for k in told.keys() | before.keys() if told.get(k) != before.get(k))
        if differing:
            raise RunError(
                "the directory holds a training run with other settings",
                place=str(out),
                got=", ".join(f"{k}: {before.get(k)!r} there, {told.get(k)!r} now" for k in differing),
                hint="choose another -o, or remove the directory",
            )
    write_json_atomic(file, told)


def arguments(
    kind: Any,
    out: Path,
    config: TrainConfig,
    *,
    steps: int,
    per_forward: int,
    extra: dict[str, Any],
) -> Any:
    """Return TRL arguments that keep it silent, offline and deterministic."""
    on_gpu = torch.cuda.is_available()
    return kind(
        output_dir=str(out / "checkpoints"),
        max_steps=steps,
        per_device_train_batch_size=per_forward,
        gradient_accumulation_steps=config.batch_size // per_forward,
        learning_rate=config.learning_rate,
        max_grad_norm=1.0,
        train_sampling_strategy="sequential",
        seed=config.seed,
        data_seed=config.seed,
        bf16=False,  # the weights are bfloat16 already; autocast on top costs time and gains nothing
        fp16=False,
        use_cpu=not on_gpu,
        gradient_checkpointing=False,
        logging_steps=1,
        save_strategy="no",  # Budget saves by the clock
        save_total_limit=2,
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=on_gpu,
        **extra,
    )


def budget_for(
    config: TrainConfig,
    out: Path,
    tokens: Sequence[int],
    progress: Callable[[Progress], None] | None,
) -> Budget:
    """Return the budget of a run whose step i puts ``tokens[i]`` tokens through the model."""
    return Budget(
        out,
        planned_steps=len(tokens),
        minutes=config.minutes,
        warmup_fraction=config.warmup_fraction,
        checkpoint_seconds=config.checkpoint_seconds,
        tokens_per_step=lambda step: tokens[min(step, len(tokens) - 1)],
        progress=progress,
    )


def train(trainer: Any, budget: Budget, out: Path) -> int:
    """Run to the end of the plan, from the last complete checkpoint if there is one; return its step.

    Raises ConfigError under a launcher of several processes: their gradients would not be brought together.
    """
    from transformers import PrinterCallback

    if (processes := trainer.accelerator.num_processes) > 1:
        raise ConfigError("training runs in one process so far", got=f"{processes} processes")

    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(budget)
    checkpoint = last_checkpoint(out / "checkpoints")
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return int(checkpoint.name.split("-")[1]) if checkpoint else 0


def finish(
    out: Path,
    *,
    stage: Literal["sft", "dpo"],
    rows: Rows[Any],
    budget: Budget,
    model: Any,
    steps: int,
    batch_size: int,
    tokens: Sequence[int],
    supervised: int,
    seconds: float,
    resumed: int,
    metrics: dict[str, float],
) -> TrainSummary:
    """Write ``train.json``, the last file of a run, and return what it says."""
    summary = TrainSummary(
        stage=stage,
        rows=len(rows.kept),
        dropped=rows.reasons(),
        steps=steps,
        epochs=round(steps * batch_size / max(1, len(rows.kept)), 3),
        tokens=sum(tokens[:steps]),
        supervised_tokens=supervised,
        first_loss=budget.first_loss,
        last_loss=budget.last_loss,
        seconds=round(seconds, 1),
        tokens_per_second=round(budget.rate(), 1),
        stopped_by="minutes" if budget.stopped_by_clock else "steps",
        trainable_parameters=lora.trainable_parameters(model),
        dtype=str(model.dtype).removeprefix("torch."),
        peak_memory_mb=peak_memory_mb(),
        resumed_from_step=resumed,
        metrics=metrics,
    )
    write_json_atomic(out / "train.json", msgspec.to_builtins(summary))
    return summary


def release_memory() -> None:
    """Give what the last step freed back to the system, where the C library can.

    Steps differ in size, and holes of one do not fit the next: without this a run of some hundred steps grows
    to twice what its largest step needs.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # not glibc
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def peak_memory_mb() -> int:
    """Return the largest resident size of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024) if sys.platform == "darwin" else peak // 1024
