"""Translated layers compute what the plain ones do, and are not translated again for every pack."""

from pathlib import Path

import pytest
import torch

from callwright.train.batches import packs_of
from callwright.train.branches import token_logps
from callwright.train.compiled import compiled
from callwright.train.lora import add_lora, load_base, load_tokenizer
from callwright.train.tokens import Row, tokenize_row
from tiny_rows import of_many_tools, trajectory


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch.compile warns of what it does itself
def test_loss_and_gradients_are_those_of_plain_layers_for_every_pack(tiny_base: Path) -> None:
    tokenizer = load_tokenizer(tiny_base)
    made = [trajectory(i) for i in (1, 2, 9)] + [of_many_tools(i) for i in (3, 8, 5, 6)]
    rows = [r for r in (tokenize_row(t, tokenizer, max_length=4096) for t in made) if isinstance(r, Row)]
    packs = [pack for some in (rows[:1], rows[:3], rows[2:], rows) for pack in packs_of(some, 0, 100_000)]
    assert len({len(pack.layout.trees) for pack in packs}) > 1
    models = [add_lora(load_base(tiny_base, "float32"), 4) for _ in range(2)]
    compiled(models[1], "aot_eager")  # all but the writing of kernels
    variants: list[int] = []
    for pack in packs:
        found = []
        for model in models:
            model.zero_grad()
            logps = token_logps(model, pack)
            (-logps.sum()).backward()
            found.append([logps, *(p.grad for p in model.parameters() if p.grad is not None)])
        for mine, right in zip(*found, strict=True):
            assert torch.allclose(mine, right, atol=1e-3, rtol=1e-3)
        variants.append(torch._dynamo.utils.counters["stats"]["unique_graphs"])
    assert variants[0] > 0
    assert variants[-1] == variants[1]
