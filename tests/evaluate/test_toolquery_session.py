"""A ToolQuery episode: when it ends, what it is worth, and whatever a model may say in it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import ConfigError
from callwright.evaluate.results import Result
from callwright.evaluate.sessions import TOO_LONG, recite
from callwright.evaluate.toolquery.academia import Graph, academia
from callwright.evaluate.toolquery.academia_graph import make_graph
from callwright.evaluate.toolquery.actions import BAD_INPUT, Interface
from callwright.evaluate.toolquery.outcomes import value
from callwright.evaluate.toolquery.session import ToolQuerySession
from callwright.evaluate.toolquery.tasks import Task
from callwright.evaluate.toolquery.world import ToolQuery
from callwright.formats import PlainMessage, segments

GRAPH = make_graph(5)
AUTHOR, OTHER = list(GRAPH.authors.nodes)[:2]
NEIGHBOURS = list(GRAPH.authors.neighbours[AUTHOR])


def world(*subgoals: Any, interface: Interface = "react", max_steps: int = 20, **more: Any) -> ToolQuery:
    task = Task(
        id="academia-0",
        domain="academia",
        goal="Who?",
        subgoals=subgoals,
        answer=subgoals[-1] if subgoals else 0,
    )
    domains: Any = {"academia": academia(GRAPH)}
    return ToolQuery(
        [task], domains, variant="test", about={}, interface=interface, max_steps=max_steps, **more
    )


def start(one: ToolQuery) -> ToolQuerySession:
    return one.reset(one.tasks[0])


def play(one: ToolQuery, *calls: tuple[str, Any] | str) -> Result:
    """Play calls (or replies as they are) and return the verdict."""
    return recite(start(one), [c if isinstance(c, str) else one.say(*c) for c in calls])


LOAD: tuple[str, Any] = ("loadAuthorNet", {})
LOOK = ("neighbourCheck", {"graph": "AuthorNet", "node": AUTHOR})


def finish(answer: Any) -> tuple[str, Any]:
    return "finish", {"answer": answer}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


# Ending an episode


def test_success_is_every_subgoal_and_an_end() -> None:
    one = world(NEIGHBOURS, "x")
    right = play(one, LOAD, LOOK, finish("x"))
    assert (right.correct, right.error, right.scores["progress"], right.scores["steps"]) == (
        True,
        "",
        1.0,
        3.0,
    )
    skipped = play(one, LOAD, finish("x"))
    assert (skipped.correct, skipped.error, skipped.scores["progress"]) == (False, "wrong-answer", 0.5)
    assert (skipped.scores["answer"], right.scores["answer"]) == (1.0, 1.0)
    endless = play(one, LOAD, LOOK)
    assert (endless.correct, endless.error, endless.scores["progress"]) == (False, "gave-up", 0.5)


def test_a_result_that_equals_the_answer_is_enough_if_the_episode_ends() -> None:
    """AgentBoard does not ask who said it: single-subgoal rows can be right with a wrong final answer."""
    assert play(world(NEIGHBOURS), LOAD, LOOK, finish("no idea")).correct
    assert not play(world(NEIGHBOURS), LOAD, LOOK).correct


def test_an_episode_ends_at_the_word_finish_wherever_it_stands() -> None:
    session = start(one := world("x"))
    session.take(one.say(*LOAD))
    session.take(one.say("authorNodeCheck", {"node": "The Finish Line"}))
    assert session.turn() is None
    assert session.result().error == "wrong-answer"
    session = start(one)
    session.take("Action: Finish with Action Input: {}")
    assert session.turn() is None  # an invalid action, and an end


def test_an_end_that_raises_is_none() -> None:
    session = start(one := world("x"))
    session.take(one.say("finish", {"answer": [1, "a"]}))
    session.take(one.say("finish", {"reply": "x"}))
    session.take("Action: finish with Action Input: {")
    turn = session.turn()
    assert turn is not None
    seen = [content for role, content in turn.prompt.messages if content.startswith("Observation")]
    assert seen == [
        "Observation: ERROR | TypeError('<' not supported between instances of 'str' and 'int')",
        "Observation: ERROR | KeyError('answer')",
        f"Observation: {BAD_INPUT}",
    ]
    session.take(one.say("finish", {"answer": "x"}))
    assert session.result().correct


def test_lists_are_sorted_when_they_are_given_as_the_answer() -> None:
    assert play(world(["a", "b"]), finish(["b", "a"])).correct
    assert not play(world(["b", "a"]), finish(["b", "a"])).correct
    assert not play(world(["a", "b"]), "Action: finish with Action Input: {'answer': ('a', 'b')}").correct


def test_progress_is_not_looked_at_after_an_observation_with_the_word_invalid() -> None:
    assert play(world("Invalid"), finish("Invalid")).scores["progress"] == 0.0
    late = play(world("Invalid", 1), finish("Invalid"))
    assert (late.scores["progress"], late.scores["answer"]) == (0.0, 0.0)


def test_progress_is_the_best_so_far_and_failed_calls_count_as_what_agentboard_writes() -> None:
    missing = f"Calling authorNodeCheck with {{'node': '{AUTHOR}'}} failed"
    result = play(world(missing, "x"), ("authorNodeCheck", {"node": AUTHOR, "more": 1}), finish("y"))
    assert result.scores["progress"] == 0.5


def test_grounding_is_the_share_of_steps_that_carried_something_out() -> None:
    result = play(
        world("x"), "no action", "Action: f with Action Input: {", ("unknown", {}), ("authorNodeCheck", {}),
        ("authorNodeCheck", {"node": AUTHOR}), ("check_valid_actions", {}), LOAD, finish("y"),
    )  # fmt: skip
    assert result.scores["grounding"] == 4 / 8
    predicted: Any = result.predicted
    assert [call["name"] for call in predicted["calls"]] == [
        "unknown", "authorNodeCheck", "authorNodeCheck", "check_valid_actions", "loadAuthorNet", "finish"
    ]  # fmt: skip


def test_tools_tell_what_they_miss() -> None:
    result = play(
        world("x"), ("check_valid_actions", {}), ("authorNodeCheck", {"node": AUTHOR}), LOAD,
        ("authorNodeCheck", {"node": "Nobody"}), ("neighbourCheck", {"graph": "PaperNet", "node": "?"}),
        ("neighborCheck", {"graph": "AuthorNet", "node": AUTHOR}), ("authorNodeCheck", {"node": ["x"]}),
        ("neighbourCheck", {"graph": "Net", "node": AUTHOR}), ("paperEdgeCheck", {"node1": 1, "node2": 2}),
        ("authorEdgeCheck", {"node1": AUTHOR, "node2": AUTHOR}), ("dance", {}),
    )  # fmt: skip
    seen = [line.removeprefix("Observation: ") for line in result.text.split("\n") if line[:5] == "Obser"]
    names = ["loadPaperNet", "loadAuthorNet", "neighbourCheck", "paperNodeCheck", "authorNodeCheck"]
    names += ["authorEdgeCheck", "paperEdgeCheck", "check_valid_actions", "finish"]
    assert seen == [
        f"You can use following valid actions: {names}",
        "Please load the AuthorNet first.",
        "AuthorNet is loaded.",
        "There is no node named Nobody in the AuthorNet.",
        "Please load the PaperNet first.",
        str(NEIGHBOURS),
        "There is no node named ['x'] in the AuthorNet.",
        "There is no graph named Net.",
        "Please load the PaperNet first.",
        f"There is no edge between {AUTHOR} and {AUTHOR}.",
        "ERROR | Invalid action: dance.",
    ]


def test_an_episode_has_a_limit_of_steps_and_says_so() -> None:
    one = world("x", max_steps=2)
    assert one.conditions["max_steps"] == 2
    session = start(one)
    session.take("?")
    session.take("?")
    assert session.turn() is None
    session.take(one.say("finish", {"answer": "x"}))  # too late
    assert (session.result().error, session.result().scores["steps"]) == ("gave-up", 2.0)
    with pytest.raises(ConfigError, match="max_steps"):
        world("x", max_steps=0)
    with pytest.raises(ConfigError, match="interface"):
        world("x", interface="telepathy")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="output format"):
        world("x", interface="unified", output_format="jason")


def test_calls_of_one_reply_are_steps_one_after_another() -> None:
    one = world(NEIGHBOURS, "x", interface="unified", max_steps=4)
    calls = [LOAD, LOOK, finish("x"), finish("y")]
    assert one.conditions["output_format"] == "hermes"
    reply = "\n".join(one.say(*call) for call in calls)
    result = recite(start(one), [reply])
    assert (result.correct, result.scores["steps"]) == (True, 3.0)  # the fourth came after the end
    short = world(NEIGHBOURS, "x", interface="unified", max_steps=2)
    assert recite(start(short), [reply]).error == "gave-up"


def test_a_prompt_that_is_too_long_ends_the_episode_without_a_step() -> None:
    session = start(world("x"))
    session.take(TOO_LONG)
    assert session.turn() is None
    assert (session.result().error, session.result().scores["steps"]) == ("prompt-too-long", 0.0)


@pytest.mark.parametrize("interface", ["react", "unified"])
def test_the_prompt_holds_question_tools_and_all_that_was_said(interface: Interface) -> None:
    one = world("x", interface=interface)
    session = start(one)
    assert session.turn() == session.turn() == start(one).turn()
    session.take(one.say(*LOAD))
    turn = session.turn()
    assert turn is not None
    roles = [role for role, _ in turn.prompt.messages]
    texts = [text for _, text in turn.prompt.messages]
    assert roles == ["system", "user", "assistant", "tool" if interface == "unified" else "user"]
    assert texts[1] == "Who?"
    assert texts[2] == one.say(*LOAD)
    assert "AuthorNet is loaded." in texts[3]
    assert "neighbourCheck(graph: " in texts[0]
    spoken = [PlainMessage(role, text, float(role == "assistant")) for role, text in turn.prompt.messages]
    whole = segments(spoken, generation_prompt=True)
    assert list(turn.prompt.segments) == [(segment.text, segment.control) for segment in whole]
    other = world("x", interface=interface)
    assert one.conditions["prompt_sha256"] == other.conditions["prompt_sha256"]


def test_date_and_place_are_told_or_to_be_asked_for() -> None:
    tools = academia(GRAPH)
    task = Task(id="w", domain="academia", goal="Warm?", subgoals=("x",), date="2023-06-15", location="Lima")
    for told in (True, False):
        one = ToolQuery([task], {"academia": tools}, variant="t", about={}, tell_date=told)
        turn = one.reset(task).turn()
        assert turn is not None
        assert ("2023-06-15" in turn.prompt.messages[1][1]) == ("Lima" in turn.prompt.messages[1][1]) == told
        assert one.conditions["date_and_place"] == ("told in the prompt" if told else "to be asked for")


def test_values_are_shown_as_python_writes_them() -> None:
    assert value({"a": None, "b": [True]}).text == "{'a': None, 'b': [True]}"


# Whatever a model says


NASTY = (
    "", " ", "\x00", "\ud800", "Action:", "with Action Input:", "{}", "[]", "null", "<tool_call>", "</think>",
    "<think>",
    '<tool_call>{"name": "finish", "arguments": null}</tool_call>', '<tool_call>{"name": 1}</tool_call>',
    "Action: finish with Action Input: None", "Action: finish with Action Input: {'answer': {1, 2}}",
    "Action: finish with Action Input: {'answer': 1e999}",
    "Action: finish with Action Input: {'answer': b'x'}",
    "Action: finish with Action Input: {'answer': ...}",
    "Action: finish with Action Input: {1j: 2, 'answer': 1j}",
    "Action: finish with Action Input: {'answer': '\\ud800'}",
    "Action: neighbourCheck with Action Input: 'node'",
    "Action: neighbourCheck with Action Input: {'graph': {}, 'node': []}", "Action:  with Action Input: {}",
    "Action: loadPaperNet with Action Input: 7", "a " + "with " * 3000, "x" + " " * 20_000 + "y", "(" * 9000,
    "Action: finish with Action Input: " + "[" * 900 + "]" * 900, '{"tool_calls": [{"name": "finish"}]}',
)  # fmt: skip


@pytest.mark.parametrize("interface", ["react", "unified"])
@pytest.mark.parametrize("reply", NASTY)
def test_no_reply_raises_and_every_verdict_can_be_written(interface: Interface, reply: str) -> None:
    one = world("x", interface=interface)
    session = start(one)
    session.take(reply)
    session.turn()
    result = session.result()
    assert not result.correct
    assert result.scores["steps"] == 1.0
    json.dumps([result.predicted, result.gold, result.text], allow_nan=False)


REPLIES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(NASTY),
    st.builds(
        lambda name, arguments: f"Action: {name} with Action Input: {arguments}",
        st.sampled_from([*academia(GRAPH).parameters, "other"]),
        st.dictionaries(
            st.sampled_from(["graph", "node", "node1", "node2", "answer"]), VALUES | st.just(AUTHOR)
        ),
    ),
)


@settings(max_examples=60)
@given(st.lists(REPLIES, max_size=8), st.sampled_from(["react", "unified"]))
def test_any_conversation_ends_in_a_verdict(replies: list[str], interface: Interface) -> None:
    one = world(NEIGHBOURS, "x", interface=interface)
    result = recite(start(one), replies)
    assert 0 <= result.scores["grounding"] <= 1
    assert 0 <= result.scores["progress"] <= 1
    assert result.scores["steps"] <= len(replies)
    json.dumps([result.predicted, result.text], allow_nan=False)


def test_sessions_share_nothing_that_changes() -> None:
    one = world(NEIGHBOURS, "x")
    sessions = [start(one) for _ in range(3)]
    sessions[0].take(one.say(*LOAD))
    sessions[1].take(one.say(*LOOK))  # its own net is not loaded
    sessions[2].take(one.say(*LOAD))
    for session in sessions:
        session.take(one.say(*LOOK))
    for session in reversed(sessions):
        session.take(one.say("finish", {"answer": "x"}))
    assert [session.result().correct for session in sessions] == [True, False, True]
    assert "Please load the AuthorNet first." in sessions[1].result().text


@pytest.fixture
def untouched() -> Callable[[Graph], None]:
    before = json.dumps(
        [GRAPH.papers.nodes, GRAPH.papers.neighbours, GRAPH.authors.nodes, GRAPH.authors.neighbours]
    )

    def check(graph: Graph) -> None:
        after = [graph.papers.nodes, graph.papers.neighbours, graph.authors.nodes, graph.authors.neighbours]
        assert json.dumps(after) == before

    return check


def test_nothing_that_is_said_changes_the_graph(untouched: Callable[[Graph], None]) -> None:
    result = play(world(["x"]), LOAD, LOOK, ("authorNodeCheck", {"node": OTHER}), finish(["x"]))
    assert result.correct
    untouched(GRAPH)
