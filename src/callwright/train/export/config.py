"""What an export is told, and what its card says beside what the training runs know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from callwright.record import Tool

Target = Literal["safetensors", "gguf", "adapter"]
Quantization = Literal["f16", "q8_0"]
DType = Literal["bfloat16", "float32"]


class Measured(NamedTuple):
    """A score of the model, with its 95 % interval; shares of one."""

    benchmark: str
    part: str
    """A category or column; empty for the whole."""
    n: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Export:
    """What is to be written."""

    to: Target = "safetensors"
    quantization: Quantization = "f16"
    """Of a GGUF file."""
    dtype: DType = "bfloat16"
    """Of merged weights."""
    tools: tuple[Tool, ...] = ()
    """Tools that the model is for: runtimes that can not show tools as it learnt them get their text."""
    measured: tuple[Measured, ...] = ()
    """What evaluation found."""
