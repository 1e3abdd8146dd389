"""On a GPU: the same numbers from fused kernels, and a run that was stopped goes on. Skipped without one."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer

from callwright.train import Details, DpoConfig, SftConfig, dpo, sft
from callwright.train.attention import Layout, attend
from callwright.train.batches import packs_of
from callwright.train.config import Progress
from callwright.train.lora import add_lora, load_base
from callwright.train.supervised import Part, nll
from callwright.train.tokens import Row, tokenize_row
from tiny_model import stirred
from tiny_rows import of_many_tools, pair, trajectory, write

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
CONFIG = SftConfig(
    lora_rank=4, batch_size=4, epochs=2.0, learning_rate=1e-2,
    details=Details(holdout=0.0, checkpoint_seconds=1e-9),
)  # fmt: skip


@pytest.mark.parametrize("window", [None, 40])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.bfloat16, 2e-2), (torch.float32, 1e-3)])
def test_attention_told_by_name_is_that_of_the_cpu(
    dtype: torch.dtype, tolerance: float, window: int | None
) -> None:
    layout = Layout(((64, 50, 7), (0, 130)), 5)
    torch.manual_seed(1)
    plain = [torch.randn(1, heads, 256, 64, requires_grad=True) for heads in (4, 2, 2)]
    on_gpu = [x.detach().to("cuda", dtype).requires_grad_() for x in plain]
    weights = torch.randn(1, 256, 4, 64)
    found: list[Sequence[torch.Tensor]] = []
    for q, k, v in (plain, on_gpu):
        out, _ = attend(None, q, k, v, None, layout=layout, sliding_window=window)
        slopes = torch.autograd.grad((out * weights.to(out)).sum(), (q, k, v))
        found.append([x.float().cpu() for x in (out, *slopes)])
    for mine, right in zip(found[1], found[0], strict=True):
        assert torch.allclose(mine, right, atol=tolerance, rtol=tolerance)


def test_loss_and_gradients_are_those_of_the_cpu(tiny_base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(tiny_base))
    made = [trajectory(i) for i in (1, 2, 9)] + [of_many_tools(i) for i in (3, 8)]
    rows = [r for r in (tokenize_row(t, tokenizer, max_length=4096) for t in made) if isinstance(r, Row)]
    (packed,) = packs_of(rows, fill=0, limit=100_000)
    found: list[tuple[float, dict[str, torch.Tensor]]] = []
    for device in ("cpu", "cuda"):
        model = stirred(add_lora(load_base(tiny_base, "float32"), 4)).to(device)
        loss, _ = nll(model, Part(packed, packed.weights.sum().item()))
        loss.backward()
        slopes = {n: p.grad.cpu() for n, p in model.named_parameters() if p.grad is not None}
        found.append((loss.item(), slopes))
    assert found[1][0] == pytest.approx(found[0][0], rel=1e-3)
    for name, right in found[0][1].items():
        assert torch.allclose(found[1][1][name], right, rtol=2e-2, atol=1e-3), name


def test_a_run_that_was_killed_ends_like_an_undisturbed_one_and_can_be_preferred_on(
    tiny_base: Path, tmp_path: Path
) -> None:
    data = write(tmp_path / "train.jsonl", [trajectory(i) for i in range(16)])

    def killed(progress: Progress) -> None:
        if progress.step == 5:
            raise KeyboardInterrupt

    straight = sft(CONFIG, base=tiny_base, data=data, out=tmp_path / "straight")
    with pytest.raises(KeyboardInterrupt):
        sft(CONFIG, base=tiny_base, data=data, out=tmp_path / "killed", progress=killed)
    resumed = sft(CONFIG, base=tiny_base, data=data, out=tmp_path / "killed")
    assert straight.dtype == "bfloat16"
    assert resumed.resumed_from_step > 0
    assert straight.last_loss < straight.first_loss
    ends = [
        load_file(tmp_path / name / "adapter/adapter_model.safetensors") for name in ("straight", "killed")
    ]
    for name, weights in ends[0].items():
        assert torch.allclose(weights.float(), ends[1][name].float(), atol=2e-2), name
    pairs = write(tmp_path / "pairs.jsonl", [pair(i) for i in range(8)])
    config = DpoConfig(batch_size=4, epochs=1.0, sft_weight=0.0, details=CONFIG.details)
    seen: list[Progress] = []
    adapter = tmp_path / "straight/adapter"
    dpo(config, base=tiny_base, adapter=adapter, pairs=pairs, out=tmp_path / "dpo", progress=seen.append)
    assert seen[0].loss == pytest.approx(math.log(2), abs=1e-3)


@pytest.mark.filterwarnings("ignore")  # torch.compile warns of what it does itself
def test_translated_layers_train_as_plain_ones(tiny_base: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "train.jsonl", [trajectory(i) for i in range(16)])
    found = []
    for name, compile in (("plain", False), ("translated", True)):
        config = replace(CONFIG, details=replace(CONFIG.details, compile=compile))
        found.append(sft(config, base=tiny_base, data=data, out=tmp_path / name))
    assert found[1].first_loss == pytest.approx(found[0].first_loss, rel=1e-2)
    assert found[1].last_loss == pytest.approx(found[0].last_loss, rel=0.1)
