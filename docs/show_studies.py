"""What studies found, for docs/results.md: their tables, from the `study.json` that each run left.

    python docs/show_studies.py OUT/NAME/study.json COMMIT "COMMAND" "MACHINE"     # takes one in, or in anew

`docs/studies/NAME.json` is that file, `docs/studies/runs.json` says when, where and with which command.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from callwright.progress import clock
from callwright.study.findings import Findings
from callwright.study.telling import markdown

FOLDER = Path(__file__).resolve().parent / "studies"
RUNS = FOLDER / "runs.json"
NONE_YET = "None has been run to its end yet."


def take(study: Path, commit: str, command: str, machine: str) -> None:
    """Keep what a study left, and how it was run."""
    found = msgspec.json.decode(study.read_bytes(), type=Findings)
    shutil.copyfile(study, FOLDER / f"{found.name}.json")
    told = {"date": date.today().isoformat(), "commit": commit, "command": command, "machine": machine}
    RUNS.write_text(json.dumps({**_runs(), found.name: told}, indent=2) + "\n", encoding="utf-8")


def block() -> str:
    """Return every study with its tables, in the order in which they were taken in."""
    return "\n\n".join(_study(name, told) for name, told in _runs().items()) or NONE_YET


def _runs() -> dict[str, Any]:
    return json.loads(RUNS.read_text(encoding="utf-8")) if RUNS.is_file() else {}  # type: ignore[no-any-return]


def _study(name: str, told: dict[str, str]) -> str:
    found = msgspec.json.decode((FOLDER / f"{name}.json").read_bytes(), type=Findings)
    costs = [cost for each in found.costs.values() for cost in each]
    spent = sum(cost.training_seconds + cost.exam_seconds for cost in costs)
    deeper = re.sub(r"^(#+) ", r"#\1 ", markdown(found), flags=re.MULTILINE).strip()
    about = (
        f"`{told['command']}`: {told['date']}, {told['commit']}, {told['machine']}; "
        f"{len(costs)} models, {clock(spent)} of training and exams."
    )
    return f"{deeper}\n\n{about}"


if __name__ == "__main__":
    take(Path(sys.argv[1]), *sys.argv[2:])
