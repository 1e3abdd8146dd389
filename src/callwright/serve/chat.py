"""OpenAI's chat-completions API: requests in, responses and events out, nothing about HTTP.

A parameter that would change the answer and is not supported is refused, never ignored.
Spec: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from callwright.models.writing import Scored, Wish
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
    function_call: Json = None
    tool_call_id: str | None = None
    name: str | None = None
    reasoning_content: str | None = None
    """What an assistant thought, as the answers here tell it."""
    reasoning: str | None = None
    """The same, as other servers call it."""


class StreamOptions(msgspec.Struct):
    """``stream_options``."""

    include_usage: bool = False


class ChatRequest(msgspec.Struct):
    """The body of ``POST /v1/chat/completions``."""

    messages: list[ChatMessage]
    model: str = ""
    tools: list[ToolSpec] | None = None
    tool_choice: str | dict[str, Json] | None = None
    parallel_tool_calls: bool | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = None
    top_p: float | None = None
    n: int | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    response_format: dict[str, Json] | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, Json] | None = None
    functions: Json = None
    function_call: Json = None
    modalities: list[str] | None = None
    audio: Json = None
    web_search_options: Json = None
    repetition_penalty: float | None = None
    top_k: float | None = None
    min_p: float | None = None
    best_of: int | None = None
    guided_json: Json = None
    guided_regex: Json = None
    guided_choice: Json = None
    guided_grammar: Json = None


_decoder = msgspec.json.Decoder(ChatRequest)
_WITHOUT_EFFECT: dict[str, Json] = {
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "logit_bias": {},
    "functions": [],
    "function_call": "none",
    "modalities": ["text"],
    "audio": None,
    "web_search_options": None,
    "repetition_penalty": 1,
    "top_k": -1,
    "min_p": 0,
    "best_of": 1,
    "guided_json": None,
    "guided_regex": None,
    "guided_choice": None,
    "guided_grammar": None,
}
"""What is not supported here, and the value of each with which it changes nothing."""


def decode(body: bytes) -> ChatRequest:
    """Return the request of a body; raises `BadRequest` with the path of what is wrong."""
    return decoded(_decoder, body)


def to_asked(request: ChatRequest) -> Asked:
    """Return what a request asks for."""
    for name, neutral in _WITHOUT_EFFECT.items():
        if getattr(request, name) not in (None, neutral):
            raise BadRequest("is not supported", name)
    tools = tuple(
        tool_of(t.function.name, t.function.description, t.function.parameters) for t in request.tools or ()
    )
    wanted = (
        request.max_completion_tokens if request.max_completion_tokens is not None else request.max_tokens
    )
    stop = (request.stop,) if isinstance(request.stop, str) else tuple(request.stop or ())
    if len(stop) > 4 or not all(stop):
        raise BadRequest("expected at most 4 texts, none empty", "stop")
    told, form = request.tool_choice, request.response_format
    function = told.get("function") if isinstance(told, dict) else None
    return Asked(
        messages=tuple(_message(m, f"messages[{i}]") for i, m in enumerate(request.messages)),
        tools=tools or None,
        choice=choice_of(told, function, request.parallel_tool_calls),
        strict=any(t.function.strict for t in request.tools or ()),
        answer_schema=answer_schema_of(form, form and form.get("json_schema"), "response_format"),
        wish=Wish(
            max_tokens=MAX_TOKENS if wanted is None else wanted,
            seed=request.seed or 0,
            top_p=1.0 if request.top_p is None else request.top_p,
            stop=stop,
            logprobs=(request.top_logprobs or 0) if request.logprobs else None,
        ),
        temperature=request.temperature or 0.0,
        n=1 if request.n is None else request.n,
        stream=bool(request.stream),
    )


def _message(m: ChatMessage, place: str) -> Message:
    if m.function_call:
        raise BadRequest("is not supported: send tool_calls", f"{place}.function_call")
    calls = (
        call_of(c.id, c.function.name, c.function.arguments, f"{place}.tool_calls[{i}].function.arguments")
        for i, c in enumerate(m.tool_calls or ())
    )
    return Message(
        role="system" if m.role == "developer" else m.role,
        content=text_of(m.content, f"{place}.content"),
        reasoning=m.reasoning_content or m.reasoning,
        tool_calls=tuple(calls),
        tool_call_id=m.tool_call_id,
        name=m.name,
    )


class Chat:
    """Writes the answers to one request."""

    def __init__(self, model: str, request: ChatRequest) -> None:
        self._head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}
        self._usage_wanted = request.stream_options is not None and request.stream_options.include_usage

    def response(self, answers: Sequence[Answer]) -> dict[str, Json]:
        """Return the body of a chat completion that is over, one choice an answer."""
        choices = [
            {
                "index": index,
                "message": _said(answer.message),
                "finish_reason": answer.finish,
                "logprobs": _logprobs(answer.tokens),
            }
            for index, answer in enumerate(answers)
        ]
        return {**self._head, "object": "chat.completion", "choices": choices, "usage": _usage(answers)}

    def begin(self, index: int) -> Iterator[bytes]:
        """Yield the event that opens an answer."""
        yield self._event(index, {"role": "assistant", "content": ""})

    def delta(self, index: int, delta: Delta) -> Iterator[bytes]:
        """Yield the events of how an answer goes on."""
        if delta.reasoning:
            yield self._event(index, {"reasoning_content": delta.reasoning})
        if delta.text or delta.tokens:
            yield self._event(index, {"content": delta.text}, logprobs=_logprobs(delta.tokens))
        for place, call in enumerate(delta.calls):
            yield self._event(index, {"tool_calls": [{"index": place, **_called(call)}]})

    def end(self, index: int, answer: Answer) -> Iterator[bytes]:
        """Yield the event that closes an answer."""
        yield self._event(index, {}, answer.finish)

    def close(self, answers: Sequence[Answer]) -> Iterator[bytes]:
        """Yield the events that close the stream."""
        if self._usage_wanted:
            yield sent({**self._head, "object": _CHUNK, "choices": [], "usage": _usage(answers)})
        yield b"data: [DONE]\n\n"

    def _event(
        self, index: int, delta: dict[str, Json], finish: str | None = None, logprobs: Json = None
    ) -> bytes:
        choice = {"index": index, "delta": delta, "finish_reason": finish, "logprobs": logprobs}
        return sent({**self._head, "object": _CHUNK, "choices": [choice]})


_CHUNK = "chat.completion.chunk"


def sent(body: Json) -> bytes:
    """Return a server-sent event."""
    return b"data: " + msgspec.json.encode(body) + b"\n\n"


def _said(message: Message) -> dict[str, Json]:
    said: dict[str, Json] = {"role": "assistant", "content": message.content, "refusal": None}
    if message.reasoning:
        said["reasoning_content"] = message.reasoning
    if message.tool_calls:
        said["content"] = message.content or None
        said["tool_calls"] = [_called(call) for call in message.tool_calls]
    return said


def _called(call: ToolCall) -> dict[str, Json]:
    function = {"name": call.name, "arguments": arguments_of(call)}
    return {"id": call.id, "type": "function", "function": function}


def _usage(answers: Sequence[Answer]) -> dict[str, Json]:
    read = answers[0].prompt_tokens  # all answers are to the same prompt
    written = sum(answer.completion_tokens for answer in answers)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _logprobs(tokens: Sequence[Scored]) -> dict[str, Json] | None:
    if not tokens:
        return None
    content = [
        {
            **_token(scored),
            "top_logprobs": [_token(other) for other in scored.top],
        }
        for scored in tokens
    ]
    return {"content": content, "refusal": None}


def _token(scored: Scored) -> dict[str, Json]:
    # JSON knows no infinity: what a grammar forbids has the least of what the API knows.
    return {"token": scored.text, "logprob": max(scored.logprob, -9999.0), "bytes": list(scored.raw)}
