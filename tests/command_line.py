"""The real command line in a process of its own, and the tools and data that its tests are run on."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

COMMAND = [sys.executable, "-m", "callwright"]
ENVIRONMENT = {
    **{k: v for k, v in os.environ.items() if not k.startswith(("CALLWRIGHT_TOKEN", "FORCE_COLOR"))},
    "OMP_NUM_THREADS": "1",
    "NO_COLOR": "1",
}
TOOLS = '''\
"""Tools of a small assistant."""

from typing import Literal


def get_weather(city: str, unit: Literal["celsius", "fahrenheit"] = "celsius") -> dict:
    """Get the weather of a city.

    Args:
        city: Name of the city.
        unit: Temperature unit.
    """
    return {"city": city, "degrees": len(city), "unit": unit}


def convert_currency(amount: float, source: Literal["EUR", "USD"], target: Literal["EUR", "USD"]) -> float:
    """Convert an amount of money.

    Args:
        amount: How much.
        source: Currency to convert from.
        target: Currency to convert to.
    """
    return amount * (1.0 if source == target else 1.1)


def set_alarm(hour: int, label: str = "alarm") -> bool:
    """Set an alarm clock.

    Args:
        hour: Hour of the day.
        label: What it is for.
    """
    return 0 <= hour < 24
'''


def write_xlam(path: Path, rows: int = 60) -> Path:
    """Write rows in the layout of xlam-function-calling-60k, all different, each with one call."""
    tool = {
        "name": "search_books",
        "description": "Search the catalogue for books.",
        "parameters": {
            "author": {"type": "str", "description": "Who wrote it."},
            "year": {"type": "int", "description": "Year of print.", "default": 2000},
        },
    }
    authors = ("Woolf", "Borges", "Lem", "Achebe", "Sei")
    with path.open("w", encoding="utf-8") as out:
        for i in range(rows):
            author, year = authors[i % 5], 1900 + i
            call = {"name": "search_books", "arguments": {"author": author, "year": year}}
            row = {"id": i, "query": f"Find books by {author} printed in {year}."}
            row |= {"answers": json.dumps([call]), "tools": json.dumps([tool])}
            out.write(json.dumps(row) + "\n")
    return path


def callwright(
    *args: object,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    timeout: float = 100,
    before: Callable[[], object] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the command line in the folder `cwd` and return what it said; `before` runs in the child first."""
    return subprocess.run(
        [*COMMAND, *map(str, args)],
        cwd=cwd, env={**ENVIRONMENT, **(env or {})}, timeout=timeout, preexec_fn=before,
        stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
    )  # fmt: skip


def heed_interrupts() -> None:
    """Undo what a background job inherits: SIGINT is ignored there, and a test of Ctrl-C would hang."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def start(*args: object, cwd: Path) -> subprocess.Popen[str]:
    """Start the command line in the folder `cwd`, in a process group of its own."""
    return subprocess.Popen(
        [*COMMAND, *map(str, args)],
        cwd=cwd, env=ENVIRONMENT, start_new_session=True, preexec_fn=heed_interrupts,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip


def kill_again_and_again(*args: object, cwd: Path, times: int, within: float) -> None:
    """Start the command line so often and kill it, each time somewhere in the middle of so many seconds."""
    moments = random.Random(7)
    for _ in range(times):
        process = start(*args, cwd=cwd)
        time.sleep(moments.uniform(0.3, 0.9) * within)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def error_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line of a mistake: exit code 2, nothing on stdout, and nothing else on stderr."""
    line = last_error_line(done)
    assert done.stderr.splitlines() == [line]
    return line


def last_error_line(done: subprocess.CompletedProcess[str]) -> str:
    """Return the line of a mistake that shows only after stages were announced: it is the only error."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    *announced, line = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert all(said.startswith(("  ", "callwright build → ")) for said in announced), done.stderr
    return line


def processes_in(folder: Path) -> Iterator[int]:
    """Yield the processes of this machine that work in `folder` or below (Linux; elsewhere none is seen)."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            place = (entry / "cwd").readlink()
        except OSError:
            continue
        if place.is_relative_to(folder.resolve()):
            yield int(entry.name)
