"""Sequences that begin alike in one forward: their beginning once, then each one's own part, and no padding.

The rows of a training step often begin with the same tools, and both answers of a preference pair follow the
same prompt. Such a trunk is read once, with the gradients of all branches flowing back through it: loss and
gradients are those of separate sequences, at half of the tokens. Several such trees lie in one pack.
Everything but attention works on single tokens and sees one long row; `attention` takes the branches apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import torch
from torch import Tensor

from callwright.train.attention import ATTENTION, Layout
from callwright.train.head import token_logps_of

MULTIPLE = 32
"""Packs are filled up to it: shapes then repeat, and a kernel that is compiled per shape is found again."""


class Tree(NamedTuple):
    """Sequences that begin alike; a single one has no trunk."""

    trunk: Sequence[int]
    branches: Sequence[Sequence[int]]
    predicted: Sequence[Mapping[int, float]]
    """Of each branch: the places whose token is to be predicted from the one before, with its weight."""

    @property
    def tokens(self) -> int:
        """How many tokens are read."""
        return len(self.trunk) + sum(map(len, self.branches))


class Pack(NamedTuple):
    """One forward: what is read, and what is to be predicted."""

    input_ids: Tensor
    """(1, tokens)"""
    position_ids: Tensor
    """(1, tokens): every branch goes on where its trunk ends."""
    layout: Layout
    sources: Tensor
    """(predicted,) The places whose hidden state predicts a token."""
    targets: Tensor
    """(predicted,) The tokens that should be predicted."""
    weights: Tensor
    """(predicted,) How much each counts."""


def pack(trees: Sequence[Tree], fill: int) -> Pack:
    """Lay trees out in one row, each trunk before its branches, filled up with the token `fill`."""
    ids: list[int] = []
    positions: list[int] = []
    sources: list[int] = []
    targets: list[int] = []
    for trunk, branches, predicted in trees:
        ids += trunk
        positions += range(len(trunk))
        fork = len(ids) - 1  # what a branch's first token is predicted from
        for branch, places in zip(branches, predicted, strict=True):
            sources += [len(ids) + place - 1 if place else fork for place in places]
            targets += [branch[place] for place in places]
            ids += branch
            positions += range(len(trunk), len(trunk) + len(branch))
    rest = -len(ids) % MULTIPLE
    weights = chain.from_iterable(places.values() for tree in trees for places in tree.predicted)
    return Pack(
        input_ids=torch.tensor([[*ids, *[fill] * rest]]),
        position_ids=torch.tensor([[*positions, *range(rest)]]),
        layout=Layout(tuple((len(t.trunk), *map(len, t.branches)) for t in trees), rest),
        sources=torch.tensor(sources),
        targets=torch.tensor(targets),
        weights=torch.tensor(list(weights)),
    )


def together(trees: Sequence[Tree], limit: int) -> list[list[Tree]]:
    """Return trees as forwards of at most `limit` tokens, the largest first; a larger one makes its own."""
    forwards: list[tuple[int, list[Tree]]] = []
    for tree in sorted(trees, key=lambda tree: -tree.tokens):
        place = next((i for i, (size, _) in enumerate(forwards) if size + tree.tokens <= limit), None)
        if place is None:
            forwards.append((tree.tokens, [tree]))
        else:
            size, found = forwards[place]
            forwards[place] = (size + tree.tokens, [*found, tree])
    return [found for _, found in forwards]


def answer_with_logps(causal: Any) -> None:
    """Let a causal model that is given a layout return the log-probabilities of the pack's targets.

    It is the model itself that is called, and so whatever wraps it: launchers bring the gradients of several
    processes together, or fetch the weights that other processes hold, around that call.

    Raises ValueError for a model that was not loaded with `ATTENTION`: its branches would see each other.
    """
    if causal.config._attn_implementation != ATTENTION:
        raise ValueError(f"the model attends with {causal.config._attn_implementation!r}, not {ATTENTION!r}")
    plain = causal.forward

    def forward(*args: Any, layout: Layout | None = None, **inputs: Any) -> Any:
        return plain(*args, **inputs) if layout is None else _logps(causal, layout, inputs)

    causal.forward = forward


def _logps(causal: Any, layout: Layout, inputs: dict[str, Any]) -> Tensor:
    hidden = causal.get_decoder()(
        input_ids=inputs["input_ids"], position_ids=inputs["position_ids"], use_cache=False, layout=layout
    ).last_hidden_state[0]
    head = causal.get_output_embeddings().weight
    cap = getattr(causal.config, "final_logit_softcapping", None)
    return token_logps_of(hidden[inputs["sources"]], head, inputs["targets"], cap)


def token_logps(model: Any, packed: Pack) -> Tensor:
    """Return the log-probability of each target, (predicted,), in float32.

    `model` is one that was told to `answer_with_logps`, however it is wrapped.
    """
    device = next(model.parameters()).device
    inputs = {k: v.to(device) for k, v in packed._asdict().items() if isinstance(v, Tensor)}
    logps: Tensor = model(layout=packed.layout, **inputs)
    return logps
