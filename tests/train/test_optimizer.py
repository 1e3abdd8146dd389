"""Steps that bfloat16 would round away arrive, and a checkpoint holds what was not rounded."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from callwright.train.optimizer import MasterAdamW  # noqa: E402


def weight() -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.ones(3, dtype=torch.bfloat16))


def descend(optimizer: torch.optim.Optimizer, parameter: torch.nn.Parameter, steps: int) -> None:
    for _ in range(steps):
        parameter.grad = torch.ones_like(parameter)
        optimizer.step()
        optimizer.zero_grad()


def test_small_steps_add_up_where_rounded_weights_stand_still() -> None:
    plain, kept = weight(), weight()
    descend(torch.optim.AdamW([plain], lr=1e-3, weight_decay=0.0), plain, 100)
    descend(MasterAdamW([kept], lr=1e-3), kept, 100)
    assert plain.tolist() == [1.0, 1.0, 1.0], "a thousandth of a weight is below bfloat16's resolution"
    assert kept.tolist() == pytest.approx([0.9] * 3, abs=2**-8)


def test_in_float32_it_is_adamw() -> None:
    start = torch.randn(5, generator=torch.manual_seed(0))
    plain, kept = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    descend(torch.optim.AdamW([plain], lr=1e-2, weight_decay=0.0), plain, 20)
    descend(MasterAdamW([kept], lr=1e-2), kept, 20)
    assert torch.equal(plain, kept)


def test_a_saved_state_goes_on_as_if_nothing_had_happened() -> None:
    whole, half = weight(), weight()
    undisturbed, first = MasterAdamW([whole], lr=1e-3), MasterAdamW([half], lr=1e-3)
    descend(undisturbed, whole, 30)
    descend(first, half, 15)
    resumed = MasterAdamW([half], lr=1e-3)
    resumed.load_state_dict(first.state_dict())
    descend(resumed, half, 15)
    assert torch.equal(whole, half)
    assert torch.equal(undisturbed.master(whole), resumed.master(half))
    assert resumed.master(half).dtype == torch.float32


def test_frozen_parameters_stay_and_take_no_memory() -> None:
    frozen, trained = weight().requires_grad_(False), weight()
    optimizer = MasterAdamW([frozen, trained], lr=1e-3)
    descend(optimizer, trained, 10)
    assert frozen.tolist() == [1.0, 1.0, 1.0] != trained.tolist()
    assert len(optimizer.state) == 1


def test_only_matrices_decay() -> None:
    matrix, vector = torch.nn.Parameter(torch.ones(2, 2)), torch.nn.Parameter(torch.ones(2))
    optimizer = MasterAdamW([vector, matrix], lr=0.1, weight_decay=0.5)
    for parameter in (matrix, vector):
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert matrix.tolist() == [[pytest.approx(0.95)] * 2] * 2
    assert vector.tolist() == [1.0, 1.0]


def test_raised_parameters_move_so_many_times_as_far() -> None:
    slow, fast = (torch.nn.Parameter(torch.ones(2, 2)) for _ in range(2))
    optimizer = MasterAdamW([fast, slow], lr=0.01, raised=[fast], ratio=8.0)
    for parameter in (slow, fast):
        parameter.grad = torch.full_like(parameter, 0.3)
    optimizer.step()
    assert slow.tolist() == [[pytest.approx(0.99)] * 2] * 2
    assert fast.tolist() == [[pytest.approx(0.92)] * 2] * 2


def test_weights_that_are_tied_are_moved_once() -> None:
    class Tied(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.head = torch.nn.Embedding(4, 2), torch.nn.Linear(2, 4, bias=False)
            self.head.weight = self.embed.weight

    model = Tied()
    start = model.embed.weight.detach().clone()
    optimizer = MasterAdamW(model.parameters(), lr=0.1)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 1
    model.head(model.embed(torch.tensor([1]))).sum().backward()
    optimizer.step()
    assert model.head.weight is model.embed.weight
    assert ((model.embed.weight - start).abs() <= 0.1 + 1e-6).all()
