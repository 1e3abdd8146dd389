"""Training on a GPU: tokens a second, peak memory, and the share of what its matrix units can do.

Models of 1.3 and 7 billion random weights, in the shapes of DeepSeek-Coder-1.3B and Mistral-7B, learn an
adapter by SFT and by DPO, with rows and pairs of about a thousand tokens that share nothing; then the
embedded model is fine-tuned from end to end, by `sft` and `dpo` as the verbs call them. Each measurement is a
process of its own.

The ceiling is a product of square bfloat16 matrices, measured on the same card in the same run. A token costs
2 operations per weight forward and 2 back (frozen weights get no gradient of their own), and another 2 in
DPO's reference; what checkpointing computes again does not count as work, nor do attention scores and the
head.

    python bench/train_gpu.py [--tiny] [FOLDER]

FOLDER keeps what the measurements read: made here, it can be carried to a machine that reaches no network.
With ``--tiny``, and without a GPU, the models have a few million weights: that shows that the benchmark runs.
"""

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from _apart import apart

TOKENS = 1024
BATCH = 32
STEPS = 6


class Shape(NamedTuple):
    """A model that is measured."""

    hidden: int
    layers: int
    heads: int
    key_heads: int
    inner: int


LARGE = {"1.3b": Shape(2048, 24, 16, 16, 5504), "7b": Shape(4096, 32, 32, 8, 14336)}
TINY = {"tiny": Shape(64, 2, 4, 2, 128)}


def prepare(folder: Path, *, tiny: bool) -> None:
    """Write base, rows and pairs, unless they are there."""
    from _training_rows import pairs_of, rows_of, write

    from callwright.train import lora
    from callwright.weights import base_directory

    if (folder / "pairs.jsonl").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    base = base_directory("smollm2-135m")
    shutil.copytree(base, folder / "embedded", dirs_exist_ok=True)
    tokenizer = lora.load_tokenizer(base)
    count = 8 if tiny else BATCH * STEPS
    write(folder / "rows.jsonl", rows_of(tokenizer, tokens=TOKENS, count=count, alike=1))
    write(folder / "pairs.jsonl", pairs_of(tokenizer, tokens=TOKENS, count=count // 2))


def random_model(shape: Shape, embedded: Path, out: Path) -> Path:
    """Write a model of that shape with random weights and the embedded model's tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

    tokenizer = AutoTokenizer.from_pretrained(str(embedded))
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=shape.hidden, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, num_key_value_heads=shape.key_heads,
        intermediate_size=shape.inner, max_position_embeddings=8192, dtype="bfloat16",
    )  # fmt: skip
    torch.manual_seed(1)
    with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.save_pretrained(str(out))
    tokenizer.save_pretrained(str(out))
    return out


def ceiling() -> float:
    """Return how many operations a second a product of large matrices reaches."""
    import torch

    device, size = ("cuda", 8192) if torch.cuda.is_available() else ("cpu", 1024)
    left, right = (torch.randn(size, size, dtype=torch.bfloat16, device=device) for _ in range(2))
    best = 0.0
    for _ in range(5):
        synchronize()
        began = time.perf_counter()
        for _ in range(20):
            left @ right
        synchronize()
        best = max(best, 20 * 2 * size**3 / (time.perf_counter() - began))
    return best


def synchronize() -> None:
    """Wait for the GPU."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def trained(stage: str, base: Path, folder: Path, out: Path) -> dict[str, float]:
    """Train one epoch; return tokens a second after the first step, and the peak in MiB."""
    from callwright.train import Details, DpoConfig, SftConfig, dpo, sft
    from callwright.train.plan import peak

    stamps: list[float] = []

    def stamp(progress: Any) -> None:
        synchronize()
        stamps.append(time.perf_counter())

    details = Details(checkpoint_seconds=1e6, holdout=0.0)
    batch = min(BATCH, 2 if "tiny" in base.name else BATCH)
    if stage == "sft":
        config = SftConfig(batch_size=batch, epochs=1, lora_rank=32, details=details)
        told = sft(config, base=base, data=folder / "rows.jsonl", out=out, progress=stamp)
    else:
        prefer = DpoConfig(batch_size=batch // 2, epochs=1, lora_rank=32, details=details)
        told = dpo(prefer, base=base, adapter=None, pairs=folder / "pairs.jsonl", out=out, progress=stamp)
    share = (len(stamps) - 1) / len(stamps)
    return {"rate": told.tokens * share / (stamps[-1] - stamps[0]), "peak": peak(), "steps": told.steps}


def layer_weights(base: Path) -> int:
    """Return how many weights every token is multiplied with: all but the embedding and the head."""
    from transformers import AutoConfig

    told = AutoConfig.from_pretrained(str(base))
    size = told.hidden_size // told.num_attention_heads
    attention = told.hidden_size * size * 2 * (told.num_attention_heads + told.num_key_value_heads)
    return int(told.num_hidden_layers * (attention + 3 * told.hidden_size * told.intermediate_size))


def end_to_end(folder: Path, out: Path) -> dict[str, float]:
    """Fine-tune the embedded model by SFT, then DPO, over all rows and pairs; return seconds and losses."""
    from callwright.train import DpoConfig, SftConfig, dpo, sft
    from callwright.train.plan import peak

    began = time.perf_counter()
    learnt = sft(SftConfig(), base=folder / "embedded", data=folder / "rows.jsonl", out=out / "sft")
    preferred = dpo(
        DpoConfig(), base=folder / "embedded", adapter=out / "sft/adapter", pairs=folder / "pairs.jsonl",
        out=out / "dpo",
    )  # fmt: skip
    return {
        "seconds": time.perf_counter() - began,
        "first_loss": learnt.first_loss,
        "last_loss": learnt.last_loss,
        "accuracy": preferred.metrics.get("accuracy", 0.0),
        "peak": peak(),
    }


def main(folder: Path, *, tiny: bool) -> None:
    import torch

    prepare(folder, tiny=tiny)
    limit = apart(__file__, "--measure", "ceiling")["operations"]
    card = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    print(f"{card}; torch {torch.__version__}; a product of bfloat16 matrices: {limit / 1e12:.1f} Tflop/s")
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        for name, shape in (TINY if tiny else LARGE).items():
            base = random_model(shape, folder / "embedded", Path(temporary) / name)
            weights = layer_weights(base)
            for stage, operations in (("sft", 4), ("dpo", 6)):
                out = str(Path(temporary) / f"{name}-{stage}")
                told = apart(__file__, "--measure", stage, str(base), str(folder), out)
                share = told["rate"] * operations * weights / limit
                print(
                    f"{name:<5} {stage}  {told['rate']:8,.0f} tokens/s  {share:6.1%} of the ceiling"
                    f"  {told['peak']:7,.0f} MiB  {told['steps']} steps",
                    flush=True,
                )
            shutil.rmtree(base)
        told = apart(__file__, "--measure", "end-to-end", str(folder), temporary)
        print(
            f"embedded model, sft and dpo: {told['seconds']:.0f} s, loss {told['first_loss']:.3f} to "
            f"{told['last_loss']:.3f}, accuracy {told['accuracy']:.2f}, {told['peak']:,.0f} MiB"
        )


def measured(what: str, *paths: str) -> dict[str, float]:
    """Measure here."""
    if what == "ceiling":
        return {"operations": ceiling()}
    if what == "end-to-end":
        folder, out = map(Path, paths)
        return end_to_end(folder, out)
    base, folder, out = map(Path, paths)
    return trained(what, base, folder, out)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measured(*sys.argv[2:])))
    else:
        import torch

        given = [word for word in sys.argv[1:] if word != "--tiny"]
        tiny = "--tiny" in sys.argv or not torch.cuda.is_available()
        folder = Path(given[0]) if given else Path(tempfile.gettempdir()) / f"train-gpu{'-tiny' * tiny}"
        main(folder, tiny=tiny)
