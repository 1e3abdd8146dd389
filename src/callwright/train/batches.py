"""Which rows go through the model together, and in which order: seeded, length-grouped, decided beforehand.

Rows of a few hundred tokens are faster four at a time than one by one on a CPU, as long as they are about
equally long; a row of a thousand tokens is best alone.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import torch

from callwright.train.tokens import IGNORED, Row

TOKENS_PER_FORWARD = 1024
WINDOW = 8
"""Optimiser steps whose rows are sorted by length together before they are cut into forwards."""


def rows_per_forward(lengths: Sequence[int], batch_size: int) -> int:
    """Return the largest divisor of `batch_size` whose rows of typical (p90) length fit into one forward."""
    typical = sorted(lengths)[int(0.9 * (len(lengths) - 1))]
    fitting = max(1, TOKENS_PER_FORWARD // max(1, typical))
    return max(d for d in range(1, batch_size + 1) if batch_size % d == 0 and (d <= fitting or d == 1))


def training_order(
    lengths: Sequence[int], *, epochs: float, batch_size: int, per_forward: int, seed: int
) -> list[int]:
    """Return row indices in training order: whole optimiser steps, each forward of similar lengths.

    The last step of an incomplete epoch is filled from the start of that epoch's shuffle.
    """
    rng = random.Random(seed)
    wanted = max(batch_size, round(len(lengths) * epochs))
    wanted += -wanted % batch_size
    stream: list[int] = []
    while len(stream) < wanted:
        epoch = list(range(len(lengths)))
        rng.shuffle(epoch)
        stream += epoch
    order: list[int] = []
    for start in range(0, wanted, WINDOW * batch_size):
        window = sorted(stream[start : min(start + WINDOW * batch_size, wanted)], key=lambda i: lengths[i])
        forwards = [window[i : i + per_forward] for i in range(0, len(window), per_forward)]
        rng.shuffle(forwards)
        order += [i for forward in forwards for i in forward]
    return order


def tokens_per_step(lengths: Sequence[int], order: Sequence[int], batch_size: int) -> list[int]:
    """Return how many tokens each optimiser step of `order` puts through the model."""
    return [
        sum(lengths[i] for i in order[start : start + batch_size])
        for start in range(0, len(order), batch_size)
    ]


def collate(rows: Sequence[Row | dict[str, Any]], pad: int) -> dict[str, torch.Tensor]:
    """Return a right-padded batch: ``input_ids``, ``attention_mask`` and ``labels``, each (rows, length)."""
    ids = [_field(r, "input_ids") for r in rows]
    labels = [_field(r, "labels") for r in rows]
    width = max(map(len, ids))
    return {
        "input_ids": torch.tensor([x + [pad] * (width - len(x)) for x in ids]),
        "attention_mask": torch.tensor([[1] * len(x) + [0] * (width - len(x)) for x in ids]),
        "labels": torch.tensor([x + [IGNORED] * (width - len(x)) for x in labels]),
    }


def _field(row: Row | dict[str, Any], name: str) -> list[int]:
    value: list[int] = row[name] if isinstance(row, dict) else getattr(row, name)
    return value
