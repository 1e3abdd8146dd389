"""Two processes compute what one does, each with the whole model or with half of it, killed or not."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from callwright.train import Details, DpoConfig, SftConfig, dpo, sft
from callwright.train.batches import deal_rows
from callwright.train.steps import share
from callwright.train.tokens import Row
from tiny_rows import of_many_tools, pair, write

PROGRAM = Path(__file__).with_name("launched.py")
SFT = {"lora_rank": 4, "batch_size": 6, "epochs": 2.0, "dtype": "float32", "learning_rate": 2.5e-3}
DPO = {"batch_size": 3, "epochs": 1.0, "dtype": "float32", "learning_rate": 5e-3}
with_deepspeed = pytest.mark.skipif(find_spec("deepspeed") is None, reason="needs deepspeed")
DETAILS = Details(holdout=0.1, checkpoint_seconds=1e-9)


@pytest.fixture(scope="module")
def alone(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data and what one process makes of it, by SFT and then by DPO."""
    folder = tmp_path_factory.mktemp("alone")
    rows = write(folder / "rows.jsonl", [of_many_tools(i) for i in range(24)])
    pairs = write(folder / "pairs.jsonl", [pair(i) for i in range(12)])
    sft(SftConfig(**SFT, details=DETAILS), base=tiny_base, data=rows, out=folder / "sft")
    dpo(
        DpoConfig(**DPO, details=DETAILS),
        base=tiny_base,
        adapter=folder / "sft/adapter",
        pairs=pairs,
        out=folder / "dpo",
    )
    return folder


def launched(processes: int, **told: Any) -> int:
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc_per_node",
        str(processes),
        str(PROGRAM),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "DS_ACCELERATOR": "cpu"}
    done = subprocess.run([*command, json.dumps(told)], env=environment, capture_output=True, text=True)
    if done.returncode and told["killed_at"] is None:
        raise AssertionError(done.stderr)
    return done.returncode


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "config", "launcher", "killed_at"),
    [
        pytest.param("sft", SFT, "", 3, id="sft, a whole model each, killed"),
        pytest.param("sft", SFT, "fsdp2", 3, id="sft, half a model each, killed"),
        pytest.param("dpo", DPO, "fsdp2", None, id="dpo, half a model each"),
        pytest.param("sft", SFT, "deepspeed-zero2", 3, id="sft, ZeRO-2, killed", marks=with_deepspeed),
        pytest.param("sft", SFT, "deepspeed-zero3", 3, id="sft, ZeRO-3, killed", marks=with_deepspeed),
        pytest.param("dpo", DPO, "deepspeed-zero3", None, id="dpo, ZeRO-3", marks=with_deepspeed),
    ],
)
def test_two_processes_end_where_one_does(
    tiny_base: Path, alone: Path, tmp_path: Path, stage: str, config: dict[str, Any], launcher: str,
    killed_at: int | None,
) -> None:  # fmt: skip
    told = {
        "stage": stage, "config": config, "details": asdict(DETAILS),
        "launcher": launcher, "killed_at": killed_at, "base": str(tiny_base),
        "data": str(alone / ("rows.jsonl" if stage == "sft" else "pairs.jsonl")),
        "adapter": str(alone / "sft/adapter"), "out": str(tmp_path),
    }  # fmt: skip
    if killed_at is not None:
        assert launched(2, **told) != 0
        assert not (tmp_path / "adapter").exists()
    launched(2, **{**told, "killed_at": None})
    expected = load_file(alone / stage / "adapter/adapter_model.safetensors")
    found = load_file(tmp_path / "adapter/adapter_model.safetensors")
    assert found.keys() == expected.keys()
    for name, tensor in found.items():
        # Sums in another order; AdamW makes most of what is next to zero. A step is a thousand times as long.
        assert torch.allclose(tensor, expected[name], atol=2e-5), name
    summary = json.loads((tmp_path / "train.json").read_text(encoding="utf-8"))
    one = json.loads((alone / stage / "train.json").read_text(encoding="utf-8"))
    assert summary["last_loss"] == pytest.approx(one["last_loss"], abs=1e-5)
    assert (summary["resumed_from_step"] > 0) == (killed_at is not None)
    assert summary["metrics"] == pytest.approx(one["metrics"], abs=1e-3)


def row(start: bytes, length: int, common: int = 0, own: int = 0) -> Row:
    """A row of `length` tokens, of which the first `common` are those of all that begin so."""
    ids = [start[0] + 2] * common + [1000 + own] * (length - common)
    return Row(f"{start.hex()}-{own}", ids, [0.0] * (length - 1) + [1.0], start, start)


def test_each_process_computes_its_own_units_and_waits_as_often_as_the_others() -> None:
    shares = [[9, 5, 1], [8], []]
    assert share(shares, 0) == [(9, 1.0), (5, 1.0), (1, 1.0)]
    assert share(shares, 1) == [(8, 1.0), (1, 0.0), (1, 0.0)]
    assert share(shares, 2) == [(1, 0.0)] * 3


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=40), st.integers(1, 9))
def test_a_step_is_dealt_out_whole_and_evenly(sizes: list[int], hands: int) -> None:
    rows = [row(bytes([i]), size) for i, size in enumerate(sizes)]
    dealt = deal_rows(rows, hands)
    assert len(dealt) == hands
    assert sorted(one.id for hand in dealt for one in hand) == sorted(one.id for one in rows)
    loads = [sum(len(one.input_ids) for one in hand) for hand in dealt]
    # The hand that got the last row of the fullest had no more than the mean before it.
    assert max(loads) <= sum(loads) / hands + max(sizes)
    assert max(map(len, dealt)) <= 1 or min(loads) >= max(loads) - max(sizes)


def test_rows_that_begin_alike_stay_together_as_far_as_that_is_even() -> None:
    """Two groups of four rows, 320 of their 400 tokens alike: two hands have one each, four half of one."""
    rows = [row(start, 400, common=320, own=i) for start in (b"a", b"b") for i in range(4)]
    assert [{one.start for one in hand} for hand in deal_rows(rows, 2)] == [{b"a"}, {b"b"}]
    four = deal_rows(rows, 4)
    assert [len(hand) for hand in four] == [2] * 4
    assert all(len({one.start for one in hand}) == 1 for hand in four)


def test_one_process_has_its_rows_in_their_order() -> None:
    rows = [row(bytes([i]), size) for i, size in enumerate((5, 9, 7))]
    assert deal_rows(rows, 1) == [rows]
