"""The head's shortcut is exact: log-probabilities and gradients are those of the plain computation."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from callwright.train import head  # noqa: E402

CAPS = pytest.mark.parametrize("cap", [None, 3.0], ids=["plain", "capped"])


def expected_logps(hidden: Any, weight: Any, targets: Any, cap: float | None) -> Any:
    logits = hidden @ weight.T
    if cap is not None:
        logits = cap * torch.tanh(logits / cap)
    return -torch.nn.functional.cross_entropy(logits, targets, reduction="none")


@CAPS
@pytest.mark.parametrize("trained", [False, True], ids=["frozen", "trained"])
@pytest.mark.parametrize("chunk", [1, 7, 128])
def test_log_probabilities_and_gradients_are_those_of_cross_entropy(
    monkeypatch: pytest.MonkeyPatch, chunk: int, trained: bool, cap: float | None
) -> None:
    monkeypatch.setattr(head, "CHUNK", chunk)
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(50, 8, generator=generator)
    targets = torch.randint(50, (20,), generator=generator)
    factors = torch.randn(20, generator=generator)  # DPO weighs tokens of two answers differently
    found = []
    for way in (head.token_logps_of, expected_logps):
        hidden = torch.randn(20, 8, generator=torch.Generator().manual_seed(1)).requires_grad_()
        weight = start.clone().requires_grad_(trained)
        logps = way(hidden, weight, targets, cap)
        (logps * factors).sum().backward()
        found.append((logps.detach(), hidden.grad, weight.grad))
    (logps, gradient, own), (expected, expected_gradient, expected_own) = found
    assert torch.allclose(logps, expected, atol=1e-5)
    assert torch.allclose(gradient, expected_gradient, atol=1e-5)
    assert (own is not None) is trained
    assert own is None or torch.allclose(own, expected_own, atol=1e-5)


def test_a_trained_head_keeps_no_logits_for_the_way_back() -> None:
    kept = 0

    def count(tensor: Any) -> Any:
        nonlocal kept
        kept += tensor.numel()
        return tensor

    hidden, weight = torch.randn(64, 8, requires_grad=True), torch.randn(5000, 8, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        head.token_logps_of(hidden, weight, torch.zeros(64).long())
    assert kept < 64 * 5000
