"""A credential anywhere in a row is an error that does not show it; a non-commercial licence warns."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from callwright.record import Issue, Message, Outcome, Preference, Source, Task, Tool, ToolCall, Trajectory
from callwright.verify.gate import CODES, check
from record_strategies import trajectories

KEY = "glpat-" + "Zk3Qw9Lx7Vb2Nm8Rt5Yp1Hd6"
USER = Message(role="user", content="hi")


def row(**fields: Any) -> Trajectory:
    return Trajectory(id="g", **{"messages": (USER,), **fields})


def calls(**arguments: Any) -> tuple[Message, ...]:
    return (USER, Message(role="assistant", tool_calls=(ToolCall(name="f", arguments=arguments),)))


PLACES: dict[str, tuple[Trajectory, str]] = {
    "the user's text": (
        row(messages=(Message(role="user", content=f"use {KEY}"),)),
        "messages[0].content",
    ),
    "a thought": (
        row(messages=(USER, Message(role="assistant", content="ok", reasoning=f"I have {KEY}"))),
        "messages[1].reasoning",
    ),
    "an argument": (row(messages=calls(key=KEY)), "messages[1].tool_calls[0].arguments.key"),
    "a nested argument": (
        row(messages=calls(a={"b": [1, KEY]})),
        "messages[1].tool_calls[0].arguments.a.b[1]",
    ),
    "a name of an argument": (
        row(messages=calls(**{KEY: 1})),
        "messages[1].tool_calls[0].arguments.[REDACTED]",
    ),
    "a description of a tool": (
        row(tools=(Tool(name="f", description=f"Send {KEY} along."),)),
        "tools[0].description",
    ),
    "a default of a parameter": (
        row(tools=(Tool(name="f", parameters={"properties": {"k": {"default": KEY}}}),)),
        "tools[0].parameters.properties.k.default",
    ),
    "the instruction": (row(task=Task(instruction=f"Token: {KEY}")), "task.instruction"),
    "a few-shot example": (row(task=Task(few_shots=(KEY,))), "task.few_shots[0]"),
    "what the source carries": (row(extra={"raw": {"t": KEY}}), "extra.raw.t"),
    "a rejected answer": (
        row(preference=Preference(rejected=Message(role="assistant", content=KEY), error_class="x")),
        "preference.rejected.content",
    ),
    "a value beside one that is no JSON": (
        row(messages=calls(big=10**400, key=KEY)),
        "messages[1].tool_calls[0].arguments.key",
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_credential_is_found_wherever_it_stands(name: str) -> None:
    t, path = PLACES[name]
    (issue, *others) = check(t)
    assert not others
    assert (issue.code, issue.severity, issue.path, issue.got) == ("secret", "error", path, "gitlab-token")
    assert KEY not in repr(issue)


TOOL = Tool(name="f", description="An innocent tool.")
IN_EVERY_FIELD: dict[str, Any] = {
    "id": KEY,
    "schema_version": KEY,
    "source": Source(dataset=KEY),
    "task": Task(instruction=KEY),
    "tools": (TOOL, Tool(name="g", description=KEY)),
    "messages": (USER, Message(role="assistant", content=KEY)),
    "outcome": Outcome(metrics={"m": KEY}),
    "preference": Preference(rejected=Message(role="assistant", content=KEY), error_class="x"),
    "issues": (Issue(code="c", path="p", got=KEY),),
    "fingerprint": KEY,
    "extra": {"x": KEY},
}


def test_no_field_is_passed_over_because_the_tools_are_known_to_be_innocent() -> None:
    assert set(IN_EVERY_FIELD) == set(Trajectory.__struct_fields__)
    for name, value in IN_EVERY_FIELD.items():
        for _ in range(3):
            assert not list(check(row(tools=(TOOL,))))
        (issue,) = check(Trajectory(**{"id": "g", "tools": (TOOL,), "messages": (USER,), name: value}))
        assert issue.path.startswith(name)


@pytest.mark.slow
def test_a_tool_at_the_address_of_one_that_is_gone_is_looked_at() -> None:
    for k in range(6000):
        assert not list(check(row(tools=(Tool(name=f"f{k}"),))))
        assert list(check(row(tools=(Tool(name="f", description=KEY),))))


def test_what_json_can_not_carry_hides_nothing() -> None:
    for odd in ("\ud800", object(), {1, 2}):
        found = list(check(row(messages=calls(odd=odd, key=KEY))))
        assert [issue.code for issue in found] == ["secret"]
        assert KEY not in repr(found)


def test_each_kind_and_place_is_told_once() -> None:
    token = "ghp_" + "Zk3Qw9Lx7Vb2Nm8Rt5Yp1Hd6" + "Q7z4X9c2V5b8"
    found = list(check(row(messages=calls(a=KEY, b=token))))
    assert sorted(issue.got for issue in found) == ["github-token", "gitlab-token"]


def test_placeholders_and_plain_rows_pass() -> None:
    tool = Tool(name="f", description="Needs a key such as glpat-YOUR_TOKEN_GOES_HERE.")
    t = row(tools=(tool,), messages=calls(key="[REDACTED]", city="Oslo"))
    assert not list(check(t))
    assert not list(check(t)), "a tool that is known to be clean stays clean"


def test_a_tool_is_judged_by_itself_and_not_by_one_that_is_gone() -> None:
    for k in range(50):
        assert not list(check(row(tools=(Tool(name=f"f{k}", description="fine"),))))
        assert list(check(row(tools=(Tool(name=f"g{k}", description=KEY),))))


def test_a_licence_against_commercial_use_is_a_warning() -> None:
    found = list(check(row(source=Source(dataset="d", license="CC-BY-NC-4.0", noncommercial=True))))
    assert [(i.code, i.severity, i.path, i.got) for i in found] == [
        ("noncommercial", "warning", "source.noncommercial", "CC-BY-NC-4.0")
    ]
    assert "noncommercial" not in CODES
    assert not list(check(row(source=Source(dataset="d", license="MIT"))))


@pytest.mark.slow
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(trajectories())
def test_any_row_can_be_looked_at(t: Trajectory) -> None:
    assert all(issue.code in ("secret", "noncommercial") for issue in check(t))
