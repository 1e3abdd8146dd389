"""Every architecture that is let in is trained right: packed it is the plain model, adapters come back."""

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_architectures import ARCHITECTURES, make
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    MixtralConfig,
    OPTConfig,
)

from callwright.errors import ConfigError
from callwright.models.local import LocalModel
from callwright.models.pretrained import merge_adapter
from callwright.train import Details, DpoConfig, SftConfig, dpo, sft
from callwright.train.architectures import PACKED, experts, refuse_unproven, routers
from callwright.train.batches import packs_of
from callwright.train.branches import token_logps
from callwright.train.lora import for_sft, lightened, load_adapter, load_base, load_tokenizer, save
from callwright.train.optimizer import MasterAdamW
from callwright.train.tokens import IGNORED, Row, tokenize_row
from callwright.weights import start_of
from tiny_model import stirred
from tiny_rows import pair, trajectory, write

CONFIG = SftConfig(lora_rank=4, dtype="float32")
every_architecture = pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=() if n in ("mistral with a window", "mixtral") else pytest.mark.slow)
        for n in ARCHITECTURES
    ],
)


@pytest.fixture(scope="module")
def bases(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function from the name of an architecture to the directory of its tiny model."""
    root = tmp_path_factory.mktemp("bases")

    @cache
    def base(name: str) -> Path:
        return make(name, root / name.replace(" ", "-"), tiny_base)

    return base


def rows_of(base: Path) -> list[Row]:
    tokenizer = load_tokenizer(base)
    rows = [tokenize_row(trajectory(i), tokenizer, max_length=4096) for i in (1, 2, 9, 13)]
    return [row for row in rows if isinstance(row, Row)]


def gradients(model: Any) -> dict[str, torch.Tensor]:
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return found


def plain_nll(model: Any, rows: list[Row]) -> torch.Tensor:
    """Return what the model's own forward says of each supervised token, one row after the other."""
    nll = torch.zeros(())
    for row in rows:
        logps = torch.log_softmax(model(input_ids=torch.tensor([row.input_ids])).logits[0].float(), -1)
        nll = nll - sum(logps[i - 1, t] for i, t in enumerate(row.labels) if t != IGNORED)
    return nll


def test_every_architecture_that_is_let_in_is_tried_here() -> None:
    assert {make_config().model_type for make_config in ARCHITECTURES.values()} == set(PACKED)


@every_architecture
def test_packed_rows_have_the_loss_and_the_gradients_of_the_plain_model(bases: Any, name: str) -> None:
    base = bases(name)
    rows = rows_of(base)
    untouched = AutoModelForCausalLM.from_pretrained(str(base))
    model = for_sft(base, CONFIG)
    packs = packs_of(rows, fill=0)
    (trunk, *branches), *_ = packs[0].layout.trees
    assert trunk > 40
    assert len(branches) == 4
    fresh = -torch.cat([token_logps(model, p) for p in packs]).sum()
    assert fresh.item() == pytest.approx(plain_nll(untouched, rows).item(), rel=1e-5)
    stirred(model)
    packed = -torch.cat([token_logps(model, p) for p in packs]).sum()
    packed.backward()
    found = gradients(model)
    plain = plain_nll(model, rows)
    plain.backward()
    expected = gradients(model)
    assert packed.item() == pytest.approx(plain.item(), rel=1e-5)
    assert packed.item() != pytest.approx(fresh.item(), rel=1e-3)
    assert found.keys() == expected.keys() != set()
    for key, gradient in found.items():
        assert torch.allclose(gradient, expected[key], rtol=1e-3, atol=2e-4), key


@every_architecture
def test_two_steps_lower_the_loss_and_the_adapter_comes_back(bases: Any, name: str, tmp_path: Path) -> None:
    base = bases(name)
    packs = packs_of(rows_of(base), fill=0)
    model = for_sft(base, CONFIG)
    optimizer = MasterAdamW(model.parameters(), 1e-2)
    losses = []
    for _ in range(3):
        loss = -torch.cat([token_logps(model, p) for p in packs]).mean()
        losses.append(loss.item())
        if len(losses) < 3:
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    assert losses[0] > losses[1] > losses[2]
    save(model, None, load_tokenizer(base), tmp_path / "adapter", "")
    again = load_adapter(load_base(base, "float32"), tmp_path / "adapter")
    merged = merge_adapter(AutoModelForCausalLM.from_pretrained(str(base)), tmp_path / "adapter")
    ids = torch.tensor([rows_of(base)[0].input_ids])
    logits = model.eval()(input_ids=ids).logits
    assert torch.equal(lightened(again).eval()(input_ids=ids).logits, logits)
    assert torch.allclose(merged.eval()(input_ids=ids).logits, logits, atol=1e-4)


# --- experts


def trained(model: Any) -> set[str]:
    """Return what is trained, without the layer."""
    names = (n for n, p in model.named_parameters() if p.requires_grad)
    return {n.split(".layers.")[-1].partition(".")[2].split(".lora_")[0] for n in names}


LINEAR = {f"self_attn.{name}_proj" for name in "qkvo"}
EXPERTS = {"mlp.experts", "mlp.experts.base_layer"}  # one inside of the other: two weights of one module


def test_adapters_reach_the_experts_and_leave_the_router(bases: Any) -> None:
    model = for_sft(bases("mixtral"), CONFIG)
    assert trained(model) == LINEAR | EXPERTS
    assert experts(load_base(bases("mixtral"), "float32")) == [
        "mlp.experts.down_proj",
        "mlp.experts.gate_up_proj",
    ]


@pytest.mark.parametrize(
    ("targets", "expected"),
    [("attention", LINEAR), ("all-and-router", LINEAR | EXPERTS | {"mlp.gate"})],
)
def test_fewer_or_the_router_too_get_an_adapter_if_asked(
    bases: Any, targets: Any, expected: set[str]
) -> None:
    config = SftConfig(lora_rank=4, dtype="float32", details=Details(lora_targets=targets))
    assert trained(for_sft(bases("mixtral"), config)) == expected


def test_all_weights_are_trained_but_the_router(bases: Any) -> None:
    model = for_sft(bases("mixtral"), SftConfig(tuning="full", dtype="float32"))
    frozen = [name for name, p in model.named_parameters() if not p.requires_grad]
    assert routers(model) == ["mlp.gate.weight"]
    assert frozen == [f"model.layers.{i}.mlp.gate.weight" for i in (0, 1)]


def test_no_auxiliary_loss_is_added(bases: Any) -> None:
    """The loss of a pack is the mean over its tokens and nothing else, whatever the model's settings say."""
    base = bases("mixtral")
    model = for_sft(base, CONFIG)
    packs = packs_of(rows_of(base), fill=0)
    alone = token_logps(model, packs[0])
    model.config.output_router_logits, model.config.router_aux_loss_coef = True, 100.0
    assert torch.equal(token_logps(model, packs[0]), alone)


def test_dropout_on_experts_is_refused_in_one_line(bases: Any) -> None:
    with pytest.raises(ConfigError, match=r"lora_dropout: the adapter of an expert can have none"):
        for_sft(bases("mixtral"), SftConfig(details=Details(lora_dropout=0.1)))


def test_experts_in_four_bits_are_refused_in_one_line(bases: Any) -> None:
    with pytest.raises(ConfigError, match="experts can not be held in 4 bits: expected --tuning lora"):
        for_sft(bases("mixtral"), SftConfig(tuning="qlora"))


# --- what is not let in


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (OPTConfig(), "has not been proven here: expected llama | mistral"),
        (
            LlamaConfig(rope_parameters={"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}),
            "got dynamic",
        ),
        (MixtralConfig(router_jitter_noise=0.1), "can not be trained with router_jitter_noise: got 0.1"),
        (Gemma3TextConfig(use_bidirectional_attention=True), "use_bidirectional_attention"),
    ],
    ids=["unknown", "rotary", "noise", "both sides"],
)
def test_what_can_not_be_packed_is_refused_in_one_line(config: Any, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        refuse_unproven(config, "base")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_refused_model_is_not_even_loaded(tmp_path: Path) -> None:
    OPTConfig().save_pretrained(str(tmp_path))
    assert AutoConfig.from_pretrained(str(tmp_path)).model_type == "opt"
    with pytest.raises(ConfigError, match="has not been proven here"):
        load_base(tmp_path, "float32")


# --- whole runs


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mixtral", "functiongemma"])
def test_sft_then_dpo_leave_an_adapter_that_opens(bases: Any, name: str, tmp_path: Path) -> None:
    base = bases(name)
    data = write(tmp_path / "train.jsonl", [trajectory(i) for i in range(8)])
    pairs = write(tmp_path / "pairs.jsonl", [pair(i) for i in range(4)])
    config = SftConfig(lora_rank=4, epochs=3.0, dtype="float32", learning_rate=1e-2)
    summary = sft(config, base=base, data=data, out=tmp_path / "sft")
    assert summary.last_loss < summary.first_loss
    start = start_of(tmp_path / "sft", None)
    told = DpoConfig(epochs=1.0, dtype="float32", sft_weight=0.0)
    preferred = dpo(told, base=start.base, adapter=start.adapter, pairs=pairs, out=tmp_path / "dpo")
    assert preferred.first_loss == pytest.approx(math.log(2), abs=1e-6)
    opened = LocalModel(tmp_path / "dpo" / "adapter", dtype="float32").model
    ids = torch.tensor([rows_of(base)[0].input_ids])
    adapted = load_adapter(load_base(base, "float32"), tmp_path / "dpo" / "adapter").eval()
    assert torch.allclose(opened(input_ids=ids).logits, adapted(input_ids=ids).logits, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mixtral", "functiongemma"])
def test_a_full_run_leaves_a_model_that_opens(bases: Any, name: str, tmp_path: Path) -> None:
    base = bases(name)
    data = write(tmp_path / "train.jsonl", [trajectory(i) for i in range(8)])
    config = SftConfig(tuning="full", epochs=3.0, dtype="float32", learning_rate=1e-3)
    summary = sft(config, base=base, data=data, out=tmp_path / "run")
    assert summary.last_loss < summary.first_loss
    before = dict(load_base(base, "float32").named_parameters())
    after = dict(load_base(tmp_path / "run" / "model", "float32").named_parameters())
    same = {key for key in before if torch.equal(before[key], after[key])}
    assert same == {key for key in before if key.endswith("mlp.gate.weight")}
