"""Answers that were recorded when the APIs still worked: StableToolBench's and ToolBench's cache folders.

``category/tool/api.json`` (or ``category/tool_for_category/api.json``, as the server writes it) holds one
object: the arguments as Python writes a dict, beside ``{"error", "response"}``.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path

from callwright.errors import DataError
from callwright.evaluate.toolbench.apis import Api
from callwright.evaluate.toolbench.names import category_folder, plain_name, standardize
from callwright.evaluate.toolbench.responses import Response, response_of
from callwright.record import Json

_ROOTS = ("", "tool_response_cache", "server_cache")
_MOST_EXAMPLES = 5


class Cache:
    """A folder of recorded answers, read file by file as calls come in; what was read stays in memory."""

    name = "cache"

    def __init__(self, folder: Path) -> None:
        self.folder = folder.name
        roots = [folder / inner for inner in _ROOTS if (folder / inner).is_dir()]
        # The innermost one that holds tools; the folder itself where none does, so that all calls miss.
        self._root = next((root for root in reversed(roots) if any(root.glob("*/*/*.json"))), folder)
        if not folder.is_dir():
            raise DataError(
                "no such cache folder", place=str(folder), expected="category/tool/api.json in it"
            )
        self._read: dict[tuple[str, str, str], dict[str, Json]] = {}

    def answer(self, api: Api, arguments: dict[str, Json]) -> Response | None:
        """Return what was recorded for these very arguments, else for the same in another order."""
        known = self._records(api)
        record = known.get(str(arguments))
        if record is None:
            record = known.get(_canonical(arguments))
        return None if record is None else response_of(record)

    def examples(self, api: Api) -> list[tuple[str, Json]]:
        """Return a few recorded calls of an API with their answers."""
        written = [(key, value) for key, value in self._records(api).items() if not key.startswith("\0")]
        return written[:_MOST_EXAMPLES]

    def _records(self, api: Api) -> dict[str, Json]:
        category, tool = category_folder(api.category), standardize(api.tool)
        key = (category, tool, plain_name(api.name))
        if key not in self._read:
            folder = self._root / category
            files = [folder / each / f"{key[2]}.json" for each in (tool, f"{tool}_for_{category}")]
            self._read[key] = next((_load(file) for file in files if file.is_file()), {})
        return self._read[key]


def _load(file: Path) -> dict[str, Json]:
    try:
        records = json.loads(file.read_bytes())
    except OSError as error:
        raise DataError("the file can not be read", place=str(file), got=error.strerror or "") from None
    except (ValueError, RecursionError) as error:
        raise DataError("not JSON", place=str(file), got=str(error)) from None
    if not isinstance(records, dict):
        raise DataError("not a cache file", place=str(file), expected="an object", got=type(records).__name__)
    canonical = {}
    for text, record in records.items():
        try:
            arguments = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(arguments, dict):
            canonical[_canonical(arguments)] = record
    return {**canonical, **records}


def _canonical(arguments: dict[str, Json]) -> str:
    """Return a key that does not depend on the order of arguments, told apart from texts by a zero byte."""
    try:
        return "\0" + json.dumps(arguments, sort_keys=True)
    except (TypeError, ValueError):
        return "\0" + str(arguments)
