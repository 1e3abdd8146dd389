"""Which runtimes are here, and which are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from callwright import __version__
from callwright.conform.llama_cpp import llama_cpp
from callwright.conform.llama_server import llama_server
from callwright.conform.reference import ours
from callwright.conform.runtime import Runtime
from callwright.conform.server import server
from callwright.conform.transformers_runtime import transformers
from callwright.conform.vllm_parser import vllm_parser
from callwright.errors import ConfigError
from callwright.models.local import silence


def tokenizer_of(folder: Path) -> Any:
    """Return the tokenizer of a folder; raises `ConfigError` where there is none with a chat template."""
    silence()
    if not (folder / "tokenizer_config.json").is_file():
        expected = "an exported model, a model or an adapter"
        raise ConfigError("no tokenizer there", place=str(folder), expected=expected)
    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    if tokenizer.chat_template is None:
        hint = "callwright export MODEL --to safetensors -o DIR writes one"
        raise ConfigError("no chat template there", place=str(folder), hint=hint)
    return tokenizer


def runtimes(folder: Path, tokenizer: Any) -> tuple[list[Runtime], list[str]]:
    """Return the runtimes that are here, and the names of those that are not."""
    wanted: dict[str, Callable[[], Runtime | None]] = {
        "callwright": lambda: ours(tokenizer, __version__),
        "Transformers": lambda: transformers(folder),
        "callwright serve": lambda: server(tokenizer, __version__),
        "vLLM tool parser": lambda: vllm_parser(folder, tokenizer),
        "llama.cpp": lambda: llama_cpp(folder),
        "llama-server": lambda: llama_server(folder),
    }
    found = {name: make() for name, make in wanted.items()}
    return [one for one in found.values() if one], [name for name, one in found.items() if one is None]
