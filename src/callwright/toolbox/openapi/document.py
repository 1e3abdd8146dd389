"""One YAML or JSON file as plain JSON data: strictly, and safe against files that are made to hurt.

YAML is read by the rules of version 1.2: ``no`` and ``2026-05-04`` are texts, a key is always a text, tags
for objects of a language are errors. A key that stands twice is an error, because half of what it says would
be lost. Aliases are followed up to a total size, so that a few lines can not stand for gigabytes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from callwright.errors import ToolsError
from callwright.record import Json
from callwright.toolbox.openapi.yaml_tree import MAX_DEPTH, MAX_NODES, Broken, from_yaml, to_float, to_integer

MAX_BYTES = 64 * 1024 * 1024


def read_document(path: Path) -> tuple[Json, bytes]:
    """Return the data of a file and its bytes; raises ToolsError with the line for one that is unusable."""
    data = _read(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ToolsError("not text", place=str(path), expected="UTF-8") from None
    try:
        value = _parse(text, path.suffix.lower() == ".json")
        _measure(value)
    except Broken as broken:
        place = f"{path}:{broken.line}" if broken.line else str(path)
        raise ToolsError(str(broken), place=place) from None
    return value, data


def _read(path: Path) -> bytes:
    if path.is_dir():
        raise ToolsError("a directory", place=str(path), expected="a .yaml or .json file")
    if path.exists() and not path.is_file():
        raise ToolsError("not a plain file", place=str(path), expected="a .yaml or .json file")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ToolsError("no such file", place=str(path)) from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ToolsError("can not be read", place=str(path), got=reason) from None
    if len(data) > MAX_BYTES:
        raise ToolsError("too large", place=str(path), expected=f"at most {MAX_BYTES >> 20} MB")
    return data


def _parse(text: str, is_json: bool) -> Json:
    if not is_json and not text.lstrip().startswith("{"):
        return from_yaml(text)
    try:
        return _from_json(text)
    except json.JSONDecodeError as error:
        if is_json:
            raise Broken(f"not valid JSON: {error.msg}", error.lineno) from None
        return from_yaml(text)  # a mapping of YAML may begin with a brace as well


def _from_json(text: str) -> Json:
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=to_float,
            parse_int=to_integer,
            parse_constant=_not_json,
        )
    except RecursionError:
        raise Broken(f"nested more than {MAX_DEPTH} levels deep") from None


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        (key, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise Broken(f"the key {key[:80]!r} stands twice in one object")
    return found


def _not_json(text: str) -> Json:
    raise Broken(f"{text} is no number of JSON")


def _measure(value: Json) -> None:
    """Raise `Broken` for data that is too deep, too much, or holds what is no text."""
    level: list[Json] = [value]
    count = 0
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return
        count += len(level)
        if count > MAX_NODES:
            raise Broken(f"more than {MAX_NODES:,} values")
        level = list(_below(level))
    raise Broken(f"nested more than {MAX_DEPTH} levels deep")


def _below(values: list[Json]) -> Iterator[Json]:
    for value in values:
        if isinstance(value, dict):
            _check_text("".join(value))
            yield from value.values()
        elif isinstance(value, list):
            yield from value
        elif isinstance(value, str):
            _check_text(value)


def _check_text(text: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Broken("a lone surrogate, which is no text") from None
