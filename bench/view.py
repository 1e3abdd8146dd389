"""The viewer on 100,000 rows: opening, and a search, beside what the machine needs to do as little at all.

Opening a file is set against parsing its lines as JSON and nothing else; a search against `grep -i -c`, which
does not even tell which rows they are.

    python bench/view.py [rows]
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from callwright.record import Message, ToolCall, Trajectory, encode
from callwright.report.viewer.rows import Rows
from callwright.train.memory import peak_memory_mb

REPEATS = 5


def made(path: Path, count: int) -> Path:
    """Write rows of about a kilobyte."""
    filling = "with some more words of no weight " * 20
    with path.open("wb") as stream:
        for i in range(count):
            call = ToolCall(name=f"tool_{i % 50}", arguments={"city": f"City {i}", "n": i}, id="call_0")
            asked = Message(role="user", content=f"Request number {i}, {filling}")
            row = Trajectory(id=f"row/{i}", messages=(asked, Message(role="assistant", tool_calls=(call,))))
            stream.write(encode(row) + b"\n")
    return path


def seconds(work: Callable[[], object]) -> float:
    """Return how long something takes, the median of some times."""
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def parsed(path: Path) -> None:
    with path.open("rb") as stream:
        for line in stream:
            json.loads(line)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = made(Path(folder) / "rows.jsonl", count)
        print(f"{count:,} rows, {path.stat().st_size / 1e6:.0f} MB")
        mine, limit = seconds(lambda: Rows(path, "rows")), seconds(lambda: parsed(path))
        print(f"opening   {mine:7.3f} s   json.loads of every line {limit:7.3f} s   {limit / mine:.1f} times")
        rows, number = Rows(path, "rows"), iter(range(10**9))
        mine = seconds(lambda: rows.find((f"city {next(number)}9",), "", ""))
        grep = ["grep", "-i", "-c", "city 77", str(path)]
        limit = seconds(lambda: subprocess.run(grep, stdout=subprocess.DEVNULL, check=True))
        print(f"searching {mine:7.3f} s   grep -i -c               {limit:7.3f} s   {limit / mine:.1f} times")
        half = slice(count // 2, count // 2 + 200)
        page = seconds(lambda: [rows.entries[n] for n in rows.find((), "", "")[half]])
        print(f"a page    {page:7.3f} s   peak {peak_memory_mb():,} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
