"""Take the scores of a run of `callwright evaluate` into docs/scores.jsonl, for docs/results.md.

python docs/measure_runs.py out/webshop "callwright evaluate webshop --data FOLDER -o out/webshop" "21 min"
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

OUT = Path(__file__).with_name("scores.jsonl")
MEASURES = ("reward", "progress")
"""Of the benchmarks' own measures those that the page shows."""


def scores_of(score: dict[str, Any]) -> dict[str, Any]:
    """Return what the page shows of one score."""
    shown = {name: score["means"][name] for name in MEASURES if name in score["means"]}
    return {name: score[name] for name in ("n", "correct", "low", "high")} | {"means": shown}


def row_of(run: Path, command: str, wall: str) -> dict[str, Any]:
    """Return a line of scores.jsonl."""
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    head = ["git", "-C", str(OUT.parent), "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(head, capture_output=True, text=True, check=True)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit.stdout.strip(),
        "command": command,
        "wall": wall,
        "model": summary["model"],
        "columns": {name: scores_of(score) for name, score in summary["columns"].items()},
        "all": scores_of(summary["all"]),
    }


def main(run: Path, command: str, wall: str) -> None:
    """Put the scores of a run in the place of those of the same command, or at the end."""
    new = row_of(run, command, wall)
    lines = OUT.read_text(encoding="utf-8").splitlines() if OUT.is_file() else []
    rows = [json.loads(line) for line in lines]
    commands = [row["command"] for row in rows]
    if command in commands:
        rows[commands.index(command)] = new
    else:
        rows.append(new)
    OUT.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
