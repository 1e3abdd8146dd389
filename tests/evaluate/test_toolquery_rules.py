"""Reading an action of ToolQuery and comparing subgoals, by AgentBoard's rules."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.evaluate.toolquery.actions import BAD_FORMAT, BAD_INPUT, read_text, said, written
from callwright.evaluate.toolquery.scoring import cleaned, distance_km, matched
from callwright.formats import FORMATS

# Reading an action


@pytest.mark.parametrize(
    ("reply", "name", "arguments"),
    [
        ('Action: f with Action Input: {"a": 1}', "f", {"a": 1}),
        ('  f   with Action Input:{"a": 1}  ', "f", {"a": 1}),
        ("I think.\nAction: f with Action Input: {'a': (1, 2)}", "f", {"a": (1, 2)}),
        ('Think: so Action: f with Action Input: {"a": true, "b": null}', "f", {"a": True, "b": None}),
        ("Action: f with Action Input: {}\nObservation: made up\nAction: g with Action Input: {}", "f", {}),
        ("Action: f with Action Input: [1]", "f", [1]),
        ("Action: f with Action Input: ['b with Action Input: c']", "f", ["b with Action Input: c"]),
        ('Action: f with Action Input: {"a": "\\d"}', "f", {"a": "\\d"}),
    ],
)  # fmt: skip
def test_the_first_action_of_a_reply_is_read(reply: str, name: str, arguments: Any) -> None:
    action, kept = read_text(reply)
    assert (action.name, action.arguments, action.complaint) == (name, arguments, "")
    assert "Observation" not in kept


@pytest.mark.parametrize(
    "reply", ["", "Think: I do not know", "f(a=1)", "Action: f", "Action Input: {}", "with"]
)
def test_a_reply_without_an_action_gets_agentboards_complaint(reply: str) -> None:
    assert read_text(reply)[0].complaint == BAD_FORMAT
    assert BAD_FORMAT.startswith("Format error, please response in the format of  ")


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "nonsense", "__import__('os').getcwd()", "{'a': 1 + 1, 'b': f()}", "dict(a=1)", "{'a': NaN}",
        "NaN", "[" * 5000 + "]" * 5000, "{'a':" * 70 + "1" + "}" * 70, "-" * 5000 + "1", "1" * 5000,
        "0x" + "f" * 4000,
        "'" + "x" * 200_000 + "'", "{[]: 1}", "'\x00'",
    ],
)  # fmt: skip
def test_what_is_no_literal_is_refused_and_never_evaluated(text: str) -> None:
    action = read_text(f"Action: f with Action Input: {text}")[0]
    assert (action.complaint, action.arguments) == (BAD_INPUT, None)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150)
@given(st.dictionaries(st.text(), VALUES, max_size=3))
def test_what_is_written_as_text_is_read_back(arguments: dict[str, Any]) -> None:
    (action,) = said(written("f", arguments, "react", ""), "react", "").actions
    assert (action.name, action.arguments) == ("f", arguments)
    assert json.dumps(action.arguments) == json.dumps(arguments)  # which tells True from 1


@pytest.mark.parametrize("output_format", FORMATS)
def test_the_unified_interface_speaks_the_models_own_format(output_format: str) -> None:
    text = written("f", {"a": [1, "x"]}, "unified", output_format)
    (action,) = said(text, "unified", output_format).actions
    assert (action.name, action.arguments) == ("f", {"a": [1, "x"]})
    assert said("I do not know.", "unified", output_format).actions[0].complaint


# Comparing subgoals


def test_what_was_found_counts_for_one_subgoal_only() -> None:
    assert matched(["a", "a", "b"], ["a", "b", "b"], "movie") == 2
    assert matched(["a"], ["a", "a"], "movie") == 1
    assert matched([18, [1.0]], [[1], 18.0], "academia") == 2
    assert matched(["18"], [18], "movie") == 0


def test_movie_results_are_compared_without_prose_and_changing_figures() -> None:
    result = {"title": "A", "overview": "…", "vote_average": 7.1, "genres": [], "revenue": 1, "budget": 2}
    before = json.dumps(result)
    assert cleaned(result, "movie") == {"title": "A"}
    assert cleaned([{"id": 1, "overview": "…"}, "x"], "movie") == [{"id": 1}, "x"]
    # Only at the top level and in a list's items.
    assert cleaned({"crew": [{"release_date": "2020"}]}, "movie") == {"crew": [{"release_date": "2020"}]}
    assert cleaned({"name": "B", "biography": "…", "release_date": "2020"}, "movie") == {"name": "B"}
    assert cleaned(result, "weather") is result
    assert json.dumps(result) == before


def test_weather_results_are_compared_without_daily_temperatures() -> None:
    days = {
        "time": ["2023-06-14"],
        "temperature_2m_max": [1],
        "temperature_2m_min": [0],
        "temperature_2m_mean": [0.5],
    }
    assert cleaned({"latitude": 1.0, "daily": days}, "weather") == {
        "latitude": 1.0,
        "daily": {"time": ["2023-06-14"]},
    }
    rain = {"daily": {"time": ["2023-06-14"], "rain_sum": [1.0], "temperature_2m_mean": [2]}}
    assert cleaned(rain, "weather") == rain
    assert cleaned({"daily": days}, "movie") == {"daily": days}


def at(latitude: Any, longitude: Any = -74.0, **more: Any) -> dict[str, Any]:
    return {"latitude": latitude, "longitude": longitude, **more}


@pytest.mark.parametrize(
    ("found", "same"),
    [
        (at(40.0, rain=1), True),
        (at(40.44, rain=1), True),  # 48.9 km
        (at(40.46, rain=1), False),  # 51.1 km
        (at(40.44, rain=2), False),
        (at(40.0), False),
        ({"rain": 1}, False),
        (at("40.0", rain=1), False),
        (at([], rain=1), False),
        (at(float("inf"), rain=1), False),
        (at(10**400, rain=1), False),
    ],
)
def test_weather_results_of_places_less_than_50_km_apart_are_the_same(found: Any, same: bool) -> None:
    assert matched([at(40.0, rain=1)], [found], "weather") == same


def test_places_are_compared_as_values_elsewhere() -> None:
    assert matched([at(40.0)], [at(40.1)], "movie") == 0
    assert matched([[at(40.0)]], [[at(40.1)]], "weather") == 0  # not inside a list


def test_the_distance_is_the_great_circle() -> None:
    assert distance_km((0, 0), (0, 180)) == pytest.approx(6371 * 3.14159265, abs=0.01)
    assert distance_km((48.8566, 2.3522), (51.5074, -0.1278)) == pytest.approx(343.6, abs=0.1)
