"""What is said of tools is judged: each mistake by its code and place, and what is well said by silence."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthesize_tools import HOSTILE, IMPOSSIBLE, tool

from callwright import schema
from callwright.record import Json, Tool
from callwright.synthesize.quality import CODES, findings
from callwright.synthesize.quality.edits import annotation
from callwright.synthesize.quality.places import places
from callwright.synthesize.quality.prose import bounds, closed_set, shape

WHAT = "What the tool does for its caller."


def one(**properties: Json) -> Tool:
    """Return a tool beyond reproach, but for its parameters, all of them required."""
    return tool("steer_ship", "Turn the ship towards a harbour.", " ".join(properties), **properties)


def found(*tools: Tool) -> list[tuple[str, str]]:
    return [(finding.place, finding.issue.code) for finding in findings(tools)]


def of(name: str, **words: Json) -> list[str]:
    """Return the codes of the findings about one parameter of this schema, which has a good description."""
    spec = {"description": "As the harbour master calls it.", **words}
    return [code for _, code in found(one(**{name: spec}))]


# --- silence

GOOD: dict[str, Json] = {
    "harbour": {"type": "string"},
    "days": {"type": "integer", "minimum": 1, "maximum": 30},
    "tip_percent": {"type": "number", "minimum": 0, "maximum": 100},
    "speed": {"type": "number", "description": "In knots, at least 3.", "minimum": 3},
    "sort": {"enum": ["asc", "desc"], "description": "One of 'asc', 'desc'."},
    "departure_date": {"type": "string", "format": "date"},
    "url": {"type": "string", "description": "A URL or the path of a file."},
    "return_date": {"type": "string", "description": "A date, or 'open'."},
    "date_format": {"type": "string"},
    "email_subject": {"type": "string"},
    "max_age": {"type": "integer", "description": "Seconds for which an answer is kept."},
    "growth_percent": {"type": "number", "description": "Change against last year, such as -12."},
    "limit": {"type": "integer", "description": "How many; -1 for all."},
    "payments_per_month": {"type": "integer"},
    "x": {"type": "number", "description": "Offset from the left."},
    "data": {"type": "string", "description": "CSV with a header line."},
    "stops": {"type": "array", "items": {"type": "string"}},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "when": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None},
    "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    "block": {"type": "string", "description": 'Number in hex or "latest", "earliest" or "pending".'},
    "cell": {"type": "string", "description": "Style of the cell, e.g. 'bold', 'italic'."},
    "period": {"type": "string", "description": "Like '1d', '1m', '5m'."},
    "mode": {"type": "string", "description": "One of 'slow', 'fast' or any other the engine knows."},
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_well_said_is_left_alone(name: str) -> None:
    assert of(name, **GOOD[name]) == ["required-default"] * ("default" in GOOD[name])


# --- every mistake


@pytest.mark.parametrize(
    ("name", "words", "code"),
    [
        ("days", {"type": "integer"}, "no-bounds"), ("latitude", {"type": "number"}, "no-bounds"),
        ("discount_percent", {"type": "number", "minimum": 0}, "no-bounds"),
        ("page", {"type": "integer"}, "no-bounds"), ("guests", {"type": "integer"}, "no-bounds"),
        ("rating", {"type": "number"}, "no-bounds"), ("age", {"type": "integer"}, "no-bounds"),
        ("speed", {"type": "integer", "description": "Knots (1-12)."}, "bounds-in-prose"),
        ("speed", {"type": "number", "description": "Must be positive."}, "bounds-in-prose"),
        ("size", {"type": "integer", "description": "How many, up to 50.", "minimum": 1}, "bounds-in-prose"),
        ("sort", {"type": "string", "description": "Order, one of: asc, desc."}, "enum-in-prose"),
        ("unit", {"type": "string", "description": "Either 'celsius' or 'fahrenheit'."}, "enum-in-prose"),
        ("mode", {"type": "string", "description": 'The mode. [Enum]: ["on", "off"]'}, "enum-in-prose"),
        ("birthday", {"type": "string"}, "no-format"), ("contact_email", {"type": "string"}, "no-format"),
        ("website_url", {"type": "string"}, "no-format"),
        ("day", {"type": "string", "description": "Day as MM/DD/YYYY."}, "no-format"),
        ("currency", {"type": "string", "description": "ISO 4217 code."}, "no-format"),
        ("at", {"type": "string", "description": "Start as HH:MM."}, "no-format"),
        ("arg1", {"type": "string"}, "vague-name"),
        ("data", {"type": "string", "description": "The data."}, "vague-name"),
        ("what", {}, "no-type"), ("crew", {"type": "array"}, "no-item-type"),
        ("options", {"type": "object"}, "free-form-object"),
        ("a-name!", {"type": "string"}, "illegal-name"), ("n" * 65, {"type": "string"}, "illegal-name"),
        ("angle", {"type": "integer", "minimum": 9, "maximum": 3}, "contradiction"),
        ("angle", {"type": "integer", "enum": ["1", "2"]}, "contradiction"),
        ("place", {"type": "object", "properties": {"lane": {"type": "string", "description": WHAT}},
                   "required": ["lane", "pier"]}, "contradiction"),
        ("angle", {"type": "integer", "examples": ["north"]}, "bad-example"),
    ],
)  # fmt: skip
def test_each_mistake_is_found_under_its_code(name: str, words: dict[str, Json], code: str) -> None:
    codes = of(name, **words)
    assert code in codes
    assert set(codes) <= {code, "restated-name", "free-form-object"}


@pytest.mark.parametrize(
    ("words", "code", "severity"),
    [
        ({"type": "string", "default": "west"}, "required-default", "warning"),
        ({"type": "integer", "default": "3"}, "bad-default", "error"),
        ({"type": "integer", "default": None}, "bad-default", "warning"),
        ({"type": "string"}, "", ""),
    ],
)
def test_defaults_of_required_parameters(words: Json, code: str, severity: str) -> None:
    got = [f.issue for f in findings([one(coast={"description": "Which one, by its common name.", **words})])]
    assert [(issue.code, issue.severity) for issue in got] == [(code, severity)] * bool(code)


def test_an_optional_parameter_says_what_holds_without_it() -> None:
    silent = {"type": "string", "description": "Name of the coast."}
    assert found(tool("steer_ship", WHAT, "", coast=silent)) == [("steer_ship.coast", "no-default")]
    for told in ({"default": "west"}, {"description": "Name of the coast; all of them if left out."}):
        assert not found(tool("steer_ship", WHAT, "", coast={**silent, **told}))


def test_places_inside_objects_lists_and_references_are_judged_once_and_named() -> None:
    leg = {"type": "object", "properties": {"latitude": {"type": "number", "description": "Of its end."}}}
    several = {"type": "array", "items": {"$ref": "#/$defs/leg"}, "description": "In their order."}
    route = one(legs=several, first={"$ref": "#/$defs/leg", "description": "Where it begins."})
    route.parameters["$defs"] = {"leg": leg}
    (finding,) = findings([route])
    assert finding.place == "steer_ship.legs[].latitude"
    assert finding.issue.path == "tools[0].$defs.leg.properties.latitude"


def test_a_schema_that_contains_itself_ends() -> None:
    again = {"$ref": "#/$defs/node"}
    loop = one(start={**again, "description": WHAT})
    loop.parameters["$defs"] = {"node": {"type": "object", "properties": {"next": again, "other": again}}}
    assert len(list(places(loop))) < 10


# --- descriptions and names of tools


@pytest.mark.parametrize(
    ("name", "description", "codes"),
    [
        ("steer_ship", "", ["no-description"]), ("steer_ship", "  \n", ["no-description"]),
        ("steer_ship", "Steers the ship.", ["restated-name"]),
        ("forecast", "The forecast", ["restated-name"]),
        ("steer_ship", "Turn the wheel.", []), ("run", "Starts the engine.", ["vague-name"]),
        ("process_2", "Starts the engine.", ["vague-name"]), ("run_engine", "Starts it up slowly.", []),
        ("x" * 65, "Starts the engine.", ["illegal-name"]), ("math.sin", "Takes a sine.", ["illegal-name"]),
        ("2fast", "Starts the engine.", ["illegal-name"]),
    ],
)  # fmt: skip
def test_names_and_descriptions_of_tools(name: str, description: str, codes: list[str]) -> None:
    assert [code for _, code in found(Tool(name=name, description=description))] == codes


def test_a_description_that_repeats_a_name_is_only_noted_where_the_name_is_a_phrase() -> None:
    phrase, word = (
        Tool(name="rent_car", description="Rent a car."),
        Tool(name="weather", description="Weather."),
    )
    assert [f.issue.severity for f in findings([phrase, word])] == ["info", "warning"]


def test_the_name_that_counts_is_the_one_that_the_source_uses() -> None:
    kept = Tool(name="list_ports", original_name="list ports!", description="Says which there are.")
    derived = Tool(name="get_berths", original_name="GET /berths", description="Shows where ships lie.")
    assert found(kept, derived) == [("list_ports", "illegal-name"), ("get_berths", "derived-name")]


def test_names_are_told_apart_by_more_than_capitals_and_signs() -> None:
    first = Tool(name="getShip", description="Asks the register.")
    assert found(first, Tool(name="get_ship", description="Looks through the spyglass.")) == [
        ("get_ship", "duplicate-name")
    ]
    assert not found(first, Tool(name="get_ships", description="Looks through the spyglass."))


# --- pairs

SEARCH = tool(
    "search_hotels", "Search hotels in a city.", "city", city={"type": "string", "description": WHAT}
)


@pytest.mark.parametrize(
    ("name", "description", "confusable"),
    [
        ("find_hotels", "Find hotels in a city.", True), ("get_hotel", "Gets a hotel in the city.", True),
        ("search_hotels_2", "Search hotels in a city today.", True),
        ("cancel_hotel", "Cancel a hotel in a city.", False),
        ("search_flats", "Search flats in a city.", False),
        ("search_hotels_by_price", "Search hotels in a city by price.", False),
        ("search_all_hotels", "Search all hotels in a city.", False),
        ("city_hotels_search", "Search hotels in a city.", False),
    ],
)  # fmt: skip
def test_tools_are_confusable_when_nothing_said_rules_one_of_them_out(
    name: str, description: str, confusable: bool
) -> None:
    other = Tool(name=name, description=description, parameters=SEARCH.parameters)
    codes = {code for _, code in found(SEARCH, other)}
    assert ("confusable-tools" in codes) == confusable


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("delete_route_of_service", "Delete it."), ("delete_service_of_route", "Delete it.")),
        (("delete_project", "Delete a project and all its tasks."), ("delete_task", "Delete one of them.")),
        (("convert_to_base", "Convert an amount to its base."), ("convert_from_base", "Convert its base.")),
    ],
)  # fmt: skip
def test_names_with_a_contrast_tell_tools_apart(one: tuple[str, str], other: tuple[str, str]) -> None:
    ids = {"task_id": {"type": "string", "description": WHAT}}
    tools = [tool(name, description, "task_id", **ids) for name, description in (one, other)]
    assert "confusable-tools" not in {code for _, code in found(*tools)}


def test_other_parameters_tell_tools_apart() -> None:
    other = tool(
        "find_hotels", "Find hotels in a city.", "stars", stars={"enum": [4, 5], "description": WHAT}
    )
    assert "confusable-tools" not in {code for _, code in found(SEARCH, other)}


def test_a_copied_description_is_told_as_such_and_not_twice() -> None:
    copies = [
        Tool(name=name, description="Ring the bell for everybody.") for name in ("raise_alarm", "end_watch")
    ]
    assert found(*copies) == [("end_watch", "copied-description")]


def test_pairs_are_found_without_looking_at_all_of_them() -> None:
    tools = [
        Tool(name=f"tool{i}_{i % 97}", description=f"Word{i} of thing{i % 50} number{i}.")
        for i in range(3000)
    ]
    assert len(found(*tools)) == 1  # too many tools


# --- sizes


def test_too_much_of_everything_is_found() -> None:
    flag = {"type": "boolean", "description": WHAT}
    deep: Json = {"type": "string", "description": WHAT}
    for _ in range(5):
        deep = {"type": "object", "properties": {"inner": deep}, "required": ["inner"], "description": WHAT}
    assert found(one(**{f"flag_of_{i}": flag for i in range(16)})) == [("steer_ship", "many-parameters")]
    assert found(one(outer=deep)) == [("steer_ship", "deep-nesting")]
    many = [Tool(name=f"act{i}_{i}", description=f"Word{i}.") for i in range(129)]
    assert found(*many) == [("all tools", "many-tools")]


# --- prose


@pytest.mark.parametrize(
    ("description", "values"),
    [
        ("Order, one of: asc, desc.", ("asc", "desc")), ("Valid options: x | y | z", ("x", "y", "z")),
        ("Mode ('slow' or 'fast').", ("slow", "fast")), ('Must be "x", "y", or "z".', ("x", "y", "z")),
        ("One of: a, b, etc.", ()), ("Such as 'a' or 'b'.", ()), ("One of the ships.", ()), ("", ()),
        ("Either 'a', 'b' or a path", ()), ("例如 '1d', '5m'", ()),
        ("Can be either vertex or edge.", ()), ("Options: 'a', 'b', 'c & d', 'e'", ()),
    ],
)  # fmt: skip
def test_closed_sets_are_read_whole_or_not_at_all(description: str, values: tuple[str, ...]) -> None:
    assert closed_set(description) == values


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("Between 1 and 10.", {"minimum": 1, "maximum": 10}), ("(0.1-0.9)", {"minimum": 0.1, "maximum": 0.9}),
        ("at least 3", {"minimum": 3}), ("up to 50, at least 1", {"minimum": 1, "maximum": 50}),
        ("max: 250)", {"maximum": 250}), ("a non-negative number", {"minimum": 0}),
        ("between 9 and 5", {}), ("from 2020-01-01 to now", {}), ("up to 10%", {}), ("", {}),
    ],
)  # fmt: skip
def test_bounds_are_read_from_what_is_said(description: str, words: Json) -> None:
    assert bounds(description) == words


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("Date as YYYY-MM-DD", {"format": "date"}), ("RFC 3339", {"format": "date-time"}),
        ("as DD/MM/YYYY", {"pattern": r"^\d{2}/\d{2}/\d{4}$"}), ("3-letter code", {"pattern": "^[A-Z]{3}$"}),
        ("YYYY-MM-DD or 'today'", {}), ("any day", {}),
    ],
)  # fmt: skip
def test_formats_are_read_from_what_is_said(description: str, words: Json) -> None:
    assert shape(description) == words


def test_annotations_say_what_the_schema_says() -> None:
    assert annotation({"type": "integer", "minimum": 1, "maximum": 30}) == "Annotated[int, range(1, 31)]"
    assert annotation({"enum": ["a", 2]}) == "Literal['a', 2]"
    assert (
        annotation({"type": "array", "items": {"type": "string", "format": "date"}}) == "list[datetime.date]"
    )
    assert annotation({"type": "number", "exclusiveMinimum": 0}) == "Annotated[float, Gt(0)]"
    assert annotation({}) == "Any"


# --- anything else


def test_every_finding_names_its_tool_a_path_and_an_edit() -> None:
    tools = (*HOSTILE, *IMPOSSIBLE)
    for finding in findings(tools):
        assert finding.issue.code in CODES
        assert finding.issue.path.startswith("tools[")
        assert finding.issue.got
        assert finding.issue.expected
        assert "\n" not in finding.text()
        assert json.dumps(finding.to_json())


WORDS = ["city", "days", "date", "email", "a", "One of 'x', 'y'.", "between 1 and 3", "YYYY-MM-DD", ""]
SPEC = st.recursive(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "integer", "number", "array", "object", "boolean", "null"])
            | st.just(["string", "null"]),
            "description": st.sampled_from(WORDS),
            "enum": st.lists(st.none() | st.integers() | st.text(max_size=3), min_size=1, max_size=3),
            "default": st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2),
            "minimum": st.integers(-3, 3), "maximum": st.integers(-3, 3),
            "examples": st.lists(st.integers(), max_size=2),
            "required": st.lists(st.sampled_from(WORDS), max_size=2, unique=True),
            "$ref": st.sampled_from(["#/$defs/a", "#/$defs/b", "#"]),
        },
    ),
    lambda inner: st.fixed_dictionaries(
        {}, optional={
            "properties": st.dictionaries(st.sampled_from(WORDS), inner, max_size=3), "items": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2), "additionalProperties": inner | st.booleans(),
        },
    ),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=25)
@given(
    st.dictionaries(st.sampled_from(WORDS), SPEC, max_size=3),
    SPEC,
    st.sampled_from(["json", "python"]),
    st.text(max_size=9),
)
def test_no_schema_makes_the_checks_fall_over(
    properties: dict[str, Any], definition: Any, dialect: Any, description: str
) -> None:
    parameters = {"type": "object", "properties": properties, "$defs": {"a": definition}}
    returns = schema.normalise(definition).schema
    odd = Tool(name="odd", description=description, parameters=parameters, returns=returns)
    for finding in findings([odd], dialect):
        assert finding.issue.code in CODES
