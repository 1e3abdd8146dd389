"""Where a data verb's files lie, and that none of them is one that it reads.

>>> [path.name for path in outputs(Path("rows.jsonl.zst"))]
['rows.jsonl.zst', 'rows.dropped.jsonl.zst', 'rows.report.json']
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from callwright.errors import ConfigError
from callwright.store.lines import SUFFIXES, split_name

_FOREIGN = ".parquet"
"""The end of a name that only exports have; that of a folder has none."""


def dropped_path(out: Path) -> Path:
    """Return where the dropped rows of `out` lie; raises `ConfigError` for a name that is no row file's."""
    stem, suffix = split_name(out)
    return out.with_name(f"{stem}.dropped{suffix}")


def report_path(out: Path) -> Path:
    """Return where the report of `out` lies; raises `ConfigError` for a name that is no row file's."""
    return out.with_name(f"{split_name(out)[0]}.report.json")


def outputs(out: Path) -> tuple[Path, Path, Path]:
    """Return `out` with its dropped rows and its report, also for what an export may be called."""
    if out.name.endswith(SUFFIXES):
        return out, dropped_path(out), report_path(out)
    whole = out if out.name else out.resolve()  # the folder "." has a name only so
    stem = whole.name.removesuffix(_FOREIGN)
    return out, whole.parent / f"{stem}.dropped.jsonl", whole.parent / f"{stem}.report.json"


def refuse_to_overwrite(out: Path, inputs: Iterable[Path]) -> None:
    """Raise `ConfigError` if one of the `outputs` is a file that is read, or lies in a folder that is."""
    places = {path.resolve(): path for path in outputs(out)}
    for path in inputs:
        read = path.resolve()
        if path.is_dir() and out.resolve().is_relative_to(read):
            what, place = f"would write into the folder it reads, {path}, and read that the next time", out
        elif path.exists() and read in places:
            what, place = "would overwrite the rows it reads", places[read]
        else:
            continue
        raise ConfigError(what, place=str(place), hint="choose another -o")
