"""Who answers a call: the cache, the simulator, a model; and how that is counted."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import DataError
from callwright.evaluate.sessions import Turn
from callwright.evaluate.toolbench.apis import Api, Parameter, offer
from callwright.evaluate.toolbench.cache import Cache
from callwright.evaluate.toolbench.environment import Environment, ModelFor, Observed, finish, stood_in
from callwright.evaluate.toolbench.responses import Response, observed, response_of
from callwright.evaluate.toolbench.simulator import Simulator, skeleton

PARAMETERS = (
    Parameter("City", "STRING", "", "Rome", True),
    Parameter("days", "NUMBER", "", 3, False),
    Parameter("wet", "BOOLEAN", "", "", False),
)
TEMPLATE = {
    "city": "str", "id": "int", "mean": "float", "ok": "bool", "none": "NoneType", "note": "fixed text",
    "tags": ["list of str with length 8"], "empty": ["empty list"],
    "days": [{"date": "str", "high": "int", "_list_length": 27}],
}  # fmt: skip
API = Api("Weather, Air", "Sky 9", "Forecast", "", PARAMETERS, TEMPLATE)
BARE = Api("Weather, Air", "Sky 9", "Now", "", PARAMETERS[:1])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def played(steps: Generator[Turn, str | None, Observed], *replies: str | None) -> tuple[Observed, list[Turn]]:
    asked: list[Turn] = []
    waiting = iter(replies)
    try:
        turn = next(steps)
        while True:
            asked.append(turn)
            turn = steps.send(next(waiting))
    except StopIteration as done:
        return done.value, asked


def environment(cache: Cache | None = None, model_for: ModelFor = "nothing", seed: int = 0) -> Environment:
    return Environment(offer([API, BARE]), cache=cache, backend=Simulator(seed), model_for=model_for)


def test_the_skeleton_is_filled_the_same_way_every_time() -> None:
    made = Simulator(3).answer(API, {"city": "Oslo"})
    assert made == Simulator(3).answer(API, {"city": "Oslo"})
    assert made != Simulator(4).answer(API, {"city": "Oslo"})
    assert made.response != Simulator(3).answer(API, {"city": "Oslo", "days": 2}).response
    filled = made.response
    assert list(filled) == list(TEMPLATE)
    assert filled["city"] == "Oslo"
    assert [type(filled[key]) for key in ("id", "mean", "ok", "none")] == [int, float, bool, type(None)]
    assert filled["note"] == "fixed text"
    assert [len(filled[key]) for key in ("tags", "empty", "days")] == [3, 0, 3]
    assert list(filled["days"][0]) == ["date", "high"]


def test_a_skeleton_that_was_cut_counts_as_far_as_it_is_whole() -> None:
    cut = API._replace(template='{"a": "str", "b": [{"c": "int", "d": "flo')
    assert skeleton(cut) == {"a": "str", "b": [{"c": "int"}]}
    assert set(Simulator().answer(BARE, {"city": "x"}).response) == {"status", "city", "result"}
    assert skeleton(API._replace(template="no skeleton at all")) == {
        "status": "ok",
        "city": "str",
        "result": "str",
    }


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, "missing required parameter 'city'"),
        ({"city": "x", "town": 1}, "unexpected parameter 'town'"),
        ({"city": "x", "days": "many"}, "parameter 'days' must be of type integer"),
        ({"city": "x", "days": True}, "parameter 'days' must be of type integer"),
        ({"city": "x", "wet": "perhaps"}, "parameter 'wet' must be of type boolean"),
        ({"city": None}, "parameter 'city' must be of type string"),
        ({"city": "x", "days": "3", "wet": "true"}, ""),
    ],
)
def test_arguments_are_refused_as_an_api_would(arguments: dict[str, Any], error: str) -> None:
    made = Simulator().answer(API, arguments)
    assert (made.error, made.code) == (error, 2 if error else 0)


@given(JSON, st.dictionaries(st.text(), JSON, max_size=3))
def test_any_skeleton_and_any_arguments_make_a_response(template: Any, arguments: dict[str, Any]) -> None:
    made = Simulator().answer(API._replace(template=template, parameters=None), arguments)
    assert made.code == 0
    assert json.loads(made.text)["error"] == ""


def cache_in(folder: Path, tool: str = "sky_9") -> Cache:
    file = folder / "Weather_Air" / tool / "forecast.json"
    file.parent.mkdir(parents=True)
    records = {
        "{'city': 'Rome', 'days': 2}": {"error": "", "response": "sunny"},
        "{'city': 'Bonn'}": {"error": "Unsubscribed error...", "response": ""},
        "{broken": {"error": "", "response": "never"},
    }
    file.write_text(json.dumps(records), encoding="utf-8")
    return Cache(folder)


@pytest.mark.parametrize("tool", ["sky_9", "sky_9_for_Weather_Air"])
def test_a_recorded_answer_goes_first(tmp_path: Path, tool: str) -> None:
    world = environment(cache_in(tmp_path, tool))
    seen, _ = played(world.step("forecast_for_sky_9", {"city": "Rome", "days": 2}))
    assert seen == ('{"error": "", "response": "sunny"}', 0)
    # The same arguments in another order are the same call.
    assert played(world.step("forecast_for_sky_9", {"days": 2, "city": "Rome"}))[0] == seen
    assert played(world.step("forecast_for_sky_9", {"city": "Bonn"}))[0].code == 8
    assert world.counts == {"cache_hits": 3}


def test_what_is_not_recorded_is_a_miss_and_simulated(tmp_path: Path) -> None:
    world = environment(cache_in(tmp_path))
    played(world.step("forecast_for_sky_9", {"city": "Rome"}))
    played(world.step("now_for_sky_9", {"city": "Rome"}))
    played(world.step("now_for_sky_9", {}))
    assert world.counts == {"cache_misses": 3, "simulated_calls": 3}
    without = environment()
    played(without.step("now_for_sky_9", {"city": "Rome"}))
    assert without.counts == {"simulated_calls": 1}


def test_a_cache_that_can_not_be_read_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such cache folder"):
        Cache(tmp_path / "none")
    file = tmp_path / "Weather_Air/sky_9/now.json"
    file.parent.mkdir(parents=True)
    file.write_text("[1]", encoding="utf-8")
    with pytest.raises(DataError, match="not a cache file"):
        played(environment(Cache(tmp_path)).step("now_for_sky_9", {"city": "x"}))


def test_a_model_stands_in_where_it_is_asked_to(tmp_path: Path) -> None:
    reply = 'Sure:\n```json\n{"error": "", "response": {"sky": "blue"}}\n```'
    world = environment(cache_in(tmp_path), "gaps")
    seen, asked = played(world.step("now_for_sky_9", {"city": "Rome"}), reply)
    assert seen == ('{"error": "", "response": {"sky": "blue"}}', 0)
    assert [turn.who for turn in asked] == ["tools"]
    assert '"city": "Rome"' in asked[0].prompt.messages[0][1]
    # This one has a skeleton: no gap. With "all" the model answers it too, and is shown what was recorded.
    assert played(world.step("forecast_for_sky_9", {"city": "Oslo"}))[1] == []
    everywhere = environment(cache_in(tmp_path / "b"), "all")
    _, asked = played(everywhere.step("forecast_for_sky_9", {"city": "Oslo"}), reply)
    assert "sunny" in asked[0].prompt.messages[0][1]
    # Nobody asks a model about arguments that no API would take.
    assert played(everywhere.step("forecast_for_sky_9", {}))[0].code == 2
    assert everywhere.counts == {"cache_misses": 2, "model_calls": 1, "simulated_calls": 1}


@pytest.mark.parametrize(
    "reply", [None, "", "no", "{", "}{", "[1]", "{" * 9999 + "}" * 9999, '{"response": NaN}']
)
def test_a_model_that_gives_no_json_is_an_error_of_the_api(reply: str | None) -> None:
    assert stood_in(reply).code == 12


def test_observations_are_cut() -> None:
    assert observed("x" * 1024) == "x" * 1024
    assert observed("x" * 1025) == "x" * 1024 + "..."
    long = environment()
    long.offer = offer([BARE._replace(template={f"field{i}": "str" for i in range(200)})])
    seen, _ = played(long.step("now_for_sky_9", {"city": "Rome"}))
    assert len(seen.text) == 1027


def test_status_codes_of_errors() -> None:
    errors = {
        "API not working error...": 6, "Unauthorized error...": 7, "Unsubscribed error...": 8,
        "Too many requests error...": 9, "Rate limit per minute error...": 10, "Message error...": 11,
        "": 0, "anything else": 0,
    }  # fmt: skip
    assert {text: response_of({"error": text, "response": 1}).code for text in errors} == errors
    assert response_of("plain") == Response("", "plain", 0)
    assert played(environment().step("nope", {}))[0] == (
        '{"error": "No such function name: nope", "response": ""}', 1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"return_type": "give_answer", "final_answer": "x"}, 3),
        ({"return_type": "give_up_and_restart"}, 4),
        ({"return_type": "give_answer"}, 2),
        ({"final_answer": "x"}, 2),
        ({"return_type": "other"}, 2),
        ({"return_type": ["give_answer"]}, 2),
    ],
)
def test_finish(arguments: dict[str, Any], code: int) -> None:
    seen = finish(arguments)
    assert seen.code == code
    json.loads(seen.text)
