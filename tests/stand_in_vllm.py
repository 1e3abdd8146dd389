"""The parser for vLLM as it is shipped, behind a stand-in for the few classes of vLLM that it needs."""

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from callwright.conform.vllm_parser import load


@cache
def parser_class() -> Any:
    """The class that vLLM would make for each answer."""
    folder = Path(str(resources.files("callwright.train.export")))
    return load(folder / "vllm_tool_parser.py", real=False)
