"""Take what was done to augmented rows from a report into docs/variants.json, for docs/formats.md.

callwright unify ../shared/data/unify/* -o all.jsonl --secrets redact
callwright verify all.jsonl -o good.jsonl
shuf -n 10000 --random-source=<(yes) good.jsonl > rows.jsonl
callwright augment rows.jsonl -o varied.jsonl --no-originals --policy EVERYTHING
python docs/measure_variants.py varied.report.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

OUT = Path(__file__).with_name("variants.json")


def main(path: Path) -> None:
    """Write the counts of a report."""
    report = json.loads(path.read_text(encoding="utf-8"))
    told = {
        "policy": report["config"]["policy"],
        "variants": report["rows_in"],
        "kept": report["kept"],
        "reasons": report["reasons"],
        **report["extra"]["variants"],
    }
    OUT.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
