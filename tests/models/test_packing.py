"""Packed linear layers compute what linear layers compute."""

from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from callwright.models.packing import PackedLinear, pack


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 48), (1, 1, 1, 48), (3, 48), (32, 1, 48), (1, 300, 48)], ids=str)
def test_products_are_those_of_the_layer(torch: Any, shape: tuple[int, ...], bias: bool) -> None:
    layer = torch.nn.Linear(48, 80, bias=bias)
    packed = PackedLinear(layer)
    x = torch.randn(*shape)
    with torch.inference_mode():
        assert torch.allclose(packed(x), layer(x), atol=1e-5)
        assert torch.allclose(
            packed(x[..., ::2].repeat_interleave(2, -1)),
            layer(x[..., ::2].repeat_interleave(2, -1)),
            atol=1e-5,
        )


def test_every_linear_layer_of_a_model_is_packed_and_nothing_else(torch: Any) -> None:
    class Normed(torch.nn.Linear):  # type: ignore[misc, name-defined]
        """A layer with something of its own, which packing would lose."""

    model = torch.nn.Sequential(torch.nn.Embedding(9, 8), torch.nn.Linear(8, 8), Normed(8, 4))
    ids = torch.arange(9)
    with torch.inference_mode():
        before = model(ids)
        pack(model)
        assert torch.allclose(model(ids), before, atol=1e-5)
    assert [type(layer).__name__ for layer in model] == ["Embedding", "PackedLinear", "Normed"]


def test_what_the_processor_can_not_pack_stays_as_it_is(torch: Any) -> None:
    """Few processors multiply float64 in oneDNN's packed layout; none is needed to."""
    model = torch.nn.Sequential(torch.nn.Linear(8, 8)).double()
    x = torch.randn(2, 8, dtype=torch.float64)
    before = model(x)
    pack(model)
    assert torch.equal(model(x), before)
