"""Weights read from a folder: every one that the model has, from safetensors only, or an error.

The libraries beneath draw what a file lacks at random and go on, with a warning at most.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from callwright.errors import ConfigError


def read_model(base: Path, **how: Any) -> Any:
    """Return the model in a directory; `how` is what else transformers' `from_pretrained` is told.

    Raises `ConfigError` for one that can not be read, or whose files lack some of its weights.
    """
    from transformers import AutoModelForCausalLM

    with readable(base):
        model, told = AutoModelForCausalLM.from_pretrained(
            str(base), use_safetensors=True, local_files_only=True, output_loading_info=True, **how
        )
    if lacking := sorted(told["missing_keys"]):
        raise ConfigError(
            "the model's files do not hold all of its weights",
            place=str(base),
            got=f"{len(lacking)} are missing, the first is {lacking[0]}",
            hint="config.json tells of another model, or a file is missing",
        )
    return model


def read_adapter(model: Any, path: Path, **how: Any) -> Any:
    """Return `model` with the adapter in a directory; `how` is what else PEFT's `from_pretrained` is told.

    Raises `ConfigError` for one that can not be read, or that lacks weights for this model.
    """
    from peft import PeftModel

    if not (path / "adapter_model.safetensors").is_file():
        raise ConfigError("the adapter has no adapter_model.safetensors", place=str(path))
    with readable(path), warnings.catch_warnings():
        warnings.filterwarnings("error", message="Found missing adapter keys")
        try:
            return PeftModel.from_pretrained(model, str(path), **how)
        except UserWarning:
            raise ConfigError(
                "the adapter's file does not hold all weights that it has on this model",
                place=str(path),
                hint="it was trained on another model, or its layers were renamed",
            ) from None


def merge_adapter(model: Any, path: Path) -> Any:
    """Return the base model with the adapter in a directory merged into its weights."""
    return read_adapter(model, path).merge_and_unload()


@contextmanager
def readable(place: Path) -> Iterator[None]:
    """Raise `ConfigError` for what the libraries say of folders that hold no model that they can read."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ConfigError("the model can not be loaded", place=str(place), got=reason) from error
