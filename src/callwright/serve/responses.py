"""OpenAI's Responses API as far as tool calls need it: requests in, responses and events out.

The server keeps no conversations: a client sends all of one each time, as the Agents SDK does. What refers
to an earlier response, and tools that the server would have to run, are refused.
Spec: https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from callwright.models.writing import Wish
from callwright.record import Json, Message, ToolCall
from callwright.serve.answers import Answer, Delta, arguments_of
from callwright.serve.asked import (
    MAX_TOKENS,
    Asked,
    BadRequest,
    answer_schema_of,
    call_of,
    choice_of,
    decoded,
    text_of,
    tool_of,
)
from callwright.serve.chat import sent

TEXTS = ("input_text", "output_text", "text")


class Function(msgspec.Struct):
    """``tools[]``: a function; there are no other tools here."""

    type: str
    name: str = ""
    description: str | None = None
    parameters: dict[str, Json] | None = None
    strict: bool | None = None


class Item(msgspec.Struct):
    """``input[]``: a message, a call, its result, or thoughts, told apart by `type`."""

    type: str = "message"
    role: str = ""
    content: str | list[dict[str, Json]] | None = None
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    output: str | list[dict[str, Json]] = ""


class ResponsesRequest(msgspec.Struct):
    """The body of ``POST /v1/responses``."""

    input: str | list[Item]
    model: str = ""
    instructions: str | None = None
    tools: list[Function] | None = None
    tool_choice: str | dict[str, Json] | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: int | None = None
    stream: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    text: dict[str, Json] | None = None
    previous_response_id: str | None = None
    conversation: Json = None
    background: bool | None = None


_decoder = msgspec.json.Decoder(ResponsesRequest)
_REFUSED = ("previous_response_id", "conversation", "background")


def decode(body: bytes) -> ResponsesRequest:
    """Return the request of a body; raises `BadRequest` with the path of what is wrong."""
    return decoded(_decoder, body)


def to_asked(request: ResponsesRequest) -> Asked:
    """Return what a request asks for."""
    for name in _REFUSED:
        if getattr(request, name):
            raise BadRequest("is not supported: send the whole conversation", name)
    for place, tool in enumerate(request.tools or ()):
        if tool.type != "function":
            raise BadRequest(f"expected 'function', got {tool.type!r}", f"tools[{place}].type")
    tools = tuple(tool_of(t.name, t.description, t.parameters) for t in request.tools or ())
    wanted = request.max_output_tokens
    told, form = request.tool_choice, (request.text or {}).get("format")
    return Asked(
        messages=tuple(_messages(request)),
        tools=tools or None,
        choice=choice_of(told, told, request.parallel_tool_calls),
        strict=any(t.strict for t in request.tools or ()),
        answer_schema=answer_schema_of(form, form, "text.format"),
        wish=Wish(
            max_tokens=MAX_TOKENS if wanted is None else wanted,
            top_p=1.0 if request.top_p is None else request.top_p,
        ),
        temperature=request.temperature or 0.0,
        stream=bool(request.stream),
    )


def _messages(request: ResponsesRequest) -> Iterator[Message]:
    """Yield the turns; calls, and what was said before them, are one turn of the assistant."""
    if request.instructions:
        yield Message(role="system", content=request.instructions)
    if isinstance(request.input, str):
        yield Message(role="user", content=request.input)
        return
    turn: Message | None = None
    for place, item in enumerate(request.input):
        found = _message(item, f"input[{place}]")
        if found is None:
            continue
        if found.role == "assistant" and turn is not None and found.tool_calls:
            turn = msgspec.structs.replace(turn, tool_calls=turn.tool_calls + found.tool_calls)
            continue
        if turn is not None:
            yield turn
        turn = found if found.role == "assistant" else None
        if turn is None:
            yield found
    if turn is not None:
        yield turn


def _message(item: Item, place: str) -> Message | None:
    match item.type:
        case "message" if item.role in ("system", "developer", "user", "assistant"):
            text = text_of(item.content, f"{place}.content", TEXTS)
            return Message(role="system" if item.role == "developer" else item.role, content=text)  # type: ignore[arg-type]
        case "message":
            raise BadRequest(f"not a role: {item.role!r}", f"{place}.role")
        case "function_call":
            call = call_of(item.call_id, item.name, item.arguments, f"{place}.arguments")
            return Message(role="assistant", tool_calls=(call,))
        case "function_call_output":
            text = text_of(item.output, f"{place}.output", TEXTS)
            return Message(role="tool", content=text, tool_call_id=item.call_id)
        case "reasoning":
            return None
        case other:
            raise BadRequest(f"{other!r} is not supported", f"{place}.type")


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
        self._items: list[dict[str, Json]] = []

    def response(self, answers: Sequence[Answer]) -> dict[str, Json]:
        """Return the body of a response that is over."""
        [answer] = answers
        said = answer.message
        items = [_said(self._message, said.content)] if said.content or not said.tool_calls else []
        return self._body([*items, *map(_called, said.tool_calls)], answer)

    def begin(self, index: int) -> Iterator[bytes]:
        """Yield the events that open a response."""
        for kind in ("created", "in_progress"):
            yield self._event(kind, response=self._body([], None))

    def delta(self, index: int, delta: Delta) -> Iterator[bytes]:
        """Yield the events of how the answer goes on."""
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
        if not self._items and self._text is None:
            yield from self._open()
            self._text = ""
        yield from self._end_of_text()

    def close(self, answers: Sequence[Answer]) -> Iterator[bytes]:
        """Yield the event that closes the stream."""
        [answer] = answers
        kind = "incomplete" if answer.finish == "length" else "completed"
        yield self._event(kind, response=self._body(self._items, answer))

    def _open(self) -> Iterator[bytes]:
        item = {**_said(self._message, ""), "status": "in_progress", "content": []}
        yield self._event("output_item.added", output_index=0, item=item)
        yield self._event("content_part.added", **self._place(), part=_part(""))

    def _end_of_text(self) -> Iterator[bytes]:
        if self._text is None or self._items:
            return
        text = self._text
        yield self._event("output_text.done", **self._place(), text=text, logprobs=[])
        yield self._event("content_part.done", **self._place(), part=_part(text))
        self._items.append(_said(self._message, text))
        yield self._event("output_item.done", output_index=0, item=self._items[0])

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
        return {"item_id": self._message, "output_index": 0, "content_index": 0}

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
