"""The record: lossless on the wire, strict on the way in, and equal values have equal bytes."""

import copy
import json
import pickle
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.record import (
    SCHEMA_VERSION,
    Dropped,
    Issue,
    Message,
    Outcome,
    Preference,
    Source,
    Task,
    Tool,
    ToolCall,
    Trajectory,
    decode,
    encode,
)

TEXT = st.text(max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=3)
NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False)


def tuples(items: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(items, max_size=2).map(tuple)


CALLS = st.builds(
    ToolCall,
    name=TEXT,
    arguments=st.none() | OBJECT,
    id=st.none() | TEXT,
    depends_on=tuples(TEXT),
    alternatives=st.none() | st.dictionaries(TEXT, st.lists(JSON, max_size=2), max_size=2),
)
MESSAGES = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=TEXT,
    reasoning=st.none() | TEXT,
    tool_calls=tuples(CALLS),
    weight=NUMBER,
)
TRAJECTORIES = st.builds(
    Trajectory,
    id=TEXT,
    source=st.none() | st.builds(Source, dataset=TEXT, row=st.integers(0, 2**63)),
    task=st.builds(
        Task, instruction=TEXT, few_shots=tuples(TEXT), lang=st.sampled_from(["en", "de"]), output_format=TEXT
    ),
    tools=st.none() | tuples(st.builds(Tool, name=TEXT, parameters=OBJECT, returns=st.none() | OBJECT)),
    messages=tuples(MESSAGES),
    outcome=st.none() | st.builds(Outcome, reward=NUMBER, success=st.none() | st.booleans(), metrics=OBJECT),
    preference=st.none() | st.builds(Preference, rejected=MESSAGES, error_class=TEXT),
    issues=tuples(st.builds(Issue, code=TEXT, path=TEXT, severity=st.sampled_from(["error", "info"]))),
    fingerprint=st.none() | TEXT,
    extra=OBJECT,
)


@given(TRAJECTORIES)
def test_a_trajectory_comes_back_as_it_was_in_value_and_in_bytes(row: Trajectory) -> None:
    line = encode(row)
    assert b"\n" not in line
    assert decode(line) == row
    assert encode(decode(line)) == line
    assert json.loads(line)["schema_version"] == SCHEMA_VERSION


@given(TRAJECTORIES)
def test_equal_trajectories_have_equal_bytes_wherever_their_parts_were_made(row: Trajectory) -> None:
    remade = msgspec.convert(msgspec.to_builtins(row), Trajectory)
    assert remade == row
    assert encode(remade) == encode(row)
    spelled_out = msgspec.structs.replace(
        row, task=Task(**{name: rebuilt(value) for name, value in msgspec.structs.asdict(row.task).items()})
    )
    assert encode(spelled_out) == encode(row)


def rebuilt(value: Any) -> Any:
    """Return an equal value that is another object, as text that was read from a file is."""
    return "".join(list(value)) if isinstance(value, str) else value


def test_a_task_that_equals_the_default_is_left_out() -> None:
    line = b'{"id":"a","schema_version":"1.0"}'
    assert encode(Trajectory(id="a", task=Task())) == line
    assert encode(pickle.loads(pickle.dumps(Trajectory(id="a")))) == line
    assert encode(copy.deepcopy(Trajectory(id="a"))) == line
    assert encode(decode(b'{"id":"a","task":{"lang":"en","kind":"single","expects":"any"}}')) == line


@pytest.mark.parametrize(
    ("line", "where"),
    [
        (b"{}", "missing required field `id`"),
        (b'{"id":"a","message":[]}', "unknown field `message`"),
        (b'{"id":"a","messages":[{"role":"robot"}]}', "$.messages[0].role"),
        (b'{"id":"a","messages":[{"role":"tool","tool_calls":[{"name":1}]}]}', "tool_calls[0].name"),
        (b'{"id":"a","messages":[{"role":"tool","tool_calls":[{"name":"f","arguments":""}]}]}', "arguments"),
        (b'{"id":"a","tools":{}}', "$.tools"),
        (b'{"id":"a","tools":[{"name":"f"},{"name":1}]}', "$.tools[1].name"),
        (b'{"id":"a","tools":[{"name":"f","kind":"magic"}]}', "$.tools[0].kind"),
        (b'{"id":"a","task":{"expects":"maybe"}}', "$.task.expects"),
    ],
)  # fmt: skip
def test_what_is_no_trajectory_is_refused_with_the_place(line: bytes, where: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        decode(line)
    assert where in str(caught.value)


def test_what_is_no_text_or_no_json_inside_a_tool_is_refused() -> None:
    for inside in (b'"\xff"', b'"a', b"1,", b'"\\ud800"'):
        with pytest.raises(ValueError, match=r"."):
            decode(b'{"id":"a","tools":[{"name":"f","description":' + inside + b"}]}")


def test_equal_tools_of_different_rows_are_one_object() -> None:
    one, same, other = (
        decode(encode(Trajectory(id=name, tools=(Tool(name="f", description=about), Tool(name="g")))))
        for name, about in (("a", "x"), ("b", "x"), ("c", "y"))
    )
    assert one.tools is not None
    assert same.tools is not None
    assert other.tools is not None
    assert one.tools[0] is same.tools[0]
    assert other.tools[0] is not one.tools[0]
    assert other.tools == (Tool(name="f", description="y"), Tool(name="g"))


def test_tools_that_are_met_once_do_not_pile_up() -> None:
    def tool_lines(first: int) -> None:
        for k in range(first, first + 400):
            decode(encode(Trajectory(id="a", tools=(Tool(name=f"f{k}", description="x" * 50_000),))))

    tool_lines(0)
    tracemalloc.start()
    tool_lines(400)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 2 * 8 * 2**20  # text and tool, 8 MiB of each at most


def test_no_tools_and_unknown_tools_are_told_apart() -> None:
    none, unknown = Trajectory(id="a", tools=()), Trajectory(id="a")
    assert decode(encode(none)).tools == ()
    assert decode(encode(unknown)).tools is None


def test_one_and_one_point_zero_and_true_stay_what_they_are() -> None:
    call = ToolCall(name="f", arguments={"a": 1, "b": 1.0, "c": True})
    row = decode(encode(Trajectory(id="a", messages=(Message(role="assistant", tool_calls=(call,)),))))
    arguments = row.messages[0].tool_calls[0].arguments
    assert arguments is not None
    assert [type(value) for value in arguments.values()] == [int, float, bool]


def test_arguments_that_did_not_parse_are_not_empty_arguments() -> None:
    broken = ToolCall(name="f", arguments=None, raw="{oops")
    row = Trajectory(id="a", messages=(Message(role="assistant", tool_calls=(broken, ToolCall(name="f"))),))
    first, second = decode(encode(row)).messages[0].tool_calls
    assert (first.arguments, first.raw, second.arguments) == (None, "{oops", {})


def test_values_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Trajectory(id="a").id = "b"  # type: ignore[misc]


def test_defaults_are_not_shared_between_values() -> None:
    first, second = Tool(name="a"), Tool(name="b")
    first.parameters["properties"]["x"] = {}
    assert second.parameters == {"type": "object", "properties": {}}
    call, other = ToolCall(name="a"), ToolCall(name="b")
    assert call.arguments is not other.arguments
    assert Trajectory(id="a").extra is not Trajectory(id="b").extra


@given(st.builds(Dropped, id=TEXT, stage=TEXT, reason=TEXT, row=JSON))
def test_a_dropped_row_comes_back_as_it_was(row: Dropped) -> None:
    assert msgspec.json.decode(encode(row), type=Dropped) == row
