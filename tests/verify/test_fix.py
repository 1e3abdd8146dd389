"""Repairs cast what can mean one thing only, pass the check that failed, and leave everything else alone."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from callwright.record import Json, Message, Tool, ToolCall, Trajectory
from callwright.verify import arguments, offered, parsing
from callwright.verify.casts import cast
from callwright.verify.fix import repair
from record_strategies import json_values, plain_numbers, trajectories

TEXTS = {"type": "array", "items": {"type": "string"}}
NUMBERS = {"type": "array", "items": {"type": "integer"}}
PLACE = {
    "type": "object",
    "properties": {"lat": {"type": "number"}, "name": {"type": "string"}},
    "required": ["lat"],
}
UNIT = {"type": "string", "enum": ["celsius", "fahrenheit"]}


def tool(name: str = "get_weather", required: tuple[str, ...] = (), **properties: Json) -> Tool:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return Tool(name=name, parameters=schema)


def row(*calls: ToolCall, tools: tuple[Tool, ...], **fields: Any) -> Trajectory:
    turns = (Message(role="user", content="go"), Message(role="assistant", tool_calls=calls))
    return Trajectory(id="f", **{"tools": tools, "messages": turns, **fields})


def one(value: Json, schema: Json, required: tuple[str, ...] = ("x",)) -> Trajectory:
    return row(ToolCall(name="f", arguments={"x": value}), tools=(tool("f", required, x=schema),))


def given_to(t: Trajectory) -> dict[str, Json] | None:
    return t.messages[1].tool_calls[0].arguments


def errors(t: Trajectory) -> list[tuple[str, str]]:
    checks = (parsing.check, offered.check, arguments.check)
    return [(i.code, i.path) for check in checks for i in check(t) if i.severity == "error"]


CAST: list[tuple[Json, Json, Json]] = [
    ("3", {"type": "integer"}, 3),
    (" -3 ", {"type": "integer"}, -3),
    ("3.0", {"type": "integer"}, 3),
    (3.0, {"type": "integer"}, 3),
    ("2.5", {"type": "number"}, 2.5),
    ("1e-9", {"type": "number"}, 1e-9),
    ("true", {"type": "boolean"}, True),
    ("False", {"type": "boolean"}, False),
    ("yes", {"type": "boolean"}, True),
    ("[a, b]", TEXTS, ["a", "b"]),
    ("[New York, Oslo]", TEXTS, ["New York", "Oslo"]),
    ('["a", "b"]', TEXTS, ["a", "b"]),
    ("['a', 'b']", TEXTS, ["a", "b"]),
    ("[1, 2]", NUMBERS, [1, 2]),
    ("['1', 2]", NUMBERS, [1, 2]),
    (["1", 2.0], NUMBERS, [1, 2]),
    ("[a, b]", {"type": "array"}, ["a", "b"]),
    ("{'lat': 1.5}", PLACE, {"lat": 1.5}),
    ('{"lat": "1.5"}', PLACE, {"lat": 1.5}),
    ({"lat": "1.5", "name": None}, PLACE, {"lat": 1.5}),
    (5, {"type": "string"}, "5"),
    (5.5, {"type": "string"}, "5.5"),
    ("Oslo", TEXTS, ["Oslo"]),
    (7, NUMBERS, [7]),
    ({"lat": 1.5}, {"type": "array", "items": PLACE}, [{"lat": 1.5}]),
    ("Celsius", UNIT, "celsius"),
    (5, {"enum": ["5", "6"]}, "5"),
    (True, {"type": "string", "enum": ["True", "False", "any"]}, "True"),
    ("3", {"type": ["integer", "null"]}, 3),
    ("3", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, 3),
]
KEPT: list[tuple[Json, Json]] = [
    ("a few", {"type": "integer"}),
    ("3.5", {"type": "integer"}),
    (3.5, {"type": "integer"}),
    ("007", {"type": "integer"}),
    ("1,234", {"type": "integer"}),
    ("9" * 400, {"type": "integer"}),
    ("nan", {"type": "number"}),
    ("1e999", {"type": "number"}),
    ("on", {"type": "boolean"}),
    (1, {"type": "boolean"}),
    (True, {"type": "integer"}),
    (True, {"type": "string"}),
    (None, {"type": "string"}),
    ("", TEXTS),
    ("Oslo, Bergen", TEXTS),
    ("bread and butter", TEXTS),
    ("[a, b", TEXTS),
    ("[a, [b]]", TEXTS),
    ("[a, b]", NUMBERS),
    ("[1, true]", {"type": "array", "items": {"type": "boolean"}}),
    (3, TEXTS),
    ("{'lat': open('x')}", PLACE),
    ("{'lat': 1, 'lat': 2}", PLACE),
    ("{'name': 'x'}", PLACE),
    ("[1]), f(x=[2]", NUMBERS),
    ("Kelvin", UNIT),
    ("", UNIT),
    ("a", {"enum": ["A", "a "]}),
    ("3", {"type": "integer", "maximum": 2}),
    (5, {"type": "string", "pattern": "^[a-z]+$"}),
    ("3", {"$ref": "#/$defs/n"}),
    ([1], {"type": "integer"}),
    ({"a": 1}, {"type": "string"}),
]


@pytest.mark.parametrize(("value", "schema", "wanted"), CAST)
def test_what_can_mean_one_thing_only_is_cast(value: Json, schema: Json, wanted: Json) -> None:
    t = one(value, schema)
    assert errors(t), "the case must be a defect to begin with"
    repaired, (note,) = repair(t)
    made = given_to(repaired)
    assert made is not None
    assert made["x"] == wanted
    assert type(made["x"]) is type(wanted)
    assert not errors(repaired)
    assert (note.code, note.severity, note.path) == (
        "repaired",
        "info",
        "messages[1].tool_calls[0].arguments.x",
    )
    assert json.loads(note.expected) == wanted
    assert json.loads(note.got) == value


@pytest.mark.parametrize(("value", "schema"), KEPT)
def test_what_can_mean_several_things_or_none_is_left(value: Json, schema: Json) -> None:
    t = one(value, schema)
    assert errors(t), "the case must be a defect to begin with"
    repaired = repair(t)
    assert repaired.trajectory is t
    assert not repaired.repairs


def test_names_are_mended_where_only_case_and_separators_differ() -> None:
    weather = tool(required=("user_name",), user_name={"type": "string"}, days={"type": "integer"})
    call = ToolCall(
        name="getWeather", arguments={"userName": "ann", "Days": "3"}, alternatives={"userName": ["ann"]}
    )
    repaired, notes = repair(row(call, tools=(weather, tool("get_time"))))
    made = repaired.messages[1].tool_calls[0]
    assert (made.name, made.arguments) == ("get_weather", {"user_name": "ann", "days": 3})
    assert made.alternatives == {"user_name": ["ann"]}
    assert [
        (note.path.removeprefix("messages[1].tool_calls[0]."), note.got, note.expected) for note in notes
    ] == [
        ("name", '"getWeather"', '"get_weather"'),
        ("arguments.user_name", '"userName"', '"user_name"'),
        ("arguments.days", '"Days"', '"days"'),
        ("arguments.days", '"3"', "3"),
    ]
    assert not errors(repaired)


@pytest.mark.parametrize(
    ("call", "tools"),
    [
        (ToolCall(name="getWeather"), (tool("get_weather"), tool("GetWeather"))),
        (ToolCall(name="fetch_weather"), (tool("get_weather"),)),
        (ToolCall(name="f", arguments={"a_b": 1, "aB": 2}), (tool("f", a_b={"type": "integer"}),)),
        (ToolCall(name="f", arguments={"aB": 1, "A_B": 2}), (tool("f", a_b={"type": "integer"}),)),
        (ToolCall(name="f", arguments={"aB": 1}), (tool("f", a_b={}, AB={}),)),
        (ToolCall(name="f", arguments={"town": "Oslo"}), (tool("f", city={"type": "string"}),)),
        (ToolCall(name="f"), (tool("f", ("city",), city={"type": "string"}),)),
    ],
)
def test_a_name_that_could_be_two_or_is_another_is_left(call: ToolCall, tools: tuple[Tool, ...]) -> None:
    t = row(call, tools=tools)
    assert errors(t)
    assert repair(t).trajectory is t


def test_the_results_of_a_renamed_call_take_its_name() -> None:
    t = row(ToolCall(name="getWeather", id="1"), tools=(tool("get_weather"),))
    seen = Message(role="tool", content="4", name="getWeather", tool_call_id="1")
    repaired = repair(replace(t, messages=(*t.messages, seen), fingerprint="f")).trajectory
    assert repaired.messages[2].name == "get_weather"
    assert repaired.fingerprint is None


def test_null_is_left_out_only_where_it_says_nothing() -> None:
    text = {"type": "string"}
    repaired, (note,) = repair(one(None, text, required=()))
    assert given_to(repaired) == {}
    assert (note.got, note.expected) == ("null", "")
    for schema, required in ((text, ("x",)), ({"type": ["string", "null"]}, ()), ({"enum": ["a", None]}, ())):
        t = one(None, schema, required)
        assert repair(t).trajectory is t


def test_arguments_that_are_text_are_read_if_they_are_the_tools_own() -> None:
    weather = tool("f", ("city",), city={"type": "string"}, days={"type": "integer"})
    broken = ToolCall(name="f", arguments=None, raw="{'city': 'Oslo', 'days': '3'}", parse_error="no JSON")
    repaired, notes = repair(row(broken, tools=(weather,)))
    assert given_to(repaired) == {"city": "Oslo", "days": 3}
    assert repaired.messages[1].tool_calls[0].raw is None
    assert len(notes) == 2
    for raw in (
        "{'town': 'Oslo'}",
        "{'days': 3}",
        "{'city': x}",
        "['Oslo']",
        "{",
        "{'city': 'Oslo'}, {'city': 'Bergen'}",
    ):
        t = row(replace(broken, raw=raw), tools=(weather,))
        assert repair(t).trajectory is t


def test_one_argument_that_can_not_be_saved_does_not_lose_the_others() -> None:
    weather = tool("f", days={"type": "integer"}, place=PLACE, hours=NUMBERS)
    call = ToolCall(name="f", arguments={"days": "3", "place": {"lat": "x", "name": 5}, "hours": "[1]"})
    repaired, notes = repair(row(call, tools=(weather,)))
    assert given_to(repaired) == {"days": 3, "place": {"lat": "x", "name": 5}, "hours": [1]}
    assert [note.path[-5:] for note in notes] == [".days", "hours"]


def test_references_to_results_are_no_values_to_cast() -> None:
    first, second = tool("f"), tool("g", items=TEXTS, n={"type": "integer"})
    call = ToolCall(name="g", arguments={"items": "$var1.names$", "n": "3"}, depends_on=("1",))
    repaired = repair(row(ToolCall(name="f", id="1"), call, tools=(first, second))).trajectory
    assert repaired.messages[1].tool_calls[1].arguments == {"items": "$var1.names$", "n": 3}


def test_rows_without_a_flaw_or_without_tools_come_back_as_they_are() -> None:
    fine = one(3, {"type": "integer"})
    assert repair(fine) == (fine, ())
    assert repair(fine).trajectory is fine
    for tools in (None, ()):
        t = replace(one("3", {"type": "integer"}), tools=tools)
        assert repair(t).trajectory is t


SCHEMAS = st.sampled_from(
    [schema for _, schema, _ in CAST] + [{}, {"type": "object", "properties": []}, {"type": []}, {"enum": []}]
)
NEAR = st.one_of(
    json_values(),
    st.sampled_from([value for value, *_ in CAST] + [value for value, _ in KEPT]),
    st.integers().map(str),
)


@given(NEAR, SCHEMAS, st.booleans())
def test_a_repair_is_verified_or_undone_and_repeating_it_does_nothing(
    value: Json, schema: Json, needed: bool
) -> None:
    t = one(value, schema, ("x",) if needed else ())
    before = errors(t)
    repaired = repair(t)
    assert repair(repaired.trajectory) == (repaired.trajectory, ())
    if repaired.repairs:
        assert len(errors(repaired.trajectory)) < len(before)
    else:
        assert repaired.trajectory is t
    if not before:
        assert not repaired.repairs


@given(json_values(plain_numbers), SCHEMAS)
def test_a_cast_never_loses_or_invents_anything(value: Json, schema: Json) -> None:
    def plain(value: Json) -> Json:
        """Return a value whose whole numbers are integers."""
        if isinstance(value, list):
            return [plain(item) for item in value]
        if isinstance(value, dict):
            return {name: plain(item) for name, item in value.items() if item is not None}
        return int(value) if isinstance(value, float) and value.is_integer() else value

    def said(value: Json) -> str:
        """Return what a value says, without its notation."""
        text = json.dumps(plain(value), ensure_ascii=False, sort_keys=True).casefold()
        return "".join(sorted(c for c in text.replace(".0", "") if c.isalnum()))

    made = cast(value, schema)
    if not (isinstance(value, str) and made in (True, False)):
        assert said(made) == said(value)


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(trajectories())
def test_any_row_can_be_repaired_and_no_error_is_added(t: Trajectory) -> None:
    before = set(errors(t))
    repaired = repair(t)
    assert repair(repaired.trajectory).trajectory is repaired.trajectory
    if not before:
        assert repaired.trajectory is t
    assert len(errors(repaired.trajectory)) <= len(before)


@pytest.mark.parametrize(
    "text", ["[" * 5000, "{'a':" * 2000, "[" + "a," * 60000 + "b]", "1" * 50000, "[,]", "{}", "[]"]
)
@pytest.mark.parametrize("schema", [TEXTS, NUMBERS, PLACE, {"type": "integer"}])
def test_hostile_texts_are_read_and_never_evaluated(text: str, schema: Json) -> None:
    t = one(text, schema)
    assert repair(t).trajectory.id == "f"
