"""A specification becomes tools; what can not be described is named, and a file that is none is one line."""

import copy
import dataclasses
import json
import pickle
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright import schema
from callwright.errors import ToolsError
from callwright.record import Json, Tool, ToolCall
from callwright.toolbox.http import HttpExecutor
from callwright.toolbox.openapi import Api, Argument, Scheme, import_openapi
from callwright.toolbox.openapi.document import read_document

EXAMPLE = Path(__file__).parents[2] / "examples" / "openapi.yaml"
GOLDEN = Path(__file__).parent / "openapi_golden.json"
"""The tools of the example, looked over by hand; written anew only together with a change that is meant."""
WHOLE = read_document(EXAMPLE)[0]
OK: Json = {"200": {"description": "", "content": {"application/json": {"schema": {"type": "string"}}}}}


def api_of(folder: Path, text: str | Json, name: str = "api.yaml") -> Api:
    path = folder / name
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return import_openapi(path)


def one(folder: Path, operation: Json, path: str = "/it", version: str = "3.1.0", **more: Json) -> Tool:
    """Return the tool of a specification with one operation."""
    operation = {"operationId": "ask", "responses": OK, **operation}
    (tool,) = api_of(folder, {"openapi": version, "paths": {path: {"post": operation}}, **more}).tools
    return tool


def parameter(name: str, place: str = "query", **more: Json) -> Json:
    return {"name": name, "in": place, "schema": {"type": "string"}, **more}


def body(schema: Json, content: str = "application/json", **more: Json) -> Json:
    return {"requestBody": {"required": True, "content": {content: {"schema": schema}}, **more}}


def test_the_example_is_as_expected() -> None:
    api = import_openapi(EXAMPLE)
    found = [dataclasses.asdict(api.operations[t.name]) | {"tool": msgspec.to_builtins(t)} for t in api.tools]
    for operation in found:
        for response in operation["responses"]:
            del response["schema"]  # which is what the tool returns
    assert json.loads(json.dumps(found)) == json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert api.skipped == (
        "POST /parcels/{trackingCode}/photo can not be described: "
        "its body is multipart/form-data, neither JSON nor a form nor text",
    )


def test_the_example_is_valid_json_schema_and_a_model_for_others() -> None:
    api = import_openapi(EXAMPLE)
    text = json.dumps([tool.parameters for tool in api.tools])
    for word in (
        '"enum"',
        '"minimum"',
        '"exclusiveMinimum"',
        '"format": "date"',
        '"default"',
        '"oneOf"',
        '"const"',
    ):
        assert word in text
    for tool in api.tools:
        jsonschema_rs.meta.validate(
            tool.parameters | {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        )
        assert tool.returns is not None
        assert tool.returns == (api.operations[tool.name].responses[0].schema or {"type": "null"})
        jsonschema_rs.meta.validate(tool.returns)
        assert tool.description
        assert not any(word in text for word in ("discriminator", "readOnly", "nullable", '"example"'))


def test_an_api_pickles_and_names_its_bytes(tmp_path: Path) -> None:
    api = import_openapi(EXAMPLE)
    assert pickle.loads(pickle.dumps(api)) == api
    other = tmp_path / "copy.yaml"
    other.write_bytes(EXAMPLE.read_bytes())
    assert import_openapi(other).sha256 == api.sha256
    assert api.path == EXAMPLE


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "swagger: '2.0'\npaths: {}",
            ": a Swagger file: expected an OpenAPI 3.0 or 3.1 file, got swagger: 2.0 (conv",
        ),
        (
            "openapi: 4.0.0\npaths: {}",
            ": an unknown version: expected an OpenAPI 3.0 or 3.1 file, got openapi: 4.0.0",
        ),
        ("info: {}\n", ": no OpenAPI version: expected openapi: 3.0.x or 3.1.x at the top"),
        ("openapi: 3.1.0\n", ": no operation: expected paths with operations"),
        ("openapi: 3.1.0\npaths: [1]\n", ": no operation"),
        ("openapi: 3.1.0\npaths: {/a: {summary: x}}\n", ": no operation"),
        ("", ": not a specification: expected an OpenAPI 3.0 or 3.1 file, got nothing"),
        ("- a\n", "got a list"),
        ("hello", "got a text"),
        (
            "openapi: 3.1.0\npaths: {/a: {trace: {}}, /b: {get: {parameters: [{}]}}}",
            ": no operation can be described: TRACE /a can not be described: TRACE /a is never",
        ),
    ],
)
def test_a_file_that_is_no_specification_is_named_in_one_line(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ToolsError) as caught:
        api_of(tmp_path, text)
    line = str(caught.value)
    assert line.startswith(str(tmp_path / "api.yaml"))
    assert message in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (
            body({}, "multipart/form-data"),
            "its body is multipart/form-data, neither JSON nor a form nor text",
        ),
        (body({}, "application/octet-stream"), "its body is application/octet-stream, neither"),
        (
            {"responses": {"200": {"content": {"image/png": {}}}}},
            "its result is image/png, neither JSON nor text",
        ),
        ({"parameters": [parameter("x", "querystring")]}, "its parameter x is in querystring"),
        ({"parameters": [parameter("x", "body")]}, "its parameter x is in body"),
        ({"parameters": [{"in": "query"}]}, "a parameter without a name or a place"),
        ({"parameters": ["x"]}, "a parameter without a name or a place"),
        ({"parameters": [parameter("a b", "header")]}, "'a b' is no name of a header"),
        ({"parameters": [parameter("a\r\nb", "header")]}, "is no name of a header"),
        ({"parameters": [{"$ref": "#/nowhere"}]}, "$ref #/nowhere leads nowhere"),
        (body({"$ref": "https://example.com/x.json"}), "$ref https://example.com/x.json lies on the network"),
        (body({"$ref": "#/components/schemas/Loop"}), "the schema Loop refers to itself without end"),
        (body({"$ref": "#/components/schemas/Text"}), "$ref #/components/schemas/Text leads to no schema"),
    ],
)
def test_what_can_not_be_described_is_skipped_and_the_rest_is_not(
    tmp_path: Path, operation: Json, reason: str
) -> None:
    schemas = {"Loop": {"allOf": [{"$ref": "#/components/schemas/Loop"}]}, "Text": "text"}
    paths = {"/bad": {"post": {"responses": OK, **operation}}, "/good": {"get": {"responses": OK}}}
    api = api_of(tmp_path, {"openapi": "3.0.3", "paths": paths, "components": {"schemas": schemas}})
    assert [tool.name for tool in api.tools] == ["get_good"]
    (line,) = api.skipped
    assert line.startswith("POST /bad can not be described: ")
    assert reason in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "spoiled", [5, "x", [], None, {"get": 7}, {"get": {"parameters": 3, "responses": []}}]
)
def test_malformed_parts_never_raise(tmp_path: Path, spoiled: Json) -> None:
    paths = {"/bad": spoiled, "/good": {"get": {"operationId": "fine"}}}
    api = api_of(tmp_path, {"openapi": "3.1.0", "paths": paths, "servers": spoiled, "components": spoiled})
    assert "fine" in [tool.name for tool in api.tools]


def test_names_are_legal_unique_and_remember_where_they_are_from(tmp_path: Path) -> None:
    ids = ["get pet", "get-pet", "get_pet", "", "größe", "!!!", "x" * 80, "x" * 90]
    paths = {f"/p{i}/{{a-b}}": {"get": {"operationId": id_}} for i, id_ in enumerate(ids)}
    tools = api_of(tmp_path, {"openapi": "3.1.0", "paths": paths}).tools
    names = [tool.name for tool in tools]
    assert names == [
        "get_pet",
        "get_pet_2",
        "get_pet_3",
        "get_p3_a_b",
        "gr_e",
        "get_p5_a_b",
        "x" * 64,
        "x" * 62 + "_2",
    ]
    assert [tool.original_name for tool in tools] == [
        "get pet", "get-pet", "get_pet", "GET /p3/{a-b}", "größe", "!!!", "x" * 80, "x" * 90,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "description"),
    [
        ({"summary": "Get it", "description": "Gets  the\n thing."}, "Get it. Gets the thing."),
        ({"summary": "Get it.", "description": "Get it now."}, "Get it now."),
        ({"summary": "Get it"}, "Get it"),
        ({}, "POST /it"),
        ({"summary": "Get it", "deprecated": True}, "Deprecated. Get it"),
    ],
)
def test_descriptions(tmp_path: Path, operation: Json, description: str) -> None:
    assert one(tmp_path, operation).description == description


def test_a_long_description_ends_with_a_sentence(tmp_path: Path) -> None:
    tool = one(tmp_path, {"description": "A sentence of some length. " * 60})
    assert len(tool.description) <= 1024
    assert tool.description.endswith("length.")
    assert tool.schema_fixes == ("description cut to 1,024 characters",)


def test_parameters_are_merged_by_name_and_place(tmp_path: Path) -> None:
    shared = [parameter("a", description="shared"), parameter("b"), parameter("a", "header")]
    own = [parameter("a", description="own", required=True, deprecated=True)]
    api = api_of(
        tmp_path,
        {
            "openapi": "3.1.0",
            "paths": {"/it": {"parameters": shared, "get": {"operationId": "ask", "parameters": own}}},
        },
    )
    (tool,) = api.tools
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "a": {"type": "string", "description": "own", "deprecated": True},
            "b": {"type": "string"},
            "header_a": {"type": "string"},
        },
        "required": ["a"],
    }
    assert [(a.name, a.wire, a.place) for a in api.operations["ask"].arguments] == [
        ("a", "a", "query"), ("b", "b", "query"), ("header_a", "a", "header"),
    ]  # fmt: skip


def test_parameters_with_content_examples_styles_and_odd_names(tmp_path: Path) -> None:
    parameters = [
        {"name": "filter", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
        parameter("$top", schema={"type": "integer"}, example=5, allowReserved=True),
        parameter("x[y]", examples={"one": {"value": "1"}, "two": {"$ref": "#/components/examples/two"}}),
        parameter("ids", "path", style="matrix", explode=True),
        {"name": "old", "in": "query", "type": "integer", "minimum": 3},
        parameter("bad", style="deepest", schema=True),
        parameter("elsewhere", "path"),
    ]
    api = api_of(
        tmp_path,
        {"openapi": "3.1.0",
         "paths": {"/{ids}/{more}/{more}": {"get": {"operationId": "ask", "parameters": parameters}}},
         "components": {"examples": {"two": {"value": "2"}}}},
    )  # fmt: skip
    (tool,) = api.tools
    assert tool.parameters["properties"] == {
        "filter": {"type": "object"}, "top": {"type": "integer", "examples": [5]},
        "x_y": {"type": "string", "examples": ["1", "2"]}, "ids": {"type": "string"},
        "old": {"type": "integer", "minimum": 3}, "bad": {}, "more": {"type": "string"},
    }  # fmt: skip
    assert tool.parameters["required"] == ["ids", "more"]
    assert api.operations["ask"].arguments == (
        Argument("filter", "filter", "query", "form", True, content="application/json"),
        Argument("top", "$top", "query", "form", True, reserved=True),
        Argument("x_y", "x[y]", "query", "form", True),
        Argument("ids", "ids", "path", "matrix", True),
        Argument("old", "old", "query", "form", True),
        Argument("bad", "bad", "query", "form", True),
        Argument("more", "more", "path", "simple"),
    )
    assert tool.schema_fixes == (
        "$top is called top", "x[y] is called x_y", "old: its type stands beside it instead of in a schema",
        "elsewhere is no part of the path, left out", "more is only named in the path, read as a text",
    )  # fmt: skip


def test_a_body_is_flattened_only_where_that_changes_nothing(tmp_path: Path) -> None:
    pet = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "age": {}}}
    flat = one(tmp_path, body(pet)).parameters
    assert (list(flat["properties"]), flat["required"]) == (["name", "age"], ["name"])
    optional = one(tmp_path, body(pet, required=False, description="A pet."))
    assert optional.parameters == {"type": "object", "properties": {"body": {**pet, "description": "A pet."}}}
    loose = {**pet, "required": []}
    assert list(one(tmp_path, body(loose, required=False)).parameters["properties"]) == ["name", "age"]
    clash = one(tmp_path, {"parameters": [parameter("name")], **body(pet)})
    assert list(clash.parameters["properties"]) == ["name", "body"]
    named = one(tmp_path, {"parameters": [parameter("body")], **body({"type": "array", "items": {}})})
    assert list(named.parameters["properties"]) == ["body", "request_body"]
    for schema_ in ({"type": "array"}, {**pet, "type": ["object", "null"]}, {"type": "object"},
                    {"oneOf": [pet, {}]}, {**pet, "minProperties": 1}, True, {}):  # fmt: skip
        assert list(one(tmp_path, body(schema_)).parameters["properties"]) == ["body"]


def test_an_open_body_stays_open_and_a_closed_one_closed(tmp_path: Path) -> None:
    pet = {"type": "object", "properties": {"name": {"type": "string"}}}
    opened = one(tmp_path, body({**pet, "additionalProperties": {"type": "integer"}})).parameters
    assert list(schema.check(opened, {"name": "Rex", "more": 1})) == []
    assert [issue.code for issue in schema.check(opened, {"more": "x"})] == ["wrong-type"]
    for closed in (pet, {**pet, "additionalProperties": False}):
        parameters = one(tmp_path, body(closed)).parameters
        assert [issue.code for issue in schema.check(parameters, {"more": 1})] == ["unknown-argument"]


def test_the_content_type_is_json_if_possible_then_a_form_then_text(tmp_path: Path) -> None:
    def content(*kinds: str) -> str:
        operation = {"operationId": "ask", "requestBody": {"content": {kind: {} for kind in kinds}}}
        api = api_of(tmp_path, {"openapi": "3.1.0", "paths": {"/it": {"post": operation}}})
        return api.operations["ask"].content

    form = "application/x-www-form-urlencoded"
    assert (
        content("multipart/form-data", "text/plain", form, "application/vnd.x+json")
        == "application/vnd.x+json"
    )
    assert content("image/png", "text/plain", form) == form
    assert content("text/csv", "image/png") == "text/csv"
    assert content("*/*") == "application/json"
    assert content() == ""


def test_examples_of_a_body_become_examples_of_its_fields(tmp_path: Path) -> None:
    pet = {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}}
    media = {"schema": pet, "example": {"name": "Rex", "age": "old"}}
    tool = one(tmp_path, {"requestBody": {"content": {"application/json": media}}})
    assert tool.parameters["properties"] == {
        "name": {"type": "string", "examples": ["Rex"]}, "age": {"type": "integer"},
    }  # fmt: skip


def test_results_are_those_of_success(tmp_path: Path) -> None:
    def returns(responses: Json) -> Json:
        return one(tmp_path, {"responses": responses}).returns

    def saying(schema_: Json, kind: str = "application/json") -> Json:
        return {"content": {kind: {"schema": schema_}}}

    number, text = saying({"type": "integer"}), saying({"type": "string"})
    assert returns({"404": text, "2XX": text, "201": number}) == {"type": "integer"}
    assert returns({"404": text, "default": number}) == {"type": "integer"}
    assert returns({"404": text, "204": {}}) == {"type": "null"}
    assert returns({"404": text}) is None
    assert returns({"200": saying({"type": "string"}, "text/html")}) == {"type": "string"}
    assert returns({"200": {"content": {"application/json": {}}}}) is None
    assert returns({"200": {"content": {"application/xml": {}, "application/json": {"schema": {}}}}}) == {}


def test_a_result_whose_schema_is_broken_may_be_anything(tmp_path: Path) -> None:
    broken = {"patternProperties": {"(": {}}}
    responses = {"200": {"content": {"application/json": {"schema": broken}}}}
    tool = one(tmp_path, {"responses": responses})
    assert tool.returns is None
    assert tool.schema_fixes[0].startswith("results: schema removed, ")
    paths = {"/bad": {"post": body(broken)}, "/good": {"get": {"operationId": "fine"}}}
    (line,) = api_of(tmp_path, {"openapi": "3.1.0", "paths": paths}).skipped
    assert "its schema is not valid" in line


def test_servers_and_security_of_an_operation_come_before_those_of_the_whole(tmp_path: Path) -> None:
    spec = {
        "openapi": "3.1.0",
        "servers": [{"url": "https://{zone}.x.example/{v}",
                     "variables": {"zone": {"default": "eu"}, "v": {"default": 2}}}],
        "security": [{"key": []}, {}],
        "components": {"securitySchemes": {
            "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            "pair": {"type": "http", "scheme": "Basic"},
            "open": {"type": "openIdConnect"}, "odd": {"type": "mutualTLS"},
        }},
        "paths": {
            "/a": {"get": {"operationId": "a"}},
            "/b": {"servers": [{"url": "https://b.example"}], "get": {
                "operationId": "b", "security": [{"pair": [], "open": ["read"]}, {"odd": []}, {"none": []}]}},
            "/c": {"get": {"operationId": "c", "servers": [{"url": "/v3"}], "security": []}},
        },
    }  # fmt: skip
    found = api_of(tmp_path, spec).operations
    assert [found[name].servers for name in "abc"] == [
        ("https://eu.x.example/2",),
        ("https://b.example",),
        ("/v3",),
    ]
    assert found["a"].security == ((Scheme("key", "header", "X-Key"),), ())
    assert found["b"].security == (
        (Scheme("pair", "basic"), Scheme("open", "bearer")),
        (Scheme("odd", "unsupported", "mutualTLS"),),
        (Scheme("none", "unsupported"),),
    )
    assert found["c"].security == ()


def test_a_path_item_may_be_a_reference(tmp_path: Path) -> None:
    (tmp_path / "paths").mkdir()
    item = {"get": {"operationId": "ask", "parameters": [{"$ref": "../shared.json#/p"}]}}
    (tmp_path / "paths" / "it.json").write_text(json.dumps(item), encoding="utf-8")
    (tmp_path / "shared.json").write_text(json.dumps({"p": parameter("q")}), encoding="utf-8")
    api = api_of(
        tmp_path,
        {"openapi": "3.1.0", "paths": {"/it": {"$ref": "paths/it.json"}, "/no": {"$ref": "no.json"}}},
    )
    assert list(api.tools[0].parameters["properties"]) == ["q"]
    assert api.skipped == ("/no can not be described: $ref no.json: no such file",)


def places(value: Json) -> list[tuple[Json, Json]]:
    """Return every container of a document with each of its keys."""
    found, todo = [], [value]
    while todo:
        here = todo.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else []
        found += [(here, key) for key in keys]
        todo += [here[key] for key in keys]
    return found


JUNK = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "..", "get", [], [None], [[]], {}, {"": {}}, {"$ref": "#/paths"},
     {"$ref": 5}, {"$ref": "#/components/schemas/Parcel"}, {"type": "object"},
     {"allOf": [True, {"not": {}}]}, {"enum": [[]]}]
)  # fmt: skip


@given(st.data())
@settings(max_examples=80)
def test_a_spoiled_specification_is_imported_or_refused_and_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    spec = copy.deepcopy(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        everywhere = places(spec)
        holder, key = everywhere[data.draw(st.integers(0, len(everywhere) - 1))]
        holder[key] = copy.deepcopy(data.draw(JUNK))
    try:
        api = api_of(tmp_path_factory.getbasetemp(), spec, "spoiled.json")
    except ToolsError:
        return
    for tool in api.tools:
        assert not [issue for issue in schema.check(tool.parameters, {}) if issue.code == "bad-schema"]
        msgspec.json.encode(tool)
    with HttpExecutor(api) as execute:
        for tool in api.tools:
            assert (
                execute(ToolCall(name=tool.name, arguments={"trackingCode": "x", "zoneId": 1})).via == "mock"
            )
