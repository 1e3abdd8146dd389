"""Accepted rows a second: the grammar over the example's tools, every call executed twice in isolation.

Once in one process, and once in as many as the verb takes on this machine, their start included. Beside it
stands what the rows cost at least: their calls executed alone, and the rows written by `json`. The aim is
1,000 accepted rows a second.

    python bench/synthesize.py [repeats]      # 3 unless told
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from callwright.record import Episode, Trajectory
from callwright.synthesize import synthesize
from callwright.synthesize.replicas import processes_for
from callwright.toolbox import Executor, import_python

ROWS, AIM = 3_000, 1_000
TOOLS = Path(__file__).parent.parent / "examples" / "tools.py"


def main() -> None:
    """Print a line per kind of work, and the ratio to the aim."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    box = import_python(TOOLS)
    with Executor(box) as execute:

        def made(seed: int, processes: int) -> list[Trajectory]:
            found = synthesize(box.tools, accept=ROWS, seed=seed, play=execute.play, processes=processes)
            return [row for row in found if isinstance(row, Trajectory)]

        rows = made(0, 1)
        episodes = [Episode(row.messages[-1].tool_calls) for row in rows if row.messages[-1].tool_calls]
        plain = [msgspec.to_builtins(row) for row in rows]
        many = processes_for(ROWS)
        one_seed, other_seed = iter(range(1, 100)), iter(range(1, 100))
        rates = {
            "accepted, in 1 process": measured(lambda: made(next(one_seed), 1), repeats),
            f"accepted, in {many} processes": measured(lambda: made(next(other_seed), many), repeats),
            "the same rows executed twice": measured(
                lambda: (execute.play(episodes), execute.play(episodes)), repeats
            ),
            "the same rows as JSON": measured(lambda: [json.dumps(row) for row in plain], repeats),
        }
    print(f"{len(box.tools)} tools, {ROWS:,} rows       rows a second     of the aim")
    for name, rate in rates.items():
        print(f"{name:<32}{rate:>12,.0f}{rate / AIM:>15.2f}")


def measured(work: Callable[[], object], repeats: int) -> float:
    """Return the median of rows a second, by the clock."""
    rates = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        rates.append(ROWS / (time.perf_counter() - began))
    return statistics.median(rates)


if __name__ == "__main__":
    main()
