"""One process with a thread for every core, beside a process for every core: the same training on a CPU.

SFT of the embedded model, four rows to a step, of about 512 tokens each: rows that share their tools four at
a time, as those of a build do, and rows that share nothing. The two sides alternate; tokens are those of the
rows, by the run's own summary.

    python bench/train_processes.py [repeats]
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from _training_rows import rows_of, write

from callwright.train import lora
from callwright.weights import base_directory

CORES = len(os.sched_getaffinity(0))
ROWS = 64


def rate(processes: int, data: Path, out: Path) -> float:
    """Return tokens a second of one run."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(CORES // processes)}
    launcher = ["torch.distributed.run", "--nproc_per_node", str(processes), "-m"] if processes > 1 else []
    command = [sys.executable, "-m", *launcher, "callwright", "train", "sft", str(data), "-o", str(out)]
    done = subprocess.run([*command, "--epochs", "1"], env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return float(json.loads((out / "train.json").read_text(encoding="utf-8"))["tokens_per_second"])


def main(repeats: int) -> None:
    tokenizer = lora.load_tokenizer(base_directory("smollm2-135m"))
    with tempfile.TemporaryDirectory() as temporary:
        for alike in (4, 1):
            made = rows_of(tokenizer, tokens=512, count=ROWS, alike=alike)
            data = write(Path(temporary) / f"{alike}.jsonl", made)
            found: dict[int, list[float]] = {1: [], CORES: []}
            for i in range(repeats):
                for processes, rates in found.items():
                    rates.append(rate(processes, data, Path(temporary) / f"{alike}-{processes}-{i}"))
            ratios = sorted(many / one for one, many in zip(found[1], found[CORES], strict=True))
            one, many = (statistics.median(rates) for rates in found.values())
            kind = f"{alike} at a time sharing their tools" if alike > 1 else "sharing nothing"
            print(f"{ROWS} rows, {kind}: {CORES} threads {one:.0f} tokens/s, {CORES} processes {many:.0f}:")
            print(f"  {statistics.median(ratios):.2f} times ({ratios[0]:.2f} … {ratios[-1]:.2f})")


if __name__ == "__main__":
    if CORES < 2:
        sys.exit("there is one core")
    main(*map(int, sys.argv[1:] or ["3"]))
