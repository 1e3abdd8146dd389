"""A value that refers to an earlier call's result has no type yet; everything else is judged as ever."""

import pytest

from callwright.record import Json, Message, Tool, ToolCall, Trajectory
from callwright.verify.arguments import check

ID = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "ids": {"type": "array"}},
    "required": ["id"],
}


def row(arguments: dict[str, Json], depends_on: tuple[str, ...] = ("call_0",)) -> Trajectory:
    calls = (
        ToolCall(name="find", id="call_0"),
        ToolCall(name="get", arguments=arguments, id="call_1", depends_on=depends_on),
    )
    return Trajectory(
        id="r",
        tools=(Tool(name="find"), Tool(name="get", parameters=ID)),
        messages=(Message(role="user", content="?"), Message(role="assistant", tool_calls=calls)),
    )


@pytest.mark.parametrize("value", ["$var1.id$", "${id from find}", "API_call_0", "$var_2[0].id$"])
def test_a_reference_fits_every_type(value: str) -> None:
    assert not list(check(row({"id": value})))
    assert not list(check(row({"id": 1, "ids": {"all": [value]}})))


def test_without_a_call_to_depend_on_it_is_a_text_of_the_wrong_type() -> None:
    assert [issue.code for issue in check(row({"id": "$var1.id$"}, ()))] == ["wrong-type"]


def test_other_values_and_names_of_the_same_call_are_judged() -> None:
    assert [issue.code for issue in check(row({"id": "seven", "ids": ["$var1.id$"]}))] == ["wrong-type"]
    assert [issue.code for issue in check(row({"idd": "$var1.id$"}))] != []
    assert {i.code for i in check(row({"idd": "$var1.id$"}))} == {"missing-argument", "unknown-argument"}
    assert [issue.code for issue in check(row({"id": "costs 5 $ or 6 $"}))] == ["wrong-type"]
