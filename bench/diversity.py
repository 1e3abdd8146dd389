"""How varied the grammar's requests are, beside the real requests for the same tools.

Unified rows of a real set go in. As many requests as it has different ones, at most 2,000, are made by the
grammar for its tools, and both sets get the same numbers: distinct words and word pairs, self-BLEU, length.

Without a set, there is only a line for the example's tools.

    callwright unify ../shared/data/unify/toolalpaca -o toolalpaca.jsonl
    python bench/diversity.py [toolalpaca.jsonl …]
"""

import sys
from pathlib import Path

from callwright.record import Trajectory
from callwright.store import read
from callwright.synthesize import Diversity, diversity, synthesize
from callwright.synthesize.generate import request_of
from callwright.worlds import open_world

MOST = 2_000
STYLES = {"simple": 0.5, "multiple": 0.5}
COLUMNS = ("texts", "distinct_1", "distinct_2", "self_bleu", "mean_words")


def main() -> None:
    """Print a line for the example's tools, and two per set."""
    print(f"{'':<34}" + "".join(f"{name.replace('_', '-'):>12}" for name in COLUMNS))
    example = Path(__file__).parent.parent / "examples" / "tools.py"
    print(line("grammar, examples/tools.py", diversity(made(str(example), MOST))))
    for path in map(Path, sys.argv[1:]):
        rows = [row for row in read(path) if isinstance(row, Trajectory)]
        real = list(dict.fromkeys(filter(None, map(request_of, rows))))[:MOST]
        print(line(path.stem, diversity(real)))
        print(line("  grammar, the same tools", diversity(made(str(path), len(real)))))


def made(tools: str, accept: int) -> list[str]:
    """Return requests of the grammar for what `tools` names, one or several tools offered with each."""
    found = synthesize(open_world(tools).tools, accept=accept, seed=7, styles=STYLES)
    return [request_of(row) for row in found if isinstance(row, Trajectory)]


def line(name: str, found: Diversity) -> str:
    """Return the numbers of one set."""
    told = found.to_json()
    return f"{name:<34}" + "".join(
        f"{told[column]:>12,}" if column == "texts" else f"{told[column]:>12.3f}" for column in COLUMNS
    )


if __name__ == "__main__":
    main()
