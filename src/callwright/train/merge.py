"""An adapter and its base as one model, for whoever reads models but no adapters."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from callwright.errors import ConfigError
from callwright.models.adapters import base_of, merge_adapter
from callwright.models.local import silence
from callwright.train.directory import whole

DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


def run(adapter: Path, out: Path, dtype: Literal["bfloat16", "float32"]) -> None:
    """See `callwright.train.merge`."""
    silence()
    base = base_of(adapter)
    if base == adapter:
        raise ConfigError("already a whole model", place=str(adapter), expected="the directory of an adapter")
    if out.exists():
        raise ConfigError("is there already", place=str(out), hint="choose another -o, or remove it")
    # Added in float32 and rounded once: a product of small matrices is lost in bfloat16's last bits.
    model = AutoModelForCausalLM.from_pretrained(str(base), dtype=torch.float32, use_safetensors=True)
    merged = merge_adapter(model, adapter).to(DTYPES[dtype])
    with whole(out, replace=False) as part:
        merged.save_pretrained(str(part))
        AutoTokenizer.from_pretrained(str(adapter)).save_pretrained(str(part))
