"""DPO starts from its reference: at the first step the loss is ln 2, whatever the pairs are."""

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from callwright.train import Details, DpoConfig, SftConfig, dpo, sft
from tiny_rows import pair, trajectory, write


@pytest.mark.slow
def test_the_loss_starts_at_ln_2_and_the_margin_grows(tiny_base: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "train.jsonl", [trajectory(i) for i in range(8)])
    start = tmp_path / "sft" / "adapter"
    config = SftConfig(lora_rank=4, batch_size=4, epochs=1.0, dtype="float32", learning_rate=1e-2)
    sft(config, base=tiny_base, data=data, out=tmp_path / "sft")
    pairs = write(tmp_path / "pairs.jsonl", [pair(i) for i in range(16)])
    config = DpoConfig(
        batch_size=2,
        epochs=1.0,
        dtype="float32",
        learning_rate=5e-3,
        sft_weight=0.0,
        details=Details(holdout=0.2),
    )
    summary = dpo(config, base=tiny_base, adapter=start, pairs=pairs, out=tmp_path / "run")
    assert summary.first_loss == pytest.approx(math.log(2), abs=1e-6)
    assert summary.validation is not None
    assert summary.validation.first_loss == pytest.approx(math.log(2), abs=1e-6)
    assert summary.validation.last_loss < math.log(2)
    assert summary.metrics["margin"] > 0
    assert summary.metrics["accuracy"] > 0.5
    curve = list(map(json.loads, (tmp_path / "run/metrics.jsonl").read_text(encoding="utf-8").splitlines()))
    assert curve[0]["validation_margin"] == 0
    assert curve[-1].keys() >= {"preference_loss", "margin", "accuracy", "chosen_nll"}
    saved = load_file(tmp_path / "run" / "adapter" / "adapter_model.safetensors")
    began = load_file(start / "adapter_model.safetensors")
    assert saved.keys() == began.keys()  # one adapter, no copy of the reference in it
    assert any(not torch.equal(saved[k], began[k]) for k in saved)
