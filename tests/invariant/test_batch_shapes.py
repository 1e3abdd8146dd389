"""The loss and the gradients of a step do not depend on how its rows go through the model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from transformers import AutoTokenizer

from callwright.record import Message
from callwright.train import attention
from callwright.train.batches import packs_of
from callwright.train.branches import Pack
from callwright.train.lora import add_lora, load_base
from callwright.train.supervised import Part, nll
from callwright.train.tokens import Row, tokenize_row
from tiny_model import stirred
from tiny_rows import of_many_tools, trajectory


@pytest.fixture(scope="module")
def rows(tiny_base: Path) -> list[Row]:
    """Eight rows, most of which begin like another one; two turns of one have weights of their own."""
    tokenizer = AutoTokenizer.from_pretrained(str(tiny_base))
    made = [trajectory(i) for i in (1, 2, 9, 13)] + [of_many_tools(i) for i in (3, 8, 4)]
    talk = trajectory(5)
    answers = (
        Message(role="assistant", content="Which one?", weight=0.25),
        Message(role="user", content="That one."),
        Message(role="assistant", content="Not so.", weight=0.0),
        Message(role="user", content="But."),
    )
    made.append(msgspec.structs.replace(talk, messages=(talk.messages[0], *answers, talk.messages[1])))
    found = [tokenize_row(t, tokenizer, max_length=4096) for t in made]
    return [row for row in found if isinstance(row, Row)]


def loss_and_gradients(model: Any, packs: Sequence[Pack]) -> tuple[float, dict[str, torch.Tensor]]:
    whole = sum(packed.weights.sum().item() for packed in packs)
    loss = torch.stack([nll(model, Part(packed, whole))[0] for packed in packs]).sum()
    loss.backward()
    return loss.item(), {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


def stock_loss_and_gradients(base: Path, rows: Sequence[Row]) -> tuple[float, dict[str, torch.Tensor]]:
    """What Transformers' own forward says, row by row, all positions, weighted afterwards."""
    adapted = stirred(add_lora(load_base(base, "float32"), 4))
    causal = adapted.get_base_model()
    whole = sum(sum(row.weights[1:]) for row in rows)
    losses = []
    for row in rows:
        logits = type(causal).forward(causal, input_ids=torch.tensor([row.input_ids])).logits[0, :-1]
        logps = torch.log_softmax(logits, -1).gather(1, torch.tensor(row.input_ids[1:])[:, None])[:, 0]
        losses.append(-(logps * torch.tensor(row.weights[1:])).sum() / whole)
    loss = torch.stack(losses).sum()
    loss.backward()
    return loss.item(), {n: p.grad for n, p in adapted.named_parameters() if p.grad is not None}


@pytest.fixture(scope="module")
def expected(tiny_base: Path, rows: list[Row]) -> tuple[float, dict[str, torch.Tensor]]:
    return stock_loss_and_gradients(tiny_base, rows)


@pytest.mark.parametrize("limit", [1, 600, 10_000], ids=["8 x 1", "some together", "1 x 8"])
@pytest.mark.parametrize("in_pieces", [(), (torch.float32,)], ids=["fused", "in pieces"])
def test_eight_rows_at_once_are_one_row_eight_times(
    tiny_base: Path, rows: list[Row], expected: tuple[float, dict[str, torch.Tensor]],
    monkeypatch: pytest.MonkeyPatch, limit: int, in_pieces: tuple[torch.dtype, ...],
) -> None:  # fmt: skip
    monkeypatch.setattr(attention, "IN_PIECES", in_pieces)
    packs = packs_of(rows, fill=0, limit=limit)
    assert len(packs) == {1: 8, 600: 3, 10_000: 1}[limit]
    loss, gradients = loss_and_gradients(stirred(add_lora(load_base(tiny_base, "float32"), 4)), packs)
    assert loss == pytest.approx(expected[0], rel=1e-5)
    assert gradients.keys() == expected[1].keys() != set()
    for name, gradient in gradients.items():
        assert torch.allclose(gradient, expected[1][name], rtol=1e-3, atol=1e-5), name


def test_a_weight_scales_the_loss_of_its_message(tiny_base: Path, rows: list[Row]) -> None:
    weights = sorted(set(rows[-1].weights))
    assert weights == [0.0, 0.25, 1.0]
