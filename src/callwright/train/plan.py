"""What a run is going to do, before it does: its size, its memory, its time, and what it learns, to be read.

Three steps are computed and thrown away: the first, the one in the middle and the largest. The largest shows
the memory that is needed, the other two the speed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

import torch

from callwright.models.spelling import Spelling
from callwright.train.memory import peak_memory_mb
from callwright.train.steps import Measure, Steps, Unit, backward

Row = TypeVar("Row")
MEGABYTE = 1024 * 1024
EXAMPLES = 10
_BESIDE = 12
"""Bytes that every trained number takes beside itself and its gradient: a float32 copy and two moments."""
_HEAD, _TAIL = 160, 240
"""Characters that are shown of a text that is only read."""


class Example(NamedTuple):
    """A row to be shown."""

    name: str
    ids: Sequence[int]
    weights: Sequence[float]


def memory(model: Any) -> tuple[int, int]:
    """Return the MiB of the weights, and of what training adds to those that are trained."""
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    trained = sum(p.numel() * (p.element_size() + _BESIDE) for p in model.parameters() if p.requires_grad)
    return weights // MEGABYTE, trained // MEGABYTE


def probe(
    trainer: Any, steps: Steps[Unit], measure: Measure[Unit], tokens: Sequence[int]
) -> tuple[float, int]:
    """Return tokens a second, and the peak MiB, of three steps."""
    largest = max(range(len(tokens)), key=lambda i: tokens[i])
    seconds = 0.0
    for place, number in enumerate((0, largest, len(tokens) // 2)):
        began = time.monotonic()
        backward(trainer.accelerator, trainer.model.train(), steps[number], measure)
        trainer.model.zero_grad(set_to_none=True)
        if place:  # the first one compiles and allocates
            seconds += time.monotonic() - began
    return (tokens[largest] + tokens[len(tokens) // 2]) / max(seconds, 1e-9), peak()


def peak() -> int:
    """Return the most MiB so far: of the GPU, or of the process where there is none."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() // MEGABYTE
    return peak_memory_mb()


def evenly(rows: Sequence[Row]) -> list[Row]:
    """Return `EXAMPLES` of so many rows."""
    wanted = min(len(rows), EXAMPLES)
    return [rows[i * len(rows) // wanted] for i in range(wanted)]


def marked(tokenizer: Any, row: Example) -> str:
    """Return the text of a row with what is learnt in ⟦ ⟧; long texts that are only read are cut."""
    runs = groupby(zip(row.ids, row.weights, strict=True), lambda pair: pair[1] > 0)
    decoded = ((learnt, tokenizer.decode([token for token, _ in run])) for learnt, run in runs)
    return "".join(f"⟦{text}⟧" if learnt else _cut(text) for learnt, text in decoded)


def by_token(tokenizer: Any, row: Example) -> list[tuple[str, float]]:
    """Return a row as texts with their weights: each token that is learnt by itself, the rest in one.

    A token that is a part of a character is told with those that complete it.
    """
    spans: list[tuple[str, float]] = []
    for weight, run in groupby(zip(row.ids, row.weights, strict=True), lambda pair: pair[1]):
        ids = [token for token, _ in run]
        if weight <= 0:
            spans.append((_cut(tokenizer.decode(ids)), 0.0))
            continue
        spelling = Spelling(tokenizer.decode)
        texts = [*(spelling.feed(token) for token in ids), spelling.close()]
        spans += [(text, weight) for text in texts if text]
    return spans


def _cut(text: str) -> str:
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]} … {text[-_TAIL:]}"


def affordable(minutes: float | None, tokens: Sequence[int], rate: float) -> int:
    """Return how many steps of so many tokens fit into the minutes, at most all."""
    if minutes is None:
        return len(tokens)
    left, steps = minutes * 60 * rate, 0
    while steps < len(tokens) and left >= tokens[steps]:
        left -= tokens[steps]
        steps += 1
    return steps
