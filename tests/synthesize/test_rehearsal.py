"""Tools are run before they are used: what succeeds, repeats and writes, and what can not be made up."""

import itertools
from collections.abc import Callable, Sequence

import pytest
from synthesize_tools import DATE, IMPOSSIBLE, PLAIN, TEXT, tool

from callwright.record import Change, Episode, Json, Observation, Played, Tool, ToolCall
from callwright.schema import check
from callwright.synthesize.pools import in_half
from callwright.synthesize.rehearsal import Rehearsal, rehearse
from callwright.synthesize.takes import Known, plan_of
from callwright.toolbox.doctests import Example

NOTHING = Known()
LOOK = tool("look_up", "Look something up.", "city", city=TEXT, date=DATE)


def playing(
    answer: Callable[[ToolCall], Json | Observation], *changes: Change
) -> Callable[[Sequence[Episode]], list[Played]]:
    def observe(call: ToolCall) -> Observation:
        try:
            found = answer(call)
        except ValueError as error:
            return Observation(ok=False, kind="raised", error=f"ValueError: {error}", isolation="bwrap")
        return (
            found if isinstance(found, Observation) else Observation(ok=True, value=found, isolation="bwrap")
        )

    return lambda episodes: [Played(tuple(map(observe, e.calls)), changes) for e in episodes]


def rehearsed(
    answer: Callable[[ToolCall], Json | Observation], *changes: Change, known: Known = NOTHING
) -> Rehearsal:
    (found,) = rehearse([LOOK], playing(answer, *changes), known={"look_up": known})
    return found


def codes(rehearsal: Rehearsal) -> list[str]:
    return [finding.issue.code for finding in rehearsal.findings]


def fails(call: ToolCall) -> Json:
    raise ValueError("no such city")


def test_a_tool_that_works_is_callable_and_repeats_itself() -> None:
    found = rehearsed(lambda call: {"city": call.arguments})
    assert (found.calls, found.succeeded, found.deterministic, found.callable) == (8, 8, True, True)
    assert (found.level, found.effect, codes(found)) == ("bwrap", "unknown", [])


def test_of_a_tool_that_never_works_the_most_frequent_error_is_quoted() -> None:
    found = rehearsed(fails)
    assert (found.succeeded, found.callable, found.deterministic) == (0, False, None)
    (finding,) = found.findings
    assert (finding.issue.code, finding.issue.severity) == ("not-callable", "error")
    assert "ValueError: no such city" in finding.issue.got


def test_a_tool_that_refuses_most_legal_calls_has_a_schema_that_says_too_little() -> None:
    count = itertools.count()
    found = rehearsed(lambda call: {"at": 1} if next(count) % 8 < 3 else fails(call))
    assert found.succeeded == 3
    assert "often-fails" in codes(found)
    count = itertools.count()
    found = rehearsed(lambda call: {"at": 1} if next(count) % 8 < 4 else fails(call))
    assert "often-fails" not in codes(found)


def test_a_result_that_changes_is_told_with_both_values() -> None:
    count = itertools.count(100)
    found = rehearsed(lambda call: next(count))
    assert found.deterministic is False
    (finding,) = found.findings
    assert finding.issue.code == "nondeterministic"
    assert "100" in finding.issue.got
    assert "108" in finding.issue.got


def test_errors_that_pass_for_results_are_failures_and_told() -> None:
    found = rehearsed(lambda call: {"error": "no such city"})
    assert found.succeeded == 0
    assert codes(found) == ["not-callable", "error-result"]


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_results_that_are_all_empty_are_told_unless_none_is_promised(value: Json) -> None:
    assert codes(rehearsed(lambda call: value)) == ["empty-result"]
    silent = tool("look_up", "Look something up.", "city", city=TEXT)
    (found,) = rehearse([Tool(name="f", parameters=silent.parameters, returns={"type": "null"})],
                        playing(lambda call: None))  # fmt: skip
    assert codes(found) == []


def test_results_are_held_against_what_the_tool_returns() -> None:
    promising = Tool(name="look_up", parameters=LOOK.parameters, returns={"type": "string"})
    (found,) = rehearse([promising], playing(lambda call: 3))
    assert codes(found) == ["result-schema"]
    assert found.deterministic is True  # and repeated all the same


# --- effects

CHANGED = Change(path="Till.total", before=1, after=2)


@pytest.mark.parametrize(
    ("known", "changes", "effect"),
    [
        (Known(), (), "unknown"), (Known(stateful=True), (), "read"),
        (Known(stateful=True), (CHANGED,), "write"),
        (Known("read"), (), "read"), (Known("write"), (), "write"), (Known("read"), (CHANGED,), "write"),
    ],
)  # fmt: skip
def test_what_changed_says_more_than_what_is_declared(
    known: Known, changes: tuple[Change, ...], effect: str
) -> None:
    assert rehearsed(lambda call: 1, *changes, known=known).effect == effect


def test_that_nothing_changed_in_calls_that_all_failed_says_nothing() -> None:
    found = rehearsed(fails, known=Known(stateful=True))
    assert found.effect == "unknown"
    assert [f.issue.severity for f in found.findings] == ["warning"]  # it may need a state to start from


# --- where answers come from


def test_stand_ins_repeat_themselves_which_says_nothing() -> None:
    found = rehearsed(lambda call: Observation(ok=True, value=1, via="mock"))
    assert (found.level, found.deterministic, found.succeeded) == ("mock", None, 8)


def test_calls_of_a_live_server_are_not_repeated() -> None:
    asked: list[ToolCall] = []
    found = rehearsed(lambda call: asked.append(call) or Observation(ok=True, value=1, via="live"))
    assert (len(asked), found.calls, found.deterministic) == (8, 8, None)


def test_calls_without_an_answer_are_no_failures() -> None:
    silence = Observation(ok=False, kind="unanswered", error="not recorded", via="replay")
    found = rehearsed(lambda call: silence)
    assert (found.calls, found.level, codes(found)) == (0, "replay", ["not-answered"])


# --- examples


def test_examples_count_when_they_hold() -> None:
    right, wrong = Example({"city": "Rome"}, True, 4), Example({"city": "Oslo"}, True, 5, "line 7")
    broken = Example({"city": "Atlantis"}, place="line 9")

    def length(call: ToolCall) -> Json:
        city = str((call.arguments or {})["city"])
        return fails(call) if city == "Atlantis" else len(city)

    found = rehearsed(length, known=Known(examples=(right, wrong, broken)))
    assert (found.examples, found.held) == (3, 1)
    assert codes(found) == ["wrong-example"] * 2
    assert found.findings[0].issue.got == 'line 7: look_up(city="Oslo") says 5, gives 4'
    assert "no such city" in found.findings[1].issue.got


def test_what_leads_to_an_example_is_called_and_not_judged() -> None:
    seen: list[int] = []

    def play(episodes: Sequence[Episode]) -> list[Played]:
        seen.extend(len(e.calls) for e in episodes)
        one, two = Observation(ok=False, error="shut"), Observation(ok=True, value=3)
        return [Played((*[one] * (len(e.calls) - 1), two)) for e in episodes]

    led = Example({"city": "Rome"}, True, 3, before=(ToolCall(name="open", arguments={}),))
    (found,) = rehearse([LOOK], play, tries=0, known={"look_up": Known(examples=(led,))})
    assert (seen[0], found.examples, found.held, codes(found)) == (2, 1, 1, [])


def test_examples_of_the_schema_make_calls() -> None:
    cities = {"type": "string", "examples": ["Rome", "Oslo"]}
    one = tool("look_up", "", "city", city=cities, unit={"enum": ["C"], "examples": ["C"]})
    assert [take.arguments for take in plan_of(one, 0, 7).takes] == [
        {"city": "Rome", "unit": "C"},
        {"city": "Oslo", "unit": "C"},
    ]
    lacking = tool("look_up", "", "city date", city=cities, date=DATE)
    assert not plan_of(lacking, 0, 7).takes


# --- arguments


@pytest.mark.parametrize("one", PLAIN, ids=lambda one: one.name)
def test_made_up_arguments_are_legal_different_and_follow_from_the_seed(one: Tool) -> None:
    plan = plan_of(one, 12, 7)
    drawn = [take.arguments for take in plan.takes]
    assert 2 <= len(drawn) <= 12
    assert all(drawn.count(arguments) == 1 for arguments in drawn)
    assert not [issue for arguments in drawn for issue in check(one.parameters, arguments)]
    assert plan == plan_of(one, 12, 7) != plan_of(one, 12, 8)


def test_arguments_come_from_both_halves_of_the_values() -> None:
    cities = [take.arguments["city"] for take in plan_of(LOOK, 12, 7).takes]
    assert {in_half(city, "train") for city in cities} == {True, False}


@pytest.mark.parametrize(
    ("one", "parameter"), [*zip(IMPOSSIBLE, ("tree", "level", "code", "novel"), strict=True)]
)
def test_of_a_tool_without_possible_arguments_the_parameter_is_named(one: Tool, parameter: str) -> None:
    (found,) = rehearse([one], playing(lambda call: 1))
    (finding,) = found.findings
    assert (finding.issue.code, finding.parameter) == ("unsamplable", parameter)
    assert (found.calls, found.level, found.callable) == (0, "", False)


def test_bounds_closer_than_usual_steps_leave_room_for_a_value() -> None:
    narrow = tool("wait", "", "seconds share", seconds={"type": "integer", "minimum": 3, "maximum": 4},
                  share={"type": "number", "minimum": 0.1, "maximum": 0.2})  # fmt: skip
    assert plan_of(narrow, 4, 7).takes
