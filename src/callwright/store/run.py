"""A run directory that can be trusted.

It holds the exact config (``run.json``), one folder per stage with a marker that is written last
(``done.json``, with the digest of every file the stage left), and ``run.done.json`` after the last stage.
Opening it again with the same config goes on where it stopped; with another config it is refused.

    >>> with Run.open(Path("runs/a"), {"seed": 1}) as run:      # doctest: +SKIP
    ...     result = run.stage("data", lambda folder: {"rows": make_rows(folder / "train.jsonl")})
"""

from __future__ import annotations

import os
import re
import shutil
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from callwright.errors import RunError, RunInUse
from callwright.record import Json
from callwright.store.files import (
    PART,
    sha256_file,
    sha256_text,
    try_lock,
    wait_for_lock,
    write_error,
    write_json_atomic,
)

BIG_FILE = 64 * 1024 * 1024
"""Bytes. Above it a marker records a file's size instead of its digest, so that resuming stays quick."""

_CONFIG, _LOCK, _FINISHED, _MARKER = "run.json", "run.lock", "run.done.json", "done.json"
_OWN = {_CONFIG, _LOCK, _FINISHED, _CONFIG + PART, _FINISHED + PART}
_ABSENT = "(absent)"


class _State(msgspec.Struct):
    """The content of ``run.json``."""

    config: dict[str, Json]
    stages: dict[str, str] = {}
    """Name of every stage that was ever begun, and the digest of what lay before it then."""


class _Marker(msgspec.Struct):
    """The content of a stage's ``done.json``."""

    summary: dict[str, Json]
    seconds: float
    before: str
    """Digest of the outputs of all earlier stages; a stage is only as valid as what it was made from."""
    outputs: dict[str, str]
    """Relative path to ``sha256:…``, or to ``size:…`` for a big file."""


@dataclass(frozen=True)
class StageResult:
    """What a stage reported, now or in the session that ran it."""

    name: str
    summary: dict[str, Json]
    seconds: float
    reused: bool


class Run:
    """An open run directory, locked against every other process until `close` or the end of this one."""

    def __init__(self, path: Path, state: _State, lock: int) -> None:
        self.path = path
        self._state = state
        self._before = sha256_text("")
        self._unlock = weakref.finalize(self, os.close, lock)

    @classmethod
    def open(cls, path: Path, config: Mapping[str, Json], *, fresh: bool = False, wait: bool = False) -> Self:
        """Create a run directory, or go on in one that was made with the same config.

        `fresh` removes what the run itself wrote and keeps everything else; `wait` waits for a process that
        uses the directory. Raises `RunError` for another config (naming each key that differs), for a
        directory that is no run, and, unless it waits, `RunInUse` for one that another process is using.
        """
        wanted: dict[str, Json] = _plain(dict(config))
        _refuse_foreign(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = _lock(path, wait)
        except OSError as error:
            raise write_error(path, error) from None
        try:
            state = _read_state(path)
            if state is not None and fresh:
                _remove_own(path, state)
                state = None
            if state is None:
                state = _State(config=wanted)
                write_json_atomic(path / _CONFIG, state)
            _refuse_other_config(path, state.config, wanted)
        except BaseException:
            os.close(lock)
            raise
        return cls(path, state, lock)

    @property
    def config(self) -> dict[str, Json]:
        """The config that the run was made with."""
        return self._state.config

    @property
    def finished(self) -> bool:
        """True after `mark_finished`, until a stage has to be done again."""
        return (self.path / _FINISHED).is_file()

    def stage(
        self, name: str, work: Callable[[Path], Mapping[str, Json]], *, resumable: bool = False
    ) -> StageResult:
        """Run `work` on the stage's folder, unless an earlier session finished it and nothing changed since.

        Stages form a line: a stage is done again if its own outputs, or those of any stage before it, are
        not what its marker says. `work` then finds an empty folder, or, if it is `resumable` and its inputs
        are the same, whatever an interrupted session left there. What `work` returns is kept as summary.
        """
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", name) or name in _OWN:
            raise ValueError(f"not a name for a stage: {name!r}")
        folder = self.path / name
        marker = _read_marker(folder)
        reused = marker is not None and marker.before == self._before and _holds(folder, marker.outputs)
        if marker is None or not reused:
            marker = self._work(name, folder, work, resumable)
        self._before = sha256_text(msgspec.json.encode([self._before, name, marker.outputs], order="sorted"))
        return StageResult(name, marker.summary, marker.seconds, reused)

    def _work(
        self, name: str, folder: Path, work: Callable[[Path], Mapping[str, Json]], resumable: bool
    ) -> _Marker:
        if name not in self._state.stages and (
            folder.is_file() or (folder.is_dir() and any(folder.iterdir()))
        ):
            raise RunError("not written by this run", place=str(folder), hint="move it elsewhere")
        (self.path / _FINISHED).unlink(missing_ok=True)
        (folder / _MARKER).unlink(missing_ok=True)
        if not (resumable and self._state.stages.get(name) == self._before):
            _empty(folder)
        # Recorded before the folder exists, so that `fresh` knows what it may remove.
        self._state.stages[name] = self._before
        write_json_atomic(self.path / _CONFIG, self._state)
        folder.mkdir(exist_ok=True)
        started = time.monotonic()
        summary = _plain(dict(work(folder)))
        seconds = round(time.monotonic() - started, 3)
        marker = _Marker(
            summary, seconds, self._before, {rel: _digest(folder / rel) for rel in _files(folder)}
        )
        write_json_atomic(folder / _MARKER, marker)
        return marker

    def mark_finished(self, summary: Mapping[str, Json]) -> None:
        """Write ``run.done.json``, the last file of a run."""
        write_json_atomic(
            self.path / _FINISHED, {"summary": dict(summary), "stages": list(self._state.stages)}
        )

    def close(self) -> None:
        """Let other processes open the directory."""
        self._unlock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _plain(value: dict[str, Json]) -> dict[str, Json]:
    """Return what a JSON file gives back for `value`, so that a first run and a resumed one see the same."""
    plain: dict[str, Json] = msgspec.json.decode(msgspec.json.encode(value))
    return plain


def _refuse_foreign(path: Path) -> None:
    """Raise unless `path` is absent, a run, or empty but for what a run leaves that died at its start."""
    if path.exists() and not path.is_dir():
        raise RunError("not a directory", place=str(path), hint="choose another -o")
    if not path.is_dir() or (path / _CONFIG).exists():
        return
    foreign = sorted(entry.name for entry in path.iterdir() if entry.name not in _OWN)
    if foreign:
        raise RunError(
            "the directory is not empty and holds no run",
            place=str(path),
            got=", ".join(foreign[:3]) + (", …" if len(foreign) > 3 else ""),
            hint="choose another -o, or empty the directory yourself",
        )


def _lock(path: Path, wait: bool) -> int:
    handle = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    if wait:
        wait_for_lock(handle)
    elif not try_lock(handle):
        owner = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(handle)
        raise RunInUse(
            f"the run is in use by process {owner}",
            place=str(path),
            hint="wait for that process to end, or choose another -o",
        )
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
    return handle


def _read_state(path: Path) -> _State | None:
    try:
        return msgspec.json.decode((path / _CONFIG).read_bytes(), type=_State)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RunError(
            "the run's config can not be read",
            place=str(path / _CONFIG),
            got=str(error),
            hint="choose another -o, or remove the directory yourself",
        ) from None


def _refuse_other_config(path: Path, there: dict[str, Json], here: dict[str, Json]) -> None:
    old, new = dict(_leaves(there)), dict(_leaves(here))
    keys = [key for key in {**old, **new} if old.get(key, _ABSENT) != new.get(key, _ABSENT)]
    if keys:
        raise RunError(
            "the run was made with another config",
            place=str(path),
            expected=", ".join(f"{key} = {old.get(key, _ABSENT)}" for key in keys),
            got=", ".join(f"{key} = {new.get(key, _ABSENT)}" for key in keys),
            hint="--fresh starts it over, another -o keeps both",
        )


def _leaves(value: Json, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield dotted key (quoted where it holds a dot) and JSON text of all that is no object, or empty."""
    if isinstance(value, dict) and (value or not prefix):
        for key, item in value.items():
            name = key if re.fullmatch(r"[\w-]+", key) else _json(key)
            yield from _leaves(item, f"{prefix}.{name}" if prefix else name)
    else:
        yield prefix, _json(value)


def _json(value: Json) -> str:
    return msgspec.json.encode(value).decode("utf-8")


def _read_marker(folder: Path) -> _Marker | None:
    try:
        return msgspec.json.decode((folder / _MARKER).read_bytes(), type=_Marker)
    except (OSError, ValueError):
        return None  # no marker that can be trusted: the stage is done again


def _files(folder: Path) -> list[str]:
    found = (path for path in folder.rglob("*") if path.is_file() and path != folder / _MARKER)
    return sorted(path.relative_to(folder).as_posix() for path in found)


def _digest(path: Path) -> str:
    size = path.stat().st_size
    return f"size:{size}" if size > BIG_FILE else f"sha256:{sha256_file(path)}"


def _holds(folder: Path, outputs: dict[str, str]) -> bool:
    return all(
        (folder / rel).is_file() and _digest(folder / rel) == digest for rel, digest in outputs.items()
    )


def _empty(folder: Path) -> None:
    """Remove what lies in `folder`; a link goes, what it points to stays."""
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _remove_own(path: Path, state: _State) -> None:
    """Remove all that the run wrote except its config, so that a crash in between leaves a run."""
    (path / _FINISHED).unlink(missing_ok=True)
    for name in state.stages:
        folder = path / name
        (folder / _MARKER).unlink(missing_ok=True)
        _empty(folder)
        if folder.is_symlink():
            folder.unlink()
        elif folder.is_dir():
            folder.rmdir()
