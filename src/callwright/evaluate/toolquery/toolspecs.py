"""The tools of a domain, read from AgentBoard's tool specifications (`<domain>_raw.json`)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from callwright.errors import DataError
from callwright.record import Json, Tool, no_parameters
from callwright.schema import normalise

CHECK, FINISH = "check_valid_actions", "finish"
"""The two tools that every domain has."""


class _Spec(msgspec.Struct):
    name: str
    description: str = ""
    parameters: dict[str, Json] = {}


class _File(msgspec.Struct):
    tool_set_message: list[_Spec]


def read_tools(path: Path) -> tuple[tuple[Tool, ...], str]:
    """Return a domain's tools and the sha256 of the file; raises DataError for one that is none.

    Every parameter is required: AgentBoard's environment answers a call that lacks one with a KeyError,
    though the weather specification does not say so.
    """
    try:
        content = path.read_bytes()
        file = msgspec.json.decode(content, type=_File)
    except OSError as error:
        raise DataError("can not be read", place=str(path), got=error.strerror or str(error)) from None
    except ValueError as error:
        raise DataError("not a tool specification of AgentBoard", place=str(path), got=str(error)) from None
    names = {spec.name for spec in file.tool_set_message}
    if not {CHECK, FINISH} <= names:
        raise DataError("tools are missing", place=str(path), expected=f"{CHECK} and {FINISH}")
    return tuple(map(_tool, file.tool_set_message)), hashlib.sha256(content).hexdigest()


def _tool(spec: _Spec) -> Tool:
    schema = normalise(spec.parameters).schema if spec.parameters else no_parameters()
    if properties := schema.get("properties"):
        schema = {**schema, "required": list(properties)}
    return Tool(name=spec.name, description=spec.description, parameters=schema, kind="env")
