"""BFCL's back ends as a world do what the benchmark's own executor does, and no more than that by chance."""

import ast
import json
import re
from typing import Any

import pytest

from callwright.evaluate.bfcl.multi_turn.rows import Row, load
from callwright.evaluate.bfcl.multi_turn.stage import stage_of
from callwright.record import Episode, Json, Observation, ToolCall
from callwright.toolbox import Limits
from callwright.worlds import open_world

pytestmark = pytest.mark.usefixtures("bfcl")


def calls_of(row: Row) -> list[tuple[str, ToolCall]]:
    """Return the reference calls that name all their arguments, each as text and as a call."""
    found = []
    for text in (text for turn in row.reference for text in turn):
        tree: Any = ast.parse(text, mode="eval").body
        if not tree.args:
            given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in tree.keywords}
            found.append((text, ToolCall(name=tree.func.id, arguments=given)))
    return found


def worded(observation: Observation) -> Json:
    if observation.ok:
        return observation.value
    return f"Error during execution: {observation.error.partition(': ')[2]}"


def official(text: str) -> Json:
    """Return the value that the official executor worded: objects as JSON, all else as Python shows it."""
    text = re.sub(r"mpf\('([^']*)'\)", r"\1", text)
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError):
            continue
    return text


def test_reference_calls_give_what_they_give_officially() -> None:
    rows = load(("multi_turn_base",)).rows[::5]
    stories = {row.id: calls_of(row) for row in rows}
    episodes = [
        Episode(tuple(call for _, call in stories[row.id]), json.loads(bytes(row.initial_config)))
        for row in rows
    ]
    with open_world("bfcl").caller(Limits()) as execute:
        played = execute.play(episodes)
    made = 0
    for row, seen in zip(rows, played, strict=True):
        expected = [official(text) for text in stage_of(row).run(text for text, _ in stories[row.id])]
        assert list(map(worded, seen.observations)) == expected, row.id
        made += len(expected)
    assert made > 150


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("edit_ticket", {"updates": {"zeal": 1, "ahead": 2, "moon": 3}}, "ahead, moon, zeal"),
        ("book_flight", {"travel_class": "steerage"}, "Must be one of {'business', 'economy', 'first'}"),
    ],
)
def test_an_error_that_lists_a_set_lists_it_in_order(
    name: str, arguments: dict[str, Json], error: str
) -> None:
    """Python orders sets anew in each process, and a row has to repeat in any of them."""
    world = open_world("bfcl:TicketAPI,TravelAPI")
    state: Any = next(state for state in world.states if state and state["TravelAPI"]["access_token"])
    known = {
        "ticket_id": state["TicketAPI"]["ticket_queue"][0]["id"],
        "access_token": state["TravelAPI"]["access_token"],
        "card_id": next(iter(state["TravelAPI"]["credit_card_list"])),
        "travel_date": "2026-05-01", "travel_from": "SFO", "travel_to": "LAX",
    }  # fmt: skip
    needed = next(tool for tool in world.tools if tool.name == name).parameters["properties"]
    call = ToolCall(name=name, arguments={**{key: known[key] for key in needed if key in known}, **arguments})
    with world.caller(Limits()) as execute:
        (played,) = execute.play([Episode((call,), state)])
    assert played.observations[0].value["error"].endswith(error)


def test_what_a_call_was_given_stays_as_it_was() -> None:
    """The back ends keep lists that they are given, and later calls add to them."""
    state: Any = open_world("bfcl:TwitterAPI").states[0]
    mine = {"TwitterAPI": {**state["TwitterAPI"], "authenticated": True}}
    number = mine["TwitterAPI"]["tweet_counter"]
    post = ToolCall(name="post_tweet", arguments={"content": "Hello.", "mentions": ["@a"]})
    add = ToolCall(name="mention", arguments={"tweet_id": number, "mentioned_usernames": ["@b"]})
    show = ToolCall(name="get_tweet", arguments={"tweet_id": number})
    with open_world("bfcl:TwitterAPI").caller(Limits()) as execute:
        played = execute.play([Episode((post, add, show), mine)] * 2)
    assert [p.observations[0].value["mentions"] for p in played] == [["@a"], ["@a"]]
    assert [p.observations[2].value["mentions"] for p in played] == [["@a", "@b"]] * 2
    assert post.arguments == {"content": "Hello.", "mentions": ["@a"]}
