"""Which rows go through the model together, and in which order: seeded and decided beforehand.

Rows of a few hundred tokens are faster four at a time than one by one on a CPU, and faster still when they
begin with the same tools (see `shared_prefix`). So rows that begin alike are put into the same forward, the
others beside rows of like length.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch

from callwright.train.shared_prefix import common_prefix
from callwright.train.tokens import IGNORED, Row, Start

TOKENS_PER_FORWARD = 1024
MULTIPLE = 32
"""Lengths are rounded to it: shapes then repeat, and a kernel that is compiled per shape is found again."""
WINDOW = 8
"""Optimiser steps whose rows are sorted by length together before they are cut into forwards."""


def rows_per_forward(lengths: Sequence[int], starts: Sequence[Start], batch_size: int) -> int:
    """Return the largest divisor of `batch_size` whose rows of typical (p90) length fit into one forward.

    A beginning that at least two rows have in common counts once, so hardly at all.
    """
    often = Counter(start.key for start in starts)
    own = [n - (s.length if often[s.key] > 1 else 0) for n, s in zip(lengths, starts, strict=True)]
    typical = sorted(own)[int(0.9 * (len(own) - 1))]
    fitting = max(1, TOKENS_PER_FORWARD // max(1, typical))
    return max(d for d in range(1, batch_size + 1) if batch_size % d == 0 and (d <= fitting or d == 1))


def training_order(
    lengths: Sequence[int],
    *,
    starts: Sequence[Start],
    epochs: float,
    batch_size: int,
    per_forward: int,
    seed: int,
) -> list[int]:
    """Return row indices in training order: whole optimiser steps, made of forwards of `per_forward` rows.

    Every epoch goes through all rows in a new order; the last one is cut at a whole optimiser step.
    """
    rng = random.Random(seed)
    wanted = max(batch_size, round(len(lengths) * epochs))
    wanted += -wanted % batch_size
    order: list[int] = []
    while len(order) < wanted:
        forwards = _forwards(lengths, starts, batch_size, per_forward, rng)
        order += [i for forward in forwards for i in forward]
    return order[:wanted]


def _forwards(
    lengths: Sequence[int], starts: Sequence[Start], batch_size: int, per_forward: int, rng: random.Random
) -> list[list[int]]:
    """Return one epoch as forwards in random order; rows that do not fill one stay for the last."""
    alike: dict[bytes, list[int]] = {}
    shuffled = list(range(len(lengths)))
    rng.shuffle(shuffled)
    for i in shuffled:
        alike.setdefault(starts[i].key, []).append(i)
    forwards: list[list[int]] = []
    single: list[int] = []
    for group in alike.values():
        whole = len(group) - len(group) % per_forward if per_forward > 1 else 0
        group[:whole] = sorted(group[:whole], key=lambda i: lengths[i])
        forwards += [group[k : k + per_forward] for k in range(0, whole, per_forward)]
        single += group[whole:]
    for start in range(0, len(single), WINDOW * batch_size):
        window = sorted(single[start : start + WINDOW * batch_size], key=lambda i: lengths[i])
        forwards += [window[k : k + per_forward] for k in range(0, len(window), per_forward)]
    rng.shuffle(forwards)
    return sorted(forwards, key=lambda forward: len(forward) < per_forward)


def tokens_per_step(lengths: Sequence[int], order: Sequence[int], batch_size: int) -> list[int]:
    """Return how many tokens each optimiser step of `order` puts through the model."""
    return [
        sum(lengths[i] for i in order[start : start + batch_size])
        for start in range(0, len(order), batch_size)
    ]


def collate(rows: Sequence[Row | dict[str, Any]], pad: int) -> dict[str, torch.Tensor]:
    """Return a right-padded batch: ``input_ids``, ``attention_mask`` and ``labels``, each (rows, length).

    ``prefix`` is the number of tokens that all rows begin with alike.
    """
    ids = [_field(r, "input_ids") for r in rows]
    labels = [_field(r, "labels") for r in rows]
    prefix = common_prefix(ids, labels)
    prefix -= prefix % MULTIPLE
    width = prefix + -(-(max(map(len, ids)) - prefix) // MULTIPLE) * MULTIPLE
    return {
        "input_ids": torch.tensor([x + [pad] * (width - len(x)) for x in ids]),
        "attention_mask": torch.tensor([[1] * len(x) + [0] * (width - len(x)) for x in ids]),
        "labels": torch.tensor([x + [IGNORED] * (width - len(x)) for x in labels]),
        "prefix": torch.tensor(prefix),
    }


def _field(row: Row | dict[str, Any], name: str) -> list[int]:
    value: list[int] = row[name] if isinstance(row, dict) else getattr(row, name)
    return value
