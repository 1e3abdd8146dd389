"""A value that refers to an earlier call's result has no type yet; everything else is judged as ever."""

import pytest

from callwright.record import Json, Message, Observation, Tool, ToolCall, Trajectory
from callwright.verify import ground, verify
from callwright.verify.arguments import check
from callwright.verify.execution import each

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


def tools_run(t: Trajectory) -> list[str]:
    """Return which tools are called where the calls of a row are executed."""
    ran: list[str] = []

    def run(made: ToolCall) -> Observation:
        ran.append(made.name)
        return Observation(ok=True, value=1)

    verify(t, execute=each(run))
    return list(dict.fromkeys(ran))


@pytest.mark.parametrize("value", ["$var1.id$", "${id from find}", "API_call_0", "{{find.id}}", "$found.id"])
def test_a_call_with_a_reference_is_neither_traced_nor_executed(value: str) -> None:
    t = row({"id": 3, "ids": [value]})
    assert not list(check(t))
    assert [issue.path for issue in ground(t).issues] == ["messages[1].tool_calls[1].arguments.id"]
    assert tools_run(t) == ["find"]


@pytest.mark.parametrize("value", ["costs 5 $ or 6 $", "$5", "under {5}"])
def test_a_sign_alone_is_no_reference_for_anybody(value: str) -> None:
    t = row({"id": 3, "ids": [value]})
    assert len(ground(t).issues) == 2
    assert tools_run(t) == ["find", "get"]


def test_a_reference_excuses_nothing_but_its_own_argument() -> None:
    assert [issue.path for issue in check(row({"id": "$var1.id$", "ids": 7}))] == [
        "messages[1].tool_calls[1].arguments.ids"
    ]
