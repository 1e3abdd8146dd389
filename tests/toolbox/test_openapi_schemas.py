"""Schemas of OpenAPI 3.0 and 3.1 mean the same after they became JSON Schema 2020-12."""

import json
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_openapi import api_of, body, one

from callwright.record import Json
from callwright.toolbox.openapi.intersection import equal, intersect

PET = "#/components/schemas/Pet"


def converted(folder: Path, schema: Json, *, written: bool = False, **schemas: Json) -> Json:
    """Return a schema as a request (or as a result, if `written` is true) sees it, with its definitions."""
    spec = {
        "openapi": "3.0.3",
        "components": {"schemas": schemas},
        "paths": {"/it": {"post": {
            "operationId": "ask",
            "parameters": [{"name": "x", "in": "query", "schema": schema}],
            "responses": {"200": {"content": {"application/json": {"schema": schema}}}},
        }}},
    }  # fmt: skip
    api = api_of(folder, spec)
    assert api.skipped == ()
    (tool,) = api.tools
    for whole in (tool.parameters, tool.returns):
        jsonschema_rs.Draft202012Validator(whole)
    if not written:
        return tool.returns
    found = tool.parameters["properties"]["x"]
    return found | ({"$defs": tool.parameters["$defs"]} if "$defs" in tool.parameters else {})


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": True, "enum": ["a"]},
         {"type": ["string", "null"], "enum": ["a", None]}),
        ({"nullable": True, "anyOf": [{"type": "string"}], "description": "d"},
         {"anyOf": [{"anyOf": [{"type": "string"}]}, {"type": "null"}], "description": "d"}),
        ({"nullable": True}, {}),
        ({"type": ["string", "null"], "nullable": True}, {"type": ["string", "null"]}),
        ({"minimum": 0, "exclusiveMinimum": True}, {"exclusiveMinimum": 0}),
        ({"maximum": 9, "exclusiveMaximum": False}, {"maximum": 9}),
        ({"exclusiveMaximum": True}, {}),
        ({"exclusiveMinimum": 3}, {"exclusiveMinimum": 3}),
        ({"type": "string", "example": "a", "examples": ["b", 5]},
         {"type": "string", "examples": ["a", "b"]}),
        ({"type": "integer", "example": "no"}, {"type": "integer"}),
        ({"type": "object", "xml": {"name": "x"}, "externalDocs": {}, "discriminator": {"propertyName": "a"},
          "x-internal": 1, "readOnly": False}, {"type": "object"}),
        ({"type": "string", "format": "uuid", "title": "T", "deprecated": True, "default": "a"},
         {"type": "string", "title": "T", "format": "uuid", "deprecated": True, "default": "a"}),
        ({"const": None, "$comment": "c"}, {"const": None}),
        (True, {}), (False, {"not": {}}), (None, {}),
        ({"type": "array", "items": {"type": "string", "nullable": True}, "minItems": 1.0},
         {"type": "array", "minItems": 1, "items": {"type": ["string", "null"]}}),
        ({"type": "object", "additionalProperties": {"type": "integer", "nullable": True}},
         {"type": "object", "additionalProperties": {"type": ["integer", "null"]}}),
        ({"additionalProperties": False}, {"additionalProperties": False}),
        ({"not": {"type": "string", "nullable": True}}, {"not": {"type": ["string", "null"]}}),
        ({"patternProperties": {"^x": {"nullable": True, "type": "null"}}},
         {"patternProperties": {"^x": {"type": ["null"]}}}),
        ({"properties": {"default": {"example": 1}, "enum": {"type": "string"}}},
         {"properties": {"default": {"examples": [1]}, "enum": {"type": "string"}}}),
        # What is no schema is left out.
        ({"type": "string", "pattern": "(", "minLength": -1, "enum": [], "required": 5}, {"type": "string"}),
        ({"type": "float"}, {"type": "number"}), ({"type": "file"}, {"type": "string"}),
        ({"type": "any"}, {}), ({"type": 5}, {}),
        ({"type": "string", "enum": [1, True, 1]}, {"type": "string", "enum": ["1", "true"]}),
        ({"type": "integer", "default": "5"}, {"type": "integer"}),
        ({"items": [{"type": "string"}]}, {"prefixItems": [{"type": "string"}]}),
        ({"type": "object", "properties": {"a": {"type": "string", "required": True}}},
         {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
        ({"type": "object", "required": ["a", "a"]}, {"type": "object", "required": ["a"]}),
        ({"type": "object", "properties": 5, "allOf": 5, "anyOf": []}, {"type": "object"}),
    ],
)  # fmt: skip
def test_keywords(tmp_path: Path, schema: Json, expected: Json) -> None:
    assert converted(tmp_path, schema) == expected


def test_what_had_to_be_changed_is_noted(tmp_path: Path) -> None:
    field = {"type": "float", "pattern": "(", "default": "x"}
    tool = one(tmp_path, body({"type": "object", "properties": {"a": field}, "required": ["b"]}))
    assert tool.parameters["properties"] == {"a": {"type": "number"}, "b": {}}
    assert tool.schema_fixes == (
        'type "float" read as number', 'pattern "(" removed', 'default "x" removed',
    )  # fmt: skip


NEW_PET = {
    "type": "object", "required": ["id", "name", "secret"],
    "properties": {"id": {"type": "integer", "readOnly": True}, "name": {"type": "string"},
                   "secret": {"type": "string", "writeOnly": True}},
}  # fmt: skip


def test_what_is_only_read_is_no_argument_and_what_is_only_written_no_result(tmp_path: Path) -> None:
    asked = converted(tmp_path, {"$ref": PET}, written=True, Pet=NEW_PET)
    assert (list(asked["properties"]), asked["required"]) == (["name", "secret"], ["name", "secret"])
    told = converted(tmp_path, {"$ref": PET}, Pet=NEW_PET)
    assert (list(told["properties"]), told["required"]) == (["id", "name"], ["id", "name"])


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"$ref": PET}, {"required": ["id"]}]},
        {"required": ["id"], "allOf": [{"$ref": PET}]},
        {"allOf": [{"allOf": [{"$ref": PET}]}, {"type": "object", "required": ["id", "name"]}]},
        {"$ref": PET, "required": ["id"]},
        {"allOf": [{"$ref": PET}], "anyOf": [{"required": ["id"]}, {"required": ["name"]}]},
    ],
)
def test_a_property_that_was_left_out_is_required_nowhere(tmp_path: Path, schema: Json) -> None:
    found = converted(tmp_path, schema, written=True, Pet=NEW_PET)
    assert '"id"' not in json.dumps(found)
    assert jsonschema_rs.is_valid(found, {"name": "Rex", "secret": "s"})


def test_a_property_may_be_left_out_by_what_it_refers_to(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {
        "a": {"$ref": "#/components/schemas/Id"},
        "b": {"allOf": [{"$ref": "#/components/schemas/Id"}]},
        "c": {"$ref": "#/components/schemas/Name", "readOnly": True},
        "d": {"$ref": "#/components/schemas/Name"},
    }}  # fmt: skip
    found = converted(tmp_path, schema, written=True, Id={"type": "integer", "readOnly": True}, Name={})
    assert list(found["properties"]) == ["d"]


def test_inheritance_becomes_one_object(tmp_path: Path) -> None:
    animal = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "minLength": 1}},
    }
    pet = {
        "allOf": [
            {"$ref": "#/components/schemas/Animal"},
            {"properties": {"name": {"maxLength": 9}, "age": {}}},
        ]
    }
    found = converted(tmp_path, {"$ref": PET, "description": "A pet."}, Animal=animal, Pet=pet)
    assert found == {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 9}, "age": {}},
        "description": "A pet.",
    }


def test_recursion_ends_in_a_definition(tmp_path: Path) -> None:
    node = {"type": "object", "required": ["v"], "properties": {
        "v": {"type": "integer"}, "next": {"$ref": "#/components/schemas/Node"}}}  # fmt: skip
    found = converted(tmp_path, {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}, Node=node)
    assert found["items"] == {"$ref": "#/$defs/Node"}
    validator = jsonschema_rs.Draft202012Validator(found)
    assert validator.is_valid([{"v": 1, "next": {"v": 2, "next": {"v": 3}}}])
    assert not validator.is_valid([{"v": 1, "next": {"v": 2, "next": {"v": "3"}}}])


def test_mutual_recursion_through_all_of(tmp_path: Path) -> None:
    one_ = {
        "properties": {"other": {"allOf": [{"$ref": "#/components/schemas/Other"}, {"description": "d"}]}}
    }
    other = {"type": "object", "required": ["n"], "properties": {
        "n": {"type": "integer"}, "one": {"$ref": "#/components/schemas/One"}}}  # fmt: skip
    found = converted(tmp_path, {"$ref": "#/components/schemas/One"}, One=one_, Other=other)
    validator = jsonschema_rs.Draft202012Validator(found)
    assert validator.is_valid({"other": {"n": 1, "one": {"other": {"n": 2}}}})
    assert not validator.is_valid({"other": {"n": 1, "one": {"other": {"n": "2"}}}})


@pytest.mark.parametrize(
    "loop",
    [
        {"One": {"$ref": "#/components/schemas/One"}},
        {"One": {"$ref": "#/components/schemas/Two"}, "Two": {"$ref": "#/components/schemas/One"}},
        {"One": {"anyOf": [{"$ref": "#/components/schemas/Two"}, {"type": "null"}]},
         "Two": {"allOf": [{"$ref": "#/components/schemas/One"}]}},
        {"One": {"not": {"$ref": "#/components/schemas/One"}}},
    ],
)  # fmt: skip
def test_schemas_that_lead_to_no_end_are_skipped(tmp_path: Path, loop: Json) -> None:
    operation = {"parameters": [{"name": "x", "in": "query", "schema": {"$ref": "#/components/schemas/One"}}]}
    paths = {"/bad": {"get": operation}, "/good": {"get": {"operationId": "fine"}}}
    api = api_of(tmp_path, {"openapi": "3.1.0", "paths": paths, "components": {"schemas": loop}})
    assert [tool.name for tool in api.tools] == ["fine"]
    assert "without end" in api.skipped[0] or "no end" in api.skipped[0]


def test_a_discriminator_is_a_constant_in_each_alternative(tmp_path: Path) -> None:
    kind = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, "n": {}}}
    schema = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"meow": "#/components/schemas/Cat", "miau": "Cat"},
        },
    }
    found = converted(tmp_path, schema, Cat=kind, Dog=kind)
    assert [branch["properties"]["kind"] for branch in found["oneOf"]] == [
        {"type": "string", "enum": ["meow", "miau"]}, {"type": "string", "const": "Dog"},
    ]  # fmt: skip
    assert jsonschema_rs.is_valid(found, {"kind": "Dog", "n": 1})
    assert not jsonschema_rs.is_valid(found, {"kind": "Cat", "n": 1})


def test_schemas_that_double_at_every_level_do_not_explode(tmp_path: Path) -> None:
    schemas: dict[str, Json] = {"S0": {"type": "object", "properties": {"leaf": {"type": "string"}}}}
    for i in range(60):
        ref = {"allOf": [{"$ref": f"#/components/schemas/S{i}"}]}
        schemas[f"S{i + 1}"] = {"type": "object", "properties": {"a": ref, "b": ref, "c": ref}}
    found = converted(tmp_path, {"$ref": "#/components/schemas/S60"}, **schemas)
    assert len(json.dumps(found)) < 1_000_000
    assert jsonschema_rs.is_valid(found, {"a": {"b": {"c": {}}}})
    assert not jsonschema_rs.is_valid(found, {"a": {"b": {"c": 5}}})


def test_a_result_with_very_many_schemas_is_cut_and_still_accepts_what_it_did(tmp_path: Path) -> None:
    fields = {f"field{n}": {"type": "string", "description": "d" * 50} for n in range(40)}
    schemas = {f"S{i}": {"type": "object", "properties": {
        **fields, "next": {"oneOf": [{"$ref": f"#/components/schemas/S{i + 1}"}, {"type": "null"}]}}}
        for i in range(50)}  # fmt: skip
    schemas["S50"] = {"not": {"$ref": "#/components/schemas/S0"}}
    responses = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}}
    tool = one(tmp_path, {"responses": responses}, components={"schemas": schemas})
    assert tool.returns is not None
    assert len(json.dumps(tool.returns)) < 150_000
    value: Json = {"field1": "x", "next": None}
    for _ in range(45):
        value = {"next": value, "field2": "y"}
    validator = jsonschema_rs.Draft202012Validator(tool.returns)
    assert validator.is_valid(value)
    assert not validator.is_valid({"field1": 5})
    assert tool.schema_fixes[-1].startswith("results: ")


def test_parameters_that_no_prompt_could_hold_are_skipped(tmp_path: Path) -> None:
    wide = {"type": "object", "properties": {f"p{n}": {"enum": list(range(50))} for n in range(400)}}
    paths = {"/bad": {"post": body(wide)}, "/good": {"get": {"operationId": "fine"}}}
    api = api_of(tmp_path, {"openapi": "3.1.0", "paths": paths})
    assert [tool.name for tool in api.tools] == ["fine"]
    assert "keywords and values is too large" in api.skipped[0]


# Two schemas together, said by `allOf` and by one.

NUMBERS = st.sampled_from(
    [{}, {"type": "integer"}, {"type": "number", "minimum": 1}, {"type": ["integer", "null"]}, {"minimum": 2},
     {"maximum": 3, "minimum": 0}, {"exclusiveMinimum": 1}, {"enum": [1, 2, "a", None]}, {"const": 2},
     {"type": "string"}, {"enum": ["a", True]}, {"multipleOf": 2}, {"multipleOf": 3}, {"not": {"const": 4}},
     {"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"oneOf": [{"minimum": 2}, {"maximum": 1}]},
     {"type": "string", "minLength": 1}, {"maxLength": 1}, {"pattern": "a"}, {"pattern": "b"},
     {"if": {"type": "integer"}, "then": {"minimum": 2}}, {"if": {"type": "string"}, "else": {"maximum": 4}},
     {"then": {"const": 9}}, {"allOf": [{"minimum": 1}]}]
)  # fmt: skip
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["object", ["object", "null"]]),
        "properties": st.dictionaries(st.sampled_from("abc"), NUMBERS, max_size=3),
        "required": st.lists(st.sampled_from("abc"), unique=True),
        "additionalProperties": st.booleans() | NUMBERS,
        "minProperties": st.integers(0, 2),
        "dependentRequired": st.just({"a": ["b"]}),
        "patternProperties": st.just({"^a": {"type": "integer"}}),
        "anyOf": st.just([{"required": ["a"]}, {"required": ["b"]}]),
        "unevaluatedProperties": st.just(False),
        "propertyNames": st.just({"pattern": "^[ab]$"}),
    },
)
LISTS = st.fixed_dictionaries(
    {},
    optional={
        "items": NUMBERS, "prefixItems": st.lists(NUMBERS, min_size=1, max_size=2),
        "minItems": st.integers(0, 2),
        "uniqueItems": st.booleans(), "contains": NUMBERS, "minContains": st.integers(0, 2),
        "maxContains": st.integers(0, 2),
    },
)  # fmt: skip
VALUES = st.sampled_from([0, 1, 2, 3, 4, 6, 1.5, "", "a", "ab", "b", None, True])
INSTANCES = (
    VALUES | st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=3) | st.lists(VALUES, max_size=3)
)


@given(st.lists(NUMBERS | PARTS | LISTS, min_size=2, max_size=3), st.lists(INSTANCES, min_size=8, max_size=8))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_one_schema_says_what_several_say_together(parts: list[Json], values: list[Json]) -> None:
    whole: Json = {}
    for part in parts:
        whole = intersect(whole, part)
        if whole is None:
            return
    both = jsonschema_rs.Draft202012Validator({"allOf": parts})
    single = jsonschema_rs.Draft202012Validator(whole)
    for value in values:
        assert single.is_valid(value) == both.is_valid(value), (whole, value)


@given(PARTS, PARTS)
def test_a_schema_together_with_any_is_itself_and_stays_what_it_was(one_: Json, other: Json) -> None:
    before = json.dumps([one_, other])
    intersect(one_, other)
    assert json.dumps([one_, other]) == before
    alone = intersect({}, one_)
    assert equal(alone, one_)


def test_both_directions_share_nothing_that_one_changes(tmp_path: Path) -> None:
    """A request leaves out what a result keeps, whichever is converted first."""
    for first in (True, False):
        schema = {"$ref": PET}
        assert "id" not in converted(tmp_path, schema, written=True, Pet=NEW_PET)["properties"]
        assert ("id" in converted(tmp_path, schema, written=not first, Pet=NEW_PET)["properties"]) is first
