"""Training on this machine: ours beside TRL's stock trainers and a plain loop: same rows, same base, one run.

All train a rank-16 adapter on the embedded model, four rows (or pairs) to a step. Stock is what TRL does by
default: one row or pair per forward, a float32 adapter, the head over all positions. The plain loop is what
one writes by hand: bfloat16 throughout where the machine is fast at it, one unpadded row per forward, the
head at answers only. Rows of the first two cases share their tools four at a time, as those of a build do;
those of the third and the pairs share nothing.

Each measurement is a process of its own, the three alternate, and the first step, in which memory is
allocated, does not count. Tokens are those of the rows, whoever reads them how often.

    python bench/train_cpu.py [repeats] [case …]
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from _apart import apart

BATCH = 4
Stamps = list[float]


class Case(NamedTuple):
    """What is measured."""

    stage: str
    tokens: int
    alike: int
    count: int


CASES = {
    "sft-512": Case("sft", 512, 4, 24),
    "sft-1024": Case("sft", 1024, 4, 16),
    "sft-512-unlike": Case("sft", 512, 1, 24),
    "dpo-700": Case("dpo", 700, 1, 12),
}


def ours(case: Case, data: Path, base: Path, out: Path) -> Stamps:
    from callwright.train import Details, DpoConfig, SftConfig, dpo, sft

    stamps: Stamps = []
    details = Details(checkpoint_seconds=1e6, holdout=0.0)
    tell = lambda progress: stamps.append(time.perf_counter())  # noqa: E731
    if case.stage == "sft":
        sft(
            SftConfig(batch_size=BATCH, epochs=1, details=details),
            base=base,
            data=data,
            out=out,
            progress=tell,
        )
    else:
        config = DpoConfig(batch_size=BATCH, epochs=1, lora_rank=16, details=details)
        dpo(config, base=base, adapter=None, pairs=data, out=out, progress=tell)
    return stamps


def stock(case: Case, data: Path, base: Path, out: Path) -> Stamps:
    import datasets
    import trl
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, PrinterCallback, TrainerCallback

    from callwright.models.local import best_dtype

    stamps: Stamps = []

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **more: Any) -> None:
            if "loss" in logs:
                stamps.append(time.perf_counter())

    tokenizer, rows = tokenized(case, data, base)
    if case.stage == "sft":
        trainer_of, config_of, more = trl.SFTTrainer, trl.SFTConfig, {}
        columns = {"input_ids": [r.input_ids for r in rows], "labels": [r.labels for r in rows]}
    else:
        trainer_of, config_of, more = trl.DPOTrainer, trl.DPOConfig, {"beta": 0.1}
        columns = {
            f"{part}_ids": [getattr(r, part) for r in rows] for part in ("prompt", "chosen", "rejected")
        }
        trainer_of._prepare_dataset = lambda self, dataset, *unused, **none: dataset  # tokenized already
    trainer = trainer_of(
        model=AutoModelForCausalLM.from_pretrained(str(base), dtype=best_dtype()),
        args=config_of(
            output_dir=str(out), num_train_epochs=1, per_device_train_batch_size=1,
            gradient_accumulation_steps=BATCH, learning_rate=5e-4, bf16=False, use_cpu=True,
            gradient_checkpointing=False, logging_steps=1, save_strategy="no", report_to="none",
            disable_tqdm=True, max_length=None, **more,
        ),
        train_dataset=datasets.Dataset.from_dict(columns),
        processing_class=tokenizer,
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    )  # fmt: skip
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Clock())
    trainer.train()
    return stamps


def plain(case: Case, data: Path, base: Path, out: Path) -> Stamps:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from callwright.models.local import best_dtype

    _, rows = tokenized(case, data, base)
    model = AutoModelForCausalLM.from_pretrained(str(base), dtype=best_dtype())
    lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    model = get_peft_model(model, lora, autocast_adapter_dtype=False)
    causal = model.get_base_model()

    def logps(ids: list[int], predicted: list[int]) -> Any:
        hidden = causal.model(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0]
        logits = causal.lm_head(hidden[[i - 1 for i in predicted]]).float()
        return torch.log_softmax(logits, -1).gather(1, torch.tensor([ids[i] for i in predicted])[:, None])[
            :, 0
        ]

    def answer(prompt: list[int], ids: list[int]) -> Any:
        return logps([*prompt, *ids], list(range(len(prompt), len(prompt) + len(ids)))).sum()

    def loss(row: Any, whole: int) -> Any:
        if case.stage == "sft":
            return -logps(row.input_ids, [i for i, weight in enumerate(row.weights) if weight]).sum() / whole
        chosen, rejected = (answer(row.prompt, ids) for ids in (row.chosen, row.rejected))
        with torch.no_grad(), model.disable_adapter():
            before = [answer(row.prompt, ids) for ids in (row.chosen, row.rejected)]
        margin = (chosen - before[0]) - (rejected - before[1])
        return -torch.nn.functional.logsigmoid(0.1 * margin) / BATCH

    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, 5e-4)
    stamps: Stamps = []
    for start in range(0, len(rows), BATCH):
        step = rows[start : start + BATCH]
        for row in step:
            loss(row, sum(r.supervised for r in step)).backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        stamps.append(time.perf_counter())
    return stamps


SIDES: dict[str, Callable[[Case, Path, Path, Path], Stamps]] = {"ours": ours, "stock": stock, "plain": plain}


def tokenized(case: Case, data: Path, base: Path) -> tuple[Any, list[Any]]:
    """Return the tokenizer and the rows or pairs of a file."""
    from callwright.store import read
    from callwright.train import lora
    from callwright.train.tokens import tokenize_pair, tokenize_row

    tokenizer = lora.load_tokenizer(base)
    tokenize = tokenize_row if case.stage == "sft" else tokenize_pair
    return tokenizer, [tokenize(t, tokenizer, max_length=8192) for t in read(data)]


def measure(side: str, name: str, data: Path, base: Path, out: Path) -> dict[str, float]:
    """Return what one process found."""
    settings = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"}
    found: dict[str, float] = apart(
        __file__, "--side", side, name, str(data), str(base), str(out), **settings
    )
    return found


def side(chosen: str, name: str, data: Path, base: Path, out: Path) -> dict[str, float]:
    """Measure here: tokens and rows a second after the first step, and the peak."""
    from callwright.train.memory import peak_memory_mb

    case = CASES[name]
    stamps = SIDES[chosen](case, data, base, out)
    steps = len(stamps) - 1
    seconds = stamps[-1] - stamps[0]
    _, rows = tokenized(case, data, base)
    tokens = sum(r.tokens if case.stage == "dpo" else len(r.input_ids) for r in rows)
    share = steps / len(stamps)
    return {
        "tokens": tokens * share / seconds, "rows": len(rows) * share / seconds,
        "length": tokens / len(rows), "memory": peak_memory_mb(),
    }  # fmt: skip


def lines(name: str, found: dict[str, list[dict[str, float]]]) -> Iterator[str]:
    """Yield what is printed of a case: medians, and ratios of the measurements that followed each other."""
    unit = "pairs/s" if CASES[name].stage == "dpo" else "rows/s"
    yield f"{name}: {CASES[name].count} of {found['ours'][0]['length']:.0f} tokens on average"
    for who, each in found.items():
        tokens, rows, memory = (
            statistics.median(one[key] for one in each) for key in ("tokens", "rows", "memory")
        )
        line = f"  {who:<6}{tokens:6.0f} tokens/s{rows:8.3f} {unit}{memory:7.0f} MB"
        if who != "ours":
            ratios = sorted(mine["rows"] / its["rows"] for mine, its in zip(found["ours"], each, strict=True))
            line += f"   ours: {statistics.median(ratios):.2f} times ({ratios[0]:.2f} … {ratios[-1]:.2f})"
        yield line


def main(repeats: int, names: list[str]) -> None:
    from _training_rows import pairs_of, rows_of, write

    from callwright.train import lora
    from callwright.weights import base_directory

    base = base_directory("smollm2-135m")
    tokenizer = lora.load_tokenizer(base)
    with tempfile.TemporaryDirectory() as temporary:
        for name in names:
            _, tokens, alike, count = CASES[name]
            if CASES[name].stage == "sft":
                made = rows_of(tokenizer, tokens=tokens, count=count, alike=alike)
            else:
                made = pairs_of(tokenizer, tokens=tokens, count=count)
            data = write(Path(temporary) / f"{name}.jsonl", made)
            found: dict[str, list[dict[str, float]]] = {who: [] for who in SIDES}
            for i in range(repeats):
                for who, each in found.items():
                    each.append(measure(who, name, data, base, Path(temporary) / f"{name}-{who}-{i}"))
            print("\n".join(lines(name, found)), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        chosen, name, *paths = sys.argv[2:]
        print(json.dumps(side(chosen, name, *map(Path, paths))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, sys.argv[2:] or list(CASES))
