"""Count what each source makes of real data, and write `docs/sources.json`, which the page of sources shows.

    python docs/measure_sources.py ../shared/data/unify/* ../shared/data/toolbench     # a folder per data set

The data is not part of this project; the counts are, with the date and the version that made them. Of each
call it is counted whether its tool is offered and whether its arguments parse and satisfy the tool's schema,
by the checks of `callwright verify`. Where tools are unknown, calls can not be judged.
"""

from __future__ import annotations

import datetime
import json
import sys
import tempfile
import zipfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from callwright import assets
from callwright.record import Dropped, Trajectory
from callwright.unify import unify
from callwright.verify import CHECKS

HERE = Path(__file__).resolve().parent
DEFECTS = {
    "undefined-function": "unknown tool",
    "missing-argument": "missing argument",
    "wrong-type": "wrong type",
    "not-in-enum": "not in enum",
    "unknown-argument": "unknown argument",
    "unparsable-call": "unparsable",
}


class Seen:
    """What one source made of one data set."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.defects: Counter[str] = Counter()
        self.files: set[str] = set()

    def drop(self, row: Dropped) -> None:
        """Count a row that was not kept."""
        self.counts["rows"] += 1
        self.dropped[row.reason] += 1

    def keep(self, t: Trajectory) -> None:
        """Count a trajectory, its tools and calls, and the calls with each kind of defect."""
        self.files.add(t.source.uri if t.source else "")
        calls = sum(len(m.tool_calls) for m in t.messages)
        self.counts += Counter(rows=1, kept=1, tools=len(t.tools or ()), calls=calls)
        self.counts["judged"] += calls if t.tools is not None else 0
        found = {
            (issue.code, issue.path.partition(".arguments")[0])
            for name in ("parse", "offered", "schema")
            for issue in check(name, t)
        }
        self.defects.update(code for code, _ in found if code in DEFECTS)

    def told(self) -> dict[str, Any]:
        """Return the counts as JSON data."""
        return {
            "files": len(self.files),
            **{name: self.counts[name] for name in ("rows", "kept", "tools", "calls", "judged")},
            "dropped": dict(self.dropped.most_common()),
            "defects": dict(self.defects.most_common()),
        }


def check(name: str, t: Trajectory) -> list[Any]:
    """Return what one check of `verify` finds."""
    return list(CHECKS[name](t))


def measure(folder: Path) -> dict[str, dict[str, Any]]:
    """Return source → counts for one data set."""
    seen: dict[str, Seen] = defaultdict(Seen)
    notes: list[str] = []
    for row in unify([folder], secrets="redact", notes=notes):
        counted = seen[row.id.partition("/")[0]]
        if isinstance(row, Dropped):
            counted.drop(row)
        else:
            counted.keep(row)
    return {name: counted.told() for name, counted in sorted(seen.items())}


def main(folders: list[Path]) -> None:
    """Measure every folder, and the pinned BFCL data, and write the counts."""
    sets = {folder.name: measure(folder) for folder in folders if folder.is_dir()}
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(assets.wheel(assets.BFCL)) as wheel:
        wanted = [name for name in wheel.namelist() if "/data/" in name and "/unused_datasets/" not in name]
        wheel.extractall(scratch, wanted)
        sets["bfcl"] = measure(Path(scratch))
    told = {"date": datetime.date.today().isoformat(), "sets": sets}
    text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    (HERE / "sources.json").write_text(text, encoding="utf-8")
    for name, sources in sets.items():
        for source, counts in sources.items():
            sys.stdout.write(f"{name:22} {source:20} {counts}\n")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
