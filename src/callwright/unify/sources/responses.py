"""OpenAI Responses API, as NeMo Gym rows and saved requests and responses have it.

NeMo Gym: ``{"responses_create_params": {"input": text | items, "tools": […]}, "response": {"output":
items}, "reward", …}``. Bare: ``{"input", "output", "tools"}``, a response object, or ``{"items": […]}``.
Items: `message`, `reasoning`, `function_call` (arguments as JSON text), `function_call_output`.

OpenAI's own tools: ``web_search_call`` and its kin are calls of a tool of that name, with a result where
the item holds one. An item of any other kind, an image or a file drops the row. `tools` that are absent, or
empty in a row that makes calls or has no input, are unknown: an agent with tools of its own ran there. Where
the input is empty, the problem statement of the request's metadata is what the user says. Rows without a
response end with the expected action or answers, if they have them; other expectations stay in the fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import responses_items as items_of
from callwright.unify.notations.blocks import number, outcome
from callwright.unify.rows import Row, other_fields, shape
from callwright.unify.tools import Toolset, toolset

LICENSES = {"xlam_fc": "CC-BY-4.0"}
FIELDS = ("responses_create_params", "response", "input", "output", "items", "tools")
LOSES = (
    "whether a system text was a developer's; where one text part ends; whether a thought of a turn stood "
    "before or behind its calls; whether a tool is strict; settings of the request that are null. "
    "Rows with images or sound are dropped."
)
SEEN = "real"
_PARAMS, _RESPONSE = "responses_create_params", "response"
_BARE = frozenset({"input", "output", "items", "instructions", "tools"})
_INPUT = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}

Items = list[tuple[str, Json]]


class _Layout(NamedTuple):
    """Where request and response stand: in objects of their own, or both in the row itself."""

    request: dict[str, Json]
    above: str
    response: dict[str, Json]
    below: str


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a request of the Responses API, or items."""
    params = value.get(_PARAMS)
    if isinstance(params, dict) and "input" in params:
        return "responses_create_params with an input"
    for key in ("output", "items", "input"):
        found = value.get(key)
        if not isinstance(found, list) or not found or not all(map(items_of.is_item, found)):
            continue
        if any(item.get("type") for item in found):
            return f"{key} is a list of items of the Responses API"
    return ""


def convert(row: Row) -> Trajectory:
    """Return input and output as one conversation."""
    value = shape(row.value, dict[str, Json])
    layout = _layout(value)
    items = [*_input(layout), *_listed(layout.response, layout.below, "output")]
    if not layout.above:
        items += _listed(value, "", "items")
    expected, answer = ("", []) if _RESPONSE in value else _expected(value)
    talk = Conversation(row, _offered(layout, items))
    items_of.add(talk, items + answer)
    if answer:
        talk.notes["answer"] = expected
    success = next((key for key in ("success", "resolved") if isinstance(value.get(key), bool)), "")
    read = {expected, success, "" if number(value.get("reward")) is None else "reward"}
    given = outcome(value.get("reward"), value.get(success))
    return talk.finish(fields=_fields(value, layout, read), outcome=given)


def _layout(value: dict[str, Json]) -> _Layout:
    request = value.get(_PARAMS, value)
    response = value.get(_RESPONSE, value if request is value else {})
    if response is None:
        response = {}
    return _Layout(
        shape(request, dict[str, Json], _PARAMS),
        "" if request is value else f"{_PARAMS}.",
        shape(response, dict[str, Json], _RESPONSE),
        "" if response is value else f"{_RESPONSE}.",
    )


def _input(layout: _Layout) -> Items:
    """Return the instructions and the input; a text is what the system or the user says."""
    request, above = layout.request, layout.above
    items = []
    for key, role in (("instructions", "system"), ("input", "user")):
        found = request.get(key)
        if isinstance(found, str) and found:
            items.append((f"{above}{key}", {"role": role, "content": found}))
        else:
            items += _listed(request, above, key)
    metadata = request.get("metadata")
    problem = metadata.get("problem_statement") if isinstance(metadata, dict) else None
    if isinstance(problem, str) and not request.get("input"):
        items.append((f"{above}metadata.problem_statement", {"role": "user", "content": problem}))
    return items


def _listed(value: Mapping[str, Json], above: str, key: str) -> Items:
    found = value.get(key) or []
    return [(f"{above}{key}[{i}]", item) for i, item in enumerate(shape(found, list[Json], f"{above}{key}"))]


def _expected(value: Mapping[str, Json]) -> tuple[str, Items]:
    """Return the turn that a row without a response expects: the field that tells it, and items."""
    answers, action = value.get("expected_answers"), value.get("expected_action")
    if isinstance(answers, list) and answers and all(isinstance(a, dict) for a in answers):
        calls = [{"type": "function_call", **answer} for answer in answers]
        return "expected_answers", [(f"expected_answers[{i}]", call) for i, call in enumerate(calls)]
    if not isinstance(action, dict):
        return "", []
    if action.get("type") == "function_call_batch":
        return "expected_action", _listed(action, "expected_action.", "calls")
    if action.get("type") == "message":
        return "expected_action", [("expected_action", {"role": "assistant", **action})]
    return "expected_action", [("expected_action", action)]


def _offered(layout: _Layout, items: Items) -> Toolset | None:
    given = layout.request.get("tools") or layout.response.get("tools")
    if given is None:
        given = layout.request.get("tools", layout.response.get("tools"))
    listed = [item for _, item in items if isinstance(item, dict) and item.get("type") == "mcp_list_tools"]
    server = [tool for item in listed if isinstance(item.get("tools"), list) for tool in item["tools"]]
    own = not layout.request.get("input") and bool(layout.above)
    if not given and not server and (given is None or own or _has_calls(items)):
        return None
    if not isinstance(given or [], list):
        return toolset(given, f"{layout.above}tools")
    return toolset([*filter(None, map(_definition, given or [])), *server], f"{layout.above}tools")


def _has_calls(items: Items) -> bool:
    kinds = (item.get("type") for _, item in items if isinstance(item, dict))
    return any(isinstance(kind, str) and kind in items_of.CALLS for kind in kinds)


def _definition(tool: Json) -> Json:
    """Return a definition that has a name, or None for a server whose tools are not listed here."""
    kind = tool.get("type") if isinstance(tool, dict) else None
    if not isinstance(kind, str) or kind == "function":
        return tool
    if kind == "mcp":
        return None
    if kind == "custom":
        return {"name": tool.get("name"), "description": tool.get("description"), "parameters": _INPUT}
    own = next((name for name in items_of.BUILT_IN if kind.startswith(name)), None)
    fields = items_of.BUILT_IN[own] if own else ()
    schema = {"type": "object", "properties": {key: {} for key in fields[:1]}}
    return {"name": own, "parameters": schema} if own else tool


def _fields(value: Mapping[str, Json], layout: _Layout, read: set[str]) -> dict[str, Json]:
    """Return what the row carries beyond conversation, tools and outcome."""
    known = read | {_PARAMS, _RESPONSE} | (set() if layout.above else _BARE)
    fields = other_fields(value, frozenset(known))
    tools = layout.request.get("tools")
    special = [t for t in tools if t is not _definition(t)] if isinstance(tools, list) else []
    if not layout.above:
        return {**fields, "tools": special} if special else fields
    rest = other_fields(layout.request, frozenset({"input", "instructions", "tools"}))
    settings = {key: item for key, item in rest.items() if item is not None}
    if special:
        settings["tools"] = special
    said = other_fields(layout.response, frozenset({"output"}))
    answer = {k: v for k, v in said.items() if v is not None and v != layout.request.get(k)}
    return {**fields, **{k: v for k, v in ((_PARAMS, settings), (_RESPONSE, answer)) if v}}
