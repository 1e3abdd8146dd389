"""SFT on this machine: ours beside TRL's stock trainer, same rows, same labels, same base, in one run.

Both train a rank-16 adapter on the embedded model. Stock is what TRL does by default: one row per forward, a
float32 adapter, the head over all positions. Each measurement is a process of its own, the two alternate, and
the first step, in which memory is allocated, does not count. Tokens are those of the rows.

    python bench/train_cpu.py [repeats]
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROWS, BATCH = 40, 4
TOOLS = Path(__file__).parent.parent / "examples" / "tools.py"


def write_rows(path: Path) -> None:
    """Write training rows for the example tools as a build does, four or more to a kit of tools."""
    from callwright.augment import AugmentStep, policy_of, share_tools
    from callwright.record import Trajectory, encode
    from callwright.synthesize import synthesize
    from callwright.toolbox import import_python

    rows = synthesize(import_python(TOOLS).tools, accept=400, seed=7)
    made = [row for row in rows if isinstance(row, Trajectory)]
    varied = AugmentStep(seed=7, policy=policy_of("order=1"), keep_original=False)(made)
    kept = [row for row in varied if isinstance(row, Trajectory)]
    path.write_bytes(b"".join(encode(row) + b"\n" for row in list(share_tools(kept, size=8))[:ROWS]))


def train_ours(data: Path, base: Path, out: Path) -> list[tuple[float, float]]:
    from callwright.train import Details, SftConfig, sft

    stamps: list[tuple[float, float]] = []
    config = SftConfig(batch_size=BATCH, epochs=1.0, details=Details(checkpoint_seconds=1e6, holdout=0.0))
    sft(
        config, base=base, data=data, out=out, progress=lambda p: stamps.append((time.perf_counter(), p.loss))
    )
    return stamps


def train_stock(data: Path, base: Path, out: Path) -> list[tuple[float, float]]:
    import datasets
    from transformers import AutoModelForCausalLM, PrinterCallback, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from callwright.models.local import best_dtype
    from callwright.store import read
    from callwright.train import lora
    from callwright.train.tokens import tokenize_row

    stamps: list[tuple[float, float]] = []

    class Clock(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **more: Any) -> None:
            if "loss" in logs:
                stamps.append((time.perf_counter(), logs["loss"]))

    tokenizer = lora.load_tokenizer(base)
    rows = [tokenize_row(t, tokenizer, max_length=2048) for t in read(data)]
    from peft import LoraConfig

    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(str(base), dtype=best_dtype()),
        args=SFTConfig(
            output_dir=str(out), num_train_epochs=1, per_device_train_batch_size=1,
            gradient_accumulation_steps=BATCH, learning_rate=5e-4, bf16=False, use_cpu=True,
            gradient_checkpointing=False, logging_steps=1, save_strategy="no", report_to="none",
            disable_tqdm=True, max_length=None,
        ),
        train_dataset=datasets.Dataset.from_dict(
            {"input_ids": [r.input_ids for r in rows], "labels": [r.labels for r in rows]}
        ),
        processing_class=tokenizer,
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    )  # fmt: skip
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Clock())
    trainer.train()
    return stamps


def tokens_of(data: Path, base: Path) -> int:
    from callwright.store import read
    from callwright.train import lora
    from callwright.train.tokens import tokenize_row

    tokenizer = lora.load_tokenizer(base)
    rows = [tokenize_row(t, tokenizer, max_length=2048) for t in read(data)]
    return sum(len(r.input_ids) for r in rows)


def measure(side: str, data: Path, base: Path, folder: Path) -> dict[str, float]:
    command = [sys.executable, __file__, side, str(data), str(base), str(folder)]
    environment = {
        **os.environ,
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "1000",
        "HF_HUB_OFFLINE": "1",
    }
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    parsed: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return parsed


def main(repeats: int) -> None:
    from callwright.weights import base_directory

    base = base_directory("smollm2-135m")
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "train.jsonl"
        write_rows(data)
        results: dict[str, list[dict[str, float]]] = {"ours": [], "stock": []}
        for i in range(repeats):
            for side, found in results.items():
                found.append(measure(side, data, base, Path(temporary) / f"{side}{i}"))
    rate = {side: statistics.median(r["rate"] for r in found) for side, found in results.items()}
    memory = {side: statistics.median(r["memory"] for r in found) for side, found in results.items()}
    for side in results:
        print(f"{side:<6} {rate[side]:7.0f} tokens/s   peak {memory[side]:6.0f} MB")
    print(f"ratio  {rate['ours'] / rate['stock']:7.2f}            {memory['ours'] / memory['stock']:11.2f}")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        from callwright.train.memory import peak_memory_mb

        side, data, base, out = sys.argv[1], *map(Path, sys.argv[2:5])
        stamps = (train_ours if side == "ours" else train_stock)(data, base, out)
        seconds = stamps[-1][0] - stamps[0][0]
        counted = tokens_of(data, base) * (len(stamps) - 1) / len(stamps)
        print(json.dumps({"rate": counted / seconds, "memory": peak_memory_mb()}))
    else:
        main(int(sys.argv[1]) if len(sys.argv) == 2 else 3)
