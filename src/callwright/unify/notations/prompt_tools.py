"""Tools that a prompt describes in words of a fixed layout, read into tools.

`listed` reads the layout of AgentBoard's tool environments::

    Name: get_search_movie(movie_name)
    Description: Search for a movie by name
    Parameters:
    - movie_name (Type: string): The name of the movie.
    Returns:
    - id : The ID of the movie.

`numbered` reads the layout of OpenHands and SWE-smith::

    ---- BEGIN FUNCTION #1: bash ----
    Description: Execute a command.

    Parameters:
      (1) command (string, required): The command.
    ---- END FUNCTION #1 ----

`objects` reads JSON objects that stand one behind the other. Each returns what stood before and behind.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import NamedTuple

from callwright.record import Json
from callwright.schema import parse_type
from callwright.unify.rows import BadRow
from callwright.unify.tools import Kind, Known, Toolset, assemble, known_tools, make_tool

READ_FROM_TEXT = "parameters read from a text"

_LISTED = re.compile(
    r"Name: (?P<name>[\w.-]+)\((?P<order>[^()\n]*)\)\n"
    r"Description: (?P<about>[^\n]*)\n"
    r"(?:Parameters:\n(?P<parameters>(?:- [^\n]*\n)*))?"
    r"(?:Returns:\n(?P<returns>(?:(?!Name: )[^\n]+\n)*))?\n*"
)
_LISTED_PARAMETER = re.compile(
    r"- (?P<name>[\w.-]+) \(Type: (?P<type>[^()]*?)(?:, Enum: \[(?P<enum>[^\]]*)\])?\)(?:: ?(?P<about>.*))?"
)
_NUMBERED = re.compile(
    r"---- BEGIN FUNCTION #(?P<n>\d+): (?P<name>[^\n]+?) ----\n"
    r"(?P<body>.*?)---- END FUNCTION #(?P=n) ----\n*",
    re.S,
)
_NUMBERED_PARAMETER = re.compile(
    r"^ *\(\d+\) (?P<name>[\w.-]+) \((?P<type>[^,()\n]+), (?P<needed>required|optional)\): "
    r"(?P<about>.*?)(?=^ *\(\d+\) |\Z)",
    re.S | re.M,
)
_ALLOWED = re.compile(r"\nAllowed values: \[(.*?)\]\s*\Z", re.S)
_scan = json.JSONDecoder().raw_decode


class Described(NamedTuple):
    """A text whose tools were read."""

    before: str
    tools: Toolset
    after: str


@lru_cache(maxsize=512)
def listed(text: str, kind: Kind = "env") -> Described | None:
    """Read tools that are given by name, description, parameters and returns; None without any."""
    first = _LISTED.search(text)
    if not first:
        return None
    known, end = [], first.start()
    while found := _LISTED.match(text, end):
        known.append(_listed_tool(found, kind))
        end = found.end()
    return Described(text[: first.start()], assemble(known), text[end:])


def _listed_tool(found: re.Match[str], kind: Kind) -> Known:
    properties: dict[str, Json] = {}
    for line in (found["parameters"] or "").splitlines():
        if read := _LISTED_PARAMETER.fullmatch(line):
            properties[read["name"]] = _parameter(read["type"], read["enum"], read["about"])
    order = [name.strip() for name in found["order"].split(",") if name.strip()]
    for name in order:
        properties.setdefault(name, {})
    returns = {"description": found["returns"].strip()} if found["returns"] else None
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    if order:
        schema["required"] = order
    return make_tool(found["name"], found["about"], schema, returns, (READ_FROM_TEXT,), kind)


def _parameter(type_text: str, enum: str | None, about: str | None) -> dict[str, Json]:
    schema = _typed(type_text)
    if enum:
        schema["enum"] = [item.strip(" `'\"") for item in enum.split(",")]
    if about and about.strip():
        schema["description"] = about.strip()
    return schema


def _typed(text: str) -> dict[str, Json]:
    """Return the schema of ``string`` or of a choice such as ``['string', 'number']``."""
    names = re.findall(r"\w+", text)
    if text.strip().startswith("[") and len(names) > 1:
        types = [parse_type(name).get("type") for name in names]
        return {"type": types} if all(isinstance(t, str) for t in types) else {}
    return dict(parse_type(names[0])) if names else {}


@lru_cache(maxsize=512)
def numbered(text: str, kind: Kind = "env") -> Described | None:
    """Read tools between ``BEGIN FUNCTION`` and ``END FUNCTION``; None without any."""
    found = list(_NUMBERED.finditer(text))
    if not found:
        return None
    tools = assemble([_numbered_tool(item["name"], item["body"], kind) for item in found])
    return Described(text[: found[0].start()], tools, text[found[-1].end() :])


def _numbered_tool(name: str, body: str, kind: Kind) -> Known:
    about, _, parameters = body.partition("\nParameters:\n")
    about = about.removeprefix("Description:").replace("\nNo parameters are required for this function.", "")
    properties: dict[str, Json] = {}
    required = []
    for read in _NUMBERED_PARAMETER.finditer(parameters):
        told = read["about"].strip()
        allowed = _ALLOWED.search(told)
        told = _ALLOWED.sub("", told)
        properties[read["name"]] = _parameter(read["type"], allowed[1] if allowed else None, told)
        if read["needed"] == "required":
            required.append(read["name"])
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return make_tool(name, about.strip(), schema, None, (READ_FROM_TEXT,), kind)


@lru_cache(maxsize=512)
def objects(text: str) -> Described | None:
    """Read JSON objects, one behind the other, that define tools; None without any, or if one is broken."""
    start = end = text.find("{\n")
    known: list[Known] = []
    while end >= 0 and text[end : end + 1] == "{":
        try:
            stop = _scan(text, end)[1]
            known += known_tools([text[end:stop].encode("utf-8", "surrogatepass")])
        except (BadRow, ValueError, RecursionError):
            return None
        end = stop + len(text[stop:]) - len(text[stop:].lstrip())
    return Described(text[:start], assemble(known), text[end:]) if known else None
