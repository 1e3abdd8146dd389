"""The tool parser for vLLM, inside vLLM where that is here, else behind the few classes that it needs."""

from __future__ import annotations

import importlib.util
import json
import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callwright.conform.reference import pieces
from callwright.conform.runtime import Runtime, Said, Written
from callwright.formats.chat import split_thought
from callwright.train.export.beside import VLLM_PARSER


def vllm_parser(folder: Path, tokenizer: Any) -> Runtime | None:
    """Return the parser that lies in an exported folder; None where there is none."""
    file = folder / VLLM_PARSER
    if not file.is_file():
        return None
    try:
        import vllm

        version = vllm.__version__
    except ImportError:
        version = "its interface, without vLLM"
    parser_of = load(file, real=version[0].isdigit())

    def calls(case: Written) -> Said:
        found = parser_of(tokenizer).extract_tool_calls(_behind_thought(case), None)
        made = tuple(_call(one.function.name, one.function.arguments) for one in found.tool_calls)
        return Said((found.content or "").strip(), made, case.said.reasoning)

    def streamed(case: Written, cuts: Sequence[int]) -> Said:
        parser, text, told = parser_of(tokenizer), "", ""
        made: dict[int, tuple[str, dict[str, Any]]] = {}
        parts = pieces(_behind_thought(case), cuts)
        for place, piece in enumerate(parts):
            ids = [tokenizer.eos_token_id] if place == len(parts) - 1 else []
            delta = parser.extract_tool_calls_streaming(text, text + piece, piece, [], ids, ids, None)
            text += piece
            if delta is None:
                continue
            told += delta.content or ""
            made |= {one.index: _call(one.function.name, one.function.arguments) for one in delta.tool_calls}
        return Said(told.strip(), tuple(made[index] for index in sorted(made)), case.said.reasoning)

    return Runtime("vLLM tool parser", version, calls=calls, streamed=streamed)


def _behind_thought(case: Written) -> str:
    """Return what the parser is given: vLLM takes thoughts away before."""
    return split_thought(case.text)[1] or ""


def _call(name: str, arguments: str) -> tuple[str, dict[str, Any]]:
    return name, json.loads(arguments)


def load(file: Path, *, real: bool) -> Any:
    """Return the class in a plugin file."""
    spec = importlib.util.spec_from_file_location("callwright_vllm_plugin", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    if real:
        spec.loader.exec_module(module)
    else:
        with _standing_in():
            spec.loader.exec_module(module)
    return module.CallwrightToolParser


@contextmanager
def _standing_in() -> Iterator[None]:
    """Let modules of vLLM be imported that hold what the plugin takes from them."""
    parsers = types.ModuleType("vllm.tool_parsers.abstract_tool_parser")
    parsers.ToolParser, parsers.ToolParserManager = _ToolParser, _Manager  # type: ignore[attr-defined]
    protocol = types.ModuleType("vllm.entrypoints.openai.engine.protocol")
    for name in _VALUES:
        setattr(protocol, name, _Value)
    modules: dict[str, types.ModuleType] = {parsers.__name__: parsers, protocol.__name__: protocol}
    for name in list(modules):
        for end in range(name.count("."), 0, -1):
            package = ".".join(name.split(".")[:end])
            modules.setdefault(package, types.ModuleType(package))
    sys.modules |= modules
    try:
        yield
    finally:
        for name in modules:
            sys.modules.pop(name, None)


_VALUES = (
    "ToolCall", "FunctionCall", "DeltaToolCall", "DeltaFunctionCall", "DeltaMessage",
    "ExtractedToolCallInformation",
)  # fmt: skip


class _Value:
    """A value of vLLM's protocol: what it was given by name."""

    def __init__(self, **given: Any) -> None:
        self.__dict__.update(given)


@dataclass
class _ToolParser:
    """What vLLM's base class keeps for its parsers."""

    model_tokenizer: Any
    tools: Any = None
    prev_tool_call_arr: list[Any] = field(default_factory=list)
    streamed_args_for_tool: list[str] = field(default_factory=list)
    current_tool_id: int = -1


class _Manager:
    """Takes parsers and does nothing with them."""

    @staticmethod
    def register_module(name: str, force: bool, module: type) -> None: ...
