"""Training: SFT, then DPO, of an adapter or of all weights, on TRL and PEFT.

What is ours is what they lack: rendering with a proven loss mask, a head that computes only the supervised
positions, a wall-clock budget that is planned instead of cut, and a run that survives kill -9.

    summary = sft(SftConfig(minutes=5), base=Path("smollm2"), data=Path("train.jsonl"), out=Path("run/sft"))

Nothing heavy is imported before `sft` or `dpo` is called.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from callwright.errors import CallwrightError, ExtraMissing
from callwright.store.files import write_error
from callwright.train.config import Details, DpoConfig, Progress, SftConfig
from callwright.train.export.config import Export, Measured

if TYPE_CHECKING:
    from callwright.train.config import Plan, TrainSummary

__all__ = [
    "Details",
    "DpoConfig",
    "Export",
    "Measured",
    "Progress",
    "SftConfig",
    "dpo",
    "export_model",
    "plan_dpo",
    "plan_sft",
    "sft",
]


def sft(
    config: SftConfig,
    *,
    base: Path,
    data: Path,
    out: Path,
    progress: Callable[[Progress], None] | None = None,
) -> TrainSummary:
    """Fine-tune `base` on the trajectories of `data`.

    The adapter lies in ``out/adapter`` afterwards, or, where all weights were trained, they in ``out/model``.
    A run that was interrupted continues when it is called again with the same arguments.
    """
    try:
        from callwright.train.supervised import run
    except ImportError as error:
        raise _missing(error) from error
    with _disk_of(out):
        return run(config, base=base, data=data, out=out, progress=progress)


def dpo(
    config: DpoConfig,
    *,
    base: Path,
    adapter: Path | None,
    pairs: Path,
    out: Path,
    progress: Callable[[Progress], None] | None = None,
) -> TrainSummary:
    """Prefer the chosen answers of `pairs`, starting from `adapter`, which is also the reference.

    Without one a fresh adapter is trained, and `base` is the reference.
    """
    try:
        from callwright.train.preference import run
    except ImportError as error:
        raise _missing(error) from error
    with _disk_of(out):
        return run(config, base=base, adapter=adapter, pairs=pairs, out=out, progress=progress)


def plan_sft(config: SftConfig, *, base: Path, data: Path) -> Plan:
    """Return what `sft` would do with these arguments; nothing is left behind."""
    try:
        from callwright.train.supervised import plan
    except ImportError as error:
        raise _missing(error) from error
    return plan(config, base=base, data=data)


def plan_dpo(config: DpoConfig, *, base: Path, adapter: Path | None, pairs: Path) -> Plan:
    """Return what `dpo` would do with these arguments; nothing is left behind."""
    try:
        from callwright.train.preference import plan
    except ImportError as error:
        raise _missing(error) from error
    return plan(config, base=base, adapter=adapter, pairs=pairs)


def export_model(source: Path, out: Path, wanted: Export) -> None:
    """Write the model in a directory, or what an adapter makes of its base, as other runtimes want it.

    `source` holds an adapter or a whole model; `out` is a folder that is written whole or not at all. Raises
    `ConfigError` for a folder that is there already and for what can not be written that way.
    """
    try:
        from callwright.train.export.folder import run
    except ImportError as error:
        raise _missing(error) from error
    with _disk_of(out):
        run(source, out, wanted)


@contextmanager
def _disk_of(out: Path) -> Iterator[None]:
    """Give a full disk the line that our own writers give it; torch and safetensors have others."""
    try:
        yield
    except CallwrightError:
        raise
    except Exception as error:
        says_so = f"(os error {errno.ENOSPC})" in str(error)
        if says_so or (out.is_dir() and shutil.disk_usage(out).free < 1 << 16):
            full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise write_error(out / "adapter", full) from error
        raise


def _missing(error: ImportError) -> ExtraMissing:
    return ExtraMissing(f"training needs the package {error.name!r}", hint="pip install 'callwright[train]'")
