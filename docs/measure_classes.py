"""Take the error classes of verified data from a report into docs/error_classes.jsonl, for docs/results.md.

callwright unify ../shared/data/unify/* -o all.jsonl --secrets redact
callwright verify all.jsonl -o good.jsonl
python docs/measure_classes.py good.report.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).with_name("error_classes.jsonl")


def row_of(found: dict[str, Any]) -> dict[str, Any]:
    """Return what the page shows of one row of a funnel."""
    classes = {name: [count["failed"], count["warned"]] for name, count in found["classes"].items()}
    return {"source": found["source"], "rows": found["rows"], "kept": found["passed"], "classes": classes}


def main(report: Path) -> None:
    """Write the rows of a report, the largest source first and the total last."""
    funnel = json.loads(report.read_text(encoding="utf-8"))["extra"]["funnel"]
    sources = sorted(funnel["sources"], key=lambda row: (-row["rows"], row["source"]))
    rows = [row_of(row) for row in (*sources, funnel["total"])]
    OUT.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
