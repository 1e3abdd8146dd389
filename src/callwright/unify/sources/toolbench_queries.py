"""ToolBench's queries (Apache-2.0), among them the solvable ones of StableToolBench: requests without runs.

``{"query", "query_id", "api_list": [{"category_name", "tool_name", "api_name", "api_description",
"required_parameters": [{"name", "type", "description", "default"}], "optional_parameters", "method"}],
"relevant APIs": [[tool, API]]}``. The row becomes a bare query with the listed APIs as tools, named
``<api>_for_<tool>`` as ToolBench shows them to a model and as its answer files call them; `original_name` is
``tool: API``. Category, method and sample response stay in ``extra["unify"]["apis"]``, one entry per API.

A default that stands at a required parameter is the catalogue's example, so it is kept as `examples`; a
default of another type than the parameter's is read as that type or removed, with a note in
`schema_fixes`. Queries that name their APIs without parameters, or none at all, have unknown tools.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from callwright.record import Json, Trajectory
from callwright.schema import normalise, parse_type
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import Known, Toolset, assemble, make_tool, tool_digest

LICENSES = {"": "Apache-2.0"}
FIELDS = ("query", "query_id", "api_list", "relevant APIs", "gt_api_list")
LOSES = "empty defaults of parameters, which stand for none; an API that is listed twice."
SEEN = "real"
_LISTS = ("api_list", "gt_api_list")
_NAME_LENGTH = 64
_SHOWN = frozenset({"api_description", "required_parameters", "optional_parameters"})
_TEXT_TYPES = ("date", "time", "binary", "file", "credentials", "geopoint")


class _Parameter(msgspec.Struct):
    name: str
    type: str = "STRING"
    description: str | None = None
    default: Json = None


class _Api(msgspec.Struct):
    tool_name: str
    api_name: str
    api_description: str | None = None
    required_parameters: list[_Parameter] = []
    optional_parameters: list[_Parameter] = []


class _Row(msgspec.Struct):
    query: str
    api_list: list[Json] | None = None


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a query with its id, alone or beside APIs of tools."""
    if not isinstance(value.get("query"), str) or "query_id" not in value:
        return ""
    listed = next((value[key] for key in _LISTS if key in value), None)
    if listed is None:
        return "a query and its query_id, nothing else" if len(value) == 2 else ""
    if isinstance(listed, list) and all(
        isinstance(a, dict) and {"tool_name", "api_name"} <= a.keys() for a in listed
    ):
        return "a query, its query_id and APIs of tools"
    return ""


def convert(row: Row) -> Trajectory:
    """Return the bare query with its tools."""
    raw = shape(row.value, _Row)
    listed = raw.api_list or []
    for i, item in enumerate(listed):
        shape(item, _Api, f"api_list[{i}]")
    known = raw.api_list is not None and all("required_parameters" in item for item in listed)
    talk = Conversation(row, _toolset(listed) if known else None)
    talk.user(raw.query)
    if known:
        rest = [other_fields(item, _SHOWN) for item in listed]
        if rest:
            talk.notes["apis"] = rest
    fields = other_fields(row.value, frozenset({"query"} | ({"api_list"} if known else set())))
    return talk.finish(fields=fields)


def _toolset(listed: list[Json]) -> Toolset:
    found: dict[tuple[str, str], Known] = {}
    for i, item in enumerate(listed):
        try:
            tool = _tool(msgspec.json.encode(item))
        except (TypeError, ValueError, AttributeError, RecursionError) as error:
            raise BadRow("bad-tools", f"api_list[{i}]", f"the parameters can not be read: {error}") from None
        found.setdefault((item["tool_name"], item["api_name"]), tool)
    return assemble(list(found.values()))


@lru_cache(maxsize=1 << 14)
def _tool(definition: bytes) -> Known:
    api = msgspec.json.decode(definition, type=_Api)
    properties: dict[str, Any] = {}
    fixes: list[str] = []
    for parameter in (*api.required_parameters, *api.optional_parameters):
        properties[parameter.name] = _property(parameter, fixes)
    required = list(dict.fromkeys(p.name for p in api.required_parameters))
    schema, more = normalise({"type": "object", "properties": properties, "required": required})
    fixes += more
    for name in required:
        described = schema["properties"][name]
        if "default" in described:
            described["examples"] = [described.pop("default")]
            fixes.append(f"{name}: default of a required parameter kept as example")
    shown = f"{_word(api.api_name)}_for_{_word(api.tool_name)}"[-_NAME_LENGTH:]
    known = make_tool(shown, api.api_description or "", schema, None, tuple(fixes))
    original = f"{api.tool_name}: {api.api_name}"
    tool = msgspec.structs.replace(known.tool, original_name=original)
    return Known(tool, original, tool.name, tool_digest(tool))


def _property(parameter: _Parameter, fixes: list[str]) -> dict[str, Json]:
    described: dict[str, Json] = {"type": parameter.type}
    if not parse_type(parameter.type) and parameter.type.lower().startswith(_TEXT_TYPES):
        described = {"type": "string"}
        fixes.append(f"{parameter.name}: type {parameter.type!r} read as string")
    if parameter.description:
        described["description"] = parameter.description
    if parameter.default not in (None, ""):
        described["default"] = parameter.default
    return described


def _word(name: str) -> str:
    """Return a name the way ToolBench writes it into the names of its functions."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
