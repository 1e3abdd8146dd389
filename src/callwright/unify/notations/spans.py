"""Spans of OpenTelemetry: their attributes as plain values, and a model's messages among them.

Two conventions say what a model was given and said: GenAI (``gen_ai.input.messages``, messages of parts)
and OpenInference (``llm.input_messages.0.message.role``, one attribute per value). Both become messages of
parts: ``{"role", "parts": [{"type": "text" | "reasoning" | "tool_call" | "tool_call_response", …}]}``.

    >>> attributes([{"key": "gen_ai.system", "value": {"stringValue": "x"}}])
    {'gen_ai.system': 'x'}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from callwright.record import Json
from callwright.unify.rows import BadRow, decode, shape

DETAILS = "gen_ai.client.inference.operation.details"
"""Name of the event that may carry the messages in place of the span."""
_MESSAGE = re.compile(r"llm\.(input|output)_messages\.(\d{1,6})\.message\.(.+)", re.DOTALL)
_TOOL = re.compile(r"llm\.tools\.(\d{1,6})\.tool\.json_schema")
_CALL = re.compile(r"tool_calls\.(\d{1,6})\.tool_call\.(id|function\.name|function\.arguments)")
_CONTENT = re.compile(r"contents\.(\d{1,6})\.message_content\.(.+)", re.DOTALL)


def attributes(value: Json, path: str = "attributes") -> dict[str, Json]:
    """Return attributes by name: of an object, or of OTLP's list of keys and typed values."""
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    found = {}
    for i, item in enumerate(shape(value, list[dict[str, Json]], path)):
        key = item.get("key")
        if not isinstance(key, str):
            raise BadRow("wrong-type", f"{path}[{i}].key", "expected the name of an attribute")
        found[key] = _plain(item.get("value"), f"{path}[{i}].value")
    return found


def _plain(value: Json, path: str) -> Json:
    """Return the value that OTLP writes with its type, such as ``{"intValue": "3"}``."""
    if not isinstance(value, dict) or len(value) > 1:
        raise BadRow("wrong-type", path, "expected a typed value")
    kind, inner = next(iter(value.items()), ("", None))
    if kind == "kvlistValue" and isinstance(inner, dict):
        return attributes(inner.get("values", []), f"{path}.values")
    if kind == "arrayValue" and isinstance(inner, dict):
        items = shape(inner.get("values", []), list[Json], f"{path}.values")
        return [_plain(item, f"{path}.values[{i}]") for i, item in enumerate(items)]
    if kind == "intValue" and isinstance(inner, str) and re.fullmatch(r"-?\d{1,19}", inner):
        return int(inner)
    return inner


def of_span(span: Mapping[str, Json]) -> dict[str, Json]:
    """Return the attributes of a span, with those of its event of details."""
    found = dict(attributes(span.get("attributes")))
    events = span.get("events")
    for i, event in enumerate(events if isinstance(events, list) else ()):
        if isinstance(event, dict) and event.get("name") == DETAILS:
            found |= attributes(event.get("attributes"), f"events[{i}].attributes")
    return found


def listed(found: Mapping[str, Json], key: str) -> list[Any] | None:
    """Return an attribute that is a list, or its JSON text; None where it is absent."""
    value = found.get(key)
    if isinstance(value, str):
        try:
            value = decode(value)
        except ValueError as error:
            raise BadRow("not-json", key, str(error)) from None
    return None if value is None else shape(value, list[Any], key)


def messages(found: Mapping[str, Json], side: str) -> list[tuple[str, Json]]:
    """Return the messages of the side "input" or "output", each with its path."""
    key = f"gen_ai.{side}.messages"
    given = listed(found, key)
    if given is not None:
        return [(f"{key}[{i}]", item) for i, item in enumerate(given)]
    apart: dict[int, dict[str, Json]] = {}
    for name, value in found.items():
        match = _MESSAGE.fullmatch(name)
        if match and match[1] == side:
            apart.setdefault(int(match[2]), {})[match[3]] = value
    return [(f"llm.{side}_messages.{i}", _of_openinference(apart[i])) for i in sorted(apart)]


def tools(found: Mapping[str, Json]) -> tuple[list[Json] | None, str]:
    """Return the definitions of the tools, or None where a span does not tell, and where they stand."""
    given = listed(found, "gen_ai.tool.definitions")
    if given is not None:
        return given, "gen_ai.tool.definitions"
    apart = {int(m[1]): value for name, value in found.items() if (m := _TOOL.fullmatch(name))}
    try:
        schemas = [decode(v) if isinstance(v, str) else v for _, v in sorted(apart.items())]
    except ValueError as error:
        raise BadRow("bad-tools", "llm.tools", str(error)) from None
    return (schemas or None), "llm.tools"


def is_read(name: str) -> bool:
    """Tell whether an attribute is one of those that the functions of this module read."""
    whole = ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.tool.definitions")
    return name in whole or bool(_MESSAGE.fullmatch(name) or _TOOL.fullmatch(name))


def _of_openinference(given: Mapping[str, Json]) -> Json:
    """Return a message of parts from the attributes of one message."""
    calls: dict[int, dict[str, Json]] = {}
    contents: dict[int, dict[str, Json]] = {}
    rest: dict[str, Json] = {}
    for name, value in given.items():
        call, content = _CALL.fullmatch(name), _CONTENT.fullmatch(name)
        if call:
            calls.setdefault(int(call[1]), {})[call[2].removeprefix("function.")] = value
        elif content:
            contents.setdefault(int(content[1]), {})[content[2]] = value
        elif name not in ("role", "content", "tool_call_id"):
            rest[name] = value
    parts = list(_parts(given, [contents[i] for i in sorted(contents)]))
    parts += [{"type": "tool_call", **calls[i]} for i in sorted(calls)]
    return {**rest, "role": given.get("role"), "parts": parts}


def _parts(given: Mapping[str, Json], contents: list[dict[str, Json]]) -> Iterator[Json]:
    content = given.get("content")
    if given.get("role") == "tool":
        texts = [part.get("text") for part in contents]
        response = content if content is not None or not texts else texts
        yield {"type": "tool_call_response", "id": given.get("tool_call_id"), "response": response}
        return
    if content is not None and content not in [part.get("text") for part in contents]:  # some write both
        yield {"type": "text", "content": content}
    for part in contents:
        rest = {key: item for key, item in part.items() if key != "text"}
        yield {"type": "text", **rest, "content": part.get("text")}
