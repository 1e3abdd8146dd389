"""An adapter and its base as one model, for whoever reads models but no adapters."""

from __future__ import annotations

from pathlib import Path

import torch

from callwright.models.adapters import base_of
from callwright.models.pretrained import merge_adapter, read_model
from callwright.train.export.config import DType

DTYPES: dict[DType, torch.dtype] = {"bfloat16": torch.bfloat16, "float32": torch.float32}


def merge_into(folder: Path, source: Path, dtype: DType) -> None:
    """Write the weights and the configuration of what an adapter makes of its base, or of a whole model."""
    base = base_of(source)
    # Added in float32 and rounded once: a product of small matrices is lost in bfloat16's last bits.
    model = read_model(base, dtype=torch.float32)
    if base != source:
        model = merge_adapter(model, source)
    model.to(DTYPES[dtype]).save_pretrained(str(folder))
