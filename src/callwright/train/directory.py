"""The directory of a training run: what it was told, its best weights so far, those that it ends with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from callwright.errors import RunError
from callwright.store import sha256_file, write_json_atomic
from callwright.store.files import PART
from callwright.train.config import CONFIG, TrainConfig
from callwright.train.config import told as settings_of
from callwright.train.processes import processes
from callwright.train.validation import Validation

BEST = "best"
"""The folder with the best weights so far."""


def prepare(out: Path, config: TrainConfig, inputs: Mapping[str, Any]) -> None:
    """Make the run directory, or refuse one that was started with another configuration or other data."""
    out.mkdir(parents=True, exist_ok=True)
    everything = {**settings_of(config), "validation": config.validation, **inputs}
    told = {k: sha256_file(v) if isinstance(v, Path) else v for k, v in everything.items()}
    file = out / CONFIG
    if file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        differing = sorted(k for k in told.keys() | before.keys() if told.get(k) != before.get(k))
        if differing:
            raise RunError(
                "the directory holds a training run with other settings",
                place=str(out),
                got=", ".join(f"{k}: {before.get(k)!r} there, {told.get(k)!r} now" for k in differing),
                hint="choose another -o, or remove the directory",
            )
    elif processes().is_main_process:
        write_json_atomic(file, told)


@contextmanager
def whole(folder: Path, *, replace: bool = True) -> Iterator[Path]:
    """Give the place to write a folder at; it then takes that of `folder`, whole or not at all.

    Without `replace`, a folder that has come to be there meanwhile stays, and renaming fails.
    """
    part = folder.with_name(folder.name + PART)
    shutil.rmtree(part, ignore_errors=True)
    try:
        yield part
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    if replace:
        shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def leave(folder: Path, save: Callable[[Path], None], validation: Validation | None, step: int) -> None:
    """Leave the best weights that were measured, or the last ones where none were."""
    if validation is None or validation.best.step == step:
        save(folder)
    elif processes().is_main_process:
        with whole(folder) as part:
            shutil.copytree(folder.with_name(BEST), part)
