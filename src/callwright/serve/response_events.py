"""What a client of the Responses API is told: the body of a response, or its events."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from callwright.record import Json, ToolCall
from callwright.serve.answers import Answer, Delta, arguments_of
from callwright.serve.chat import sent
from callwright.serve.responses import ResponsesRequest


class Responses:
    """Writes the answer to one request."""

    def __init__(self, model: str, request: ResponsesRequest) -> None:
        self._request = request
        self._model = model
        self._id = f"resp_{uuid.uuid4().hex}"
        self._created = int(time.time())
        self._number = 0
        self._message = f"msg_{uuid.uuid4().hex}"
        self._text: str | None = None
        """What was said so far; None while nothing was."""
        self._said_at = 0
        self._items: list[dict[str, Json]] = []

    def response(self, answers: Sequence[Answer]) -> dict[str, Json]:
        """Return the body of a response that is over."""
        [answer] = answers
        said = answer.message
        thought = [_thought(said.reasoning)] if said.reasoning else []
        items = [_said(self._message, said.content)] if said.content or not said.tool_calls else []
        return self._body([*thought, *items, *map(_called, said.tool_calls)], answer)

    def begin(self, index: int) -> Iterator[bytes]:
        """Yield the events that open a response."""
        for kind in ("created", "in_progress"):
            yield self._event(kind, response=self._body([], None))

    def delta(self, index: int, delta: Delta) -> Iterator[bytes]:
        """Yield the events of how the answer goes on."""
        if delta.reasoning:
            yield from self._think(_thought(delta.reasoning))
        if delta.text:
            if self._text is None:
                yield from self._open()
            self._text = (self._text or "") + delta.text
            yield self._event("output_text.delta", **self._place(), delta=delta.text, logprobs=[])
        if delta.calls:
            yield from self._end_of_text()
        for call in delta.calls:
            yield from self._call(_called(call))

    def end(self, index: int, answer: Answer) -> Iterator[bytes]:
        """Yield the events that close what is still open; an answer without a word is an empty message."""
        if not answer.message.tool_calls and self._text is None:
            yield from self._open()
            self._text = ""
        yield from self._end_of_text()

    def close(self, answers: Sequence[Answer]) -> Iterator[bytes]:
        """Yield the event that closes the stream."""
        [answer] = answers
        kind = "incomplete" if answer.finish == "length" else "completed"
        yield self._event(kind, response=self._body(self._items, answer))

    def _think(self, item: dict[str, Json]) -> Iterator[bytes]:
        [part] = item["content"]
        place = {"output_index": len(self._items)}
        written = {**place, "item_id": item["id"], "content_index": 0}
        yield self._event("output_item.added", **place, item={**item, "content": []})
        yield self._event("reasoning_text.delta", **written, delta=part["text"])
        yield self._event("reasoning_text.done", **written, text=part["text"])
        yield self._event("output_item.done", **place, item=item)
        self._items.append(item)

    def _open(self) -> Iterator[bytes]:
        self._said_at = len(self._items)
        item = {**_said(self._message, ""), "status": "in_progress", "content": []}
        yield self._event("output_item.added", output_index=self._said_at, item=item)
        yield self._event("content_part.added", **self._place(), part=_part(""))

    def _end_of_text(self) -> Iterator[bytes]:
        if self._text is None or len(self._items) > self._said_at:
            return
        text = self._text
        yield self._event("output_text.done", **self._place(), text=text, logprobs=[])
        yield self._event("content_part.done", **self._place(), part=_part(text))
        self._items.append(_said(self._message, text))
        yield self._event("output_item.done", output_index=self._said_at, item=self._items[-1])

    def _call(self, item: dict[str, Json]) -> Iterator[bytes]:
        place = {"output_index": len(self._items)}
        begun = {**item, "arguments": "", "status": "in_progress"}
        yield self._event("output_item.added", **place, item=begun)
        written = {**place, "item_id": item["id"]}
        yield self._event("function_call_arguments.delta", **written, delta=item["arguments"])
        yield self._event(
            "function_call_arguments.done", **written, arguments=item["arguments"], name=item["name"]
        )
        yield self._event("output_item.done", **place, item=item)
        self._items.append(item)

    def _place(self) -> dict[str, Json]:
        return {"item_id": self._message, "output_index": self._said_at, "content_index": 0}

    def _event(self, kind: str, **body: Any) -> bytes:
        name = f"response.{kind}"
        event = sent({"type": name, "sequence_number": self._number, **body})
        self._number += 1
        return f"event: {name}\n".encode() + event

    def _body(self, items: Sequence[Json], answer: Answer | None) -> dict[str, Json]:
        """Return a response; without an answer it is not over."""
        cut = answer is not None and answer.finish == "length"
        request = self._request
        return {
            "id": self._id, "object": "response", "created_at": self._created, "model": self._model,
            "status": "in_progress" if answer is None else "incomplete" if cut else "completed",
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "output": list(items),
            "usage": _usage(answer) if answer else None,
            "instructions": request.instructions,
            "max_output_tokens": request.max_output_tokens,
            "parallel_tool_calls": request.parallel_tool_calls is not False,
            "previous_response_id": None,
            "store": False,
            "temperature": request.temperature or 0.0,
            "text": request.text or {"format": {"type": "text"}},
            "tool_choice": request.tool_choice or "auto",
            "tools": msgspec.to_builtins(request.tools or []),
            "top_p": 1.0 if request.top_p is None else request.top_p,
            "truncation": "disabled",
            "metadata": {},
        }  # fmt: skip


def _thought(text: str) -> dict[str, Json]:
    part = {"type": "reasoning_text", "text": text}
    return {"id": f"rs_{uuid.uuid4().hex}", "type": "reasoning", "summary": [], "content": [part]}


def _said(item_id: str, text: str) -> dict[str, Json]:
    return {
        "id": item_id,
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [_part(text)],
    }


def _part(text: str) -> dict[str, Json]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _called(call: ToolCall) -> dict[str, Json]:
    return {
        "id": f"fc_{(call.id or '').removeprefix('call_')}",
        "type": "function_call",
        "call_id": call.id,
        "name": call.name,
        "arguments": arguments_of(call),
        "status": "completed",
    }


def _usage(answer: Answer) -> dict[str, Json]:
    read, written = answer.prompt_tokens, answer.completion_tokens
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + written,
    }
