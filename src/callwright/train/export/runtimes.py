"""The small files beside weights with which other runtimes say and read what this one does."""

from __future__ import annotations

import importlib.resources
import json
import re

from callwright.record import Json

_GENERATION = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")


def without_generation(template: str) -> str:
    """Return a chat template without the tags that mark what is learnt, which other engines do not know."""
    return _GENERATION.sub("", template)


def response_template(turn_end: str) -> dict[str, Json]:
    """Return what `tokenizer.parse_response` reads answers with (transformers 5.13 and later)."""
    end = re.escape(turn_end)
    return {
        "defaults": {"role": "assistant"},
        "fields": {
            "reasoning_content": {"open": "<think>", "close_pattern": r"</think>\s*", "content": "text"},
            "tool_calls": {
                "open": "<tool_call>",
                "close_pattern": r"</tool_call>\s*",
                "repeats": True,
                "content": "json",
                "transform": {"type": "function", "function": "{content}"},
            },
            "content": {"close_pattern": rf"{end}\s*", "content": "text"},
        },
    }


def vllm_plugin() -> str:
    """Return the source of a tool parser for vLLM."""
    return (
        importlib.resources.files("callwright.train.export")
        .joinpath("vllm_tool_parser.py.txt")
        .read_text("utf-8")
    )


def serve_script(folder: str) -> str:
    """Return a shell script that serves an exported model, by whichever server is installed."""
    return f"""#!/usr/bin/env bash
# Serves this folder at http://127.0.0.1:8000/v1.
set -euo pipefail
cd "$(dirname "$0")"
if command -v callwright > /dev/null; then
  exec callwright serve . "$@"
elif command -v vllm > /dev/null; then
  exec vllm serve . --served-model-name {json.dumps(folder)} --chat-template chat_template.jinja \\
    --enable-auto-tool-choice --tool-parser-plugin vllm_tool_parser.py --tool-call-parser callwright "$@"
fi
echo "error: neither callwright nor vllm is installed" >&2
exit 2
"""
