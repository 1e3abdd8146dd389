"""Fewer passes over memory: the same outputs and gradients as the layers of transformers and PEFT."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl", reason="training needs callwright[train]")

import torch
from tiny_architectures import ARCHITECTURES, make

from callwright.train import Details
from callwright.train.lora import add_lora, free_all, load_base
from callwright.train.passes import fewer_passes
from tiny_model import stirred

IDS = torch.arange(90)[None] * 7 % 600
NORMS = set(ARCHITECTURES) - {"functiongemma", "gemma with capped logits"}
"""Architectures whose norms are understood."""


@pytest.fixture(scope="module")
def base_of(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Any:
    made: dict[str, Path] = {}

    def base(name: str) -> Path:
        if name not in made:
            made[name] = make(name, tmp_path_factory.mktemp("passes") / "base", tiny_base)
        return made[name]

    return base


def found(model: Any) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return logits, and the gradients that a loss on them gives."""
    logits = model(input_ids=IDS).logits.float()
    torch.nn.functional.cross_entropy(logits[0, :-1], IDS[0, 1:]).backward()
    return logits.detach(), {n: p.grad.float() for n, p in model.named_parameters() if p.grad is not None}


def apart(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """Return the largest difference of two sets of gradients, as a share of the largest value of each."""
    assert one.keys() == other.keys() != set()
    return max(((one[n] - other[n]).abs().max() / other[n].abs().max()).item() for n in one)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_outputs_and_gradients_are_the_same(base_of: Any, name: str) -> None:
    plain = stirred(add_lora(load_base(base_of(name), "float32"), 4))
    light = fewer_passes(stirred(add_lora(load_base(base_of(name), "float32"), 4)))
    logits, gradients = found(plain)
    light_logits, light_gradients = found(light)
    assert torch.allclose(light_logits, logits, rtol=1e-4, atol=1e-5)
    assert apart(light_gradients, gradients) < 1e-4
    norms = [m for m in light.modules() if type(m).__name__.endswith("RMSNorm")]
    assert all(("forward" in vars(norm)) == (name in NORMS) for norm in norms)


@pytest.mark.parametrize("name", ["llama-3.2", "qwen3"])
def test_in_bfloat16_they_are_no_further_from_the_truth(base_of: Any, name: str) -> None:
    _, truth = found(stirred(add_lora(load_base(base_of(name), "float32"), 4)))
    _, plain = found(stirred(add_lora(load_base(base_of(name), "bfloat16"), 4)))
    _, light = found(fewer_passes(stirred(add_lora(load_base(base_of(name), "bfloat16"), 4))))
    assert apart(light, truth) < 1.5 * apart(plain, truth) < 0.5


def test_a_disabled_adapter_is_the_base(base_of: Any) -> None:
    model = fewer_passes(stirred(add_lora(load_base(base_of("llama-3.2"), "float32"), 4)))
    expected = load_base(base_of("llama-3.2"), "float32")(input_ids=IDS).logits
    with model.disable_adapter():
        assert torch.allclose(model(input_ids=IDS).logits, expected, atol=1e-5)
    assert not torch.allclose(model(input_ids=IDS).logits, expected, atol=1e-2)


def test_of_several_adapters_the_active_one_counts(base_of: Any) -> None:
    """TRL's trainer of preferences puts a second one, the reference, beside the one that learns."""
    model = fewer_passes(stirred(add_lora(load_base(base_of("llama-3.2"), "float32"), 4)))
    first, _ = found(model)
    model.zero_grad()
    model.add_adapter("other", model.peft_config["default"])
    again, _ = found(model)
    assert torch.equal(again, first)
    model.set_adapter("other")  # fresh: it changes nothing
    expected = load_base(base_of("llama-3.2"), "float32")(input_ids=IDS).logits
    assert torch.allclose(model(input_ids=IDS).logits, expected, atol=1e-5)
    model.base_model.set_adapter(["default", "other"])
    assert torch.allclose(model(input_ids=IDS).logits, first, atol=1e-5)


def test_activations_that_are_computed_twice_give_the_same_gradients(base_of: Any) -> None:
    _, expected = found(stirred(add_lora(load_base(base_of("llama-3.2"), "float32"), 4)))
    model = fewer_passes(stirred(add_lora(load_base(base_of("llama-3.2"), "float32"), 4)))
    model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    _, gradients = found(model.train())
    assert apart(gradients, expected) < 1e-4


def test_dropout_and_weights_that_are_trained_stay_as_they_are(base_of: Any) -> None:
    dropping = fewer_passes(
        add_lora(load_base(base_of("llama-3.2"), "float32"), 4, Details(lora_dropout=0.1))
    )
    assert not [m for m in dropping.modules() if "forward" in vars(m) and "Linear" in type(m).__name__]
    free = fewer_passes(free_all(load_base(base_of("llama-3.2"), "float32")))
    assert not [m for m in free.modules() if "forward" in vars(m) and type(m).__name__.endswith("RMSNorm")]
    _, gradients = found(free)
    _, expected = found(free_all(load_base(base_of("llama-3.2"), "float32")))
    assert apart(gradients, expected) < 1e-4
