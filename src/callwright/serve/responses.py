"""Requests of OpenAI's Responses API, as far as tool calls need it.

The server keeps no conversations: a client sends all of one each time, as the Agents SDK does. What refers
to an earlier response, and tools that the server would have to run, are refused.
Spec: https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from callwright.models.writing import Wish
from callwright.record import Json, Message
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
    summary: list[dict[str, Json]] | None = None


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
    prompt: Json = None
    top_logprobs: int | None = None


_decoder = msgspec.json.Decoder(ResponsesRequest)
_KEPT = ("previous_response_id", "conversation", "background", "prompt")
"""What refers to things that a server keeps."""


def decode(body: bytes) -> ResponsesRequest:
    """Return the request of a body; raises `BadRequest` with the path of what is wrong."""
    return decoded(_decoder, body)


def to_asked(request: ResponsesRequest) -> Asked:
    """Return what a request asks for."""
    for name in _KEPT:
        if getattr(request, name):
            raise BadRequest("is not supported: send the whole conversation", name)
    if request.top_logprobs:
        raise BadRequest("is not supported", "top_logprobs")
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
    """Yield the turns; what was thought, said and called is one turn of the assistant."""
    if request.instructions:
        yield Message(role="system", content=request.instructions)
    if isinstance(request.input, str):
        yield Message(role="user", content=request.input)
        return
    turn: Message | None = None
    for place, item in enumerate(request.input):
        found = _message(item, f"input[{place}]")
        if found.role == "assistant" and turn is not None and _goes_on(turn, found):
            turn = msgspec.structs.replace(
                turn,
                reasoning=turn.reasoning or found.reasoning,
                content=turn.content or found.content,
                tool_calls=turn.tool_calls + found.tool_calls,
            )
            continue
        if turn is not None:
            yield turn
        turn = found if found.role == "assistant" else None
        if turn is None:
            yield found
    if turn is not None:
        yield turn


def _goes_on(turn: Message, found: Message) -> bool:
    """Tell whether an item goes on with a turn: calls do always, words behind nothing but a thought."""
    only_thought = not turn.content and not turn.tool_calls
    return bool(found.tool_calls) or (only_thought and not found.reasoning)


def _message(item: Item, place: str) -> Message:
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
            told = item.content or item.summary
            text = text_of(told, f"{place}.content", ("reasoning_text", "summary_text"))
            return Message(role="assistant", reasoning=text or None)
        case other:
            raise BadRequest(f"{other!r} is not supported", f"{place}.type")
