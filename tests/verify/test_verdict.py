"""What `verify` and the step built on it promise for every row."""

import json
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import count

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from callwright.errors import WorkerError
from callwright.record import (
    Change,
    Dropped,
    Episode,
    Issue,
    Message,
    Observation,
    Played,
    Source,
    Task,
    Tool,
    ToolCall,
    Trajectory,
    decode,
    encode,
)
from callwright.verify import CHECKS, Execute, VerifyStep, each, verify
from callwright.verify.step import STRETCH

ADD = Tool(
    name="add",
    parameters={
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
)


def sums(*pairs: tuple[int, int], expects: str = "call") -> Trajectory:
    calls = tuple(ToolCall(name="add", arguments={"a": a, "b": b}) for a, b in pairs)
    text = " and ".join(f"{a} plus {b}" for a, b in pairs)
    return Trajectory(
        id="sum",
        source=Source(dataset="sums"),
        task=Task(expects=expects),  # type: ignore[arg-type]
        tools=(ADD,),
        messages=(Message(role="user", content=text), Message(role="assistant", tool_calls=calls)),
    )


def add(call: ToolCall) -> Observation:
    arguments = call.arguments or {}
    return Observation(ok=True, value=arguments["a"] + arguments["b"], isolation="landlock")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(["add", "sub", "", "a b", "\x00", "ß"]) | st.text(max_size=4)
objects = st.dictionaries(
    st.sampled_from(["a", "b", "type", ""]) | st.text(max_size=4), json_values, max_size=3
)
schemas = objects | st.fixed_dictionaries(
    {"type": st.sampled_from(["object", "array", 3, None]), "properties": json_values | objects},
    optional={
        "required": json_values,
        "$ref": st.text(max_size=8),
        "items": json_values,
        "enum": json_values,
    },
)
calls = st.builds(
    ToolCall,
    name=names,
    arguments=st.none() | objects,
    id=st.none() | names,
    parse_error=st.none() | st.text(max_size=4),
    depends_on=st.lists(names, max_size=2).map(tuple),
)
messages = st.builds(
    Message,
    role=st.sampled_from(["system", "user", "assistant", "tool"]),
    content=st.text(max_size=30),
    tool_calls=st.lists(calls, max_size=3).map(tuple),
    tool_call_id=st.none() | names,
    name=st.none() | names,
)
tools = st.builds(
    Tool,
    name=names,
    description=st.text(max_size=8),
    parameters=schemas,
    kind=st.sampled_from(["function", "code"]),
)
wild = st.builds(
    Trajectory,
    id=st.text(max_size=4),
    task=st.builds(
        Task,
        kind=st.sampled_from(["single", "multi", "react", "env", "query"]),
        expects=st.sampled_from(["call", "no_call", "clarify", "partial", "any"]),
    ),
    tools=st.none() | st.lists(tools, max_size=3).map(tuple),
    messages=st.lists(messages, max_size=6).map(tuple),
)


@pytest.mark.slow
@settings(max_examples=300)
@given(wild)
def test_verify_never_raises_and_always_says_where(t: Trajectory) -> None:
    verdict = verify(t)
    assert verdict.ok == (not any(issue.severity == "error" for issue in verdict.issues))
    assert all(issue.code and issue.path for issue in verdict.issues)
    assert verdict.grounding is None or 0 <= verdict.grounding <= 1
    assert "check-failed" not in {issue.code for issue in verdict.issues}


@pytest.mark.slow
@settings(max_examples=100)
@given(wild)
def test_execution_that_always_breaks_breaks_no_verdict(t: Trajectory) -> None:
    def broken(call: ToolCall) -> Observation:
        raise ZeroDivisionError(call.name)

    verdict = verify(t, execute=each(broken))
    ran = any(message.tool_calls for message in t.messages) and verdict.observations
    assert not (ran and verdict.ok)


@pytest.mark.slow
@settings(max_examples=100)
@given(st.lists(wild, max_size=4))
def test_the_step_accounts_for_every_row_and_adds_nothing_the_second_time(rows: list[Trajectory]) -> None:
    once = list(VerifyStep()(rows))
    assert [row.id for row in once] == [row.id for row in rows]
    kept = [row for row in once if isinstance(row, Trajectory)]
    assert list(VerifyStep()(kept)) == kept


def test_hostile_values_that_json_can_not_carry_are_judged_too() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError("no name")

    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    for value in (Odd(), deep, {1: 2}, "\ud800", float("nan"), b"x"):
        t = sums((1, 2))
        call = ToolCall(name="add", arguments={"a": value, "b": 2})
        verdict = verify(replace(t, messages=(t.messages[0], Message(role="assistant", tool_calls=(call,)))))
        assert not verdict.ok


def test_calls_run_in_order_and_twice() -> None:
    seen: list[int] = []

    def watched(call: ToolCall) -> Observation:
        seen.append((call.arguments or {})["a"])
        return add(call)

    verdict = verify(sums((1, 2), (3, 4)), execute=each(watched))
    assert verdict.ok
    assert [o.value for o in verdict.observations] == [3, 7]
    assert seen == [1, 3, 1, 3]
    assert verdict.isolation == "landlock"


def test_nothing_runs_when_a_static_check_found_an_error() -> None:
    t = sums((1, 2))
    bad = replace(t, tools=(replace(ADD, name="sub"),))

    def never(call: ToolCall) -> Observation:
        raise AssertionError("ran")

    verdict = verify(bad, execute=each(never))
    assert not verdict.executed
    assert {issue.code for issue in verdict.issues} == {"undefined-function"}


def test_a_result_that_changes_is_a_warning() -> None:
    ticks = count()
    verdict = verify(sums((1, 2)), execute=each(lambda call: Observation(ok=True, value=next(ticks))))
    assert verdict.ok
    assert [issue.code for issue in verdict.issues] == ["nondeterministic"]


def test_the_weakest_isolation_is_reported() -> None:
    levels = iter(["bwrap", "none", "bwrap", "none"])
    verdict = verify(
        sums((1, 2), (3, 4)),
        execute=each(lambda call: Observation(ok=True, value=1, isolation=next(levels))),  # type: ignore[arg-type]
    )
    assert verdict.isolation == "none"


def test_calls_that_wait_for_results_are_not_run() -> None:
    t = sums((1, 2))
    call = ToolCall(name="add", arguments={"a": "$c1.sum$", "b": 2}, depends_on=("c1",))
    t = replace(t, tools=None, messages=(t.messages[0], Message(role="assistant", tool_calls=(call,))))
    verdict = verify(t, execute=each(add))
    assert verdict.ok
    assert "not-executed" in {issue.code for issue in verdict.issues}


def test_an_outage_of_the_executor_is_not_the_rows_fault() -> None:
    def outage(call: ToolCall) -> Observation:
        raise WorkerError("the worker is gone")

    with pytest.raises(WorkerError):
        verify(sums((1, 2)), execute=each(outage))


def test_no_call_by_design_is_noted_as_such() -> None:
    t = replace(sums((1, 2)), task=Task(expects="no_call"))
    t = replace(t, messages=(t.messages[0], Message(role="assistant", content="No tool fits.")))
    verdict = verify(t)
    assert verdict.ok
    assert [(i.code, i.by_design) for i in verdict.issues] == [("no-call", True)]


def test_a_dropped_row_names_its_first_error_and_keeps_everything() -> None:
    t = sums((1, 2))
    bad = replace(t, messages=(t.messages[0], Message(role="assistant", tool_calls=(ToolCall(name="sub"),))))
    (dropped,) = VerifyStep()([bad])
    assert isinstance(dropped, Dropped)
    assert (dropped.stage, dropped.reason) == ("verify", "undefined-function")
    assert dropped.path == "messages[1].tool_calls[0].name"
    assert "sub" in dropped.detail
    assert msgspec.convert(json.loads(msgspec.json.encode(dropped.row)), Trajectory) == bad


def test_a_kept_row_carries_what_was_found() -> None:
    issue = Issue(code="renamed", path="tools[0].name", severity="info")
    t = replace(sums((1, 99)), issues=(issue,), extra={"unify": 1})
    t = replace(t, messages=(Message(role="user", content="add 1 to something"), t.messages[1]))
    (kept,) = VerifyStep()([t])
    assert isinstance(kept, Trajectory)
    assert [i.code for i in kept.issues] == ["renamed", "ungrounded-value"]
    assert kept.extra == {"unify": 1, "verify": {"grounding": 0.5, "executed": False, "isolation": "none"}}
    assert decode(encode(kept)) == kept


def test_a_limit_on_grounding_drops_with_a_reason() -> None:
    t = sums((1, 99))
    t = replace(t, messages=(Message(role="user", content="add 1 to something"), t.messages[1]))
    (dropped,) = VerifyStep(min_grounding=0.9)([t])
    assert isinstance(dropped, Dropped)
    assert dropped.reason == "ungrounded-value"


@contextmanager
def opened() -> Iterator[Execute]:
    yield each(add)


def test_the_step_can_be_pickled_and_opens_its_executor() -> None:
    step = pickle.loads(pickle.dumps(VerifyStep(execute=opened)))
    (kept,) = step([sums((1, 2))])
    assert isinstance(kept, Trajectory)
    assert kept.extra["verify"] == {"grounding": 1.0, "executed": True, "isolation": "landlock"}


def test_checks_stand_in_the_order_of_the_stages() -> None:
    assert list(CHECKS) == [
        "gate",
        "structure",
        "parse",
        "offered",
        "schema",
        "duplicates",
        "expectation",
        "grounding",
        "reasoning",
        "observations",
    ]


def test_a_repair_is_noted_on_its_row_and_what_it_does_not_help_is_dropped_as_it_came() -> None:
    good, hopeless = sums((1, 2)), sums((1, 2))
    good = replace(good, messages=(good.messages[0], _asking({"a": "1", "b": 2})))
    hopeless = replace(hopeless, messages=(hopeless.messages[0], _asking({"a": "1", "b": "two"})))
    kept, dropped = VerifyStep(repair=True)([good, hopeless])
    assert isinstance(kept, Trajectory)
    assert kept.messages[1].tool_calls[0].arguments == {"a": 1, "b": 2}
    (note,) = [issue for issue in kept.issues if issue.code == "repaired"]
    assert (note.path, note.expected, note.got) == ("messages[1].tool_calls[0].arguments.a", "1", '"1"')
    assert isinstance(dropped, Dropped)
    assert dropped.reason == "wrong-type"
    assert msgspec.convert(dropped.row, Trajectory) == hopeless
    assert [row.id for row in VerifyStep()([good]) if isinstance(row, Dropped)] == [good.id]


def _asking(arguments: dict[str, object]) -> Message:
    return Message(role="assistant", tool_calls=(ToolCall(name="add", arguments=arguments),))


def test_rows_beyond_one_stretch_keep_their_order_and_their_results() -> None:
    rows = [replace(sums((k, 1)), id=str(k)) for k in range(2 * STRETCH + 3)]
    out = list(VerifyStep(execute=opened)(rows))
    assert [row.id for row in out] == [row.id for row in rows]
    assert all(isinstance(row, Trajectory) for row in out)


def test_a_live_server_is_not_asked_twice() -> None:
    asked: list[str] = []

    def live(call: ToolCall) -> Observation:
        asked.append(call.name)
        return Observation(ok=True, value=3, via="live")

    (kept,) = VerifyStep(execute=partial(nullcontext, each(live)))([sums((1, 2))])
    assert asked == ["add"]
    assert isinstance(kept, Trajectory)
    assert kept.extra["verify"]["answers"] == ["live"]


def test_what_an_episode_changed_is_on_the_row() -> None:
    changed = Change(path="Account.balance", before=3, after=1)

    def play(episodes: Sequence[Episode]) -> list[Played]:
        assert [episode.state for episode in episodes] == [{"Account": {"balance": 3}}]
        return [Played((Observation(ok=True, value=3),), (changed,)) for _ in episodes]

    t = replace(sums((1, 2)), extra={"state": {"Account": {"balance": 3}}})
    (kept,) = VerifyStep(execute=partial(nullcontext, play))([t])
    assert isinstance(kept, Trajectory)
    assert kept.extra["verify"]["changes"] == [{"path": "Account.balance", "before": 3, "after": 1}]


@pytest.mark.parametrize(
    "seen",
    [
        Observation(ok=False, kind="timeout", error="no connection", via="live"),
        Observation(ok=False, kind="unanswered", error="no answer is recorded", via="replay"),
    ],
)
def test_a_call_that_nobody_answered_is_not_the_rows_fault(seen: Observation) -> None:
    verdict = verify(sums((1, 2)), execute=each(lambda call: seen))
    assert verdict.ok
    assert [(issue.code, issue.severity) for issue in verdict.issues] == [("not-answered", "warning")]


def until_it_fails(rows: Iterator[Trajectory | Dropped], seen: list[str]) -> None:
    for row in rows:
        seen.append(row.id)


def test_what_was_read_before_the_rows_failed_comes_out_before_the_failure() -> None:
    def failing() -> Iterator[Trajectory]:
        yield from (replace(sums((k, 1)), id=str(k)) for k in range(STRETCH + 5))
        raise OSError("gone")

    for step in (VerifyStep(), VerifyStep(execute=opened)):
        seen: list[str] = []
        with pytest.raises(OSError, match="gone"):
            until_it_fails(step(failing()), seen)
        assert seen == [str(k) for k in range(STRETCH + 5)]


def test_an_outage_of_the_executor_comes_after_the_rows_before_it() -> None:
    runs = count()

    def play(episodes: Sequence[Episode]) -> list[Played]:
        if next(runs) == 2:  # the first stretch runs twice
            raise WorkerError("the worker is gone")
        return [Played((Observation(ok=True, value=3),)) for _ in episodes]

    rows = [replace(sums((k, 1)), id=str(k)) for k in range(2 * STRETCH)]
    seen: list[str] = []
    with pytest.raises(WorkerError):
        until_it_fails(VerifyStep(execute=partial(nullcontext, play))(iter(rows)), seen)
    assert seen == [str(k) for k in range(STRETCH)]
