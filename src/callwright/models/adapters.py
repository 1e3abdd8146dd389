"""What a training run leaves: a LoRA adapter, with the base model that it names, or a whole model."""

from __future__ import annotations

import json
from pathlib import Path

from callwright.errors import ConfigError


def left_in(path: Path) -> Path:
    """Return the folder that a training run left its weights in; `path` itself if it is no run's directory.

    Raises `ConfigError` for a run that has not ended.
    """
    for folder, mark in ((path / "adapter", "adapter_config.json"), (path / "model", "config.json")):
        if (folder / mark).is_file():
            return folder
    if (path / "checkpoints").is_dir():
        raise ConfigError(
            "the training run in this directory has not ended", place=str(path), hint="call its command again"
        )
    return path


def base_of(path: Path) -> Path:
    """Return the directory of the base model: `path` itself unless it is an adapter."""
    if (path / "adapter_config.json").is_file():
        try:
            config = json.loads((path / "adapter_config.json").read_text(encoding="utf-8"))
            base = Path(config["base_model_name_or_path"])
        except (ValueError, KeyError, TypeError):
            raise ConfigError("adapter_config.json names no base model", place=str(path)) from None
        if not (base / "config.json").is_file():
            raise ConfigError(
                "the adapter's base model is not there",
                place=str(path),
                got=str(base),
                hint="put it back, or set base_model_name_or_path in adapter_config.json",
            )
        return base
    if not (path / "config.json").is_file():
        raise ConfigError(
            "no model in this directory", place=str(path), expected="config.json or adapter_config.json"
        )
    return path
