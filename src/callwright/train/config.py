"""What a training run is told, what it reports while it runs, and what it says at the end."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Count = Annotated[int, Meta(ge=1)]
Positive = Annotated[float, Meta(gt=0, le=1e6)]
Share = Annotated[float, Meta(ge=0, le=1)]
Seed = Annotated[int, Meta(ge=0, lt=2**32)]
CONFIG = "config.json"
"""In a run directory: what the run was told, with the hashes of what it read."""
SHOWN = "examples.json"
"""In a run directory: rows as the model sees them, each learnt token with its weight."""
ENOUGH = 0.5
"""Of the rows; a model that saw fewer of them has not learnt when to keep quiet (docs/log.md, 2026-11-27)."""


@dataclass(frozen=True)
class Details:
    """What is seldom changed: no options of the command line but the table [details] of a TOML file."""

    warmup_fraction: Share = 0.1
    """Share of the steps that warm up, at most 100 of them."""
    warmup_steps: Annotated[int, Meta(ge=0)] | None = None
    """Steps that warm up, at most half of all; the share above if not given. The paper's figure is 100."""
    floor: Share = 0.1
    """Share of the peak that the cosine ends at."""
    stretch: Annotated[float, Meta(ge=1, le=100)] = 1.0
    """Times the minutes that training may take on a machine where it would see less than half of its rows."""
    checkpoint_seconds: Positive = 60.0
    """How often a checkpoint is written, and so how much a kill can cost."""
    lora_alpha: Count | None = None
    """Scale of the adapter, over its rank; twice the rank if not given."""
    lora_dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    """Share of an adapter's inputs that is dropped; none can be where there are experts."""
    lora_targets: Literal["all-linear", "attention", "all-and-router"] = "all-linear"
    """What gets an adapter: every linear layer but the head, experts included; the four of attention; or all
    of it and the router of the experts, which stays frozen otherwise."""
    loraplus_ratio: Positive = 4.0
    """Times the learning rate that the second matrix of an adapter, B, learns with (SFT); 1 is plain LoRA."""
    weight_decay: Annotated[float, Meta(ge=0, le=1)] = 0.0
    """Decay of AdamW, on matrices only."""
    gradient_checkpointing: Literal["auto", "on", "off"] = "auto"
    """Compute activations again on the way back instead of keeping them; auto does so on a GPU from three
    billion weights on."""
    compile: bool = False
    """Translate the layers with torch.compile, which takes a minute or two at the start. A GPU then waits
    less for its CPU, which is most of what it does with small models."""
    final_turn_only: bool = False
    """Learn the last assistant turn only, not every one (SFT)."""
    holdout: Share = 0.02
    """Share of the rows that is measured and not trained on where no file of such rows is given: whole groups
    of rows that ask for the same, 64 rows at most."""
    measurements: Count = 5
    """How often these rows are measured after the start, at even distances."""
    patience: Annotated[int, Meta(ge=0)] = 0
    """Measurements without a better one after which training ends; 0 trains to the end of the plan."""
    report: tuple[Literal["tensorboard", "trackio", "wandb"], ...] = ()
    """Where curves go beside metrics.jsonl; each has to be installed."""


@dataclass(frozen=True)
class TrainConfig:
    """What SFT and DPO are both told."""

    learning_rate: Positive = 1e-3
    """Peak of the schedule: linear warm-up, then cosine to a tenth."""
    batch_size: Count = 4
    """Rows (for DPO pairs) per optimiser step."""
    epochs: Positive = 1.0
    """How often each row is seen, unless the minutes end before."""
    minutes: Positive | None = None
    """Wall-clock budget; the number of steps is planned from a probe so that the schedule fits into it."""
    max_length: Count = 2048
    """A row with more tokens is dropped with a reason, never cut: half a call teaches half a call."""
    validation: Path | None = None
    """Rows that are measured while training and not trained on; some of the rows if not given."""
    seed: Seed = 7
    """Everything random follows from it."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Of the weights; auto takes bfloat16 where the machine is fast at it."""
    details: Details = Details()
    """The rest; see docs/training.md."""


@dataclass(frozen=True)
class SftConfig(TrainConfig):
    """Supervised fine-tuning. The defaults are for the embedded 135M model on a CPU."""

    batch_size: Count = 2
    epochs: Positive = 2.0
    base: str = "smollm2-135m"
    """What is trained: smollm2-135m, a model directory, or a Hugging Face id like Qwen/Qwen3-0.6B, which is
    fetched where your cache lacks it."""
    lora_rank: Count = 16
    """Rank of the adapter; released xLAM scripts use 32."""
    tuning: Literal["lora", "full", "qlora"] = "lora"
    """What learns: an adapter on the frozen model, all weights, or an adapter on the model in 4 bits."""


@dataclass(frozen=True)
class DpoConfig(TrainConfig):
    """Direct preference optimisation from an SFT run, which stays the frozen reference."""

    learning_rate: Positive = 2e-5
    beta: Positive = 0.1
    """How strongly the model is held to what it started from."""
    sft_weight: Annotated[float, Meta(ge=0, le=1e6)] = 0.2
    """Weight of the chosen answer's negative log-likelihood per token, which keeps its probability up."""
    lora_rank: Count = 16
    """Rank of the adapter that a model trained in full gets; the adapter of an SFT run keeps its own."""


def told(config: TrainConfig) -> dict[str, Any]:
    """Return a configuration as a run directory keeps it: one key per field, details among them."""
    flat = asdict(config)
    details = flat.pop("details")
    flat |= {f"details.{key}": value for key, value in details.items()}
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(flat, enc_hook=str))
    return plain


def as_toml(config: TrainConfig) -> str:
    """Return a configuration as a file for ``--config``, every setting that has a value."""
    # A number, a text, a truth value or a list of texts is written in JSON as it is in TOML.
    settings = told(config).items()
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings if value is not None)


@dataclass(frozen=True)
class Progress:
    """One optimiser step, as the caller's display wants it."""

    step: int
    total: int
    """0 until the probe has planned the run."""
    loss: float
    tokens_per_second: float
    seconds_left: float


class Validated(msgspec.Struct, frozen=True, kw_only=True):
    """What rows said that were not trained on."""

    rows: int
    first_loss: float
    """Before the first step."""
    best_loss: float
    best_step: int
    """The step whose weights the run ended with."""
    last_loss: float


class TrainSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a finished training run says about itself; also ``train.json`` in the run directory."""

    stage: Literal["sft", "dpo"]
    rows: int
    silent_rows: int
    """Of these, the ones that call nothing: they teach to refuse, to ask and to answer."""
    dropped: dict[str, int]
    """Rows that could not be trained on, by reason; the rows themselves lie in ``dropped.jsonl``."""
    steps: int
    epochs: float
    tokens: int
    """Tokens that went through the model."""
    supervised_tokens: int
    first_loss: float
    last_loss: float
    seconds: float
    tokens_per_second: float
    stopped_by: Literal["steps", "minutes", "validation"]
    trainable_parameters: int
    dtype: str
    peak_memory_mb: int
    """Of the GPU, or of the process where there is none."""
    resumed_from_step: int = 0
    metrics: dict[str, float] = {}
    validation: Validated | None = None
    licences: dict[str, int] = {}
    """Of the rows that were trained on, by their number; "" is not told."""
    versions: dict[str, str] = {}
    """Of Python and of the packages that training stands on."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is going to do; see `callwright.train.plan`."""

    rows: int
    silent_rows: int
    """Of these, the ones that call nothing."""
    validation_rows: int
    dropped: dict[str, int]
    batch_size: int
    steps: int
    """Within the minutes, at the speed of the probe."""
    epochs: float
    tokens: int
    """Tokens that go through the model in these steps."""
    supervised_tokens: int
    trainable_parameters: int
    parameters: int
    dtype: str
    weights_mb: int
    trained_mb: int
    """Gradients, float32 copies and moments of what is trained."""
    peak_mb: int
    """Measured at the largest step: of the GPU, or of the process where there is none."""
    tokens_per_second: float
    seconds: float
    """All steps at this speed, measurements included."""
    examples: dict[str, str]
    """Rows as the model sees them, what is learnt in ⟦ ⟧."""
