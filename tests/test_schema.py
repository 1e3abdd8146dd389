"""JSON Schema: whatever data sets call a schema becomes one, and arguments are held to it to the letter."""

import copy
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from callwright.record import Issue, Json
from callwright.schema import ISSUE_CODES, TYPE_NAMES, check, normalise, parse_type
from callwright.schema.integral import integral_floats
from callwright.schema.plain import plain

NAMES = st.sampled_from(["city", "days", "type", "required", "properties", "items", "a'b", 'a"b', "", "é"])
TYPES = st.one_of(
    st.sampled_from([*TYPE_NAMES, "List[int]", "Dict[str, List[float]]", "Optional[str]", "str, optional"]),
    st.text(max_size=10),
    st.none(),
    st.lists(st.sampled_from(["str", "null", "integer", 3, None, ["x"]]), max_size=3),
)  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)


def specs(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES,
            "description": st.text(max_size=5) | st.none(),
            "minimum": st.integers() | st.text(max_size=2) | st.booleans(),
            "exclusiveMinimum": st.integers() | st.booleans(),
            "default": JSON,
            "required": st.booleans()
            | st.lists(NAMES | st.lists(NAMES, max_size=1), max_size=2)
            | st.just("true"),
            "optional": st.booleans(),
            "properties": st.dictionaries(NAMES, inner, max_size=3) | st.none() | st.lists(inner, max_size=1),
            "items": inner | st.lists(inner, max_size=2) | st.none(),
            "anyOf": st.lists(inner, max_size=2) | st.just([None]),
            "additionalProperties": inner | st.booleans(),
        },
    )


SPEC = st.recursive(specs(st.just({})), specs, max_leaves=4)
PARAMETERS = SPEC | st.dictionaries(NAMES, SPEC | TYPES, max_size=3)


def codes(issues: Iterator[Issue]) -> list[str]:
    return [issue.code for issue in issues]


@given(PARAMETERS)
def test_whatever_is_given_becomes_an_object_schema_and_stays_one(parameters: dict[str, Any]) -> None:
    before = copy.deepcopy(parameters)
    schema, _ = normalise(parameters)
    assert parameters == before, "the input is not touched"
    assert schema["type"] == "object"
    assert "bad-schema" not in codes(check(schema, {}))
    assert normalise(schema) == (schema, ()), "nothing is left to fix"


@given(PARAMETERS, JSON)
def test_a_check_never_raises_and_speaks_only_known_words(parameters: dict[str, Any], arguments: Any) -> None:
    for issue in check(normalise(parameters).schema, arguments):
        assert issue.code in ISSUE_CODES
        assert issue.path.startswith("arguments")
        assert "\n" not in issue.got or issue.code != "bad-schema"


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("str", {"type": "string"}),
        ("  Integer ", {"type": "integer"}),
        ("ArrayList", {"type": "array"}),
        ("List[int]", {"type": "array", "items": {"type": "integer"}}),
        ("list<string>", {"type": "array", "items": {"type": "string"}}),
        ("typing.Dict[str, float]", {"type": "object", "additionalProperties": {"type": "number"}}),
        ("List[List[int]]", {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}),
        ("Tuple[int, ...]", {"type": "array", "items": {"type": "integer"}}),
        ("Tuple[int, str]", {"type": "array"}),
        ("Optional[bool]", {"type": "boolean"}),
        ("int, optional", {"type": "integer"}),
        ("int (optional)", {"type": "integer"}),
        ("Union[int, str]", {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        ("int | None", {"type": "integer"}),
        ("Literal['a', 'b', 3]", {"enum": ["a", "b", 3]}),
        ("date", {"type": "string", "format": "date"}),
        ("any", {}),
        ("Callable[[int], str]", {}),
        ("a fish", {}),
        ("", {}),
        ("|", {}),
        ("List[", {}),
    ],
)  # fmt: skip
def test_a_type_as_people_write_it_is_understood(text: str, schema: dict[str, Any]) -> None:
    assert parse_type(text) == schema


@given(st.text(max_size=30))
def test_any_text_is_some_type(text: str) -> None:
    assert "bad-schema" not in codes(check({"type": "object", "properties": {"x": parse_type(text)}}, {}))


def test_in_the_flat_layout_a_parameter_is_required_unless_it_says_otherwise() -> None:
    flat = {
        "city": {"type": "str", "description": "where"},
        "days": {"type": "int, optional"},
        "units": {"type": "str", "default": "metric"},
        "detail": {"type": "bool", "required": False},
        "both": {"type": "int, optional", "required": True},
    }
    schema, fixes = normalise(flat)
    assert schema["required"] == ["city", "both"]
    assert schema["properties"]["days"] == {"type": "integer"}
    assert fixes[0] == "flat parameters wrapped into an object"


def test_a_parameter_may_be_named_like_a_word_of_the_schema_language() -> None:
    for name in ("type", "properties", "required", "items"):
        schema, _ = normalise({name: {"type": "str", "description": "a parameter"}})
        assert schema["properties"] == {name: {"type": "string", "description": "a parameter"}}
        assert codes(check(schema, {})) == ["missing-argument"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"anyOf": [{"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}]},
        {"oneOf": [{"type": "object", "properties": {"a": {"type": "string"}}}], "description": "either"},
        {"allOf": [{"$ref": "#/$defs/A"}], "$defs": {"A": {"type": "object"}}},
        {"additionalProperties": True},
        {"additionalProperties": {"type": "string"}},
        {"description": "no parameters"},
        {"title": "Time", "description": "Takes nothing."},
        {"title": "nothing", "required": []},
    ],
    ids=lambda parameters: next(iter(parameters)),
)
def test_a_schema_without_a_type_is_no_list_of_parameters(parameters: dict[str, Any]) -> None:
    schema, _ = normalise(parameters)
    assert schema == {**{k: v for k, v in parameters.items() if v != []}, "type": "object", "properties": {}}
    assert not list(check(schema, {"a": "x"} if "Of" in str(parameters) else {}))


def test_flat_parameters_may_be_named_like_words_and_have_only_a_type() -> None:
    flat = {"title": "str", "description": "string, optional"}
    schema, _ = normalise(flat)
    assert schema["properties"] == {"title": {"type": "string"}, "description": {"type": "string"}}
    assert schema["required"] == ["title"]


def test_a_flag_that_says_optional_counts_and_is_told() -> None:
    city = {"type": "string", "optional": True}
    for parameters in (
        {"city": city, "day": {"type": "string", "optional": False}},
        {
            "type": "object",
            "properties": {"city": city, "day": {"type": "string"}},
            "required": ["city", "day"],
        },
    ):
        schema, fixes = normalise(parameters)
        assert schema["required"] == ["day"]
        assert schema["properties"]["city"] == {"type": "string"}
        assert "city: optional true removed" in fixes


@pytest.mark.parametrize("required", ["city", True, {"city": 1}])
def test_what_is_no_list_of_required_names_goes_and_is_told(required: Json) -> None:
    schema, fixes = normalise(
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": required}
    )
    assert "required" not in schema
    assert fixes == (f"top level: required {json.dumps(required)} removed",)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"minimum": 0, "exclusiveMinimum": True}, {"exclusiveMinimum": 0}),
        ({"maximum": 9, "exclusiveMaximum": False}, {"maximum": 9}),
        ({"exclusiveMinimum": True}, {}),
        ({"exclusiveMinimum": 0}, {"exclusiveMinimum": 0}),
        ({"minLength": True}, {}),
    ],
)
def test_a_flag_of_draft_4_becomes_the_bound_that_it_meant(given: dict[str, Any], left: Json) -> None:
    schema, fixes = normalise({"type": "object", "properties": {"n": {"type": "integer", **given}}})
    assert schema["properties"] == {"n": {"type": "integer", **left}}
    assert bool(fixes) == (given != left)


@pytest.mark.parametrize(
    ("kind", "default", "left"),
    [
        ("int", "3", 3), ("int", 3.0, 3), ("int", "x", ...), ("int", True, ...), ("bool", "True", True),
        ("bool", "yes", ...), ("str", 5, "5"), ("str", None, None), ("list", "[1]", [1]), ("list", "1", ...),
        ("float", 1, 1), ("any", "x", "x"),
    ],
)  # fmt: skip
def test_a_default_agrees_with_its_type_or_goes(kind: str, default: Any, left: Any) -> None:
    spec = normalise({"x": {"type": kind, "default": default}}).schema["properties"]["x"]
    assert spec.get("default", ...) == left
    assert type(spec.get("default", ...)) is type(left)


@pytest.mark.parametrize(
    "parameters",
    [
        {"type": "object", "properties": None},
        {"type": "object", "properties": [1]},
        {"type": "object", "properties": {}, "required": [["a"], 1]},
        {"type": "object", "properties": {"x": {"type": ["dict", ["a"]]}}},
        {"type": "object", "properties": {"x": {"type": {"a": 1}}}},
        {"type": "object", "properties": {"x": {"items": [{"type": "int"}, {"type": "str"}]}}},
        {"type": "object", "properties": {"x": {"items": None}}},
        {"type": "object", "properties": {"x": {"type": "string", "description": None, "enum": "a"}}},
        {"type": "object", "properties": {"x": {"type": "integer", "minimum": "1"}}},
        {"type": "object", "properties": {"x": {"anyOf": [None, {"type": "str"}]}}},
    ],
)
def test_a_damaged_schema_is_mended_and_the_repair_is_told(parameters: dict[str, Any]) -> None:
    schema, fixes = normalise(parameters)
    assert fixes
    assert codes(check(schema, {})) == []


def test_a_schema_nested_without_end_is_no_crash() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"type": "object", "properties": {"x": deep}}
    schema, fixes = normalise(deep)
    assert fixes == ("nested too deep to read, replaced by any object",)
    assert codes(check(schema, {})) == []


WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 1},
        "days": {"type": "integer", "minimum": 1, "maximum": 14},
        "units": {"enum": ["metric", "imperial"]},
        "on": {"type": "string", "format": "date"},
        "at": {"type": "array", "items": {"type": "object", "properties": {"hour": {"type": "integer"}}}},
        "code": {"type": "string", "pattern": "^[A-Z]{2}$"},
    },
    "required": ["city"],
}


@pytest.mark.parametrize(
    ("arguments", "code", "path"),
    [
        ({}, "missing-argument", "arguments.city"),
        ({"city": "Rome", "cty": 1}, "unknown-argument", "arguments.cty"),
        ({"city": 3}, "wrong-type", "arguments.city"),
        ({"city": ""}, "out-of-bounds", "arguments.city"),
        ({"city": "Rome", "days": "3"}, "wrong-type", "arguments.days"),
        ({"city": "Rome", "days": True}, "wrong-type", "arguments.days"),
        ({"city": "Rome", "days": 3.0}, "wrong-type", "arguments.days"),
        ({"city": "Rome", "days": None}, "wrong-type", "arguments.days"),
        ({"city": "Rome", "days": 0}, "out-of-bounds", "arguments.days"),
        ({"city": "Rome", "days": 2**70}, "out-of-bounds", "arguments.days"),
        ({"city": "Rome", "units": "Metric"}, "not-in-enum", "arguments.units"),
        ({"city": "Rome", "on": "2024-02-30"}, "bad-format", "arguments.on"),
        ({"city": "Rome", "code": "ITA"}, "bad-pattern", "arguments.code"),
        ({"city": "Rome", "at": [{"hour": 1}, {"hour": "2"}]}, "wrong-type", "arguments.at[1].hour"),
        ({"city": "Rome", "at": [{"hour": 2.0}]}, "wrong-type", "arguments.at[0].hour"),
        (None, "wrong-type", "arguments"),
        ([], "wrong-type", "arguments"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_nothing_is_coerced(
    arguments: Any, code: str, path: str
) -> None:
    assert [(issue.code, issue.path) for issue in check(WEATHER, arguments)] == [(code, path)]


INTEGER, NUMBER, NULL = {"type": "integer"}, {"type": "number"}, {"type": "null"}
KINDS: dict[str, tuple[Json, bool]] = {
    # how a schema says which numbers it takes → whether 3.0 is one of them
    "bare": (INTEGER, False),
    "list of types": ({"type": ["integer", "null"]}, False),
    "anyOf": ({"anyOf": [INTEGER, NULL]}, False),
    "oneOf": ({"oneOf": [{"type": "string"}, {"anyOf": [NULL, INTEGER]}]}, False),
    "allOf": ({"allOf": [INTEGER, {"minimum": 1}]}, False),
    "reference": ({"$ref": "#/$defs/I"}, False),
    "two references": ({"$ref": "#/$defs/a~1b%20c"}, False),
    "number": (NUMBER, True),
    "number too": ({"type": ["integer", "number"]}, True),
    "number in an alternative": ({"anyOf": [INTEGER, NUMBER]}, True),
    "number and integer": ({"allOf": [NUMBER, INTEGER]}, False),
    "any": ({}, True),
    "enumeration": ({"enum": [1, 2, 3]}, True),
    "reference that leads back": ({"$ref": "#/$defs/loop"}, True),
}
PLACES: dict[str, tuple[Callable[[Json], Json], Any, str]] = {
    "itself": (lambda schema: schema, 3.0, ""),
    "items": (lambda schema: {"type": "array", "items": schema}, [3.0], "[0]"),
    "prefixItems": (lambda schema: {"type": "array", "prefixItems": [{}, schema]}, [1.0, 3.0], "[1]"),
    "additionalProperties": (
        lambda schema: {"type": "object", "properties": {"b": {}}, "additionalProperties": schema},
        {"a": 3.0, "b": 3.0},
        ".a",
    ),
    "behind a reference": (lambda schema: {"anyOf": [NULL, {"$ref": "#/$defs/box"}]}, {"n": 3.0}, ".n"),
    "in an alternative": (
        lambda schema: {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"n": schema}}]},
        {"n": 3.0},
        ".n",
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_float_is_no_integer_wherever_the_schema_says_integer(kind: str, place: str) -> None:
    schema, passes = KINDS[kind]
    within, value, path = PLACES[place]
    tool = {
        "type": "object",
        "properties": {"x": within(schema)},
        "$defs": {
            "I": INTEGER,
            "a/b c": {"$ref": "#/$defs/I"},
            "loop": {"anyOf": [{"$ref": "#/$defs/loop"}, NUMBER]},
            "box": {"type": "object", "properties": {"n": schema}},
        },
    }
    found = [(issue.code, issue.path) for issue in check(tool, {"x": value})]
    assert found == ([] if passes else [("wrong-type", f"arguments.x{path}")])


def test_references_that_multiply_end_soon() -> None:
    chain = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)}
    tool = {"type": "object", "properties": {"x": {"$ref": "#/$defs/d0"}}, "$defs": {**chain, "d60": INTEGER}}
    assert [issue.path for issue in integral_floats(tool, {"x": 3.0}, "arguments")] == ["arguments.x"]
    deep: Json = INTEGER
    for _ in range(5_000):
        deep = {"anyOf": [deep]}
    assert not list(integral_floats({"properties": {"x": deep}}, {"x": 3.0}, "arguments")), "nobody can tell"


@pytest.mark.parametrize("schema", [{"type": "object"}, {"type": "object", "properties": {}}])
def test_an_argument_of_a_tool_that_takes_none_is_unknown(schema: Json) -> None:
    assert [(issue.code, issue.path) for issue in check(schema, {"x": 1})] == [
        ("unknown-argument", "arguments.x")
    ]


def test_right_arguments_have_no_issue() -> None:
    right = {
        "city": "Rome",
        "days": 14,
        "units": "metric",
        "on": "2024-02-29",
        "at": [{"hour": 3}],
        "code": "IT",
    }
    assert list(check(WEATHER, right)) == []
    assert list(check({"type": "object", "properties": {"x": {"type": "number"}}}, {"x": 3})) == []


def test_every_unknown_and_every_missing_argument_is_an_issue_of_its_own_whatever_its_name() -> None:
    names = ["a'b", 'a"b', "c, d", "é"]
    schema = {"type": "object", "properties": {name: {} for name in names}, "required": names}
    assert [issue.path for issue in check(schema, {})] == [f"arguments.{name}" for name in names]
    nothing: dict[str, Any] = {"type": "object", "properties": {}}
    found = [issue.path for issue in check(nothing, dict.fromkeys(names, 1))]
    assert sorted(found) == sorted(f"arguments.{name}" for name in names)


def test_a_schema_that_is_none_is_an_issue_on_one_line() -> None:
    (issue,) = check({"type": "object", "properties": {"x": {"pattern": "("}}}, {"x": ""})
    assert issue.code == "bad-schema"
    assert "\n" not in issue.got


def test_key_order_of_a_schema_does_not_matter() -> None:
    turned = msgspec.json.decode(msgspec.json.encode(WEATHER, order="sorted"))
    for arguments in ({}, {"city": "Rome", "days": 99}):
        assert list(check(turned, arguments)) == list(check(WEATHER, arguments))


@pytest.mark.parametrize("word", ["$ref", "$schema", "$dynamicRef", "$id"])
def test_a_schema_opens_no_connection(word: str) -> None:
    """A schema is data from strangers: a reference must not make this machine call anybody."""
    calls: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)

        def listen() -> None:
            try:
                server.accept()[0].close()
                calls.append("called")
            except TimeoutError:
                pass

        thread = threading.Thread(target=listen)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        for schema in (
            {"type": "object", word: address},
            {"type": "object", "properties": {"x": {word: address}}},
        ):
            list(check(schema, {"x": 1}))
        thread.join()
    assert calls == []


def test_a_schema_opens_no_file() -> None:
    issues = list(check({"type": "object", "properties": {"x": {"$ref": "file:///etc/hostname"}}}, {"x": 1}))
    assert codes(iter(issues)) == ["bad-schema"]
    assert "lies outside the schema" in issues[0].got


def test_a_pattern_that_backtracks_for_ever_ends() -> None:
    schema = {"type": "object", "properties": {"x": {"type": "string", "pattern": r"^(\w+\s?)*(?=x)\1$"}}}
    assert codes(check(schema, {"x": "a " * 50 + "!"})) != []


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ("list(str)", {"type": "array", "items": {"type": "string"}}),
        ("dict(str, int)", {"type": "object", "additionalProperties": {"type": "integer"}}),
        ("number (float)", {"type": "number"}),
        ("date (dd/mm/yyyy)", {"type": "string"}),
        ("thing(x)", {}),
    ],
)
def test_what_stands_in_parentheses_behind_a_type_is_its_items_or_a_remark(text: str, schema: object) -> None:
    assert parse_type(text) == schema


def test_a_schema_that_is_checked_twice_is_compiled_once_and_not_confused_with_an_equal_place() -> None:
    for _ in range(3):
        fresh = {"type": "object", "properties": {"n": {"type": "integer"}}}
        assert [issue.code for issue in check(fresh, {"n": "1"})] == ["wrong-type"]
        other = {"type": "object", "properties": {"n": {"type": "string"}}}
        assert not list(check(other, {"n": "1"}))
    assert [issue.code for issue in check(fresh, {"n": 3.0})] == ["wrong-type"]
    nested = {"type": "object", "properties": {"l": {"type": "array", "items": {"type": "integer"}}}}
    assert [issue.path for issue in check(nested, {"l": [1, 2.0]})] == ["arguments.l[1]"]


SCALARS = ["string", "integer", "number", "boolean", "null"]
PROPERTY = st.one_of(
    st.sampled_from(SCALARS).map(lambda kind: {"type": kind, "description": "d"}),
    st.sampled_from(SCALARS).map(lambda kind: {"type": "array", "items": {"type": kind}}),
    st.just({"type": "array"}),
    st.just({"type": "object"}),
    st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True).map(
        lambda v: {"type": "string", "enum": v}
    ),
    st.sampled_from(
        [
            {"type": "integer", "minimum": 0},
            {"type": "number", "minimum": 0.5, "maximum": 2},
            {"type": "integer", "maximum": 1, "description": "d"},
            {"type": "string", "minimum": 1},
            {"anyOf": [{"type": "string"}]},
            {},
            {"type": ["string"]},
        ]
    ),
)
PLAIN_SCHEMA = st.builds(
    lambda properties, required, more: {
        "type": "object",
        "properties": properties,
        "required": [name for name in required if name in properties],
        **more,
    },
    st.dictionaries(st.sampled_from("xyz"), PROPERTY, max_size=3),
    st.lists(st.sampled_from("xyz"), max_size=2, unique=True),
    st.sampled_from(
        [{}, {}, {"additionalProperties": False}, {"additionalProperties": True}, {"minProperties": 1}]
    ),
)
VALUE = st.sampled_from(
    ["a", "b", "", 0, 1, -1, 2.0, 2.5, True, False, None, [], ["a"], [1], [1.0], [True, 1], {}, {"k": 1}]
)


@pytest.mark.slow
@given(PLAIN_SCHEMA, st.dictionaries(st.sampled_from("wxyz"), VALUE, max_size=3))
@settings(max_examples=1500)
def test_what_the_plain_check_lets_pass_the_validator_lets_pass(
    schema: dict[str, Any], arguments: dict[str, Any]
) -> None:
    fits = plain(schema)
    if fits is not None and fits(arguments):
        closed = {"additionalProperties": False, **schema}
        assert jsonschema_rs.Draft202012Validator(closed).is_valid(arguments)
        assert not list(check(schema, arguments))
        event("surely valid")
    elif fits is not None:
        assert list(check(schema, arguments)), "a plain schema is decided by types alone"
        event("not valid")


@pytest.mark.parametrize(
    ("properties", "arguments"),
    [
        ({}, {"\ud800": 1}),
        ({"a": {"type": "integer"}}, {"a": "\ud800"}),
        ({"a": {"type": "string", "minLength": 2}}, {"a": ["\udfff"]}),
    ],
)
def test_half_a_character_is_an_invalid_value_and_raises_nothing(
    properties: dict[str, Json], arguments: dict[str, Json]
) -> None:
    (issue,) = check({"type": "object", "properties": properties}, arguments)
    assert (issue.code, issue.got) == ("invalid-value", "a lone surrogate")
