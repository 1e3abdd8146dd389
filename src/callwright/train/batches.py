"""Which rows go through the model together, where and in which order: seeded and decided beforehand.

Most of a tool-calling row is its tools. So an optimiser step is made of rows that begin with the same tools
where there are enough of them, and these are read once (see `branches`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch

from callwright.train.branches import Pack, Tree, pack, together
from callwright.train.tokens import Row

Item = TypeVar("Item")

TOKENS_PER_FORWARD = 1024
"""More rows in one forward are hardly faster, and each token of it takes a megabyte until the way back."""
GPU_TOKENS_PER_FORWARD = 32_768
"""A GPU is only busy with thousands of them; at most so many, however large its memory."""
KEPT, KEPT_WHEN_CHECKPOINTED = 50, 4
"""Bytes of a token that each layer keeps until the way back, for each of its width. The embedded model with
an adapter keeps 44; the rest is for what does not last."""
SHARE = 3
"""One part in so many of a GPU's memory is for them."""
TRUNK_MULTIPLE = 16
"""Trunks are cut down to it, for the same reason as `branches.MULTIPLE`."""


def training_order(starts: Sequence[bytes], *, epochs: float, batch_size: int, seed: int) -> list[list[int]]:
    """Return the row indices of each optimiser step, `batch_size` of them, in training order.

    ``starts[i]`` is equal for rows that begin alike. Every epoch goes through all rows in a new order; its
    last step is filled up with rows drawn again.
    """
    rng = random.Random(seed)
    wanted = max(1, -(-round(len(starts) * epochs) // batch_size))
    steps: list[list[int]] = []
    while len(steps) < wanted:
        steps += _epoch(starts, batch_size, rng)
    return steps[:wanted]


def _epoch(starts: Sequence[bytes], batch_size: int, rng: random.Random) -> list[list[int]]:
    """Return the steps of one epoch in random order, most of them of rows that begin alike."""
    rows = list(range(len(starts)))
    rng.shuffle(rows)
    alike: dict[bytes, list[int]] = {}
    for i in rows:
        alike.setdefault(starts[i], []).append(i)
    steps: list[list[int]] = []
    mixed: list[int] = []
    for group in alike.values():
        whole = len(group) - len(group) % batch_size
        steps += [group[k : k + batch_size] for k in range(0, whole, batch_size)]
        mixed += group[whole:]
    mixed += rng.choices(rows, k=-len(mixed) % batch_size)
    steps += [mixed[k : k + batch_size] for k in range(0, len(mixed), batch_size)]
    rng.shuffle(steps)
    return steps


def tokens_per_forward(model: Any) -> int:
    """Return how many of a step's tokens go through a model at a time, in each process."""
    if not torch.cuda.is_available():
        return TOKENS_PER_FORWARD
    told = model.config.get_text_config()
    kept = KEPT_WHEN_CHECKPOINTED if model.is_gradient_checkpointing else KEPT
    memory = torch.cuda.get_device_properties(0).total_memory // SHARE
    fitting: int = memory // (kept * told.hidden_size * told.num_hidden_layers)
    return max(TOKENS_PER_FORWARD, min(GPU_TOKENS_PER_FORWARD, fitting))


def deal(items: Sequence[Item], hands: int, size: Callable[[Item], int]) -> list[list[Item]]:
    """Return items in `hands` lists of about equal size, since all wait for the largest.

    The largest item goes first, each to the list that is then the smallest (R. L. Graham, 1969: at most 4/3
    of the best).
    """
    dealt: list[list[Item]] = [[] for _ in range(hands)]
    sizes = [0] * hands
    for item in sorted(items, key=size, reverse=True):
        least = sizes.index(min(sizes))
        dealt[least].append(item)
        sizes[least] += size(item)
    return dealt


def deal_rows(rows: Sequence[Row], hands: int) -> list[list[Row]]:
    """Return the rows of a step for each of `hands` processes.

    Rows that begin alike are cheaper in one process, and more even in several: each number of pieces that
    they could be cut into is tried.
    """
    if hands == 1:
        return [list(rows)]
    groups = [(_trunk(group), group) for group in _alike(rows).values()]

    def tokens(piece: tuple[int, Sequence[Row]]) -> int:
        trunk, some = piece
        return sum(len(row.input_ids) for row in some) - trunk * (len(some) - 1)

    def dealt(pieces: int) -> list[list[tuple[int, Sequence[Row]]]]:
        cut = [(trunk, group[i::pieces]) for trunk, group in groups for i in range(min(pieces, len(group)))]
        return deal(cut, hands, tokens)

    most = min(hands, max((len(group) for _, group in groups), default=1))
    best = min(map(dealt, range(1, most + 1)), key=lambda ways: max(sum(map(tokens, hand)) for hand in ways))
    return [[row for _, piece in hand for row in piece] for hand in best]


def packs_of(rows: Sequence[Row], fill: int, limit: int = TOKENS_PER_FORWARD) -> list[Pack]:
    """Return rows as packs of at most `limit` tokens, alike ones as a tree.

    A longer row, and a tree that is longer by up to a half, makes a pack of its own.
    """
    trees = [_tree(part) for group in _alike(rows).values() for part in _cut(group, limit)]
    return [pack(forward, fill) for forward in together(trees, limit)]


def _alike(rows: Sequence[Row]) -> dict[bytes, list[Row]]:
    """Return rows by what they begin with."""
    alike: dict[bytes, list[Row]] = {}
    for row in rows:
        alike.setdefault(row.start, []).append(row)
    return alike


def _cut(rows: Sequence[Row], limit: int) -> list[list[Row]]:
    """Cut rows that begin alike into parts that fit into `limit` with their trunk counted once.

    A part may have half of `limit` more: in another forward its rows would have to have the trunk read again.
    """
    trunk = _trunk(rows)
    most = limit + limit // 2 if trunk else limit
    parts: list[list[Row]] = [[]]
    size = trunk
    for row in rows:
        own = len(row.input_ids) - trunk
        if parts[-1] and size + own > most:
            parts.append([])
            size = trunk
        parts[-1].append(row)
        size += own
    return parts


def _tree(rows: Sequence[Row]) -> Tree:
    trunk = _trunk(rows)
    # The first token of all has nothing before it that could predict it.
    predicted = [
        {i: weight for i, weight in enumerate(r.weights[trunk:]) if weight and trunk + i > 0} for r in rows
    ]
    return Tree(rows[0].input_ids[:trunk], [r.input_ids[trunk:] for r in rows], predicted)


def _trunk(rows: Sequence[Row]) -> int:
    length = common_prefix(rows)
    return length - length % TRUNK_MULTIPLE


def common_prefix(rows: Sequence[Row]) -> int:
    """Return how many tokens all rows begin with alike, none supervised; 0 for a single row."""
    if len(rows) < 2:
        return 0
    first, shortest = rows[0].input_ids, min(len(r.input_ids) for r in rows)
    length = 0
    while (
        length < shortest - 1
        and all(r.input_ids[length] == first[length] for r in rows[1:])
        and not any(r.weights[length] for r in rows)
    ):
        length += 1
    return length
