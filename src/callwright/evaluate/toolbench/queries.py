"""ToolBench's query files: requests, the APIs offered with each, and those that are relevant.

Read are ToolBench's own layout (also StableToolBench's solvable queries and DRAFT's files: `api_list` and
``relevant APIs``) and AnyTool's (`gt_api_list`, without parameters, with a reference answer). A row that can
not be used is left out and told with its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from callwright.errors import DataError
from callwright.evaluate.toolbench.apis import Api, Parameter
from callwright.record import Json, ToolCall
from callwright.store import sha256_text

SUBSETS = {
    "G1_instruction": "I1-inst",
    "G1_tool": "I1-tool",
    "G1_category": "I1-cat",
    "G2_instruction": "I2-inst",
    "G2_category": "I2-cat",
    "G3_instruction": "I3-inst",
}
"""The six subsets by the stems of their files, in the order of ToolBench's tables."""
SOLVABLE = dict(zip(SUBSETS, (163, 158, 153, 106, 124, 61), strict=True))
"""How many queries of each subset StableToolBench (aa4ed9f4) calls solvable: 765."""
_FOLDERS = ("solvable_queries/test_instruction", "test_instruction", "instruction", "")


class Query(NamedTuple):
    """One request."""

    id: str
    """Unique in its world: the file's stem and the query's id."""
    query_id: str
    subset: str
    text: str
    apis: tuple[Api, ...]
    relevant: tuple[tuple[str, str], ...]
    """(tool, API) pairs that the query was made for, each once."""
    reference: str = ""
    """An answer that the source gives."""
    expected: tuple[str, ...] = ()
    """What a right answer has to hold, where answers can be checked."""
    solution: tuple[ToolCall, ...] = ()
    """The calls of a known solution."""


class Problem(NamedTuple):
    """What was found wrong, and where."""

    place: str
    what: str


class Queries(NamedTuple):
    """Queries in the order of their files, the rows that were left out, and the files' hashes."""

    name: str
    queries: tuple[Query, ...]
    problems: tuple[Problem, ...]
    sha256: dict[str, str]


class _Parameter(msgspec.Struct):
    name: str
    type: str = "STRING"
    description: str | None = None
    default: Json = ""


class _Api(msgspec.Struct):
    category_name: str
    tool_name: str
    api_name: str
    api_description: str | None = None
    required_parameters: list[_Parameter] | None = None
    optional_parameters: list[_Parameter] | None = None
    template_response: Json = None


class _Row(msgspec.Struct):
    query: str
    query_id: int | str
    api_list: list[_Api] | None = None
    gt_api_list: list[_Api] | None = None
    relevant: list[tuple[str, str]] | None = msgspec.field(default=None, name="relevant APIs")
    final_answer: str = ""


def read_queries(path: Path) -> Queries:
    """Return the queries of a file, or of the files in a folder; raises DataError where there are none."""
    files = list(_files(path))
    if not files:
        raise DataError(
            "no query file", place=str(path), expected="ToolBench's query JSON, or a folder of it"
        )
    queries: dict[str, Query] = {}
    problems: list[Problem] = []
    hashes = {}
    for file in files:
        rows, hashes[file.stem] = _load(file)
        for number, row in enumerate(rows):
            place = f"{file.name}[{number}]"
            read = _query(row, file.stem, place)
            if isinstance(read, Query) and read.id in queries:
                read = Problem(place, f"a second query {read.query_id}")
            if isinstance(read, Problem):
                problems.append(read)
            else:
                queries[read.id] = read
    return Queries(_name(queries.values()), tuple(queries.values()), tuple(problems), hashes)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for inner in _FOLDERS:
        found = {file.stem: file for file in (path / inner).glob("*.json")}
        known = [found.pop(stem) for stem in SUBSETS if stem in found]
        if found or known:
            yield from known
            yield from (found[stem] for stem in sorted(found))
            return


def _load(file: Path) -> tuple[list[Json], str]:
    try:
        text = file.read_bytes()
        rows = json.loads(text)
    except OSError as error:
        raise DataError("the file can not be read", place=str(file), got=error.strerror or "") from None
    except (ValueError, RecursionError) as error:
        raise DataError("not JSON", place=str(file), got=str(error)) from None
    if not isinstance(rows, list):
        raise DataError("not a query file", place=str(file), expected="an array", got=type(rows).__name__)
    return rows, sha256_text(text)


def _query(value: Json, stem: str, place: str) -> Query | Problem:
    try:
        row = msgspec.convert(value, _Row)
    except (ValueError, RecursionError) as error:
        return Problem(place, str(error))
    listed = row.api_list if row.api_list is not None else row.gt_api_list
    if not listed:
        return Problem(place, "a query without APIs")
    apis = tuple(map(_api, listed))
    own = row.relevant if row.relevant is not None else [api.key for api in apis if row.api_list is None]
    relevant = tuple(dict.fromkeys(own))
    offered = {api.key for api in apis}
    if lost := [pair for pair in relevant if pair not in offered]:
        return Problem(place, f"the relevant API {lost[0][1]!r} of {lost[0][0]!r} is not in api_list")
    subset = SUBSETS.get(stem, stem)
    query_id = str(row.query_id)
    return Query(f"{stem}/{query_id}", query_id, subset, row.query, apis, relevant, row.final_answer)


def _api(api: _Api) -> Api:
    told: tuple[Parameter, ...] | None = None
    if api.required_parameters is not None or api.optional_parameters is not None:
        told = tuple(
            Parameter(each.name, each.type, each.description or "", each.default, required)
            for required, group in ((True, api.required_parameters), (False, api.optional_parameters))
            for each in group or ()
        )
    return Api(
        category=api.category_name,
        tool=api.tool_name,
        name=api.api_name,
        description=api.api_description or "",
        parameters=told,
        template=api.template_response,
    )


def _name(queries: Iterable[Query]) -> str:
    counts: dict[str, int] = {}
    for query in queries:
        stem = query.id.partition("/")[0]
        counts[stem] = counts.get(stem, 0) + 1
    if counts == SOLVABLE:
        return "stabletoolbench-765"
    return f"toolbench-{'+'.join(sorted(counts)) or 'none'}-{sum(counts.values())}"
