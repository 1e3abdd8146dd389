"""Where the work of studies is done: verbs of the command line, each run once for the same input.

What a verb made is found again by what went into it, the content of files included, so that arms and studies
share what they have in common, and a change to one arm makes only that arm anew.

    >>> lab = Lab(Path("out/studies/made"))                               # doctest: +SKIP
    >>> rows = lab.verb("unify", Path("raw"), makes="rows.jsonl")         # doctest: +SKIP
    >>> good = lab.verb("verify", rows, makes="rows.jsonl")               # doctest: +SKIP
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from callwright import __version__
from callwright.errors import ConfigError, RunError
from callwright.record import Json, Trajectory
from callwright.store import Run, Sink, read, sha256_file, sha256_text
from callwright.study.energy import counters, joules

LOG = "log.txt"
RESUMED = ("train", "evaluate", "build", "demo", "study")
"""Verbs that go on where an earlier run of theirs stopped: their folder is kept when one fails."""
_KEY = 12
"""Characters of a step's digest in the name of its folder."""


class Made(NamedTuple):
    """What one step left."""

    name: str
    """Of the verb, or of the function."""
    seconds: float
    reused: bool
    command: str
    joules: float | None
    """What the machine took meanwhile, where it tells."""


class Lab:
    """Runs steps into one folder and remembers them; studies share it, and wait for what others make."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.steps: dict[Path, Made] = {}
        """What this session asked for, by the path of the result."""
        self._waits = True
        self._digests: dict[tuple[str, int, int], str] = {}

    @contextmanager
    def not_waiting(self) -> Iterator[None]:
        """Raise `RunInUse` for a step that another process is making, where it would be waited for."""
        self._waits = False
        try:
            yield
        finally:
            self._waits = True

    def verb(self, *words: str | Path, makes: str) -> Path:
        """Run ``callwright WORDS -o FOLDER/makes`` unless that was done, and return what it made.

        A path among the words counts by its content, everything else by its text. Raises `RunError` where
        the command fails, with the last line that it wrote.
        """
        name = "-".join(str(word) for word in words[:2] if isinstance(word, str) and word.isalpha())
        told: list[Json] = [self._digest(word) if isinstance(word, Path) else word for word in words]

        def work(folder: Path) -> str:
            command = [*map(str, words), "-o", str(folder / makes)]
            _run(command, folder / LOG)
            return " ".join(command)

        return self._made(name, [*told, makes], makes, work, resumable=words[0] in RESUMED)

    def rows(
        self,
        name: str,
        function: Callable[..., Iterable[Trajectory]],
        *inputs: Path,
        **told: Json,
    ) -> Path:
        """Write the rows that a function makes of files of rows, unless that was done; return the file.

        The function gets an iterator of trajectories per file, then what it is told. It counts by its name.
        """

        def work(folder: Path) -> str:
            with Sink(folder / f"{name}.jsonl", name, told) as sink:
                for row in function(*map(trajectories, inputs), **told):
                    sink.put(row)
            return f"{function.__module__}.{function.__name__}({', '.join(map(str, inputs))}, {told})"

        key: list[Json] = [function.__module__, function.__name__, told, *map(self._digest, inputs)]
        return self._made(name, key, f"{name}.jsonl", work)

    def text(self, name: str, content: str) -> Path:
        """Write a file that a verb reads, such as one for ``--config``; return its place."""

        def work(folder: Path) -> str:
            (folder / name).write_text(content, encoding="utf-8")
            return f"{name}: {content!r}"

        return self._made("text", [name, content], name, work)

    def usual_seconds(self, name: str) -> float:
        """Return the median time of the steps of a name that this folder holds; 0 if it holds none."""
        taken = [
            float(msgspec.json.decode(file.read_bytes())["seconds"])
            for file in self.path.glob(f"{name}-{'?' * _KEY}/made/done.json")
        ]
        return statistics.median(taken) if taken else 0.0

    def _made(
        self, name: str, key: list[Json], makes: str, work: Callable[[Path], str], *, resumable: bool = False
    ) -> Path:
        identity: dict[str, Json] = {"version": __version__, "step": name, "key": key}

        def measured(place: Path) -> dict[str, Json]:
            before = counters()
            command = work(place)
            return {"command": command, "joules": joules(before, counters())}

        folder = self.path / f"{name}-{sha256_text(msgspec.json.encode(identity, order='sorted'))[:_KEY]}"
        with Run.open(folder, identity, wait=self._waits) as run:
            result = run.stage("made", measured, resumable=resumable)
        path = folder / "made" / makes
        if path not in self.steps:
            told: Any = result.summary
            self.steps[path] = Made(name, result.seconds, result.reused, told["command"], told.get("joules"))
        return path

    def _digest(self, path: Path) -> str:
        """Return the SHA-256 of a file, or of a folder's files with their names."""
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file())
            named = {str(file.relative_to(path)): self._digest(file) for file in inside}
            return sha256_text(msgspec.json.encode(named, order="sorted"))
        try:
            state = path.stat()
        except OSError as error:
            raise ConfigError("can not be read", place=str(path), got=error.strerror or str(error)) from None
        key = (str(path), state.st_mtime_ns, state.st_size)
        if key not in self._digests:
            self._digests[key] = sha256_file(path)
        return self._digests[key]


def trajectories(path: Path) -> Iterable[Trajectory]:
    """Yield the rows of a file; what is no row is an error here, since every file is of our own making."""
    for row in read(path, "study"):
        if not isinstance(row, Trajectory):
            raise RunError("not a row", place=row.path or str(path), got=row.detail)
        yield row


def _run(command: list[str], log: Path) -> None:
    """Run a verb in a process of its own, so that its memory is its own; what it says goes to `log`."""
    with log.open("ab") as stream:
        ended = subprocess.run(
            [sys.executable, "-m", "callwright", *command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env={**os.environ, "COLUMNS": "200"},
            check=False,
        )
    if ended.returncode:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise RunError(
            "a step of the study failed",
            place=f"callwright {' '.join(command)}",
            got=lines[-1] if lines else f"exit code {ended.returncode}",
            hint=f"all that it said: {log}",
        )
