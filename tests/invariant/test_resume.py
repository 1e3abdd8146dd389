"""A run that was interrupted, anywhere, ends where an undisturbed one does, with the same curve."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
import torch
from safetensors.torch import load_file

from callwright.train import Details, DpoConfig, SftConfig, dpo, sft
from callwright.train.config import Progress
from tiny_rows import pair, trajectory, write

OFTEN = Details(checkpoint_seconds=1e-9)
SFT = SftConfig(lora_rank=4, batch_size=4, epochs=1.0, dtype="float32", learning_rate=1e-2, details=OFTEN)
DPO = DpoConfig(batch_size=2, epochs=1.0, dtype="float32", learning_rate=5e-3, sft_weight=0.0, details=OFTEN)


class _Stop(KeyboardInterrupt):
    """Somebody pressed Ctrl-C."""


def at(step: int) -> Any:
    def stop(p: Progress) -> None:
        if p.step == step:
            raise _Stop

    return stop


def assert_alike(left: Path, right: Path) -> None:
    """Both runs left the same weights and the same curve."""
    ours, theirs = (load_file(run / "adapter" / "adapter_model.safetensors") for run in (left, right))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    curves = []
    for run in (left, right):
        lines = map(msgspec.json.decode, (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
        told = [{k: v for k, v in line.items() if k == "step" or "loss" in k} for line in lines]
        curves.append(sorted(told, key=lambda line: (line["step"], len(line), str(line))))
    assert curves[0] == curves[1]


@pytest.mark.parametrize(
    ("step", "dtype"),
    [
        pytest.param(1, "float32", marks=pytest.mark.slow, id="at its first step"),
        pytest.param(4, "float32", id="in the middle"),
        pytest.param(4, "bfloat16", id="in bfloat16"),
    ],
)
def test_sft(tiny_base: Path, tmp_path: Path, step: int, dtype: Literal["float32", "bfloat16"]) -> None:
    data = write(tmp_path / "train.jsonl", [trajectory(i) for i in range(26)])
    config = replace(SFT, dtype=dtype, details=replace(OFTEN, holdout=0.1, measurements=3))
    straight = sft(config, base=tiny_base, data=data, out=tmp_path / "straight")
    with pytest.raises(_Stop):
        sft(config, base=tiny_base, data=data, out=tmp_path / "broken", progress=at(step))
    resumed = sft(config, base=tiny_base, data=data, out=tmp_path / "broken")
    assert resumed.resumed_from_step == step - 1
    assert resumed.steps == straight.steps == 6
    assert resumed.validation == straight.validation
    assert_alike(tmp_path / "straight", tmp_path / "broken")


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_dpo(tiny_base: Path, tmp_path: Path, dtype: Literal["float32", "bfloat16"]) -> None:
    config = replace(DPO, dtype=dtype)
    data = write(tmp_path / "train.jsonl", [trajectory(i) for i in range(8)])
    sft(replace(SFT, dtype=dtype), base=tiny_base, data=data, out=tmp_path / "sft")
    pairs = write(tmp_path / "pairs.jsonl", [pair(i) for i in range(12)])
    told = {"base": tiny_base, "adapter": tmp_path / "sft" / "adapter", "pairs": pairs}
    dpo(config, **told, out=tmp_path / "straight")
    with pytest.raises(_Stop):
        dpo(config, **told, out=tmp_path / "broken", progress=at(4))
    assert dpo(config, **told, out=tmp_path / "broken").resumed_from_step == 3
    assert_alike(tmp_path / "straight", tmp_path / "broken")
