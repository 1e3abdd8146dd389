"""Mocked answers: valid for whatever a schema asks, the same for the same call, and fitting the arguments."""

import json
import pickle
import random
from pathlib import Path

import jsonschema_rs
import pytest
from http_server import api_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callwright.record import Json, Observation, ToolCall
from callwright.toolbox.http import HttpExecutor
from callwright.toolbox.http.patterns import NotUnderstood, matching
from callwright.toolbox.http.values import Maker, NoValue
from callwright.toolbox.openapi import import_openapi

EXAMPLE = Path(__file__).parents[2] / "examples" / "openapi.yaml"
CALLS: dict[str, dict[str, Json]] = {
    "createParcel": {"recipient": {"name": "Ada", "street": "1 Way", "city": "Rome", "country": "IT"},
                     "weightKg": 3, "service": "express"},
    "listParcels": {"status": ["returned"], "page_size": 1},
    "getParcel": {"trackingCode": "PW-111111-IT"},
    "cancelParcel": {"trackingCode": "PW-111111-IT"},
    "redirectParcel": {"trackingCode": "PW-111111-IT", "body": {"kind": "later", "date": "2026-05-04"}},
    "quote_rate": {"to": "NO", "weightKg": 2.5},
    "findLockers": {"near": "Oslo", "page_size": 2},
    "get_zones_zoneId": {"zoneId": 4},
}  # fmt: skip
PATTERNS = [
    "^[A-Z]{2}$", r"^\d{3}-\d{4}$", "^(red|green|blue)$", r"^[a-z][a-z0-9_-]{2,10}$", r"^\+?[1-9]\d{1,14}$",
    r"^#([A-Fa-f0-9]{6}|[A-Fa-f0-9]{3})$", r"^v?\d+\.\d+(\.\d+)?$", "abc", r"^[^@\s]+@[^@\s]+\.[a-z]+$",
    r"^(?:[0-9A-F]{2}:){5}[0-9A-F]{2}$", r"^\p{Lu}\p{Ll}+$", "^.{3,8}$", "^$", r"^\$[0-9]+(,[0-9]{3})*$",
    r"^(?<year>\d{4})/(?<rest>.*)$", "^a*b?c+$", r"^[\w.\-]+$", "^\\u0041\\x42$",
]  # fmt: skip
FORMATS = [
    "date",
    "date-time",
    "time",
    "email",
    "uuid",
    "uri",
    "ipv4",
    "ipv6",
    "hostname",
    "duration",
    "json-pointer",
    "regex",
    "byte",
    "int32",
    "password",
    "uri-reference",
    "iri",
    "idn-email",
]
NAMES = ["id", "name", "petId", "tags", "a b", "ü"]


@st.composite
def texts(draw: st.DrawFn) -> Json:
    schema: dict[str, Json] = {"type": "string"}
    if draw(st.booleans()):
        schema["pattern" if draw(st.booleans()) else "format"] = ""
    if "pattern" in schema:
        schema["pattern"] = draw(st.sampled_from(PATTERNS))
    elif "format" in schema:
        schema["format"] = draw(st.sampled_from(FORMATS))
    else:
        low = draw(st.integers(0, 40))
        schema |= {"minLength": low, "maxLength": low + draw(st.integers(0, 20))}
    return schema


@st.composite
def numbers(draw: st.DrawFn) -> Json:
    schema: dict[str, Json] = {"type": draw(st.sampled_from(["integer", "number"]))}
    low = draw(st.integers(-(10**12), 10**12))
    if draw(st.booleans()):
        schema["minimum" if draw(st.booleans()) else "exclusiveMinimum"] = low
    if draw(st.booleans()):
        schema["maximum" if draw(st.booleans()) else "exclusiveMaximum"] = low + draw(st.integers(3, 1000))
    elif draw(st.booleans()):
        schema["multipleOf"] = draw(st.sampled_from([1, 2, 7, 0.5, 0.01, 2.5, 100]))
    return schema


def choices() -> st.SearchStrategy[Json]:
    values = st.lists(st.none() | st.booleans() | st.integers() | st.text(max_size=5), min_size=1, max_size=4)
    return st.one_of(
        values.map(lambda v: {"enum": v}),
        values.map(lambda v: {"const": v[0]}),
        st.sampled_from([{}, {"type": "boolean"}, {"type": "null"}, {"type": ["string", "null"]},
                         {"type": ["integer", "array", "object"]}]),
        st.sampled_from([{"type": "integer", "minimum": 1, "maximum": 9, "not": {"const": 5}},
                         {"type": "object", "if": {"required": ["x"]}, "then": {"required": ["y"]}},
                         {"type": "array", "contains": {"const": 3}, "minContains": 2, "maxItems": 4},
                         {"type": "object", "minProperties": 2, "propertyNames": {"pattern": "^[a-z]{3}$"}},
                         {"type": "object", "patternProperties": {"^x-[a-z]{2,4}$": {"type": "integer"}},
                          "additionalProperties": False, "minProperties": 1},
                         {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "null"}},
                          "dependentRequired": {"a": ["b"]}},
                         {"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "array"}]},
                         {"$ref": "#/$defs/Node"}, {"allOf": [{"$ref": "#/$defs/Node"}]}]),
    )  # fmt: skip


def containers(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    @st.composite
    def objects(draw: st.DrawFn) -> Json:
        properties = draw(st.dictionaries(st.sampled_from(NAMES), inner, max_size=4))
        schema: dict[str, Json] = {"type": "object", "properties": properties}
        schema["required"] = (
            draw(st.lists(st.sampled_from(sorted(properties)), unique=True)) if properties else []
        )
        if draw(st.booleans()):
            schema["additionalProperties"] = draw(st.just(False) | inner)
        elif draw(st.booleans()):
            schema["minProperties"] = draw(st.integers(0, 6))
        return schema

    @st.composite
    def arrays(draw: st.DrawFn) -> Json:
        low = draw(st.integers(0, 4))
        schema: dict[str, Json] = {"type": "array", "items": draw(inner), "minItems": low}
        if draw(st.booleans()):
            schema["maxItems"] = low + draw(st.integers(0, 2))
        if draw(st.booleans()):
            schema["prefixItems"] = draw(st.lists(inner, min_size=1, max_size=2))
        return schema

    @st.composite
    def together(draw: st.DrawFn) -> Json:
        one = {"type": "object", "properties": {"one": draw(inner)}, "required": ["one"]}
        other = {"properties": {"other": draw(inner), "one": {}}, "required": ["other"]}
        return {draw(st.sampled_from(["allOf"])): [one, other], "type": "object"}

    unique = st.sampled_from(
        [{"type": "array", "uniqueItems": True, "items": {"type": "integer"}, "minItems": 3, "maxItems": 5},
         {"type": "array", "uniqueItems": True, "items": {"enum": [1, 2, 3]}, "minItems": 3}]
    )  # fmt: skip
    return st.one_of(
        objects(), arrays(), together(), unique,
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts}),
        inner.map(lambda part: {"anyOf": [part, {"type": "null"}]}),
    )  # fmt: skip


NODE = {
    "type": "object",
    "required": ["value", "parent"],
    "properties": {
        "value": {"type": "integer"},
        "parent": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
        "kids": {"type": "array", "items": {"$ref": "#/$defs/Node"}, "maxItems": 2},
    },
}
SCHEMAS = st.recursive(texts() | numbers() | choices(), containers, max_leaves=8)


@given(SCHEMAS, st.integers(0, 2**32))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_made_up_is_valid_and_the_same_for_the_same_seed(schema: Json, seed: int) -> None:
    whole = {**schema, "$defs": {"Node": NODE}}
    value = Maker(whole).make(random.Random(seed))
    assert jsonschema_rs.Draft202012Validator(whole, validate_formats=True).is_valid(value)
    assert json.loads(json.dumps(value)) == Maker(whole).make(random.Random(seed))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_texts_match_the_pattern_that_they_are_made_for(pattern: str) -> None:
    validator = jsonschema_rs.Draft202012Validator({"pattern": pattern})
    found = {matching(pattern, random.Random(seed)) for seed in range(30)}
    assert all(validator.is_valid(text) for text in found)


@pytest.mark.parametrize(
    "pattern", ["(?=a)b", r"(a)\1", r"\bword\b", "a{9999}", "(", "[", "a)", "[[:alpha:]]", "*"]
)
def test_patterns_that_are_not_understood_are_said_to_be(pattern: str) -> None:
    with pytest.raises(NotUnderstood):
        matching(pattern, random.Random(0))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("low", [0, 25, 80])
def test_formats_with_a_length(form: str, low: int) -> None:
    schema = {"type": "string", "format": form, "minLength": low}
    try:
        value = Maker(schema).make(random.Random(1))
    except NoValue:
        assert low > 20
        assert form in ("date", "date-time", "time", "uuid", "ipv4", "ipv6")  # which have their one length
        return
    assert len(value) >= low


@pytest.mark.parametrize(
    "schema",
    [
        {"not": {}},
        {"type": "string", "pattern": "^(?=a)b"},
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"type": "array", "items": {"const": 1}, "uniqueItems": True, "minItems": 2},
        {"type": "array", "items": {}, "minItems": 10**9},
        {"type": "string", "minLength": 10**9},
        {"type": "object", "required": ["a"], "additionalProperties": False},
        {"$ref": "#/$defs/Endless", "$defs": {"Endless": {
            "type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/$defs/Endless"}}}}},
        {"type": "object", "required": ["a"], "properties": {"a": {"oneOf": [{"const": 1}, {"const": 1}]}}},
    ],
)  # fmt: skip
def test_what_no_value_fits_is_refused_and_not_made_up_wrongly(schema: Json) -> None:
    with pytest.raises(NoValue):
        Maker(schema).make(random.Random(0))


def answers(execute: HttpExecutor) -> dict[str, Observation]:
    return {name: execute(ToolCall(name=name, arguments=arguments)) for name, arguments in CALLS.items()}


def test_the_example_answers_every_call_with_a_valid_result_that_fits_the_arguments() -> None:
    api = import_openapi(EXAMPLE)
    assert {tool.name for tool in api.tools} == set(CALLS)
    with HttpExecutor(api) as execute:
        seen = answers(execute)
    for tool in api.tools:
        found = seen[tool.name]
        assert (found.ok, found.via, found.isolation, found.error) == (True, "mock", "none", "")
        assert jsonschema_rs.Draft202012Validator(tool.returns).is_valid(found.value)
    created = seen["createParcel"].value
    assert {name: created[name] for name in CALLS["createParcel"]} == CALLS["createParcel"]
    (listed,) = seen["listParcels"].value
    assert listed["status"] == "returned"
    assert seen["getParcel"].value["trackingCode"] == "PW-111111-IT"
    assert seen["getParcel"].value["events"][0]["place"] == "Hamburg"  # the rest is the stated example
    assert seen["cancelParcel"].value is None
    assert seen["get_zones_zoneId"].value["zoneId"] == 4
    assert len(seen["findLockers"].value["lockers"]) <= 2


def test_the_same_call_has_the_same_answer_in_any_order_and_process() -> None:
    api = import_openapi(EXAMPLE)
    with HttpExecutor(api, seed=3) as one, pickle.loads(pickle.dumps(HttpExecutor(api, seed=3))) as other:
        first = answers(one)
        backwards = {n: other(ToolCall(name=n, arguments=a)) for n, a in reversed(CALLS.items())}
    with HttpExecutor(api, seed=4) as third:
        assert first == backwards != answers(third)


def test_many_in_order_and_play_by_episode() -> None:
    from callwright.record import Episode

    api = import_openapi(EXAMPLE)
    calls = [ToolCall(name=name, arguments=arguments) for name, arguments in CALLS.items()]
    with HttpExecutor(api) as execute:
        seen = execute.many(calls)
        played = execute.play([Episode(tuple(calls[:3])), Episode(()), Episode(tuple(calls[3:]))])
    assert [o for one in played for o in one.observations] == seen
    assert [len(one.observations) for one in played] == [3, 0, 5]


def answered(folder: Path, response: Json, path: str = "/pets/{petId}", **arguments: Json) -> Observation:
    parameters = [{"name": "petId", "in": "path", "required": True, "schema": {}},
                  {"name": "limit", "in": "query", "schema": {}}]  # fmt: skip
    responses = {"404": {"description": ""}, **response}
    api = api_of(
        folder, {path: {"get": {"operationId": "ask", "parameters": parameters, "responses": responses}}}
    )
    with HttpExecutor(api, output_bytes=2000) as execute:
        return execute(ToolCall(name="ask", arguments={"petId": "p7", **arguments}))


def as_json(schema: Json, **more: Json) -> Json:
    return {"description": "", "content": {"application/json": {"schema": schema, **more}}}


def test_where_answers_come_from(tmp_path: Path) -> None:
    pet = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    assert answered(tmp_path, {"200": as_json(pet, example={"id": "x", "more": 1})}).value == {
        "id": "p7",
        "more": 1,
    }
    # An example that is not valid is no answer, and neither is an argument that would not be valid.
    assert answered(tmp_path, {"200": as_json(pet, example={"id": 5})}).value == {"id": "p7"}
    numbered = {**pet, "properties": {"id": {"type": "integer", "minimum": 9, "maximum": 9}}}
    assert answered(tmp_path, {"200": as_json(numbered)}).value == {"id": 9}
    several = {"a": {"value": {"id": "1"}}, "b": {"value": {"id": "2", "b": 1}}}
    values = [answered(tmp_path, {"200": as_json(pet, examples=several)}, limit=n).value for n in range(20)]
    assert {len(value) for value in values} == {1, 2}
    assert answered(tmp_path, {"2XX": as_json({"const": "class"})}).value == "class"
    assert answered(tmp_path, {"default": as_json({"const": "default"})}).value == "default"
    assert answered(tmp_path, {"204": {"description": ""}}).value is None
    assert answered(tmp_path, {}).value is None
    assert answered(tmp_path, {"200": {"description": "", "content": {"application/json": {}}}}).value == {
        "ok": True
    }
    text = {"200": {"description": "", "content": {"text/plain": {"example": "hello"}}}}
    assert answered(tmp_path, text).value == "hello"


def test_ids_of_parents_stand_in_the_items_and_ids_of_items_stay_their_own(tmp_path: Path) -> None:
    item = {
        "type": "object",
        "required": ["id", "petId"],
        "properties": {"id": {"type": "string"}, "petId": {}},
    }
    listed = {"type": "array", "items": item, "minItems": 3}
    values = answered(tmp_path, {"200": as_json(listed)}, "/pets/{petId}/visits", limit=2).value
    assert [value["petId"] for value in values] == ["p7"] * 3  # three, because fewer would not be valid
    assert "p7" not in [value["id"] for value in values]


def test_a_mocked_answer_keeps_the_limit_too(tmp_path: Path) -> None:
    seen = answered(tmp_path, {"200": as_json({"type": "string", "minLength": 3000})})
    assert (seen.ok, seen.kind, seen.error) == (False, "oversize", "the answer is longer than 2,000 bytes")
    short = answered(tmp_path, {"200": as_json({"type": "string", "maxLength": 9}, example="x" * 3000)})
    assert len(short.value) <= 9


def test_a_result_that_can_not_be_made_up_is_refused_with_the_way_out(tmp_path: Path) -> None:
    seen = answered(tmp_path, {"200": as_json({"type": "string", "pattern": "^(?=a)b"})})
    assert (seen.kind, seen.via) == ("refused", "mock")
    assert seen.error == "no answer can be made up (give GET /pets/{petId} an example of its response 200)"


def test_what_would_be_refused_live_is_refused_here() -> None:
    with HttpExecutor(import_openapi(EXAMPLE)) as execute:
        missing = execute(ToolCall(name="getParcel"))
        upwards = execute(ToolCall(name="getParcel", arguments={"trackingCode": ".."}))
        unknown = execute(ToolCall(name="getParcel", arguments={"trackingCode": "x", "y": 1}))
    assert {missing.kind, upwards.kind, unknown.kind} == {"refused"}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "minProperties": 10**9},
        {"minProperties": 4000, "additionalProperties": {"type": "array", "minItems": 4000}},
        {"type": "string", "pattern": "^((((){1999}){1999}){1999}){1999}b$"},
        {"type": "string", "pattern": "^" + "(" * 5000 + "a" + ")" * 5000 + "$"},
        {"anyOf": [{"$ref": "#/$defs/Wide"}] * 5, "$defs": {"Wide": {
            "type": "array", "minItems": 9, "items": {"anyOf": [{"$ref": "#/$defs/Wide"}] * 9}}}},
    ],
)  # fmt: skip
def test_schemas_that_are_made_to_keep_us_busy_end_soon(schema: Json) -> None:
    with pytest.raises(NoValue):
        Maker(schema).make(random.Random(0))
