"""Tools that are declared without code: JSON, JSONL or YAML, in any of the notations that people use.

Read are OpenAI's (chat, Responses and the legacy functions), Anthropic's, MCP's, xLAM's flat parameters,
BFCL's documents, what stands between Hermes' `<tools>` tags, and request bodies with such a list inside.
There is nothing in them that could be run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from callwright.errors import ToolsError
from callwright.record import Json, Tool
from callwright.toolbox.definitions import PARAMETERS, check_values, decode, keys_of, read_tools
from callwright.toolbox.openapi.document import read_document

MAX_BYTES = 64 << 20
_LISTS = ("tools", "functions")
_ROW_WORDS = frozenset({"messages", "conversations", "query", "question", "answers", "instruction", "prompt"})
_EXPECTED = "tool declarations as JSON, JSONL or YAML"


@dataclass(frozen=True)
class Declared:
    """The tools that a file declares, and which bytes they were read from."""

    tools: tuple[Tool, ...]
    path: Path
    sha256: str
    licence: str = ""
    """What the file or its declarations name under "license", separated by commas."""


def import_declared(path: Path) -> Declared:
    """Return the tools that a file declares; raises ToolsError for a file that declares none."""
    path = Path(path).absolute()
    place = str(path)
    try:
        if path.suffix.lower() in (".yaml", ".yml"):
            value, raw = read_document(path)
        else:
            raw = _bytes(path)
            value = _parsed(raw.decode("utf-8-sig"), place)
        check_values(value, place)
        definitions = list(_definitions(value, place))
        tools = read_tools(definitions, place)
    except UnicodeDecodeError:
        raise ToolsError("not UTF-8", place=place, expected=_EXPECTED) from None
    except RecursionError:
        raise ToolsError("nested too deep to read", place=place) from None
    if not tools:
        raise ToolsError("declares no tool", place=place, expected=_EXPECTED)
    licences = {_licence(told) for told in (value, *(definition for _, definition in definitions))}
    licence = ", ".join(sorted(filter(None, licences)))
    return Declared(tools, path, hashlib.sha256(raw).hexdigest(), licence)


def _licence(told: Json) -> str:
    found = told.get("license") if isinstance(told, dict) else None
    return found if isinstance(found, str) else ""


def _bytes(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise ToolsError("not a file", place=str(path), expected=_EXPECTED)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ToolsError("no such file", place=str(path)) from None
    except OSError as error:
        raise ToolsError("can not be read", place=str(path), got=error.strerror or str(error)) from None
    if len(raw) > MAX_BYTES:
        raise ToolsError(f"larger than {MAX_BYTES >> 20} MiB", place=str(path), expected=_EXPECTED)
    return raw


def _parsed(text: str, place: str) -> Json:
    """Return the value of a text: JSON, or JSON line by line."""
    inner = text.strip().removeprefix("<tools>").removesuffix("</tools>")
    if not inner.strip():
        raise ToolsError("an empty file", place=place, expected=_EXPECTED)
    try:
        return decode(inner)
    except ValueError as error:
        return _by_line(text, place, error)


def _by_line(text: str, place: str, error: ValueError) -> list[Json]:
    """Return one value per line; if not even the first line is one, the error is of the whole text."""
    values: list[Json] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() in ("", "<tools>", "</tools>"):
            continue
        try:
            values.append(decode(line))
        except ValueError as bad:
            if not values:
                raise ToolsError("not JSON", place=place, expected=_EXPECTED, got=str(error)) from None
            raise ToolsError("not JSON", place=f"{place}:{number}", got=str(bad)) from None
    return values


def _definitions(value: Json, place: str) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yield each definition with its path in the file."""
    found, path = _list_of(value, place)
    if not isinstance(found, list):
        raise ToolsError("no list of tools", place=place, expected=_EXPECTED, got=type(found).__name__)
    for i, item in enumerate(found):
        if not isinstance(item, dict):
            got = type(item).__name__
            raise ToolsError("no declaration", place=f"{place}: {path}[{i}]", expected="an object", got=got)
        if not _declares_one(item) and (_ROW_WORDS & item.keys() or any(item.get(key) for key in _LISTS)):
            raise ToolsError(
                "holds rows of data, no tools", place=place, expected=_EXPECTED, got=keys_of(item)
            )
        yield f"{path}[{i}]", item


def _list_of(value: Json, place: str) -> tuple[Json, str]:
    """Return the list that a file is or holds, and its path."""
    if not isinstance(value, dict):
        return value, ""
    path = ""
    if isinstance(value.get("result"), dict):  # the answer to tools/list as it came over the wire
        value, path = value["result"], "result."
    for key in _LISTS:
        if isinstance(value.get(key), str):
            try:
                return decode(value[key]), path + key
            except ValueError as error:
                raise ToolsError(f"{path}{key} is not JSON", place=place, got=str(error)) from None
        if value.get(key):
            return value[key], path + key
    if not _declares_one(value):
        raise ToolsError("declares no tool", place=place, expected=_EXPECTED, got=keys_of(value))
    return [value], path


def _declares_one(value: Mapping[str, Json]) -> bool:
    """Tell whether an object is a definition for sure; many things have a name and a description."""
    return isinstance(value.get("function"), dict) or (
        isinstance(value.get("name"), str) and any(key in value for key in (*PARAMETERS, "type"))
    )
