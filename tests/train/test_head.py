"""The head's shortcut is exact: log-probabilities and gradients are those of the plain computation."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from callwright.train import head  # noqa: E402


@pytest.mark.parametrize("chunk", [1, 7, 128])
def test_log_probabilities_and_gradients_are_those_of_cross_entropy(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(head, "CHUNK", chunk)
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(50, 8, generator=generator)
    targets = torch.randint(50, (20,), generator=generator)
    factors = torch.randn(20, generator=generator)  # DPO weighs tokens of two answers differently
    found = []
    for way in ("ours", "plain"):
        hidden = torch.randn(20, 8, generator=torch.Generator().manual_seed(1)).requires_grad_()
        if way == "ours":
            logps = head.token_logps_of(hidden, weight, targets)
        else:
            logps = -torch.nn.functional.cross_entropy(hidden @ weight.T, targets, reduction="none")
        (logps * factors).sum().backward()
        found.append((logps.detach(), hidden.grad))
    (logps, gradient), (expected, expected_gradient) = found
    assert torch.allclose(logps, expected, atol=1e-5)
    assert torch.allclose(gradient, expected_gradient, atol=1e-5)


def test_a_head_that_is_trained_is_refused() -> None:
    with pytest.raises(ValueError, match="head is trained"):
        head.token_logps_of(torch.ones(1, 2), torch.ones(3, 2, requires_grad=True), torch.zeros(1).long())
