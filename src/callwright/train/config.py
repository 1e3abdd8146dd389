"""What a training run is told, what it reports while it runs, and what it says at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Count = Annotated[int, Meta(ge=1)]
Positive = Annotated[float, Meta(gt=0, le=1e6)]
Share = Annotated[float, Meta(ge=0, le=1)]
Seed = Annotated[int, Meta(ge=0, lt=2**32)]


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
    warmup_fraction: Share = 0.1
    """Share of the steps, at most 100 of them (the paper's figure)."""
    checkpoint_seconds: Positive = 60.0
    """How often a checkpoint is written, and so how much a kill can cost."""
    seed: Seed = 7
    """Everything random follows from it."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """Of the frozen weights; auto takes bfloat16 where the machine is fast at it."""


@dataclass(frozen=True)
class SftConfig(TrainConfig):
    """Supervised fine-tuning. The defaults are for the embedded 135M model on a CPU."""

    epochs: Positive = 2.0
    lora_rank: Count = 16
    """Rank of the adapter on all linear layers; alpha is twice the rank. xLAM used 16 to 32 (train_dpo)."""


@dataclass(frozen=True)
class DpoConfig(TrainConfig):
    """Direct preference optimisation from an SFT adapter, which stays the frozen reference."""

    learning_rate: Positive = 2e-5
    beta: Positive = 0.1
    """How strongly the model is held to the adapter it started from."""
    sft_weight: Annotated[float, Meta(ge=0, le=1e6)] = 0.2
    """Weight of the chosen answer's negative log-likelihood per token, which keeps its probability up."""


@dataclass(frozen=True)
class Progress:
    """One optimiser step, as the caller's display wants it."""

    step: int
    total: int
    """0 until the probe has planned the run."""
    loss: float
    tokens_per_second: float
    seconds_left: float


class TrainSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a finished training run says about itself; also ``train.json`` in the run directory."""

    stage: Literal["sft", "dpo"]
    rows: int
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
    stopped_by: Literal["steps", "minutes"]
    trainable_parameters: int
    dtype: str
    peak_memory_mb: int
    resumed_from_step: int = 0
    metrics: dict[str, float] = {}
