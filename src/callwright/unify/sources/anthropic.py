"""Anthropic's Messages API: requests, with the model's answer as last message or beside it.

``{"model", "system": text | blocks, "messages": [{"role", "content": text | blocks}], "tools": [{"name",
"input_schema"}], "response"?}``, or ``{"request": …, "response": …}``, each the body itself, its JSON text,
or an HTTP message with a `body`. Blocks: `text`, `thinking`, `tool_use`, `tool_result`. Of a user's message
each result is a turn of its own, and so is the text before or behind it. A row without a response, or with
an error for one, ends with what the model was asked. A response goes on with the assistant's message that
the request ends with; where it repeats that message, it is read once. The requests of a conversation repeat
the messages of the ones before them, and no row is left out for that.

A block of any other kind drops the row: images, documents, and what Anthropic's servers did with tools of
their own. So does a response that is a stream of events, or no message otherwise. An encrypted thought, a
signature and a true `is_error` are kept under the block's path. Without `tools`, or where they are all of an
MCP server, it is unknown which were offered. A tool that Anthropic defines has a type and no schema: it takes
the arguments that are known of it, and any others. Its definition stays in the fields, as `tool_choice`,
`stop_reason` and all other settings do.

Plain messages are the same in `openai_chat`, to which they belong unless a row among the first ones of the
file has what only this API has: its blocks, tools with an `input_schema`, a system text in blocks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import anthropic_blocks
from callwright.unify.notations.anthropic_blocks import Said
from callwright.unify.notations.blocks import number, outcome
from callwright.unify.rows import BadRow, Row, decode, other_fields, shape
from callwright.unify.tools import Toolset, toolset

LICENSES: dict[str, str] = {}
FIELDS = ("model", "max_tokens", "system", "messages", "tools", "request", "response")
LOSES = (
    "where one text part ends; the order of texts, thoughts and calls within a message. Rows with images, "
    "documents or calls that Anthropic's servers made are dropped."
)
SEEN = "specification"
_REQUEST, _RESPONSE = "request", "response"
_IN_REQUEST = frozenset({"messages", "system", "tools"})
_PAIRS = frozenset({"chosen", "rejected", "chosen_response", "rejected_response", "prompt"})
_ONLY_HERE = ("tool_use", "tool_result", "redacted_thinking", "server_tool_use", "mcp_tool_use")
_DATED = re.compile(r"(.+)_20\d{6}")
_OF_FILES = ("command", "path", "view_range", "file_text", "old_str", "new_str", "insert_line", "insert_text")
_OWN = {
    "bash": ("command", "restart"),
    "text_editor": _OF_FILES,
    "memory": (*_OF_FILES, "old_path", "new_path"),
    "computer": ("action", "coordinate", "text"),
    "web_search": ("query",),
    "web_fetch": ("url",),
    "code_execution": ("code",),
}
"""Type of a tool that Anthropic defines, less its date → arguments that it takes."""


class _Layout(NamedTuple):
    """The bodies of request and response, and what their paths begin with."""

    request: Mapping[str, Json]
    above: str
    response: Mapping[str, Json]
    below: str


def detect(value: Mapping[str, Json]) -> str:
    """Recognise what only this API has; plain messages, too, which `openai_chat` takes where all are."""
    why = only_here(value)
    if why or _PAIRS & value.keys() or not _fit(listed(value.get("messages"))):
        return why
    return "messages of user and assistant, beside such as only Anthropic's API has"


def only_here(value: Mapping[str, Json]) -> str:
    """Say what shows that a row is of this API and of no other chat, or return an empty string."""
    layout = _layout(value)
    messages = listed(layout.request.get("messages"))
    if _PAIRS & value.keys() or not _fit(messages):
        return ""
    contents = [item["content"] for item in messages if isinstance(item["content"], list)]
    kinds = [block.get("type") for content in contents for block in content]
    found = [kind for kind in _ONLY_HERE if kind in kinds]
    if found:
        return f"messages with {' and '.join(found)} blocks"
    tools = listed(layout.request.get("tools"))
    if any(isinstance(tool, dict) and ("input_schema" in tool or _own_type(tool)) for tool in tools):
        return "messages, and tools with an input_schema or a dated type"
    if layout.request.get("system") and isinstance(layout.request["system"], list):
        return "messages, and a system text in blocks"
    if layout.response.get("role") == "assistant" and isinstance(layout.response.get("content"), list):
        return "messages, and a response with blocks"
    return ""


def _fit(messages: list[Json]) -> bool:
    return bool(messages) and all(map(_is_message, messages)) and messages[0]["role"] != "system"


def _is_message(item: Json) -> bool:
    if not isinstance(item, dict) or item.get("role") not in anthropic_blocks.ROLES:
        return False
    content = item.get("content")
    if anthropic_blocks.calls_elsewhere(item) or not isinstance(content, str | list):
        return False
    return isinstance(content, str) or all(isinstance(b, dict) and "value" not in b for b in content)


def listed(value: Json) -> list[Json]:
    """Return the items of a list or of its JSON text; none for anything else."""
    found = _decoded(value)
    return found if isinstance(found, list) else []


def _decoded(value: Json) -> Json:
    """Return the value of a JSON text; anything else as it is."""
    if isinstance(value, str):
        try:
            return decode(value)
        except ValueError:
            return value
    return value


def _layout(value: Mapping[str, Json]) -> _Layout:
    request, above = (value, "") if "messages" in value else _body(value, _REQUEST)
    return _Layout(request, above, *_body(value, _RESPONSE))


def _body(value: Mapping[str, Json], key: str) -> tuple[Mapping[str, Json], str]:
    """Return the body of a request or response, which is empty where there is none, and its path."""
    found, path = _decoded(value.get(key)), f"{key}."
    if isinstance(found, dict) and "body" in found:
        found, path = _decoded(found["body"]), f"{key}.body."
    return (found if isinstance(found, dict) else {}), path


def convert(row: Row) -> Trajectory:
    """Return request and answer as one conversation."""
    value = shape(row.value, dict[str, Json])
    layout = _layout(value)
    messages = _asked(layout)
    answer = _answered(value, layout)
    if answer and messages and messages[-1].role == "assistant":
        messages[-1] = anthropic_blocks.went_on(messages[-1], answer)
    elif answer:
        messages.append(answer)
    talk = Conversation(row, _offered(layout))
    system = anthropic_blocks.plain(talk, layout.request.get("system"), f"{layout.above}system")
    if system:
        talk.system(system)
    for message in messages:
        anthropic_blocks.add(talk, message)
    reward, success = value.get("reward"), value.get("success")
    read = {"reward": number(reward) is not None, "success": isinstance(success, bool)}
    fields = _fields(value, layout, {key for key, is_read in read.items() if is_read})
    return talk.finish(fields=fields, outcome=outcome(reward, success))


def _asked(layout: _Layout) -> list[Said]:
    path = f"{layout.above}messages"
    if "messages" not in layout.request:
        raise BadRow("missing-field", path, "expected messages, or a request with messages")
    found = shape(_decoded(layout.request["messages"]), list[Json], path)
    return [anthropic_blocks.said(item, f"{path}[{i}]") for i, item in enumerate(found)]


def _answered(value: Mapping[str, Json], layout: _Layout) -> Said | None:
    """Return the answer; no response is none, and neither is an error."""
    response, path = layout.response, layout.below
    if "content" in response:
        found = anthropic_blocks.said({"role": "assistant", **response}, path.removesuffix("."))
        if found.role != "assistant":
            raise BadRow("unknown-role", f"{path}role", f"expected an assistant, got {found.role!r}")
        return found._replace(rest={})  # the fields have it
    if "error" in response or value.get(_RESPONSE) in (None, {}):
        return None
    raise BadRow("missing-field", f"{path}content", "expected a response with a content, or an error")


def _offered(layout: _Layout) -> Toolset | None:
    given, path = _decoded(layout.request.get("tools")), f"{layout.above}tools"
    if not isinstance(given, list):
        return toolset(given, path)
    found = [_definition(tool) for tool in given]
    definitions = [tool for tool in found if tool is not None]
    return None if given and not definitions else toolset(definitions, path)


def _definition(tool: Json) -> Json:
    """Return a definition that has a schema, or None for a server whose tools are not listed here."""
    if not isinstance(tool, dict):
        return tool
    if tool.get("type") == "mcp_toolset":
        return None
    own = _own_type(tool)
    known: dict[str, Json] = {key: {} for key in _OWN.get(own, ())}
    schema = {"type": "object", "properties": known, "additionalProperties": True}
    return {"name": tool.get("name"), "parameters": schema} if own else tool


def _own_type(tool: Mapping[str, Json]) -> str:
    """Return the type of a tool that Anthropic defines, less its date."""
    kind = tool.get("type")
    found = _DATED.fullmatch(kind) if isinstance(kind, str) and "input_schema" not in tool else None
    return found[1] if found else ""


def _fields(value: Mapping[str, Json], layout: _Layout, read: set[str]) -> dict[str, Json]:
    """Return what the row carries beyond conversation, tools and outcome."""
    special = [t for t in listed(layout.request.get("tools")) if t is not _definition(t)]
    more: dict[str, Json] = {"tools": special} if special else {}
    said = {"content", "role"} | ({"type"} if layout.response.get("type") == "message" else set())
    answer = _rest(value.get(_RESPONSE), frozenset(said), {})
    if layout.above:
        fields = other_fields(value, frozenset(read | {_REQUEST, _RESPONSE}))
        asked = _rest(value.get(_REQUEST), _IN_REQUEST, more)
        fields |= {_REQUEST: asked} if asked else {}
    else:
        fields = other_fields(value, _IN_REQUEST | read | {_RESPONSE}) | more
    return {**fields, **({_RESPONSE: answer} if answer else {})}


def _rest(given: Json, known: frozenset[str], more: Mapping[str, Json]) -> dict[str, Json]:
    """Return what a request or response carries besides; what is in its body stays there."""
    found = _decoded(given)
    if not isinstance(found, dict):
        return {}
    if "body" in found:
        inner = _rest(found["body"], known, more)
        return other_fields(found, frozenset({"body"})) | ({"body": inner} if inner else {})
    rest = {key: item for key, item in found.items() if key not in known and item is not None}
    return {**rest, **more}
