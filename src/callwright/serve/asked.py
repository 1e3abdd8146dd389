"""What a client asks, whichever API it speaks: a conversation, tools, and how the answer is to be written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import msgspec

from callwright import schema
from callwright.formats import hermes, plain_messages, segments
from callwright.formats.grammar import by_schema
from callwright.formats.reply import Unrenderable
from callwright.models import Prompt
from callwright.models.writing import Wish
from callwright.record import Json, Message, Task, Tool, ToolCall, Trajectory

T = TypeVar("T")
MAX_TOKENS = 512
"""Of an answer, unless the client asks for a number."""
Mode = Literal["auto", "none", "required"]


class BadRequest(ValueError):
    """The request can not be served; the text is shown to the client, with the parameter that is to blame."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(f"{param}: {message}" if param else message)
        self.param = param


@dataclass(frozen=True)
class Choice:
    """Whether a tool is to be called, and which."""

    mode: Mode = "auto"
    only: str | None = None
    """The one tool that may be called; `mode` is then "required"."""
    parallel: bool = True
    """Several calls may be made in one answer."""


@dataclass(frozen=True)
class Asked:
    """One request."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] | None = None
    choice: Choice = Choice()
    strict: bool = False
    """Calls have to follow the schemas of their tools."""
    answer_schema: dict[str, Json] | None = None
    """A JSON Schema that the text of the answer has to follow."""
    wish: Wish = field(default_factory=lambda: Wish(MAX_TOKENS))
    temperature: float = 0.0
    n: int = 1
    stream: bool = False

    def prompt(self) -> Prompt:
        """Return what the model reads, rendered as in training, and the grammar that holds its answer."""
        tools = None if self.choice.mode == "none" else self.tools
        row = Trajectory(id="request", task=Task(), tools=tools or None, messages=self.messages)
        try:
            plain = plain_messages(row, as_written=True)
        except Unrenderable as error:
            raise BadRequest(str(error), "messages") from error
        try:
            grammar = self._grammar(tools or ())
        except RecursionError as error:
            raise BadRequest("a schema is nested too deep") from error
        parts = segments(plain, generation_prompt=True)
        return Prompt(
            messages=tuple((m.role, m.content) for m in plain),
            segments=tuple((s.text, s.control) for s in parts),
            grammar=grammar,
            temperature=self.temperature,
        )

    def valid(self, call: ToolCall) -> bool:
        """Tell whether a call follows the schema of its tool, all of it: a grammar holds the most of one."""
        parameters = next((tool.parameters for tool in self.tools or () if tool.name == call.name), None)
        return parameters is not None and not any(schema.check(parameters, call.arguments))

    def _grammar(self, tools: Sequence[Tool]) -> str:
        if self.answer_schema is not None:
            return f"start: {by_schema(self.answer_schema)}"
        required = self.choice.mode == "required"
        if not tools or not (required or self.strict or not self.choice.parallel):
            return ""
        only = self.choice.only
        wanted = [tool for tool in tools if only in (None, tool.name)]
        return hermes.grammar(wanted, text=not required, several=self.choice.parallel and only is None)


def decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Return what a body holds; raises `BadRequest` with the path of what is wrong."""
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(str(error)) from error


def choice_of(told: Json, function: Json, parallel: bool | None) -> Choice:
    """Return what ``tool_choice`` tells; `function` is where an API writes the name of the tool to call."""
    several = parallel is not False
    match told, function:
        case ((None | "auto"), _):
            return Choice(parallel=several)
        case ("none" | "required") as mode, _:
            return Choice(mode, parallel=several)
        case {"type": "function"}, {"name": str(name)}:
            return Choice("required", name, several)
    raise BadRequest(f"expected auto, none, required or a function, got {_written(told)}", "tool_choice")


def answer_schema_of(told: Json, form: Json, param: str) -> dict[str, Json] | None:
    """Return the schema that an answer has to follow; `form` is where an API writes it."""
    match told, form:
        case ((None | {"type": "text"}), _):
            return None
        case {"type": "json_object"}, _:
            return {"type": "object"}
        case {"type": "json_schema"}, {"schema": dict(schema)}:
            return schema
    raise BadRequest(f"expected text, json_object or json_schema, got {_written(told)}", param)


def _written(value: Json) -> str:
    return msgspec.json.encode(value).decode()


def tool_of(name: str, description: str | None, parameters: dict[str, Json] | None) -> Tool:
    """Return a tool as a client describes it."""
    return Tool(name=name, description=description or "", parameters=schema.normalise(parameters).schema)


def call_of(call_id: str, name: str, arguments: str, place: str) -> ToolCall:
    """Return a call whose arguments are JSON text."""
    try:
        read: Any = msgspec.json.decode(arguments or "{}")
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(f"not JSON: {error}", place) from error
    if not isinstance(read, dict):
        raise BadRequest("expected an object", place)
    return ToolCall(id=call_id, name=name, arguments=read)


def text_of(content: str | list[dict[str, Json]] | None, place: str, kinds: Sequence[str] = ("text",)) -> str:
    """Return the text of a message's content; parts of other kinds, like images, are refused."""
    if content is None or isinstance(content, str):
        return content or ""
    for part in content:
        if part.get("type") not in kinds or not isinstance(part.get("text"), str):
            raise BadRequest(f"only text parts are supported, got {part.get('type')!r}", place)
    return "".join(str(part["text"]) for part in content)


def checked(asked: Asked, most_tokens: int, most_answers: int) -> Asked:
    """Return the request; raises `BadRequest` for what is out of bounds or contradicts itself."""
    _between("max_tokens", asked.wish.max_tokens, 1, most_tokens)
    _between("n", asked.n, 1, most_answers)
    _between("temperature", asked.temperature, 0, 2)
    _between("top_logprobs", asked.wish.logprobs or 0, 0, 20)
    if not 0 < asked.wish.top_p <= 1:
        raise BadRequest(f"expected more than 0 and at most 1, got {asked.wish.top_p:g}", "top_p")
    if not asked.messages:
        raise BadRequest("expected at least one message", "messages")
    names = [tool.name for tool in asked.tools or ()]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise BadRequest(f"{twice!r} is there twice", "tools")
    if asked.choice.mode == "required" and not names:
        raise BadRequest("a call is required, but no tools are offered", "tool_choice")
    if asked.choice.only is not None and asked.choice.only not in names:
        raise BadRequest(f"{asked.choice.only!r} is not among the tools", "tool_choice")
    if asked.answer_schema is not None and names and asked.choice.mode != "none":
        raise BadRequest("can not be had together with tools", "response_format")
    return asked


def _between(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise BadRequest(f"expected {least:g} to {most:g}, got {value:g}", name)
