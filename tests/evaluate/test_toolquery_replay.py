"""ToolQuery from recordings: what was recorded is answered, the rest is a miss, and 414 tasks are solved."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from callwright.errors import ConfigError, DataError
from callwright.evaluate.sessions import World, follow, recite
from callwright.evaluate.summary import summarise
from callwright.evaluate.toolquery.academia_graph import make_graph
from callwright.evaluate.toolquery.actions import Interface
from callwright.evaluate.toolquery.baselines import finish_at_once, random_calls
from callwright.evaluate.toolquery.outcomes import Outcome
from callwright.evaluate.toolquery.recordings import canonical
from callwright.evaluate.toolquery.replay import open_replay, open_rows
from callwright.evaluate.toolquery.tasks import Task
from callwright.evaluate.toolquery.world import ToolQuery


@pytest.fixture(scope="module")
def data(shared_data: Path) -> Path:
    return shared_data / "toolquery"


@pytest.fixture(scope="module")
def everything(data: Path) -> ToolQuery:
    return open_replay(data, all_tasks=True)


@pytest.fixture(scope="module")
def recorded(data: Path) -> dict[tuple[str, str], str]:
    """Return the recorded observation by tool and arguments, read without any of the code under test."""
    rows = [
        json.loads(line)
        for name in ("movie", "weather")
        for line in (data / f"{name}_calls.jsonl").read_text("utf-8").splitlines()
    ]
    return {(row["name"], json.dumps(row["arguments"], sort_keys=True)): row["observation"] for row in rows}


def tasks_of(world: World[Task]) -> int:
    """Take any world, so that the type checker compares ours with the protocol."""
    return len(world.tasks)


def test_the_join_has_the_documented_size(
    data: Path, everything: ToolQuery, recorded: dict[tuple[str, str], str]
) -> None:
    assert Counter(task.domain for task in everything.tasks) == {"movie": 215, "weather": 311}
    assert Counter(task.domain for task in everything.tasks if task.solved) == {"movie": 170, "weather": 244}
    assert len(recorded) == 419 + 608
    solved = open_replay(data)
    assert solved.conditions["tasks"] == tasks_of(solved) == 414
    assert solved.conditions["variant"] == "toolquery-replay-solved"
    assert everything.conditions["variant"] == "toolquery-replay-all"
    assert "one per task" in str(solved.conditions["subgoals"])
    assert {name: len(domain.tools) for name, domain in solved.domains.items()} == {
        "movie": 16,
        "weather": 19,
    }


@pytest.mark.parametrize("interface", ["react", "unified"])
def test_the_recorded_runs_score_what_their_source_says(data: Path, interface: Interface) -> None:
    """414 of 414 are right; the 112 others are wrong, as their source says, though nothing is missing."""
    world = open_replay(data, interface=interface, all_tasks=True)
    results = [recite(world.reset(task), world.gold(task)) for task in world.tasks]
    assert [result.correct for result in results] == [task.solved for task in world.tasks]
    assert sum(result.correct for result in results) == 414
    assert sum(result.scores["cache_misses"] for result in results) == 0
    assert {result.error for result in results} == {"", "wrong-answer", "gave-up"}
    unified = "-unified" if interface == "unified" else ""
    assert results[0].conditions["variant"] == f"toolquery{unified}-replay-all"


def test_every_recorded_call_is_answered_as_it_was_recorded(
    everything: ToolQuery, recorded: dict[tuple[str, str], str]
) -> None:
    """The refusals for a date are not read but decided anew; they come out as they were recorded."""
    seen: dict[tuple[str, str], Outcome] = {}
    for task in everything.tasks:
        answer = everything.domains[task.domain].begin(task)
        for name, arguments in task.solution:
            key = name, json.dumps(arguments, sort_keys=True)
            if key in recorded:
                seen[key] = answer(name, arguments)
                assert seen[key].text == recorded[key], (task.id, key)
    assert seen.keys() == recorded.keys()
    kinds = Counter(outcome.kind for outcome in seen.values())
    assert kinds == {"value": 949, "failed": 72, "raised": 6}
    assert all(outcome.text == str(outcome.value) for outcome in seen.values() if outcome.kind == "value")


def answer(world: ToolQuery, domain: str, name: str, arguments: Any, date: str = "2023-06-15") -> Outcome:
    task = Task(id="t", domain=domain, goal="?", subgoals=(1,), date=date, location="Lima")  # type: ignore[arg-type]
    return world.domains[task.domain].begin(task)(name, arguments)


RAIN = {"latitude": 29.76328, "longitude": -95.36327, "current_date": "2023-03-25"}


def test_arguments_that_mean_the_same_request_are_the_same(everything: ToolQuery) -> None:
    crew = answer(everything, "movie", "get_movie_crew", {"movie_id": "438148"})
    assert crew.kind == "value"
    assert answer(everything, "movie", "get_movie_crew", {"movie_id": 438148, "language": "en"}) == crew
    rain = answer(everything, "weather", "get_current_rain", RAIN)
    assert rain.value["daily"]["rain_sum"] == [8.6]
    as_text = {**RAIN, "latitude": "29.76328"}
    assert answer(everything, "weather", "get_current_rain", as_text) == rain
    days = {"start_date": "2023-03-25", "end_date": "2023-03-25"}
    place = {"latitude": 29.76328, "longitude": -95.36327}
    for name, today in (("get_historical_rain", "2023-03-26"), ("get_rain_forecast", "2023-03-24")):
        assert answer(everything, "weather", name, {**place, **days}, today) == rain


@pytest.mark.parametrize(
    ("domain", "name", "arguments"),
    [
        ("movie", "get_movie_crew", {"movie_id": "0438148"}),
        ("movie", "get_movie_crew", {"movie_id": 438148.0}),
        ("movie", "get_movie_crew", {"movie_id": True}),
        ("movie", "get_movie_crew", {"movie_id": None}),
        ("movie", "get_movie_crew", {"movie_id": ["438148"]}),
        ("movie", "get_search_movie", {"movie_name": "minions: the rise of gru"}),
        ("weather", "get_current_rain", {**RAIN, "latitude": 29.8}),
        ("weather", "get_current_rain", {**RAIN, "latitude": "29.76328°"}),
        ("weather", "get_current_rain", {**RAIN, "current_date": "2023-3-25"}),
        ("weather", "get_latitude_longitude", {"name": "Atlantis"}),
    ],
)
def test_what_was_never_recorded_is_a_miss(
    everything: ToolQuery, domain: str, name: str, arguments: dict[str, Any]
) -> None:
    assert answer(everything, domain, name, arguments) == Outcome(
        "missed", f"ERROR | CacheMiss({name} was never recorded with these arguments)"
    )


def test_canonical_arguments_keep_apart_what_may_differ() -> None:
    forms: list[tuple[Any, str]] = [
        (1, "movie_id"), ("1", "movie_id"), (1.0, "movie_id"), (True, "movie_id"), (1, "latitude"),
        ("1.0", "latitude1"), (True, "latitude"), ("one", "longitude2"), (" 1", "longitude"),
        ("1e3", "latitude"),
    ]  # fmt: skip
    assert [canonical(*form) for form in forms] == [
        "1", "1", "float 1.0", "bool True", 1.0, 1.0, "bool True", "str 'one'", "str ' 1'", "str '1e3'"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "start", "end", "text"),
    [
        (
            "get_historical_rain",
            "2023-06-15",
            "2023-06-16",
            "Error: start_date should be earlier than current_date",
        ),
        (
            "get_historical_snow",
            "2023-06-14",
            "2023-06-15",
            "Error: end_date should be earlier than current_date",
        ),
        (
            "get_temp_forecast",
            "2023-06-15",
            "2023-06-16",
            "Error: start_date should be later than current_date",
        ),
        (
            "get_rain_forecast",
            "2023-06-16",
            "2023-06-15",
            "Error: end_date should be later than current_date",
        ),
        ("get_snow_forecast", "2023-06-16", "2023-07-17", "Error: Sorry, at present, we support a maximum"),
        (
            "get_historical_air_quality_index",
            "2023-05-01",
            "2023-06-01",
            "Error: Sorry, at present, we support",
        ),
    ],
)
def test_days_are_judged_by_the_date_of_the_question(
    everything: ToolQuery, name: str, start: str, end: str, text: str
) -> None:
    arguments = {"latitude": 1.0, "longitude": 2.0, "start_date": start, "end_date": end}
    outcome = answer(everything, "weather", name, arguments)
    assert outcome.kind == "failed"
    assert outcome.text.startswith(text)


def test_thirty_days_are_not_too_long_and_what_is_no_date_raises(everything: ToolQuery) -> None:
    place = {"latitude": 1.0, "longitude": 2.0}
    thirty = {**place, "start_date": "2023-06-16", "end_date": "2023-07-16"}
    assert answer(everything, "weather", "get_snow_forecast", thirty).kind == "missed"
    with pytest.raises(ValueError, match="does not match format"):
        answer(everything, "weather", "get_current_rain", {**place, "current_date": "today"})
    with pytest.raises(TypeError, match="must be str"):
        answer(everything, "weather", "get_historical_rain", {**place, "start_date": None, "end_date": None})
    with pytest.raises(KeyError, match="end_date"):
        answer(everything, "weather", "get_historical_rain", {**place, "start_date": "2023-06-01"})


@pytest.mark.parametrize(
    ("index", "level"),
    [
        (0, "good"), (20, "good"), (20.5, "extremely poor"), (21, "extremely poor"), (22, "fair"),
        (40, "fair"),
        (41, "extremely poor"), (60, "moderate"), (80, "poor"), (100, "very poor"), (101, "extremely poor"),
    ],
)  # fmt: skip
def test_air_quality_has_agentboards_words_and_gaps(everything: ToolQuery, index: float, level: str) -> None:
    assert answer(everything, "weather", "get_air_quality_level", {"air_quality_index": index}).value == level


def test_date_and_place_come_from_the_row(everything: ToolQuery) -> None:
    assert answer(everything, "weather", "get_user_current_date", {}).text == "2023-06-15"
    assert answer(everything, "weather", "get_user_current_location", None).text == "Lima"


def test_misses_are_counted_and_scores_without_them_are_kept_apart(data: Path) -> None:
    world = open_replay(data)
    task = next(task for task in world.tasks if task.domain == "movie")
    wrong = world.say("get_search_movie", {"movie_name": "No such film"})
    results = [
        recite(world.reset(task), [wrong, *world.gold(task)]),
        recite(world.reset(task), [wrong, world.say("finish", {"answer": "?"})]),
        recite(world.reset(task), [world.say("finish", {"answer": "?"})]),
        recite(world.reset(task), world.gold(task)),
    ]
    assert [result.scores["cache_misses"] for result in results] == [1, 1, 0, 0]
    assert results[1].where == "cache misses: 1"
    assert results[1].scores["grounding"] == 0.5
    means = summarise(results).all.means
    assert (means["success"].n, means["success"].mean) == (4, 0.5)
    assert (means["success_without_miss"].n, means["success_without_miss"].mean) == (2, 0.5)


def test_a_recorded_list_that_can_not_be_sorted_leads_to_a_second_answer(everything: ToolQuery) -> None:
    """The recorded run of movie 132 first finishes with a list of objects, is told an error, and goes on."""
    task = everything.task("movie-132")
    assert [name for name, _ in task.solution].count("finish") == 2
    result = recite(everything.reset(task), everything.gold(task))
    assert result.correct
    assert "TypeError('<' not supported between instances of 'dict' and 'dict')" in result.text


def test_baselines(data: Path) -> None:
    world = open_replay(data)
    saying_yes = [follow(world.reset(task), finish_at_once(world)) for task in world.tasks]
    wanted = [task.id for task in world.tasks if task.subgoals == ("Yes",)]
    assert [result.id for result in saying_yes if result.correct] == wanted
    assert len(wanted) == 29
    policy = random_calls(world, 1)
    chance = [follow(world.reset(task), policy) for task in world.tasks[::20]]
    assert chance == [follow(world.reset(task), policy) for task in world.tasks[::20]]
    assert sum(result.correct for result in chance) < 5


@pytest.mark.parametrize("interface", ["react", "unified"])
def test_episodes_in_step_end_as_they_do_one_by_one(data: Path, interface: Interface) -> None:
    world = open_replay(data, interface=interface)
    tasks = world.tasks[::23]
    alone = [recite(world.reset(task), world.gold(task)) for task in tasks]
    sessions = [(world.reset(task), world.gold(task)) for task in reversed(tasks)]
    while waiting := [(s, replies) for s, replies in sessions if s.turn() is not None]:
        for session, replies in waiting:
            session.take(next(replies))
    assert [session.result() for session, _ in sessions][::-1] == alone


def test_agentgyms_academia_rows_can_be_read_where_there_is_a_graph(data: Path, tmp_path: Path) -> None:
    import msgspec

    graph = tmp_path / "graph.json"
    graph.write_bytes(msgspec.json.encode(make_graph()))
    world = open_rows(data / "academia.jsonl", graph=graph)
    assert len(world.tasks) == 20
    results = [recite(world.reset(t), [world.say("finish", {"answer": t.answer})]) for t in world.tasks]
    assert all(result.correct and result.scores["answer"] for result in results)


def test_a_folder_that_lacks_something_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="movie_tasks"):
        open_replay(tmp_path)
    for name in ("movie_tasks.jsonl", "movie_calls.jsonl"):
        shutil.copy(data / name, tmp_path / name)
    with pytest.raises(DataError, match="movie_raw"):
        open_replay(tmp_path)
    with pytest.raises(ConfigError, match="no recordings"):
        open_rows(tmp_path / "movie_tasks.jsonl")
    (tmp_path / "tool_specs").mkdir()
    spec = tmp_path / "tool_specs" / "movie_raw.json"
    spec.write_text('{"tool_set_message": [{"name": "finish"}]}', encoding="utf-8")
    with pytest.raises(DataError, match="check_valid_actions"):
        open_replay(tmp_path)
    shutil.copyfile(data / "tool_specs" / "movie_raw.json", spec)
    calls = tmp_path / "movie_calls.jsonl"
    calls.chmod(0o644)
    calls.write_text('{"name": "dance", "arguments": {}, "observation": ""}\n', encoding="utf-8")
    with pytest.raises(DataError, match="not a recorded call") as caught:
        open_replay(tmp_path)
    assert caught.value.place == f"{calls}:1"
