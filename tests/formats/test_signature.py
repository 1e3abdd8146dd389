"""Signatures: what they say for the shapes of schemas, and that nothing upsets them."""

import json
from typing import Any

import pytest
from format_strategies import descriptions, json_values, parameters, tools
from hypothesis import given
from hypothesis import strategies as st

from callwright.formats import signature, tools_text
from callwright.record import Tool


def of(schema: Any, **root: Any) -> str:
    """The type that a single required parameter `x` of this schema is shown with."""
    tool = Tool(name="f", parameters={"properties": {"x": schema}, "required": ["x"], **root})
    return signature(tool).removeprefix("f(x: ").removesuffix(")")


def test_a_signature_names_required_and_optional_parameters_and_the_description() -> None:
    tool = Tool(
        name="book_table",
        description="Book  a\n table. ",
        parameters={
            "type": "object",
            "properties": {
                "restaurant": {"type": "string"},
                "party_size": {"type": "integer", "minimum": 1, "maximum": 12},
                "time": {"type": "string", "default": "19:00"},
                "seating": {"type": "string", "enum": ["inside", "outside"]},
            },
            "required": ["restaurant", "party_size"],
        },
    )
    assert signature(tool) == (
        "book_table(restaurant: string, party_size: integer[1..12], "
        'time?: string = "19:00", seating?: "inside" | "outside") - Book a table.'
    )


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "string", "format": "date"}, "date"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1.5}, "number(0..1.5]"),
        ({"type": "integer", "minimum": 0}, "integer[0..]"),
        ({"type": "integer", "exclusiveMaximum": 9}, "integer[..9)"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"type": "string", "nullable": True}, "string | null"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "integer"}]}, "integer | string"),
        ({"oneOf": [{"type": "boolean"}, {"type": "null"}]}, "boolean | null"),
        ({"anyOf": [{"type": "integer"}, {}]}, "any"),
        ({"allOf": [{"type": "string"}]}, "string"),
        ({"allOf": [{"type": "string"}, {"enum": ["a"]}]}, 'string & "a"'),
        ({"type": "array", "items": {"type": "string"}}, "string[]"),
        ({"type": "array", "items": {"enum": [1, None]}}, "(1 | null)[]"),
        ({"type": "array"}, "any[]"),
        ({"items": {"type": "array", "items": {}}}, "any[][]"),
        ({"type": "object"}, "object"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "{string: number}"),
        ({"type": "object", "additionalProperties": False}, "object"),
        ({"properties": {"street": {"type": "string"}, "zip": {"type": "string"}}, "required": ["street"]},
         "{street: string, zip?: string}"),
        ({"const": "on"}, '"on"'),
        ({"type": "dict"}, "any"),
        ({}, "any"),
        (True, "any"),
        ({"type": "integer", "default": 3}, "integer = 3"),
        ({"type": "integer", "default": None}, "integer"),
        ({"enum": ["größe"]}, '"größe"'),
    ],
)  # fmt: skip
def test_each_shape_of_schema_has_a_type(schema: Any, text: str) -> None:
    assert of(schema) == text


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (
            {"type": "string", "description": "The city, as 'City, State'."},
            "string (The city, as 'City, State'.)",
        ),
        ({"type": "integer", "default": 9, "description": " Up to\n 50 "}, "integer = 9 (Up to 50)"),
        ({"type": "string", "description": "Currency code"}, "string (Currency code)"),
        ({"type": "string", "description": "Day in the FORMAT yyyy"}, "string (Day in the FORMAT yyyy)"),
        (
            {"type": "array", "items": {"type": "string"}, "description": "Such as a, b"},
            "string[] (Such as a, b)",
        ),
        ({"properties": {"at": {"description": "e.g. noon"}}}, "{at?: any (e.g. noon)}"),
        ({"type": "string", "description": "The city."}, "string"),
        ({"type": "string", "description": "Information on the user's trip"}, "string"),
        ({"enum": ["m", "f"], "description": "'m' or 'f'"}, '"m" | "f"'),
        ({"type": "boolean", "description": "'true' for 24 hours"}, "boolean"),
        ({"type": "string", "format": "date", "description": "As YYYY-MM-DD"}, "date"),
        ({"type": "string", "description": ["1"]}, "string"),
    ],
)
def test_a_description_is_shown_where_it_spells_out_what_the_type_leaves_open(schema: Any, text: str) -> None:
    assert of(schema) == text


def test_references_are_followed_until_they_repeat() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}, "v": {"type": "integer"}}}
    assert of({"$ref": "#/$defs/Node"}, **{"$defs": {"Node": node}}) == "{next?: Node, v?: integer}"
    assert of({"$ref": "#/definitions/D"}, definitions={"D": {"type": "string", "format": "date"}}) == "date"
    for unknown in ("#/$defs/None", "#", "http://example.com/a", "#/properties/x"):
        assert of({"$ref": unknown}) == "any"


def test_a_fan_of_references_stays_small() -> None:
    definitions = {
        f"D{i}": {"properties": {f"p{j}": {"$ref": f"#/$defs/D{i + 1}"} for j in range(9)}} for i in range(9)
    }
    assert len(of({"$ref": "#/$defs/D0"}, **{"$defs": definitions})) < 20_000


def test_parameters_that_are_no_plain_object_show_their_type() -> None:
    definitions = {"P": {"properties": {"a": {"type": "string"}}}}
    assert signature(Tool(name="f", parameters={"$ref": "#/$defs/P", "$defs": definitions})) == (
        "f(**{a?: string})"
    )
    assert signature(Tool(name="f", parameters={})) == "f()"
    assert signature(Tool(name="f")) == "f()"


def test_names_that_could_be_taken_for_syntax_are_quoted() -> None:
    tool = Tool(name="a.b-c/d", parameters={"properties": {"odd key": {}, "x?": {}, "": {}, "größe": {}}})
    assert signature(tool) == 'a.b-c/d("odd key"?: any, "x?"?: any, ""?: any, größe?: any)'


@given(schema=st.dictionaries(st.text(), json_values), description=descriptions)
def test_no_schema_upsets_a_signature(schema: dict[str, Any], description: str) -> None:
    check_one_line(Tool(name="f", description=description, parameters=schema))


SCHEMA_WORDS = ["type", "properties", "required", "items", "enum", "const", "anyOf", "oneOf", "allOf", "$ref",
                "$defs", "definitions", "default", "nullable", "format", "minimum", "exclusiveMaximum",
                "additionalProperties", "x"]  # fmt: skip
WORD_VALUES = st.one_of(
    st.sampled_from(["object", "array", "string", "integer", "#/$defs/x", "#/definitions/type"]),
    st.booleans(), st.none(), st.integers(-1, 1), st.just(float("nan")),
)  # fmt: skip
NONSENSE = st.recursive(
    WORD_VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(SCHEMA_WORDS), inner, max_size=4)
    ),
)


@given(schema=st.dictionaries(st.sampled_from(SCHEMA_WORDS), NONSENSE))
def test_no_misuse_of_schema_words_upsets_a_signature(schema: dict[str, Any]) -> None:
    check_one_line(Tool(name="f", parameters=schema))


@given(tool=tools)
def test_a_signature_is_one_line_and_always_the_same(tool: Tool) -> None:
    check_one_line(tool)


def check_one_line(tool: Tool) -> None:
    text = signature(tool)
    assert "\n" not in text
    assert "\r" not in text
    assert text == signature(tool)


@given(
    schema=parameters(),
    names=st.lists(st.sampled_from(["first_one", "second_one", "third_one"]), unique=True),
)
def test_parameters_keep_their_order(schema: dict[str, Any], names: list[str]) -> None:
    text = signature(Tool(name="f", parameters={"properties": dict.fromkeys(names, schema)}))
    places = [text.index(f"{name}?: ") for name in names]
    assert places == sorted(places)


@pytest.mark.slow
@given(offered=st.lists(tools, max_size=3))
def test_the_json_style_is_lossless(offered: list[Tool]) -> None:
    text = tools_text(offered, "json")
    lines = text.split("\n") if offered else []
    assert [json.loads(line) for line in lines] == [
        {"name": t.name, "description": t.description, "parameters": t.parameters} for t in offered
    ]


def test_real_tools_have_signatures(shared_data: Any) -> None:
    rows = (shared_data / "tools" / "toucan-mcp").glob("*.jsonl")
    lines = [json.loads(line) for path in rows for line in path.read_text("utf-8").splitlines()]
    assert lines
    for row in lines:
        parameters = row["input_schema"] or {}
        tool = Tool(name=row["name"], description=row["description"] or "", parameters=parameters)
        text = signature(tool)
        assert "\n" not in text
        assert len(text) <= len(json.dumps(row, ensure_ascii=False)) + 200
