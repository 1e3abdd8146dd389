"""Multi-turn BFCL as episodes: the reference is right, replies can do no harm, and nothing leaks."""

import json
import os
import random
import sys
from collections import Counter
from pathlib import Path

import pytest
from bfcl_multi_turn_runs import gold, spoil
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callwright import formats
from callwright.errors import ConfigError, ExtraMissing
from callwright.evaluate.bfcl import backends
from callwright.evaluate.bfcl.multi_turn.check import check
from callwright.evaluate.bfcl.multi_turn.dialogue import Style
from callwright.evaluate.bfcl.multi_turn.rows import CATEGORIES, Row, load, offer
from callwright.evaluate.bfcl.multi_turn.stage import stage_of
from callwright.evaluate.bfcl.multi_turn.world import DONE, MultiTurnSession, MultiTurnWorld, replayed
from callwright.evaluate.results import read_results, write_results
from callwright.evaluate.sessions import recite

pytestmark = pytest.mark.usefixtures("bfcl")


@pytest.fixture(scope="module")
def world(bfcl: None) -> MultiTurnWorld:
    return MultiTurnWorld(style="official")


@pytest.fixture(scope="module")
def rows(world: MultiTurnWorld) -> dict[str, Row]:
    return {row.id: row for row in world.tasks}


@pytest.mark.slow
def test_the_reference_is_right_in_every_conversation(world: MultiTurnWorld) -> None:
    results = [recite(world.reset(task), world.gold(task)) for task in world.tasks]
    assert len(results) == 800
    assert Counter((r.column, r.correct, r.error) for r in results) == {
        (c, True, ""): 200 for c in CATEGORIES
    }
    assert {r.scores["progress"] for r in results} == {1.0}
    assert all(r.scores["turns"] == len(row.question) for r, row in zip(results, world.tasks, strict=True))
    some = list(zip(world.tasks, results, strict=True))[::10]
    assert [replayed(row, json.loads(r.text), r.conditions) for row, r in some] == [r for _, r in some]


@pytest.mark.slow
@pytest.mark.parametrize("output_format", list(formats.FORMATS))
def test_the_reference_is_right_in_our_own_formats(output_format: str) -> None:
    world = MultiTurnWorld(output_format=output_format)
    some = [task for task in world.tasks if random.Random(task.id).random() < 0.2]
    wrong = [r for task in some if not (r := recite(world.reset(task), world.gold(task))).correct]
    assert wrong == []


@pytest.mark.parametrize("style", ["native", "official"])
def test_a_held_back_function_is_shown_from_its_turn_on(style: Style) -> None:
    world = MultiTurnWorld(("multi_turn_miss_func",), style=style)
    for task in world.tasks[::10]:
        ((number, names),) = task.missed_function.items()
        session = world.reset(task)
        for turn in range(number + 1):
            asked = session.turn()
            assert asked is not None
            text = "\n".join(content for _, content in asked.prompt.messages)
            shown = [
                f"{name}(" in text or f"'{name}'" in text or f'"name": "{name}"' in text for name in names
            ]
            assert shown == [turn == number] * len(names), (task.id, turn)
            session.take("I can not do that yet.")


@pytest.mark.parametrize("style", ["native", "official"])
def test_results_of_calls_come_back_in_the_next_prompt(style: Style) -> None:
    world = MultiTurnWorld(("multi_turn_base",), style=style)
    task = world.tasks[0]
    session = world.reset(task)
    session.take(next(iter(world.gold(task))))
    asked = session.turn()
    assert asked is not None
    role, text = asked.prompt.messages[-1]
    assert role == ("user" if style == "official" else "tool")
    assert "'final_report.pdf' moved to 'temp/final_report.pdf'" in text.replace("\\", "")


def test_a_conversation_has_its_own_user_and_ends_with_the_last_turn(world: MultiTurnWorld) -> None:
    session = world.reset(world.tasks[0])
    for _ in world.tasks[0].question:
        assert session.turn() == session.turn() is not None
        session.take(DONE)
    assert session.turn() is None
    session.take("[pwd()]")
    result = session.result()
    assert (result.error, result.where) == ("multi_turn:empty_turn_model_response", "turn 0")
    assert result.scores == {"turns": 4.0, "steps": 0.0, "progress": 0.0}


def test_calls_without_end_are_cut_after_one_step_more_than_the_limit(world: MultiTurnWorld) -> None:
    session = world.reset(world.tasks[0])
    result = recite(session, ["[pwd()]"] * 100)
    assert session.turn() is None
    assert (result.error, result.scores["steps"]) == ("multi_turn:force_terminated", 21.0)


def test_an_endless_last_turn_is_still_judged_as_the_official_runner_does(world: MultiTurnWorld) -> None:
    task = world.tasks[0]
    replies = list(world.gold(task))[:-1]
    assert recite(world.reset(task), [*replies, *["[pwd()]"] * 30]).correct


def test_an_episode_that_stops_half_way_is_given_up(world: MultiTurnWorld) -> None:
    task = world.tasks[0]
    assert recite(world.reset(task), list(world.gold(task))[:-1]).error == "multi_turn:force_terminated"
    assert world.reset(task).result().error == "multi_turn:force_terminated"


def test_a_prompt_that_is_too_long_is_wrong_and_said_so(world: MultiTurnWorld) -> None:
    session = world.reset(world.tasks[0])
    session.take(None)
    assert session.turn() is None
    assert session.result().error == "prompt-too-long"


def test_right_answers_after_wrong_ones_are_right_in_one_process(rows: dict[str, Row]) -> None:
    """The official checker, given one model name, marks 579 of these 800 wrong."""
    for row in rows.values():
        check(row, [[[*calls, *calls[:1]], ["pwd()"]] for calls in reversed(row.reference)])
        assert check(row, gold(row)).valid, row.id


def test_verdicts_do_not_depend_on_the_order_of_samples(rows: dict[str, Row]) -> None:
    runs = [(row, spoil(row, random.Random(f"order {row.id}"))) for row in list(rows.values())[::2]]
    first = [check(row, run) for row, run in runs]
    assert list(reversed([check(row, run) for row, run in reversed(runs)])) == first


def test_lists_that_are_default_arguments_are_not_shared(rows: dict[str, Row]) -> None:
    """The official post_tweet keeps its default list of mentions, which mention() then extends for all."""
    posting = next(row for row in rows.values() if "TwitterAPI" in row.involved_classes)
    one, two = stage_of(posting), stage_of(posting)
    for stage in (one, two):
        stage.instances["TwitterAPI"].authenticated = True
    tweet = json.loads(one.run(["post_tweet(content='a')"])[0])["id"]
    one.run([f"mention(tweet_id={tweet}, mentioned_usernames=['@a'])"])
    assert json.loads(one.run([f"get_tweet(tweet_id={tweet})"])[0])["mentions"] == ["@a"]
    assert json.loads(two.run(["post_tweet(content='a')"])[0])["mentions"] == []
    assert json.loads(one.run(["post_tweet('a', ['#t'])"])[0])["tags"] == ["#t"]


def test_credit_cards_of_the_long_scenario_are_not_shared(rows: dict[str, Row]) -> None:
    travel = next(
        row for row in rows.values()
        if "TravelAPI" in row.involved_classes and row.category == "multi_turn_long_context"
    )  # fmt: skip
    one, two = stage_of(travel).instances["TravelAPI"], stage_of(travel).instances["TravelAPI"]
    assert len(one.credit_card_list) > 10
    for card in one.credit_card_list.values():
        card["balance"] = -1.0
    assert all(card["balance"] != -1.0 for card in two.credit_card_list.values())


def test_sessions_of_one_row_run_side_by_side(world: MultiTurnWorld) -> None:
    task = world.tasks[0]
    right, wrong = world.reset(task), world.reset(task)
    for reply in world.gold(task):
        wrong.take("[cd(folder='archive')]" if reply.startswith("[") else reply)
        right.take(reply)
    assert right.result().correct
    assert not wrong.result().correct
    assert recite(world.reset(task), world.gold(task)).correct


HOSTILE = (
    "[__import__('os').getpid()]", "[open(file='/etc/passwd')]", "[eval(source='1')]", "[print(a=1)]",
    "[power(base=9, exponent=99999999999)]", "[round_number(number=5, decimal_places=-999999999999)]",
    "[logarithm(value=10, base=2, precision=999999999)]", "[square_root(number=2, precision=999999999)]",
    "[" * 3000, "[f(a=" + "(" * 500 + ")]", "[ls(a={'b': {}})]", "[ls(**{})]", "[ls(a=1e999)]", "\ud800\x00",
    "[echo(content='\\ud800')]", "[cp(source='document', destination='document')]", "[find(name='x')]",
    '<tool_call>\n{"name": "ls", "arguments": {"a b": NaN}}\n</tool_call>', "[], []", "ls()" * 5000,
    '[{"name": "echo", "arguments": {"content": "\\ud800"}}]', "[self.__class__()]", "[_load_scenario(a={})]",
)  # fmt: skip


@pytest.mark.parametrize("style", ["native", "official"])
def test_no_reply_raises_runs_code_or_takes_for_ever(style: Style, tmp_path: Path) -> None:
    world = MultiTurnWorld(("multi_turn_base",), style=style)
    task = next(t for t in world.tasks if {"GorillaFileSystem", "MathAPI"} <= set(t.involved_classes))
    results = []
    for reply in HOSTILE:
        session = world.reset(task)
        results.append(recite(session, [reply, reply, DONE, *world.gold(task)]))
        prompt = session.turn()
        assert str(os.getpid()) not in str(prompt)
        assert str(prompt).encode()
    write_results(tmp_path / "results.jsonl", results)
    assert read_results(tmp_path / "results.jsonl") == results


def test_folders_that_contain_themselves_are_not_walked_for_ever(rows: dict[str, Row]) -> None:
    """`cp` of a folder into itself makes a cycle; a second one inside makes the paths double at each step."""
    stage = stage_of(rows["multi_turn_base_0"])
    once = ["mkdir(dir_name='k')", "cp(source='k', destination='k')", "cd(folder='k')"]
    twice = ["cd(folder='k')", "mkdir(dir_name='b')", "cp(source='k', destination='b')"]
    *made, cycle = stage.run([*once, "find()"])
    assert not any("rror" in result for result in made)
    assert "recursion" in cycle
    *made, found, used, listed = stage.run([*twice, "find()", "du()", "ls()"])
    assert not any("rror" in result for result in made)
    assert found == used == "Error during execution: the folder holds too many paths to walk"
    assert listed == '{"current_directory_content": ["k", "b"]}'


TASKS = ("multi_turn_base_0", "multi_turn_long_context_150")


@given(replies=st.lists(st.one_of(st.text(max_size=60), st.sampled_from(HOSTILE[10:])), max_size=8))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_replies_of_any_kind_end_in_a_result(
    world: MultiTurnWorld, rows: dict[str, Row], replies: list[str]
) -> None:
    session: MultiTurnSession = world.reset(rows[TASKS[len(replies) % 2]])
    recite(session, replies)
    assert session.turn() is None or str(session.turn()).encode()


def test_each_result_says_what_it_depends_on(world: MultiTurnWorld) -> None:
    conditions = world.reset(world.tasks[0]).result().conditions
    assert conditions == world.conditions
    assert conditions["variant"] == "bfcl-v4-multi-turn/official"
    assert set(conditions["data_sha256"]) == set(CATEGORIES)
    native = MultiTurnWorld(("multi_turn_base",)).conditions
    assert native["output_format"] == formats.DEFAULT_FORMAT
    assert native["prompt_sha256"] != conditions["prompt_sha256"]


def test_every_offered_function_exists_in_its_back_end(rows: dict[str, Row]) -> None:
    for row in list(rows.values())[::20]:
        docs = offer(row)
        for doc in (*docs.first, *(d for held in docs.later.values() for d in held)):
            assert "is not defined" not in stage_of(row).run([f"{doc['name']}()"])[0]


def test_an_unknown_category_names_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match="did you mean multi_turn_miss_func"):
        load(("multi_turn_mis_func",))


def test_the_back_ends_come_from_the_wheel_under_names_of_their_own() -> None:
    module = backends.module("bfcl_eval/eval_checker/multi_turn_eval/func_source_code/message_api.py")
    assert "bfcl_eval" not in sys.modules
    assert module.__name__ not in sys.modules
    assert "open" not in module.__builtins__


def test_without_mpmath_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpmath", None)
    backends.module.cache_clear()
    try:
        with pytest.raises(ExtraMissing, match=r"callwright\[bfcl\]"):
            backends.backend("MathAPI")
    finally:
        backends.module.cache_clear()
