"""The card beside trained weights: what they were made of, how, by whose licence, and what came out."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from callwright.train.config import TrainSummary

NAME = "README.md"
PACKAGES = ("callwright", "torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers")


def versions() -> dict[str, str]:
    """Return the versions of Python and of what training stands on."""
    return {"python": platform.python_version(), **dict(_versions())}


def _versions() -> Iterator[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def write(folder: Path, summary: TrainSummary, told: Mapping[str, Any]) -> None:
    """Write the card of the folder with the weights; `told` is what the run directory says it was told."""
    (folder / NAME).write_text("\n".join(_lines(folder.name, summary, told)) + "\n", encoding="utf-8")


def _lines(kind: str, summary: TrainSummary, told: Mapping[str, Any]) -> Iterator[str]:
    base = without_folder(told.get("base", ""))
    library = "peft" if kind == "adapter" else "transformers"
    yield from (
        "---",
        f"base_model: {base}",
        f"library_name: {library}",
        "tags: [function-calling]",
        "---",
        "",
    )
    yield from (f"# {base}, {summary.stage.upper()} on {summary.rows:,} rows", "")
    yield from figures(summary)
    yield from ("", "## Licences of the data", "")
    licences = sorted(summary.licences.items())
    yield from (f"- {name or 'not told'}: {count:,} rows" for name, count in licences)
    yield from ("", "The base model has a licence of its own. These weights may be used as both allow.", "")
    yield from ("## Told", "")
    yield from settings(told)
    yield from ("", "## Made with", "")
    yield from (f"- {name} {number}" for name, number in summary.versions.items())


def figures(summary: TrainSummary) -> Iterator[str]:
    """Yield what a training came to, a sentence each."""
    yield (
        f"{summary.steps:,} steps, {summary.epochs:g} epochs, {summary.tokens:,} tokens of which "
        f"{summary.supervised_tokens:,} were learnt; {summary.trainable_parameters:,} trained weights in "
        f"{summary.dtype}. Loss {summary.first_loss:.3f} at the first step, {summary.last_loss:.3f} at the "
        "last."
    )
    if summary.validation is not None:
        seen = summary.validation
        yield (
            f"On {seen.rows:,} rows that were not trained on: {seen.first_loss:.3f} before, "
            f"{seen.best_loss:.3f} at step {seen.best_step:,}, whose weights these are."
        )


def without_folder(value: Any) -> Any:
    """Return a path without where it lay: that is nobody's business; its name and hash are."""
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def settings(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a training was told, as a list."""
    for key, value in sorted(told.items()):
        if value in (None, [], "") or key == "base_directory":
            continue
        yield f"- {key}: {without_folder(value)}"
