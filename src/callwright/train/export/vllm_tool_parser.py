r"""Reads the calls of a model that callwright trained, for vLLM; this file needs nothing else.

    vllm serve . --enable-auto-tool-choice \
      --tool-parser-plugin vllm_tool_parser.py --tool-call-parser callwright

The model writes free text, then one block per call, each on lines of its own:
`<tool_call>`, `{"name": …, "arguments": {…}}`, `</tool_call>`. A text that is no such reply is content as a
whole, never a guessed call. Vendored from callwright (Apache-2.0), which tests it against its own parser.
"""

from __future__ import annotations

import importlib
import json
import uuid
from collections.abc import Sequence
from typing import Any, NoReturn

Call = dict[str, Any]


def _first(names: Sequence[str], attribute: str) -> Any:
    """Return the module of vLLM that has an attribute: they moved from version to version."""
    for name in names:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        if hasattr(module, attribute):
            return module
    raise ImportError(f"no module of this vLLM has {attribute}; looked in {', '.join(names)}")


_parsers = _first(
    ("vllm.tool_parsers.abstract_tool_parser", "vllm.entrypoints.openai.tool_parsers.abstract_tool_parser"),
    "ToolParserManager",
)
_protocol = _first(
    (
        "vllm.entrypoints.generate.base.protocol",
        "vllm.entrypoints.openai.engine.protocol",
        "vllm.entrypoints.openai.protocol",
    ),
    "DeltaToolCall",
)

OPEN, CLOSE = "<tool_call>", "</tool_call>"
MARKERS = (OPEN, CLOSE)
BLANK = " \t\r\n"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object names a key twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)


def _behind_blanks(text: str, place: int) -> int:
    while place < len(text) and text[place] in BLANK:
        place += 1
    return place


def _block(text: str, place: int) -> tuple[Call, int]:
    """Return the call of the block at a place and where it ends; raises `ValueError` where there is none."""
    if not text.startswith(OPEN, place):
        raise ValueError("text behind a call")
    try:
        call, end = _decoder.raw_decode(text, _behind_blanks(text, place + len(OPEN)))
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(call, dict) or set(call) != {"name", "arguments"}:
        raise ValueError("no call")
    if not isinstance(call["name"], str) or not call["name"] or not isinstance(call["arguments"], dict):
        raise ValueError("no call")
    end = _behind_blanks(text, end)
    if not text.startswith(CLOSE, end):
        raise ValueError("the block does not end")
    return call, _behind_blanks(text, end + len(CLOSE))


def calls_in(text: str) -> tuple[str, list[Call]]:
    """Return the free text and the calls of a reply; raises `ValueError` for a text that is none."""
    first = text.find(OPEN)
    before = text if first < 0 else text[:first]
    if "<tool_call" in before or "</tool_call" in before:
        raise ValueError("a marker that opens no block")
    if first < 0:
        return text, []
    calls: list[Call] = []
    place = first
    while place < len(text):
        call, place = _block(text, place)
        calls.append(call)
    return before.removesuffix("\n"), calls


def whole_calls(text: str) -> list[Call]:
    """Return the calls of a reply that is still being written, as far as their blocks are whole."""
    calls: list[Call] = []
    place = text.find(OPEN)
    while 0 <= place < len(text):
        try:
            call, place = _block(text, place)
        except ValueError:
            break
        calls.append(call)
    return calls


def certain(text: str) -> str:
    """Return the free text that no marker follows and that no marker or line break can still follow."""
    ends = [text.find(marker) for marker in MARKERS if marker in text]
    if ends:
        return text[: min(ends)].removesuffix("\n")
    held = max(
        next(size for size in range(len(marker) - 1, -1, -1) if text.endswith(marker[:size]))
        for marker in MARKERS
    )
    return text[: len(text) - held].removesuffix("\n")


_ToolParser: Any = _parsers.ToolParser


class CallwrightToolParser(_ToolParser):  # type: ignore[misc]  # the base is of another package
    """Tells of content as soon as it is certain, and of a call as soon as it is whole."""

    def __init__(self, tokenizer: Any, *more: Any) -> None:
        super().__init__(tokenizer, *more)
        self._told = 0
        self._end = getattr(tokenizer, "eos_token_id", None)

    def extract_tool_calls(self, model_output: str, request: Any) -> Any:
        """Return what a whole answer says."""
        try:
            content, calls = calls_in(model_output)
        except ValueError:
            content, calls = model_output, []
        made = [
            _protocol.ToolCall(
                id=_new_id(),
                type="function",
                function=_protocol.FunctionCall(name=call["name"], arguments=_written(call["arguments"])),
            )
            for call in calls
        ]
        return _protocol.ExtractedToolCallInformation(
            tools_called=bool(made), tool_calls=made, content=content if content or not made else None
        )

    def extract_tool_calls_streaming(
        self,
        previous_text: str,
        current_text: str,
        delta_text: str,
        previous_token_ids: Sequence[int],
        current_token_ids: Sequence[int],
        delta_token_ids: Sequence[int],
        request: Any,
    ) -> Any:
        """Return how the answer goes on, or None where nothing is certain yet."""
        text = self._text(current_text, ended=self._end in delta_token_ids)
        content, self._told = text[self._told :], max(self._told, len(text))
        made = []
        for index, call in enumerate(whole_calls(current_text)):
            if index < len(self.prev_tool_call_arr):
                continue
            arguments = _written(call["arguments"])
            # vLLM looks here for whether there were calls, and whether all of their arguments were told.
            self.prev_tool_call_arr.append(call)
            self.streamed_args_for_tool.append(arguments)
            self.current_tool_id = index
            function = _protocol.DeltaFunctionCall(name=call["name"], arguments=arguments)
            made.append(
                _protocol.DeltaToolCall(index=index, id=_new_id(), type="function", function=function)
            )
        if not content and not made:
            return None
        return _protocol.DeltaMessage(content=content or None, tool_calls=made)

    def _text(self, text: str, *, ended: bool) -> str:
        """Return the free text that is certain; at the end of an answer that is no reply, all of it."""
        if not ended:
            return certain(text)
        try:
            return calls_in(text)[0]
        except ValueError:
            return certain(text) if self.prev_tool_call_arr else text


def _written(arguments: dict[str, Any]) -> str:
    text = json.dumps(arguments, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, which models do write
        return json.dumps(arguments)
    return text


def _new_id() -> str:
    return f"call_{uuid.uuid4().hex[:24]}"


_parsers.ToolParserManager.register_module("callwright", force=True, module=CallwrightToolParser)
