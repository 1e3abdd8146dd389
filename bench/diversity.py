"""How varied the grammar's requests are, beside the real requests for the same tools.

Unified rows of a real set go in. As many requests as it has different ones, at most 2,000, are made by the
grammar for its tools, and both sets get the same numbers: distinct words and word pairs, self-BLEU, length.

    callwright unify ../shared/data/unify/toolalpaca -o toolalpaca.jsonl
    python bench/diversity.py toolalpaca.jsonl [more.jsonl …]
"""

import sys
from pathlib import Path

from callwright.record import Trajectory
from callwright.store import read
from callwright.synthesize import Diversity, diversity, synthesize
from callwright.synthesize.generate import request_of
from callwright.worlds import open_world

MOST = 2_000
COLUMNS = ("texts", "distinct_1", "distinct_2", "self_bleu", "mean_words")


def main() -> None:
    """Print two lines per set."""
    print(f"{'':<34}" + "".join(f"{name.replace('_', '-'):>12}" for name in COLUMNS))
    for path in map(Path, sys.argv[1:]):
        rows = [row for row in read(path) if isinstance(row, Trajectory)]
        real = list(dict.fromkeys(filter(None, map(request_of, rows))))[:MOST]
        world = open_world(str(path))
        found = synthesize(world.tools, accept=len(real), seed=7, styles={"simple": 0.5, "multiple": 0.5})
        made = [request_of(row) for row in found if isinstance(row, Trajectory)]
        print(line(path.stem, diversity(real)))
        print(line(f"  grammar, its {len(world.tools):,} tools", diversity(made)))


def line(name: str, found: Diversity) -> str:
    """Return the numbers of one set."""
    told = found.to_json()
    return f"{name:<34}" + "".join(
        f"{told[column]:>12,}" if column == "texts" else f"{told[column]:>12.3f}" for column in COLUMNS
    )


if __name__ == "__main__":
    main()
