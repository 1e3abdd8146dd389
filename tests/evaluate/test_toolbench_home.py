"""The home variant: its solutions pass, everything else fails, and nothing a model writes breaks it."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright import formats
from callwright.evaluate.answers import Asker, opened
from callwright.evaluate.playing import play
from callwright.evaluate.results import Result, read_results, write_results
from callwright.evaluate.sessions import World, recite
from callwright.evaluate.summary import summarise
from callwright.evaluate.toolbench.checking import holds
from callwright.evaluate.toolbench.home import HomeTools, home_apis, home_queries, home_world
from callwright.evaluate.toolbench.queries import Query
from callwright.models import Prompt
from callwright.models.scripted import ScriptedModel
from callwright.record import ToolCall

METHODS = ["CoT@1", "CoT@3", "DFSDT"]
GIVE_UP = '<tool_call>\n{"name": "Finish", "arguments": {"return_type": "give_up_and_restart"}}\n</tool_call>'

BROKEN = "<think>never closed"


def finish(answer: object) -> str:
    arguments = {"return_type": "give_answer", "final_answer": answer}
    return f"<tool_call>\n{json.dumps({'name': 'Finish', 'arguments': arguments})}\n</tool_call>"


@pytest.mark.parametrize("output_format", list(formats.FORMATS))
@pytest.mark.parametrize("method", METHODS)
def test_gold_is_right_on_all_thirty_queries(method: str, output_format: str) -> None:
    world: World[Query] = home_world(method=method, output_format=output_format)
    results = [recite(world.reset(task), world.gold(task)) for task in world.tasks]
    assert [result.id for result in results if not result.correct] == []
    assert len(results) == 30
    for name in ("gold_api_recall", "valid_call_rate", "finish_rate"):
        assert {result.scores[name] for result in results} == {1.0}
    assert {result.scores["failed_calls"] for result in results} == {0.0}
    assert {result.conditions["variant"] for result in results} == {
        f"toolbench-home/code/{results[0].predicted['answer']['method']}"
    }


def test_the_expected_values_come_from_the_solutions_calls() -> None:
    """Only a sum has to be made of what the APIs return; every other value stands in a response."""
    derived = {"home/17": ("945", "412", "533")}
    for task in home_world().tasks:
        backend = HomeTools()
        world = home_world()
        seen = ""
        for call in task.solution:
            api = world.offer(task).named(call.name)
            assert api is not None
            response = backend.answer(api, call.arguments or {})
            assert response is not None
            assert response.error == ""
            seen += json.dumps(response.response)
        for value in derived.get(task.id, task.expected)[1 if task.id in derived else 0 :]:
            assert holds(seen, value), (task.id, value)
    assert 412 + 533 == 945


def test_fifteen_apis_and_every_one_is_needed_somewhere() -> None:
    queries = home_queries()
    assert len(home_apis()) == 15
    needed = {key for query in queries.queries for key in query.relevant}
    assert needed == {api.key for api in home_apis()}
    assert all(len(query.apis) >= len(query.relevant) + 4 for query in queries.queries)


def test_an_answer_without_the_values_is_wrong() -> None:
    world = home_world(method="CoT@1")
    for task in world.tasks:
        result = recite(world.reset(task), [finish("It is all in order, and the number is 17.")])
        assert (result.correct, result.error) == (False, "wrong-answer")
        assert result.scores["proxy_pass"] == 1.0, "the proxy can not tell"
        assert result.scores["gold_api_recall"] == 0.0
        assert "valid_call_rate" not in result.scores
        given_up = recite(world.reset(task), [GIVE_UP])
        assert (given_up.correct, given_up.error) == (False, "gave-up")
        assert given_up.scores["finish_rate"] == 1.0
        assert given_up.scores["answer_rate"] == 0.0
        assert recite(world.reset(task), []).error == "gave-up"


@pytest.mark.parametrize(
    ("answer", "value", "held"),
    [
        ("The total is €1,329.", "1329", True),
        ("1329.00 days", "1329", True),
        ("13290", "1329", False),
        ("1329.5", "1329", False),
        ("between -9 and 3", "-9", True),
        ("between 9 and 3", "-9", False),
        ("from 5−9", "9", True),
        ("K114 and k118", "K118", True),
        ("K1181", "K118", False),
        ("A  Grammar\nof Rivers", "A Grammar of Rivers", True),
        ("v1.2.3", "1.2", False),
        ("", "x", False),
        ("9" * 10_000, "9", False),
    ],
)
def test_what_an_answer_holds(answer: str, value: str, held: bool) -> None:
    assert holds(answer, value) is held


@given(st.text(), st.text(min_size=1))
def test_reading_an_answer_never_raises(answer: str, value: str) -> None:
    holds(answer, value)
    if value.strip() and not value[0].isspace():
        assert isinstance(holds(f" {value} ", value), bool)


HOSTILE: list[str | None] = [
    "", " ", "\ud800", "<tool_call>", "{" * 3000, BROKEN, "x" * 3000, "[convert(a=1)]", None,
    '<tool_call>\n{"name": "", "arguments": {}}\n</tool_call>', GIVE_UP,
    '<tool_call>\n{"name": "Finish", "arguments": {"return_type": ["give_answer"]}}\n</tool_call>',
    finish({"a": [1, None]}), finish(None), finish(""), finish("\ud800"),
    '<tool_call>\n{"name": "nope", "arguments": {}}\n</tool_call>' * 3,
    *(
        f'<tool_call>\n{{"name": "{name}", "arguments": {arguments}}}\n</tool_call>'
        for name in ("scale_for_recipe_box", "convert_for_currency_desk", "weekday_for_date_tools")
        for arguments in (
            "{}", '{"dish": "plum tart", "portions": 1e308}', '{"dish": "plum tart", "portions": NaN}',
            f'{{"dish": "plum tart", "portions": {"9" * 400}}}', '{"day": "9999999-01-01"}',
            f'{{"dish": {"[" * 90 + "]" * 90}, "portions": 3}}', '{"day": "\\ud800"}',
            '{"amount": "1e999", "from": ["x"], "to": {"a": 1}}',
            '{"amount": "nan", "is_from": "EUR", "to": "USD"}',
        )
    ),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("output_format", list(formats.FORMATS))
def test_no_reply_breaks_a_session(method: str, output_format: str, tmp_path: Path) -> None:
    world = home_world(method=method, output_format=output_format)
    results = []
    for seed in range(15):
        rng = Random(seed)
        session = world.reset(world.tasks[seed])
        for _ in range(40):
            if session.turn() is None:
                break
            assert session.turn() == session.turn()
            session.take(rng.choice(HOSTILE))
        results.append(session.result())
    assert not any(result.correct for result in results)
    assert {result.error for result in results} <= {"malformed", "gave-up", "wrong-answer", "prompt-too-long"}
    write_results(tmp_path / "results.jsonl", results)
    assert len(read_results(tmp_path / "results.jsonl")) == 15


def test_sessions_share_nothing() -> None:
    """Sessions that take turns end like sessions on their own, in any order."""
    world = home_world(method="DFSDT")
    alone = {task.id: recite(world.reset(task), [BROKEN, *world.gold(task)]) for task in world.tasks}
    order = list(world.tasks)
    Random(1).shuffle(order)
    sessions = [(world.reset(task), iter([BROKEN, *world.gold(task)])) for task in order]
    while any(session.turn() for session, _ in sessions):
        for session, replies in sessions:
            if session.turn():
                session.take(next(replies))
    assert {session.id: session.result() for session, _ in sessions} == alone
    assert all(result.correct for result in alone.values())


def test_a_model_plays_through_the_prompts(tmp_path: Path) -> None:
    world = home_world(method="CoT@1")
    replies: dict[str, Iterator[str]] = {task.text: iter(list(world.gold(task))) for task in world.tasks}

    def reply(prompt: Prompt) -> str:
        return next(replies[next(content for role, content in prompt.messages if role == "user")])

    with opened(tmp_path / "answers.jsonl") as book:
        agent = Asker(ScriptedModel(reply), book, max_tokens=500, fingerprint="scripted")
        results = list(play(map(world.reset, world.tasks), {"agent": agent}))
    summary = summarise(results)
    assert summary.all.accuracy == 1.0
    assert summary.all.means["gold_api_recall"].mean == 1.0
    prompt = world.reset(world.tasks[0]).turn()
    assert prompt is not None
    system = prompt.prompt.messages[0][1]
    assert "connections_for_rail_planner(is_from: string, to: string)" in system
    assert "Finish(return_type:" in system


def test_conditions_name_all_that_a_score_depends_on() -> None:
    world = home_world(method="CoT@2", seed=7)
    told = world.conditions
    assert told["variant"] == "toolbench-home/code/CoT@2"
    assert told["measure"] == "expected value in the final answer"
    assert told["seed"] == 7
    assert {"data_sha256", "max_depth", "max_observation", "prompt_sha256", "official_names"} <= told.keys()
    result: Result = recite(world.reset(world.tasks[0]), [])
    assert result.conditions == told


def test_an_api_refuses_in_words() -> None:
    backend = HomeTools()
    by_name = {api.name: api for api in home_apis()}
    refused = backend.answer(by_name["Station"], {"code": "XXX"})
    assert refused is not None
    assert (refused.error, refused.code) == ("unknown station 'XXX'", 11)
    assert backend.answer(by_name["Station"]._replace(tool="Other"), {"code": "ALB"}) is None
    call = ToolCall(name="seat_price_for_rail_planner", arguments={"train": "K114", "travellers": 2.5})
    price = backend.answer(by_name["Seat Price"], call.arguments or {})
    assert price is not None
    assert "whole number" in price.error
