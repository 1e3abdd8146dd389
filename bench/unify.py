"""50,000 rows in the layout of xlam-function-calling-60k: ours beside convmerge, on one file, in one run.

The rows are made here from a seed: 1 to 5 of 5,389 tools each, 1 to 3 calls, texts of invented words, 2.2 kB
a row. "verb" is what `callwright unify` does: it reads strictly (no key twice, no NaN), makes schemas legal,
gives each row its fingerprint, looks for secrets and writes the lines. "checked" also checks every call
against its schema. convmerge converts to messages and checks nothing. Each side runs in a process of its own
and has imported its code; time is CPU time from there, memory the peak of the process.

    pip install convmerge             # the peer; without it only ours is measured
    python bench/unify.py [repeats]   # 3 unless told
    python bench/unify.py million     # the verb on 1,000,000 rows (2.2 GB on disk): does memory stay flat?
"""

import importlib
import importlib.util
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROWS = 50_000
TOOLS = 5_389
TYPES = ("str", "int", "float", "bool", "List[str]", "str, optional", "int, optional", "dict")
DEFAULTS: dict[str, Any] = {"str": "x", "int": 3, "float": 0.5, "bool": True, "List[str]": ["a"], "dict": {}}


class Maker:
    """Makes rows from a seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        letters = "abcdefghijklmnopqrstuvwxyz"
        self._vocabulary = [
            "".join(self._rng.choices(letters, k=self._rng.randint(3, 9))) for _ in range(3_000)
        ]
        self._tools = [self._tool(i) for i in range(TOOLS)]

    def row(self, number: int) -> bytes:
        """Return a row as a JSON line."""
        tools = self._rng.sample(self._tools, self._rng.choice((1, 2, 2, 3, 3, 4, 5)))
        called = [self._rng.choice(tools) for _ in range(self._rng.choice((1, 1, 1, 2, 2, 3)))]
        row = {
            "id": number,
            "query": self._words(25) + "?",
            "answers": json.dumps([self._call(tool) for tool in called]),
            "tools": json.dumps(tools),
        }
        return json.dumps(row).encode() + b"\n"

    def _words(self, count: int) -> str:
        return " ".join(self._rng.choices(self._vocabulary, k=count))

    def _tool(self, number: int) -> dict[str, Any]:
        parameters = {}
        for _ in range(self._rng.randint(1, 5)):
            kind = self._rng.choice(TYPES)
            about: dict[str, Any] = {"description": self._words(10) + ".", "type": kind}
            if self._rng.random() < 0.4:
                about["default"] = DEFAULTS[kind.partition(",")[0]]
            parameters[self._words(2).replace(" ", "_")] = about
        name = f"{self._words(2).replace(' ', '_')}_{number}"
        return {"name": name, "description": self._words(14) + ".", "parameters": parameters}

    def _call(self, tool: dict[str, Any]) -> dict[str, Any]:
        given = {
            name: self._value(about["type"].partition(",")[0])
            for name, about in tool["parameters"].items()
            if "default" not in about or self._rng.random() < 0.5
        }
        return {"name": tool["name"], "arguments": given}

    def _value(self, kind: str) -> Any:
        makers: dict[str, Callable[[], Any]] = {
            "str": lambda: self._words(2),
            "int": lambda: self._rng.randint(0, 999),
            "float": lambda: self._rng.random() * 10,
            "bool": lambda: self._rng.random() < 0.5,
            "List[str]": lambda: self._words(2).split(),
            "dict": lambda: {"a": self._words(1)},
        }
        return makers[kind]()


def write_rows(path: Path, count: int) -> None:
    """Write `count` rows."""
    maker = Maker(seed=7)
    with path.open("wb") as stream:
        stream.writelines(maker.row(i) for i in range(count))


# --- what is measured; each in a process of its own


def checked(source: Path, out: Path) -> int:
    """Unify and check every call, block by block as the verb does; return the findings."""
    from callwright.record import Trajectory
    from callwright.schema import check, surely_valid
    from callwright.secrets import innocent
    from callwright.unify import files
    from callwright.unify.convert import Converter, Origin
    from callwright.unify.elements import decoded
    from callwright.unify.lines import batch_of
    from callwright.unify.rows import File

    convert = Converter(Origin(File(source, source.name, source.stem), "xlam_60k"))
    wrong = 0
    with out.open("wb") as stream:
        for block in files.blocks(source):
            rows = list(convert.rows(decoded(block)))
            for row in rows:
                assert isinstance(row, Trajectory), row
                schemas = {tool.name: tool.parameters for tool in row.tools or ()}
                for message in row.messages:
                    for call in message.tool_calls:
                        if not surely_valid(schemas[call.name], call.arguments):
                            wrong += sum(1 for _ in check(schemas[call.name], call.arguments))
            lines = batch_of(rows).kept
            assert innocent(str(lines, "utf-8"))
            stream.write(lines)
    return wrong


def verb(source: Path, out: Path) -> int:
    """Do what ``callwright unify`` does; return the dropped rows."""
    from callwright.store import Sink
    from callwright.unify import unify_lines

    with Sink(out, "unify", {}) as sink:
        for batch in unify_lines([source]):
            sink.put_lines(*batch)
    return sink.report.dropped


def convmerge(source: Path, out: Path) -> int:
    """Convert with the peer, by the adapter that it chooses itself."""
    from convmerge.cli import main

    return int(main(["convert", "-i", str(source), "-o", str(out), "--from", "auto"]) or 0)


SIDES: dict[str, Callable[[Path, Path], int]] = {"checked": checked, "verb": verb, "convmerge": convmerge}


def child(side: str, source: Path) -> None:
    """Run one side and print its CPU seconds, its peak memory and what it returned."""
    importlib.import_module("convmerge.cli" if side == "convmerge" else "callwright.unify")
    with tempfile.TemporaryDirectory() as scratch:
        started = time.process_time()
        returned = SIDES[side](source, Path(scratch) / "out.jsonl")
        seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stderr.write("\n" + json.dumps([seconds, peak, returned]))


def measure(side: str, source: Path) -> tuple[float, float, int]:
    """Return CPU seconds, MiB and result of one side."""
    done = subprocess.run(
        [sys.executable, __file__, "child", side, str(source)], capture_output=True, text=True, check=True
    )
    seconds, peak, returned = json.loads(done.stderr.splitlines()[-1])
    return seconds, peak, returned


def compare(repeats: int) -> None:
    """Print rates, memory and the ratio."""
    sides = [s for s in SIDES if s != "convmerge" or importlib.util.find_spec("convmerge")]
    if "convmerge" not in sides:
        print("convmerge is not installed (pip install convmerge): measured without it")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "rows.jsonl"
        write_rows(source, ROWS)
        size = source.stat().st_size
        print(f"{ROWS:,} rows, {size / 1e6:.0f} MB, {TOOLS:,} distinct tools; medians of {repeats} rounds")
        found = {side: [] for side in sides}
        for _ in range(repeats):
            for side in sides:
                found[side].append(measure(side, source))
    rates = {}
    for side, runs in found.items():
        rates[side] = ROWS / statistics.median(seconds for seconds, _, _ in runs)
        peak = statistics.median(peak for _, peak, _ in runs)
        print(f"{side:10} {rates[side]:8,.0f} rows/CPU-s   peak {peak:4.0f} MiB   result {runs[0][2]}")
    if "convmerge" in rates:
        print(f"ratio checked / convmerge: {rates['checked'] / rates['convmerge']:.2f}")


def million() -> None:
    """Print rate and peak memory for 50,000 and for 1,000,000 rows."""
    with tempfile.TemporaryDirectory() as folder:
        for count in (ROWS, 20 * ROWS):
            source = Path(folder) / "rows.jsonl"
            write_rows(source, count)
            seconds, peak, dropped = measure("verb", source)
            print(
                f"{count:9,} rows: {count / seconds:,.0f} rows/CPU-s, peak {peak:.0f} MiB, {dropped} dropped"
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(sys.argv[2], Path(sys.argv[3]))
    elif sys.argv[1:2] == ["million"]:
        million()
    else:
        compare(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
