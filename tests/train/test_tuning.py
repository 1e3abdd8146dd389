"""What is trained beside an adapter in the base's own numbers: all weights, or an adapter on four bits."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM
from transformers.utils import is_bitsandbytes_available

from callwright.errors import ConfigError, ExtraMissing, RunError
from callwright.models.local import LocalModel
from callwright.record import Message, Trajectory
from callwright.train import Details, DpoConfig, SftConfig, dpo, sft
from callwright.train.batches import packs_of
from callwright.train.branches import token_logps
from callwright.train.config import Progress
from callwright.train.lora import for_sft, load_base, load_tokenizer
from callwright.train.optimizer import MasterAdamW
from callwright.train.tokens import IGNORED, Row, tokenize_row
from callwright.weights import start_of
from command_line import callwright
from tiny_rows import pair, trajectory, write

FULL = SftConfig(tuning="full", batch_size=4, epochs=1.0, dtype="float32", learning_rate=3e-3)
ADAPTER = replace(FULL, tuning="lora", lora_rank=4)
needs_bitsandbytes = pytest.mark.skipif(not is_bitsandbytes_available(), reason="needs callwright[qlora]")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "train.jsonl", [trajectory(i) for i in range(16)])


def row_of(base: Path, i: int = 3) -> Row:
    row = tokenize_row(trajectory(i), load_tokenizer(base), max_length=4096)
    assert isinstance(row, Row)
    return row


# --- an adapter


def test_the_second_matrix_of_an_adapter_learns_faster_by_sft(
    tiny_base: Path, data: Path, tmp_path: Path
) -> None:
    """B starts at zero and AdamW's first step is its rate, whatever the gradient; A has none yet."""

    def after_one_step(ratio: float) -> dict[str, torch.Tensor]:
        once = replace(ADAPTER, epochs=0.25, details=Details(holdout=0.0, loraplus_ratio=ratio))
        out = tmp_path / f"{ratio}"
        assert sft(once, base=tiny_base, data=data, out=out).steps == 1
        return load_file(out / "adapter" / "adapter_model.safetensors")

    plain, raised = after_one_step(1.0), after_one_step(4.0)
    seconds = [name for name in plain if "lora_B" in name]
    assert len(seconds) * 2 == len(plain)
    for name in plain:
        faster = 4.0 if name in seconds else 1.0
        assert torch.allclose(raised[name], faster * plain[name], rtol=1e-4), name


# --- all weights


def test_all_weights_get_the_gradients_of_the_plain_model(tiny_base: Path) -> None:
    """The head is the embedding here, and so gets what both of its places have to learn."""
    row = row_of(tiny_base)
    model = for_sft(tiny_base, FULL)
    plain = AutoModelForCausalLM.from_pretrained(str(tiny_base))
    (packed,) = packs_of([row], fill=0)
    (-token_logps(model, packed).mean()).backward()
    plain(input_ids=torch.tensor([row.input_ids]), labels=torch.tensor([row.labels])).loss.backward()
    expected = dict(plain.named_parameters())
    for name, parameter in model.named_parameters():
        assert torch.allclose(parameter.grad, expected[name].grad, atol=1e-5), name


def test_a_run_learns_and_leaves_a_model_that_opens_by_itself(
    tiny_base: Path, data: Path, tmp_path: Path
) -> None:
    summary = sft(FULL, base=tiny_base, data=data, out=tmp_path / "run")
    assert summary.last_loss < summary.first_loss
    whole = sum(p.numel() for p in AutoModelForCausalLM.from_pretrained(str(tiny_base)).parameters())
    assert summary.trainable_parameters == whole
    assert not (tmp_path / "run" / "adapter").exists()
    model = AutoModelForCausalLM.from_pretrained(str(tmp_path / "run" / "model"))
    assert model.lm_head.weight is model.model.embed_tokens.weight
    start = load_file(tiny_base / "model.safetensors")
    assert all(not torch.equal(p.data, start[name]) for name, p in model.named_parameters())
    opened = LocalModel(tmp_path / "run" / "model", dtype="float32")
    ids = torch.tensor([row_of(tiny_base).input_ids])
    assert torch.allclose(opened.model(input_ids=ids).logits, model(input_ids=ids).logits, atol=1e-4)
    assert "tool_call" in opened.tokenizer.chat_template


@pytest.mark.slow
def test_an_interrupted_full_run_ends_where_an_undisturbed_one_does(
    tiny_base: Path, data: Path, tmp_path: Path
) -> None:
    often = replace(FULL, dtype="bfloat16", details=Details(checkpoint_seconds=1e-9))
    sft(often, base=tiny_base, data=data, out=tmp_path / "straight")

    def stop(p: Progress) -> None:
        if p.step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sft(often, base=tiny_base, data=data, out=tmp_path / "broken", progress=stop)
    assert sft(often, base=tiny_base, data=data, out=tmp_path / "broken").resumed_from_step == 2
    left, right = (
        load_file(tmp_path / run / "model" / "model.safetensors") for run in ("straight", "broken")
    )
    assert left.keys() == right.keys()
    assert all(torch.equal(left[name], right[name]) for name in left)


def test_steps_that_bfloat16_rounds_away_arrive_in_a_full_run(tiny_base: Path) -> None:
    model = for_sft(tiny_base, replace(FULL, dtype="bfloat16"))
    optimizer = MasterAdamW(model.parameters(), 1e-4)
    norm = model.model.norm.weight
    for _ in range(100):
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
    assert norm.dtype is torch.bfloat16
    assert norm.float().mean().item() == pytest.approx(0.99, abs=2**-8)


@pytest.mark.slow
def test_preferences_start_from_a_whole_model_with_a_fresh_adapter_at_ln_2(
    tiny_base: Path, data: Path, tmp_path: Path
) -> None:
    sft(FULL, base=tiny_base, data=data, out=tmp_path / "sft")
    start = start_of(tmp_path / "sft", None)
    assert start == (tmp_path / "sft" / "model", None)
    config = DpoConfig(
        batch_size=2, epochs=1.0, dtype="float32", learning_rate=5e-3, sft_weight=0.0, lora_rank=4
    )
    pairs = write(tmp_path / "pairs.jsonl", [pair(i) for i in range(8)])
    summary = dpo(config, base=start.base, adapter=None, pairs=pairs, out=tmp_path / "dpo")
    assert summary.first_loss == pytest.approx(math.log(2), abs=1e-6)
    assert summary.metrics["margin"] > 0
    told = json.loads((tmp_path / "dpo" / "adapter" / "adapter_config.json").read_text(encoding="utf-8"))
    assert (told["r"], told["base_model_name_or_path"]) == (4, str(start.base))


@pytest.mark.slow
def test_on_the_command_line_a_recipe_a_flag_and_a_run_without_a_base_fit_together(
    tiny_base: Path, data: Path, tmp_path: Path
) -> None:
    write(tmp_path / "pairs.jsonl", [pair(i) for i in range(4)])
    tiny = ("--base", tiny_base, "--batch-size", "4", "--epochs", "1", "--config", "xlam-8x22b-r")
    done = callwright("train", "sft", data.name, "-o", "sft", "--full", *tiny, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "sft" / "config.json").read_text(encoding="utf-8"))
    assert (told["base"], told["details.lora_alpha"], told["learning_rate"]) == (str(tiny_base), 16, 5e-5)
    dpo_run = ("-o", "dpo", "--model", "sft", "--batch-size", "2")
    done = callwright("train", "dpo", "pairs.jsonl", *dpo_run, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    adapter = json.loads((tmp_path / "dpo" / "adapter" / "adapter_config.json").read_text(encoding="utf-8"))
    assert Path(adapter["base_model_name_or_path"]) == tmp_path / "sft" / "model"


# --- how much is kept, and what is learnt


@pytest.mark.parametrize("config", [FULL, ADAPTER], ids=["full", "adapter"])
def test_activations_that_are_computed_again_give_the_same_gradients(
    tiny_base: Path, config: SftConfig
) -> None:
    packs = packs_of([row_of(tiny_base, i) for i in (1, 2)], fill=0)
    found = []
    for way in ("off", "on"):
        model = for_sft(tiny_base, replace(config, details=Details(gradient_checkpointing=way)))
        assert model.is_gradient_checkpointing is (way == "on")
        model.train()
        (-token_logps(model, packs[0]).sum()).backward()
        found.append([p.grad for p in model.parameters() if p.requires_grad])
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*found, strict=True))


def test_the_adapter_is_what_the_details_say(tiny_base: Path) -> None:
    def adapter(details: Details) -> Any:
        return for_sft(tiny_base, replace(ADAPTER, details=details))

    usual = adapter(Details()).peft_config["default"]
    assert (usual.r, usual.lora_alpha, usual.lora_dropout) == (4, 8, 0.0)
    model = adapter(Details(lora_alpha=3, lora_dropout=0.25, lora_targets="attention"))
    own = model.peft_config["default"]
    assert (own.lora_alpha, own.lora_dropout) == (3, 0.25)
    names = {
        name.split(".lora_")[0].split(".")[-1] for name, p in model.named_parameters() if p.requires_grad
    }
    assert names == {"q_proj", "k_proj", "v_proj", "o_proj"}


def test_a_fresh_adapter_follows_from_the_seed(tiny_base: Path) -> None:
    drawn = []
    for seed in (7, 7, 8):
        model = for_sft(tiny_base, replace(ADAPTER, seed=seed))
        drawn.append(next(p for n, p in model.named_parameters() if "lora_A" in n))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_only_the_last_assistant_turn_is_learnt_if_asked(tiny_base: Path) -> None:
    tokenizer = load_tokenizer(tiny_base)
    messages = (
        Message(role="user", content="hi"),
        Message(role="assistant", content="first answer"),
        Message(role="user", content="more"),
        Message(role="assistant", content="second answer"),
        Message(role="user", content="thanks"),
    )
    talk = msgspec.structs.replace(trajectory(1), messages=messages)

    def learnt(t: Trajectory) -> str:
        row = tokenize_row(t, tokenizer, max_length=4096, final_turn_only=True)
        return (
            tokenizer.decode([x for x in row.labels if x != IGNORED]) if isinstance(row, Row) else row.reason
        )

    assert learnt(talk) == "second answer<|im_end|>"
    silent = tuple(msgspec.structs.replace(m, weight=0.0) if i == 3 else m for i, m in enumerate(messages))
    assert learnt(msgspec.structs.replace(talk, messages=silent)) == "nothing-supervised"


def test_other_details_in_the_same_directory_are_refused_by_name(
    tiny_base: Path, data: Path, tmp_path: Path
) -> None:
    sft(ADAPTER, base=tiny_base, data=data, out=tmp_path / "run")
    other = replace(ADAPTER, details=Details(floor=0.2), learning_rate=1e-3)
    with pytest.raises(RunError) as caught:
        sft(other, base=tiny_base, data=data, out=tmp_path / "run")
    assert "details.floor: 0.1 there, 0.2 now, learning_rate: " in str(caught.value)


# --- four bits


@pytest.mark.skipif(is_bitsandbytes_available(), reason="bitsandbytes is installed")
def test_without_bitsandbytes_the_line_says_what_to_install(tiny_base: Path) -> None:
    with pytest.raises(ExtraMissing) as caught:
        load_base(tiny_base, "auto", four_bit=True)
    assert str(caught.value) == "4-bit weights need bitsandbytes (pip install 'callwright[qlora]')"


@needs_bitsandbytes
def test_an_adapter_on_four_bits_learns_and_preferences_go_on_from_it(
    tiny_base: Path, data: Path, tmp_path: Path
) -> None:
    config = replace(ADAPTER, tuning="qlora", learning_rate=1e-2)
    summary = sft(config, base=tiny_base, data=data, out=tmp_path / "sft")
    assert summary.last_loss < summary.first_loss
    start = start_of(tmp_path / "sft", None)
    assert start == (tiny_base, tmp_path / "sft" / "adapter")
    pairs = write(tmp_path / "pairs.jsonl", [pair(i) for i in range(4)])
    told = DpoConfig(batch_size=2, epochs=1.0, dtype="float32", sft_weight=0.0)
    preferred = dpo(told, base=start.base, adapter=start.adapter, pairs=pairs, out=tmp_path / "dpo")
    assert preferred.first_loss == pytest.approx(math.log(2), abs=1e-6)
    assert json.loads((tmp_path / "dpo" / "config.json").read_text(encoding="utf-8"))["tuning"] == "qlora"


@needs_bitsandbytes
def test_on_four_bits_the_packed_loss_is_that_of_the_plain_forward(tiny_base: Path) -> None:
    row = row_of(tiny_base)
    model = for_sft(tiny_base, replace(ADAPTER, tuning="qlora"))
    layer = model.get_base_model().model.layers[0].mlp.up_proj.base_layer
    assert layer.weight.dtype is torch.uint8
    (packed,) = packs_of([row], fill=0)
    logps = torch.log_softmax(model(input_ids=torch.tensor([row.input_ids])).logits[0].float(), -1)
    expected = torch.stack([logps[i - 1, t] for i, t in enumerate(row.labels) if t != IGNORED])
    assert torch.allclose(token_logps(model, packed), expected, atol=1e-4)


# --- what can not be opened


def test_a_directory_without_weights_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"the model can not be loaded: got .*safetensors"):
        load_base(tmp_path, "float32")
