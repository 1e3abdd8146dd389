"""One definition of a tool, in any of the notations that people use → `Tool`, under a legal name."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

import jiter
import msgspec
import xxhash

from callwright import schema
from callwright.errors import ToolsError
from callwright.record import Json, Tool

MAX_VALUES = 5_000_000
"""Values that a list of definitions may hold."""
PARAMETERS = ("parameters", "input_schema", "inputSchema", "input_parameters", "arguments")
_ILLEGAL = re.compile(r"[^A-Za-z0-9_.-]+")

Kind = Literal["function", "mcp"]


def read_tools(
    definitions: Iterable[tuple[str, Mapping[str, Json]]],
    place: str,
    kind: Kind = "function",
) -> tuple[Tool, ...]:
    """Return the tools of definitions, each given with its path, under legal names that differ.

    An equal definition counts once; raises ToolsError for two that share a name and nothing more.
    """
    tools: dict[str, Tool] = {}
    for path, definition in definitions:
        name, tool = _read(definition, f"{place}: {path}", kind)
        if tools.setdefault(name, tool) != tool:
            raise ToolsError(f"declares {_shown(name)} twice, and differently", place=f"{place}: {path}")
    names = _distinct({name: tool.name for name, tool in tools.items()})
    return tuple(
        tool if names[name] == tool.name
        else msgspec.structs.replace(tool, name=names[name], original_name=name)
        for name, tool in tools.items()
    )  # fmt: skip


def _read(definition: Mapping[str, Json], place: str, kind: Kind) -> tuple[str, Tool]:
    """Return the tool of one definition, and the name that its source uses."""
    body = definition.get("function")
    body = body if isinstance(body, dict) else definition
    name = body.get("name")
    if not isinstance(name, str) or not name:
        raise ToolsError("has no name", place=place, got=keys_of(body))
    if body is definition and not any(body.get(key) for key in (*PARAMETERS, "description", "type")):
        raise ToolsError("is no tool", place=place, expected="parameters or a description", got=keys_of(body))
    type_name = definition.get("type")
    if type_name not in (None, "function") and all(body.get(key) is None for key in PARAMETERS):
        raise ToolsError(
            f"{_shown(name)} is built into a provider's service", place=place,
            expected="a declaration with parameters", got=f"type {type_name!r}",
        )  # fmt: skip
    try:
        parameters, moved = _parameters(body, definition, place)
        normal, fixes = schema.normalise(parameters)
        returns = schema.declared_result(body)
    except (TypeError, ValueError, AttributeError) as error:
        raise ToolsError(
            f"the schema of {_shown(name)} can not be read", place=place, got=_shown(str(error))
        ) from None
    schemas = [found for found in (normal, returns) if found is not None]
    broken = [i.got for found in schemas for i in schema.check(found, {}) if i.code == "bad-schema"]
    if broken:
        raise ToolsError(f"the schema of {_shown(name)} is not valid", place=place, got=_shown(broken[0]))
    legal = _legal(name)
    return name, Tool(
        name=legal, description=_description(body), parameters=normal, returns=returns, kind=kind,
        original_name=name if legal != name else None,
        schema_fixes=tuple(dict.fromkeys((*moved, *fixes))),
    )  # fmt: skip


def _description(body: Mapping[str, Json]) -> str:
    found = body.get("description") or body.get("title")
    if isinstance(found, str):
        return found
    return "" if found is None else msgspec.json.encode(found).decode()


def _parameters(
    body: Mapping[str, Json], definition: Mapping[str, Json], place: str
) -> tuple[dict[str, Json], tuple[str, ...]]:
    """Return the parameters with a `required` list that stood beside them moved in."""
    found: Json = next((body[key] for key in PARAMETERS if body.get(key) is not None), {})
    if isinstance(found, str):
        found = decode(found) if found.strip() else {}
    if not isinstance(found, dict):
        raise ToolsError(
            "parameters are no object", place=place, expected="an object", got=type(found).__name__
        )
    required = body.get("required", definition.get("required"))
    return schema.with_required(found, required)


def _legal(name: str) -> str:
    """Return the name as `unify` writes it: every run of illegal characters becomes an underscore."""
    if not _ILLEGAL.search(name):
        return name
    legal = _ILLEGAL.sub("_", name)
    if not re.search(r"[A-Za-z0-9]", legal):
        return f"tool_{xxhash.xxh3_64_hexdigest(name.encode('utf-8', 'replace'))[:8]}"
    return legal


def _distinct(names: Mapping[str, str]) -> dict[str, str]:
    """Number the legal names that several share; a name that was legal from the start keeps it."""
    taken = Counter(name for name, legal in names.items() if name == legal)
    distinct = {}
    for name, legal in names.items():
        chosen, n = legal, 1
        while name != legal and taken[chosen]:
            n += 1
            chosen = f"{legal}_{n}"
        taken[chosen] += 1
        distinct[name] = chosen
    return distinct


def keys_of(value: Mapping[str, Json]) -> str:
    """Return what an object that is no definition looks like, for a message."""
    return "an object with " + (", ".join(map(_shown, list(value)[:6])) or "nothing in it")


def _shown(text: str) -> str:
    """Return a text of the file as a message of one line can hold it."""
    return text[:200] if text.isprintable() else repr(text)[:200]


def decode(text: str) -> Json:
    """Return the value of a JSON text; raises ValueError, also for a key that stands twice and for NaN."""
    return jiter.from_json(text.encode(), catch_duplicate_keys=True, allow_inf_nan=False)


def check_values(value: Json, place: str) -> None:
    """Raise ToolsError for what JSON can not hold, and for more than a machine can."""
    left, waiting = MAX_VALUES, [value]
    while waiting:
        item = waiting.pop()
        left -= 1
        if left < 0:
            raise ToolsError(f"stands for more than {MAX_VALUES} values", place=place)
        if isinstance(item, dict):
            if not all(isinstance(key, str) for key in item):
                raise ToolsError("has a key that is no text", place=place)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif not _is_json(item):
            raise ToolsError("holds what JSON can not", place=place, got=repr(item)[:60])


def _is_json(item: object) -> bool:
    if isinstance(item, float):
        return math.isfinite(item)
    if isinstance(item, int):
        return -(2**63) <= item < 2**63
    return item is None or isinstance(item, str)
