"""States for BFCL's back ends: many, repeatable, loaded whole by the classes, and not the benchmark's."""

import ast
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from callwright import assets
from callwright.evaluate.bfcl.backends import backend, copied
from callwright.evaluate.bfcl.multi_turn.rows import load
from callwright.record import Json
from callwright.worlds import open_world
from callwright.worlds.scenarios import SCENARIOS, initial_states

MANY = 256


def texts(value: Json) -> Iterator[str]:
    """Yield every text in a value, keys among them."""
    if isinstance(value, str):
        yield value.casefold()
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_there_are_hundreds_of_states_and_a_seed_repeats_them(name: str) -> None:
    states = initial_states((name,), MANY)
    assert len({json.dumps(state) for state in states}) == MANY
    assert initial_states((name,), 20) == states[:20]
    assert not {json.dumps(s) for s in initial_states((name,), 20, seed=1)} & {json.dumps(s) for s in states}


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_state_does_not_depend_on_what_it_is_drawn_with(name: str) -> None:
    together = initial_states(tuple(SCENARIOS), 5)
    assert [{name: (state or {})[name]} for state in together] == list(initial_states((name,), 5))


def test_a_class_without_a_state_has_none() -> None:
    assert initial_states(("MathAPI",), 5) == (None,)
    assert initial_states(("MathAPI", "TicketAPI"), 2) == initial_states(("TicketAPI",), 2)


def test_people_of_the_test_half_are_not_met_in_training() -> None:
    def people(values: Any) -> set[str]:
        states = initial_states(("MessageAPI",), MANY, values=values)
        return {user for state in states for user in (state or {})["MessageAPI"]["user_map"]}

    assert min(len(people("train")), len(people("test"))) > 10
    assert not people("train") & people("test")


@pytest.fixture(scope="module")
def benchmark(bfcl: None) -> set[str]:
    """Every text of the benchmark's states and reference calls that the classes do not have by themselves."""
    rows = load().rows
    found = {text for row in rows for text in texts(json.loads(bytes(row.initial_config)))}
    calls = [ast.parse(call) for row in rows for turn in row.reference for call in turn]
    found |= {text for tree in calls for text in constants(tree)}
    with zipfile.ZipFile(assets.wheel(assets.BFCL)) as wheel:
        sources = [wheel.read(n) for n in wheel.namelist() if "func_source_code" in n and n.endswith(".py")]
    return found - {text for source in sources for text in constants(ast.parse(source))}


def constants(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.casefold()


@pytest.mark.parametrize("values", ["train", "test"])
@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_no_name_file_or_text_of_the_benchmark_occurs(benchmark: set[str], name: str, values: Any) -> None:
    assert len(benchmark) > 800
    scenarios = [(state or {})[name] for state in initial_states((name,), MANY, values=values)]
    documented = {"cool", "read_write"}
    parts = {key.casefold() for scenario in scenarios for key in scenario} | documented
    found = {text for scenario in scenarios for text in texts(scenario)}
    assert {text for text in found & benchmark if any(map(str.isalpha, text))} - parts == set()


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_class_loads_its_states_whole(bfcl: None, name: str) -> None:
    for state in initial_states((name,), 40):
        scenario = (state or {})[name]
        instance: Any = backend(name)()
        instance._load_scenario(copied(scenario))
        loaded = {key.casefold().replace("_", "") for key in vars(instance)}
        assert {key.casefold().replace("_", "") for key in scenario} - loaded <= {"randomseed"}


def test_what_was_booked_before_costs_what_it_costs_today(bfcl: None) -> None:
    for state in initial_states(("TravelAPI",), 40):
        scenario = (state or {})["TravelAPI"]
        instance: Any = backend("TravelAPI")()
        instance._load_scenario(copied(scenario))
        for booking in scenario["booking_record"].values():
            route = {key: booking[key] for key in ("travel_from", "travel_to", "travel_date", "travel_class")}
            assert instance.get_flight_cost(**route) == {"travel_cost_list": [booking["travel_cost"]]}
            assert booking["card_id"] in scenario["credit_card_list"]


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_new_numbers_are_free(bfcl: None, name: str) -> None:
    """The next ticket, order, tweet or user gets a number that nobody has."""
    for state in initial_states((name,), 40):
        scenario: Any = (state or {})[name]
        if name == "TicketAPI":
            assert scenario["ticket_counter"] not in [ticket["id"] for ticket in scenario["ticket_queue"]]
        if name == "TradingBot":
            assert str(scenario["order_counter"]) not in scenario["orders"]
        if name == "TwitterAPI":
            assert str(scenario["tweet_counter"]) not in scenario["tweets"]
        if name == "MessageAPI":
            assert f"USR{scenario['user_count'] + 1:03d}" not in scenario["user_map"].values()


def test_the_world_shows_what_its_states_hold(bfcl: None) -> None:
    world = open_world("bfcl:MessageAPI, TravelAPI")
    state: Any = world.states[3]
    data = world.data(state)
    users = {user["user"]: user["user_id"] for user in data["MessageAPI"]["users"]}
    assert users == state["MessageAPI"]["user_map"]
    assert {card["card_id"] for card in data["TravelAPI"]["cards"]} == set(
        state["TravelAPI"]["credit_card_list"]
    )
    assert world.data(None)["MessageAPI"]["users"][0] == {"user": "Alice", "user_id": "USR001"}
