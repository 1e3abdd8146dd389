"""What the chat layouts share: the system text, the links between calls and results, messages and tools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from callwright.export.layout import Unexpressible
from callwright.record import Json, Message, Task, Tool, ToolCall, Trajectory


def system_text(task: Task) -> str:
    """Return the instruction and the examples; how to write a call is left to the layout."""
    examples = "# Examples\n" + "\n\n".join(task.few_shots) if task.few_shots else ""
    return "\n\n".join(part for part in (task.instruction, examples) if part)


def definitions(tools: Sequence[Tool]) -> list[Json]:
    """Return the tools as OpenAI has them."""
    return [{"type": "function", "function": flat_definition(tool)} for tool in tools]


def flat_definition(tool: Tool) -> dict[str, Json]:
    """Return name, description and parameters."""
    return {"name": tool.name, "description": tool.description, "parameters": tool.parameters}


def linked(t: Trajectory) -> Trajectory:
    """Return the row with an id for every call; raises where a result answers no call that is open."""
    taken = {call.id for message in t.messages for call in message.tool_calls}
    numbered = (f"call_{n}" for n in range(1 << 30) if f"call_{n}" not in taken)
    messages, seen = [], set[str]()
    opened: dict[str, str] = {}
    for i, message in enumerate(t.messages):
        if message.tool_calls:
            message = msgspec.structs.replace(message, tool_calls=tuple(_named(message.tool_calls, numbered)))
        for j, call in enumerate(message.tool_calls):
            path = f"messages[{i}].tool_calls[{j}].id"
            if call.id in seen:
                raise Unexpressible("duplicate-call-id", path, str(call.id))
            seen.add(call.id or "")
            opened[call.id or ""] = call.name
        if message.role == "tool":
            _close(opened, message, f"messages[{i}]")
        messages.append(message)
    return msgspec.structs.replace(t, messages=tuple(messages))


def _named(calls: Sequence[ToolCall], numbered: Iterator[str]) -> Iterator[ToolCall]:
    for call in calls:
        yield call if call.id else msgspec.structs.replace(call, id=next(numbered))


def _close(opened: dict[str, str], result: Message, path: str) -> None:
    if result.tool_call_id not in opened:
        raise Unexpressible("unlinked-result", f"{path}.tool_call_id", str(result.tool_call_id))
    name = opened.pop(result.tool_call_id)
    if result.name not in (None, name):
        raise Unexpressible("wrong-result-name", f"{path}.name", f"{result.name} for a call of {name}")


def in_order(t: Trajectory) -> None:
    """Raise unless every result answers the oldest call that is still open, as readers without ids assume."""
    opened: list[str | None] = []
    for i, message in enumerate(t.messages):
        opened += [call.id for call in message.tool_calls]
        if message.role == "tool" and opened.pop(0) != message.tool_call_id:
            path = f"messages[{i}].tool_call_id"
            raise Unexpressible("unlinked-result", path, "not the oldest call without a result")


def message_object(message: Message, path: str, *, as_text: bool) -> dict[str, Json]:
    """Return a message as chat templates read it; arguments are JSON text or objects."""
    if message.role == "assistant":
        no_thought_in(message.content, path)
    row: dict[str, Json] = {"role": message.role, "content": message.content}
    if message.reasoning is not None:
        row["reasoning_content"] = message.reasoning
    if message.tool_calls:
        row["tool_calls"] = [
            _call(call, f"{path}.tool_calls[{i}]", as_text) for i, call in enumerate(message.tool_calls)
        ]
    if message.tool_call_id is not None:
        row["tool_call_id"] = message.tool_call_id
    if message.name is not None:
        row["name"] = message.name
    return row


def no_thought_in(text: str, path: str) -> None:
    """Raise where readers, ours among them, would take a part of what was said for a thought."""
    if "</think>" in text:
        raise Unexpressible(
            "ambiguous-text", f"{path}.content", "what stands before </think> reads as a thought"
        )


def _call(call: ToolCall, path: str, as_text: bool) -> dict[str, Json]:
    arguments = arguments_text(call, path) if as_text else arguments_object(call, path)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def arguments_object(call: ToolCall, path: str) -> dict[str, Json]:
    """Return the arguments; raises for a call whose text did not parse."""
    if call.arguments is None:
        raise Unexpressible("unparsed-arguments", f"{path}.arguments", call.parse_error or "")
    return call.arguments


def arguments_text(call: ToolCall, path: str) -> str:
    """Return the arguments as JSON text; of a call that did not parse, the text that did not parse."""
    if call.arguments is not None:
        return json_text(call.arguments)
    if call.raw is None or _parses(call.raw):
        detail = "their text is not kept" if call.raw is None else "their text is that of other arguments"
        raise Unexpressible("unparsed-arguments", f"{path}.arguments", detail)
    return call.raw


def _parses(text: str) -> bool:
    """Tell whether a reader would take `text` for arguments: an object, nothing, or the text of either."""
    for _ in range(2):
        if not text.strip():
            return True
        try:
            value = msgspec.json.decode(text)
        except (ValueError, RecursionError):
            return False
        if not isinstance(value, str):
            return value is None or isinstance(value, dict)
        text = value
    return False


def json_text(value: Json) -> str:
    """Return compact JSON."""
    return msgspec.json.encode(value).decode()
