"""The OpenAI chat-completions wire format: requests in, responses out, nothing about HTTP.

Only what a tool-calling client needs; a parameter that would change the answer and is not supported is an
error, never ignored. Spec: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any, Literal, Protocol

import msgspec

from callwright import schema
from callwright.formats import Malformed, plain_messages, reply_message, segments
from callwright.models import Completion, Model, Prompt
from callwright.record import Json, Message, Task, Tool, ToolCall, Trajectory

MAX_TOKENS = 512


class StreamingModel(Model, Protocol):
    """What the server asks of a model: what everyone asks, and text as it comes."""

    def stream(self, prompt: Prompt, *, max_tokens: int) -> Iterator[str]: ...


class BadRequest(ValueError):
    """The client's request can not be served; the text is shown to the client."""


class FunctionSpec(msgspec.Struct):
    """``tools[].function``."""

    name: str
    description: str | None = None
    parameters: dict[str, Json] | None = None
    strict: bool | None = None


class ToolSpec(msgspec.Struct):
    """``tools[]``."""

    function: FunctionSpec
    type: Literal["function"] = "function"


class CalledFunction(msgspec.Struct):
    """``messages[].tool_calls[].function``; arguments are JSON text."""

    name: str
    arguments: str


class Called(msgspec.Struct):
    """``messages[].tool_calls[]``."""

    id: str
    function: CalledFunction
    type: str = "function"


class ChatMessage(msgspec.Struct):
    """``messages[]``; `content` may be a list of text parts."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[dict[str, Json]] | None = None
    tool_calls: list[Called] | None = None
    tool_call_id: str | None = None
    name: str | None = None


class ChatRequest(msgspec.Struct):
    """The body of ``POST /v1/chat/completions``."""

    messages: list[ChatMessage]
    model: str = ""
    tools: list[ToolSpec] | None = None
    tool_choice: str | dict[str, Json] | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stream: bool = False
    temperature: float | None = None
    n: int | None = None

    def limit(self) -> int:
        """Return how many tokens may be generated."""
        return self.max_completion_tokens or self.max_tokens or MAX_TOKENS


_request_decoder = msgspec.json.Decoder(ChatRequest)


def decode_request(body: bytes) -> ChatRequest:
    """Return the request of a body; raises `BadRequest` with the path of what is wrong."""
    try:
        request = _request_decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(str(error)) from error
    if not request.messages:
        raise BadRequest("messages: expected at least one message")
    if request.n not in (None, 1):
        raise BadRequest(f"n: only 1 is supported, got {request.n}")
    if request.tool_choice not in (None, "auto", "none"):
        raise BadRequest(f"tool_choice: expected 'auto' or 'none', got {json.dumps(request.tool_choice)}")
    if request.limit() < 1:
        raise BadRequest(f"max_tokens: expected at least 1, got {request.limit()}")
    return request


def to_prompt(request: ChatRequest) -> Prompt:
    """Return the prompt of a request, rendered as in training."""
    tools: tuple[Tool, ...] | None = None
    if request.tools and request.tool_choice != "none":
        tools = tuple(_tool(t.function) for t in request.tools)
    messages = tuple(_message(m, f"messages[{i}]") for i, m in enumerate(request.messages))
    plain = plain_messages(Trajectory(id="request", task=Task(), tools=tools, messages=messages))
    parts = segments(plain, generation_prompt=True)
    return Prompt(
        messages=tuple((m.role, m.content) for m in plain),
        segments=tuple((s.text, s.control) for s in parts),
    )


def _tool(spec: FunctionSpec) -> Tool:
    return Tool(
        name=spec.name,
        description=spec.description or "",
        parameters=schema.normalise(spec.parameters).schema,
    )


def _message(m: ChatMessage, path: str) -> Message:
    calls = tuple(_call(c, f"{path}.tool_calls[{i}]") for i, c in enumerate(m.tool_calls or ()))
    return Message(
        role="system" if m.role == "developer" else m.role,
        content=_text(m.content, path),
        tool_calls=calls,
        tool_call_id=m.tool_call_id,
        name=m.name,
    )


def _text(content: str | list[dict[str, Json]] | None, path: str) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    for part in content:
        if part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise BadRequest(f"{path}.content: only text parts are supported, got {part.get('type')!r}")
    return "".join(str(part["text"]) for part in content)


def _call(called: Called, path: str) -> ToolCall:
    try:
        arguments: Any = msgspec.json.decode(called.function.arguments or "{}")
    except msgspec.DecodeError as error:
        raise BadRequest(f"{path}.function.arguments: not JSON: {error}") from error
    if not isinstance(arguments, dict):
        raise BadRequest(f"{path}.function.arguments: expected an object")
    return ToolCall(id=called.id, name=called.function.name, arguments=arguments)


def answer(completion: Completion) -> tuple[dict[str, Json], str]:
    """Return the assistant message and finish reason of a completion."""
    message = reply_message(completion.text)
    if isinstance(message, Malformed):  # a broken call is shown as the text it is, never as a guessed call
        return {"role": "assistant", "content": completion.text}, completion.finish
    wire: dict[str, Json] = {"role": "assistant", "content": message.content or None}
    if not message.tool_calls:
        return {**wire, "content": message.content}, completion.finish
    wire["tool_calls"] = [
        {
            "id": f"call_{uuid.uuid4().hex[:24]}",
            "type": "function",
            "function": {"name": c.name, "arguments": json.dumps(c.arguments, ensure_ascii=False)},
        }
        for c in message.tool_calls
    ]
    return wire, "tool_calls"


def response(request_id: str, model: str, created: int, completion: Completion) -> dict[str, Json]:
    """Return the body of a finished chat completion."""
    message, finish = answer(completion)
    return {
        "id": request_id,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {
            "prompt_tokens": completion.prompt_tokens,
            "completion_tokens": completion.completion_tokens,
            "total_tokens": completion.prompt_tokens + completion.completion_tokens,
        },
    }


def chunk(
    request_id: str, model: str, created: int, delta: dict[str, Json], finish: str | None = None
) -> bytes:
    """Return one server-sent event of a streamed completion."""
    body = {
        "id": request_id,
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + msgspec.json.encode(body) + b"\n\n"


def deltas(message: dict[str, Json]) -> Iterator[dict[str, Json]]:
    """Yield a finished message as the deltas that a streaming client puts together."""
    if message.get("content"):
        yield {"content": message["content"]}
    for index, call in enumerate(message.get("tool_calls", ())):
        yield {"tool_calls": [{"index": index, **call}]}
