"""The small files beside weights with which other runtimes say and read what this one does."""

from __future__ import annotations

import importlib.resources
import re

from callwright.record import Json
from callwright.train.export.config import Target

_GENERATION = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")
VLLM_PARSER = "vllm_tool_parser.py"


def without_generation(template: str) -> str:
    """Return a chat template without the tags that mark what is learnt, which other engines do not know."""
    return _GENERATION.sub("", template)


def response_template(turn_begin: str, turn_end: str) -> dict[str, Json]:
    """Return what `tokenizer.parse_response` reads answers with (transformers 5.13 and later).

    A thought is one only at the beginning: what a text says of `<think>` later on is text.
    """
    return {
        "start_anchor": turn_begin,
        "defaults": {"role": "assistant"},
        "fields": {
            "reasoning_content": {
                "open_pattern": r"\A\s*<think>",
                "close": "</think>",
                "content": "text",
            },
            "tool_calls": {
                "open": "<tool_call>",
                "close_pattern": r"</tool_call>\s*",
                "repeats": True,
                "content": "json",
                "transform": {"type": "function", "function": "{content}"},
            },
            "content": {"close_pattern": rf"{re.escape(turn_end)}\s*", "content": "text"},
        },
    }


def vllm_parser() -> str:
    """Return the source of the tool parser for vLLM."""
    return importlib.resources.files("callwright.train.export").joinpath(VLLM_PARSER).read_text("utf-8")


def serve_script(to: Target, name: str, base: str) -> str:
    """Return a shell script that serves an exported folder with whichever server is installed."""
    ours = "command -v callwright > /dev/null; then\n  exec callwright serve . "
    vllm = "command -v vllm > /dev/null; then\n  exec vllm serve "
    tools = (
        "--chat-template chat_template.jinja --enable-auto-tool-choice \\\n"
        f"    --tool-parser-plugin {VLLM_PARSER} --tool-call-parser callwright "
    )
    ways = {
        "safetensors": [
            f'{ours}"$@"',
            f'{vllm}. --served-model-name "{name}" \\\n    {tools}"$@"',
        ],
        "adapter": [
            f'{ours}"$@"',
            f'{vllm}"{base}" --enable-lora --lora-modules "{name}=." \\\n    {tools}"$@"',
        ],
        "gguf": [
            f'command -v llama-server > /dev/null; then\n  exec llama-server -m "{name}.gguf" --jinja "$@"',
        ],
    }[to]
    names = {"gguf": "llama-server is not"}.get(to, "neither callwright nor vllm is")
    chain = "\nelif ".join(ways)
    return (
        "#!/usr/bin/env bash\n# Serves this folder behind an OpenAI-compatible endpoint on this machine.\n"
        f'set -euo pipefail\ncd "$(dirname "$0")"\nif {chain}\nfi\n'
        f'echo "error: {names} installed" >&2\nexit 2\n'
    )
