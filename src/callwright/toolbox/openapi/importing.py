"""An OpenAPI specification as tools.

A specification is seldom the reader's to mend. So an operation that can not be described is skipped and
named, and the others become tools; only a file that holds no usable operation at all is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from callwright import schema as json_schema
from callwright.errors import ToolsError
from callwright.record import Json, Tool
from callwright.toolbox.openapi.arguments import Reader
from callwright.toolbox.openapi.names import TakenNames
from callwright.toolbox.openapi.operations import Api, Operation, Response
from callwright.toolbox.openapi.reading import mapping, text
from callwright.toolbox.openapi.references import Documents, Undescribable
from callwright.toolbox.openapi.responses import read_responses
from callwright.toolbox.openapi.schemas import Schemas
from callwright.toolbox.openapi.security import read_schemes, required_schemes
from callwright.toolbox.openapi.servers import read_servers

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
MAX_DESCRIPTION = 1024
"""Characters; the limit of the largest providers."""
_EXPECTED = "an OpenAPI 3.0 or 3.1 file"


def import_openapi(path: Path) -> Api:
    """Return the operations of an OpenAPI 3.0 or 3.1 file, YAML or JSON, as tools; raises ToolsError.

    Files that it refers to are read where they lie in its folder or below; the network never is. What can not
    be described, such as an operation that takes a file, is in `Api.skipped` with the reason.
    """
    path = Path(path).absolute()
    documents = Documents(path)
    _check_version(documents.root, path)
    reader = _Reader(documents)
    for item in _operations(documents):
        reader.read(item)
    if not reader.tools:
        if not reader.skipped:
            raise ToolsError("no operation", place=str(path), expected="paths with operations")
        more = f", and {len(reader.skipped) - 1} more" if len(reader.skipped) > 1 else ""
        raise ToolsError(f"no operation can be described: {reader.skipped[0]}{more}", place=str(path))
    return Api(tuple(reader.tools), path, documents.sha256, reader.operations, tuple(reader.skipped))


def _check_version(root: Json, path: Path) -> None:
    place = str(path)
    if not isinstance(root, dict):
        kind = {list: "a list", str: "a text", type(None): "nothing"}.get(type(root), "a single value")
        raise ToolsError("not a specification", place=place, expected=_EXPECTED, got=kind)
    if "swagger" in root:
        got = f"swagger: {str(root['swagger'])[:20]}"
        hint = "convert it first, for example with swagger2openapi or at editor.swagger.io"
        raise ToolsError("a Swagger file", place=place, expected=_EXPECTED, got=got, hint=hint)
    version = root.get("openapi")
    if version is None:
        raise ToolsError("no OpenAPI version", place=place, expected="openapi: 3.0.x or 3.1.x at the top")
    if not str(version).startswith(("3.0", "3.1", "3.2")):
        raise ToolsError(
            "an unknown version", place=place, expected=_EXPECTED, got=f"openapi: {str(version)[:20]}"
        )


class _Item(NamedTuple):
    """An operation as it stands in a specification."""

    method: str
    path: str
    shared: Mapping[str, Json]
    """What stands beside it in the path, for all its methods."""
    own: Json
    file: Path
    defect: str = ""


def _operations(documents: Documents) -> Iterator[_Item]:
    for path, value in mapping(documents.root.get("paths")).items():
        if path.startswith("x-"):
            continue
        try:
            found = documents.resolve(value, documents.start)
        except Undescribable as error:
            yield _Item("", path, {}, {}, documents.start, str(error))
            continue
        shared = mapping(found.value)
        for method in shared:
            if method in METHODS:
                yield _Item(method.upper(), path, shared, shared[method], found.file)


class _Reader:
    """Turns the operations of one specification into tools."""

    def __init__(self, documents: Documents) -> None:
        self.tools: list[Tool] = []
        self.operations: dict[str, Operation] = {}
        self.skipped: list[str] = []
        self._documents = documents
        self._names = TakenNames(64)
        self._results = Schemas(documents, "writeOnly")
        self._schemes = read_schemes(documents)
        self._inputs = Reader(documents, Schemas(documents, "readOnly"), list(self._schemes.values()))

    def read(self, item: _Item) -> None:
        """Add the tool of an operation, or the reason why there is none."""
        try:
            self._read(item)
        except Undescribable as error:
            self._skip(item, str(error))
        except RecursionError:
            self._skip(item, "its schemas are nested too deep")

    def _skip(self, item: _Item, reason: str) -> None:
        self.skipped.append(f"{f'{item.method} {item.path}'.strip()} can not be described: {reason}")

    def _read(self, item: _Item) -> None:
        if item.defect or item.method in ("TRACE", "QUERY") or not item.path.startswith("/"):
            raise Undescribable(item.defect or f"{item.method} {item.path[:40]} is never called")
        own, documents = mapping(item.own), self._documents
        parameters = [
            documents.resolve(parameter, item.file)
            for holder in (item.shared, own)
            for parameter in _list(holder.get("parameters"))
        ]
        body = documents.resolve(own["requestBody"], item.file) if "requestBody" in own else None
        inputs = self._inputs.read(item.path, parameters, body)
        responses, notes = read_responses(own.get("responses"), documents, self._results, item.file)
        _check(inputs.parameters.schema)
        responses, more = _usable(responses)
        name, original = self._name(item, own)
        root = mapping(documents.root)
        operation = Operation(
            name=name, method=item.method, path=item.path, arguments=inputs.arguments,
            content=inputs.content, open_body=inputs.open_body,
            servers=read_servers(own, item.shared, root),
            security=required_schemes(own.get("security", root.get("security")), self._schemes),
            responses=responses,
        )  # fmt: skip
        description, cut = _description(own, item)
        tool = Tool(
            name=name, description=description, parameters=inputs.parameters.schema,
            returns=_returns(responses),
            original_name=original, schema_fixes=(*inputs.parameters.notes, *notes, *more, *cut),
        )  # fmt: skip
        self.tools.append(tool)
        self.operations[name] = operation

    def _name(self, item: _Item, own: Mapping[str, Json]) -> tuple[str, str | None]:
        wanted = text(own.get("operationId"))
        otherwise = f"{item.method.lower()} {item.path}"
        name = self._names.take(wanted or otherwise, otherwise)
        return name, None if name == wanted else wanted or f"{item.method} {item.path}"


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _check(parameters: dict[str, Json]) -> None:
    broken = _defect(parameters)
    if broken:
        raise Undescribable(f"its schema is not valid: {broken}")


def _defect(schema: dict[str, Json]) -> str:
    issues = (issue.got for issue in json_schema.check(schema, {}) if issue.code == "bad-schema")
    return next(issues, "")


def _usable(responses: tuple[Response, ...]) -> tuple[tuple[Response, ...], tuple[str, ...]]:
    """Return the responses without schemas that are not valid, and what was wrong with those."""
    defects = [_defect(r.schema) if r.schema is not None else "" for r in responses]
    usable = tuple(replace(r, schema=None) if d else r for r, d in zip(responses, defects, strict=True))
    return usable, tuple(f"results: schema removed, {defect}" for defect in defects if defect)


def _returns(responses: tuple[Response, ...]) -> dict[str, Json] | None:
    """Return the schema of the result to expect."""
    if responses and not responses[0].content:
        return {"type": "null"}
    return responses[0].schema if responses else None


def _description(own: Mapping[str, Json], item: _Item) -> tuple[str, tuple[str, ...]]:
    """Return summary and description in one, and a note if that had to be cut."""
    summary = text(own.get("summary")) or text(item.shared.get("summary"))
    more = text(own.get("description")) or text(item.shared.get("description"))
    if more.casefold().startswith(summary.casefold().rstrip(".")):
        summary = ""
    if summary and more and summary[-1] not in ".!?:":
        summary += "."
    whole = f"{summary} {more}".strip() or f"{item.method} {item.path}"
    if own.get("deprecated") is True and "deprecated" not in whole.lower():
        whole = f"Deprecated. {whole}"
    if len(whole) <= MAX_DESCRIPTION:
        return whole, ()
    short = whole[:MAX_DESCRIPTION]
    end = max(short.rfind(". ") + 1, short.rfind(" ") if ". " not in short[MAX_DESCRIPTION // 2 :] else 0)
    return short[: end or MAX_DESCRIPTION].strip(), (f"description cut to {MAX_DESCRIPTION:,} characters",)
