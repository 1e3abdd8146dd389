"""DPO starts at ln 2, computes both answers from one forward, and keeps its reference."""

import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_rows import pair, trajectory, write
from transformers import AutoModelForCausalLM, AutoTokenizer

from callwright.errors import DataError
from callwright.train import DpoConfig, SftConfig, dpo, sft
from callwright.train.branches import ATTENTION
from callwright.train.lora import add_lora
from callwright.train.preference import pair_logps
from callwright.train.tokens import Pair, tokenize_pair

CONFIG = DpoConfig(batch_size=2, epochs=1.0, dtype="float32", learning_rate=5e-3, sft_weight=0.0)


@pytest.fixture(scope="module")
def adapter(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sft")
    data = write(folder / "train.jsonl", [trajectory(i) for i in range(8)])
    config = SftConfig(lora_rank=4, batch_size=4, epochs=1.0, dtype="float32", learning_rate=1e-2)
    sft(config, base=tiny_base, data=data, out=folder / "run")
    return folder / "run" / "adapter"


def test_one_shared_forward_equals_two_separate_ones(tiny_base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(tiny_base))
    plain = AutoModelForCausalLM.from_pretrained(str(tiny_base))
    model = add_lora(AutoModelForCausalLM.from_pretrained(str(tiny_base), attn_implementation=ATTENTION), 4)
    for i in range(4):
        p = tokenize_pair(pair(i), tokenizer, max_length=4096)
        assert isinstance(p, Pair)
        together = pair_logps(model, prompt=p.prompt, chosen=p.chosen, rejected=p.rejected)
        for answer, logp in zip((p.chosen, p.rejected), together, strict=True):
            logits = plain(torch.tensor([p.prompt + answer])).logits[0, len(p.prompt) - 1 : -1]
            apart = torch.log_softmax(logits, -1)[range(len(answer)), answer].sum()
            assert torch.allclose(logp, apart, atol=1e-4)


@pytest.mark.slow
def test_the_loss_starts_at_ln_2_and_the_margin_grows(tiny_base: Path, adapter: Path, tmp_path: Path) -> None:
    pairs = write(tmp_path / "pairs.jsonl", [pair(i) for i in range(16)])
    summary = dpo(CONFIG, base=tiny_base, adapter=adapter, pairs=pairs, out=tmp_path / "run")
    assert summary.first_loss == pytest.approx(math.log(2), abs=1e-6)
    assert summary.metrics["margin"] > 0
    assert summary.metrics["accuracy"] > 0.5
    saved = load_file(tmp_path / "run" / "adapter" / "adapter_model.safetensors")
    start = load_file(adapter / "adapter_model.safetensors")
    assert saved.keys() == start.keys()  # one adapter, no copy of the reference in it
    assert any(not torch.equal(saved[k], start[k]) for k in saved)


def test_an_interrupted_run_ends_where_an_undisturbed_one_does(
    tiny_base: Path, adapter: Path, tmp_path: Path
) -> None:
    pairs = write(tmp_path / "pairs.jsonl", [pair(i) for i in range(12)])
    often = DpoConfig(**{**CONFIG.__dict__, "checkpoint_seconds": 0.0})
    dpo(often, base=tiny_base, adapter=adapter, pairs=pairs, out=tmp_path / "straight")

    def stop(p: object) -> None:
        if getattr(p, "step", 0) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dpo(often, base=tiny_base, adapter=adapter, pairs=pairs, out=tmp_path / "broken", progress=stop)
    resumed = dpo(often, base=tiny_base, adapter=adapter, pairs=pairs, out=tmp_path / "broken")
    assert resumed.resumed_from_step == 3
    left = load_file(tmp_path / "straight" / "adapter" / "adapter_model.safetensors")
    right = load_file(tmp_path / "broken" / "adapter" / "adapter_model.safetensors")
    assert all(torch.equal(left[name], right[name]) for name in left)


def test_rows_without_a_preference_are_one_clear_error(
    tiny_base: Path, adapter: Path, tmp_path: Path
) -> None:
    pairs = write(tmp_path / "pairs.jsonl", [trajectory(1)])
    with pytest.raises(DataError, match="no-preference"):
        dpo(CONFIG, base=tiny_base, adapter=adapter, pairs=pairs, out=tmp_path / "run")
