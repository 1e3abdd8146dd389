"""Tools that belong together: what one gives another takes, and words that few others use."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthesize_tools import DATE, HOSTILE, PLAIN, TEXT, tool

from callwright.record import Json, Tool
from callwright.synthesize.graph import NEAREST, Graph
from callwright.synthesize.ports import given_entities, gives, subject_noun, takes
from callwright.synthesize.terms import singular


def returning(one: Tool, **properties: Json) -> Tool:
    schema = {"type": "object", "properties": properties}
    return Tool(name=one.name, description=one.description, parameters=one.parameters, returns=schema)


FIND_ORDER = returning(tool("find_order", "Find it.", "phrase", phrase=TEXT), order_id=TEXT)
CANCEL_ORDER = tool("cancel_order", "Call it off.", "order_id", order_id=TEXT)
TELL_TIME = tool("tell_time", "Say how late it is.", "zone", zone=TEXT)
SHOP = (FIND_ORDER, CANCEL_ORDER, TELL_TIME)


# --- what a tool takes and gives


@pytest.mark.parametrize(
    ("one", "keys"),
    [
        (tool("get_order", "", "id", id=TEXT), ["order id"]),
        (tool("cancel", "", "orderId", orderId=TEXT), ["order id"]),
        (tool("list_orders_by_user", "", "userName", userName=TEXT), ["user name"]),
        (tool("f", "", "a", a={"type": "array", "items": {"properties": {"sku": TEXT}}}), ["sku"]),
        (tool("run", "", "id", id=TEXT), []),
    ],
)  # fmt: skip
def test_a_name_that_says_little_borrows_from_what_is_around_it(one: Tool, keys: list[str]) -> None:
    assert [port.keys[0] for port in takes(one) if port.keys] == keys


def test_the_singular_of_a_name_is_read_from_its_end_and_no_plural_stays() -> None:
    plurals = ("cities", "boxes", "addresses", "user_ids", "ids", "orderIds", "children", "movies")
    singulars = ["city", "box", "address", "user_id", "id", "orderId", "child", "movie"]
    assert [singular(word) for word in plurals] == singulars
    for word in ("status", "address", "analysis", "gas", "sms", "s", "", "series", "weather"):
        assert singular(word) == word


def test_lists_of_objects_give_what_is_in_them() -> None:
    orders = {"type": "array", "items": {"type": "object", "properties": {"id": TEXT, "placed": DATE}}}
    found = {
        port.label: port.keys for port in gives(returning(tool("list", ""), orders=orders, user_ids=orders))
    }
    assert found["orders[].id"] == ("order id",)
    assert found["orders[].placed"] == ("placed",)


@pytest.mark.parametrize(
    ("name", "noun", "given"),
    [
        ("search_flights", "flight", ("flight",)), ("getOrderDetailsById", "order", ("order",)),
        ("book_hotel", "hotel", ("hotel", "booking")), ("cancel_booking", "booking", ()),
        ("users.list", "", ()), ("", "", ()), ("purchase", "", ("order",)),
    ],
)  # fmt: skip
def test_a_tool_gives_what_it_is_named_after(name: str, noun: str, given: tuple[str, ...]) -> None:
    assert subject_noun(Tool(name=name)) == noun
    assert given_entities(Tool(name=name)) == given


# --- edges


def test_what_one_tool_gives_feeds_what_another_takes() -> None:
    (feed,) = Graph.of(SHOP).feeds("find_order")
    assert (feed.output, feed.taker, feed.parameter) == ("order_id", "cancel_order", "order_id")
    assert Graph.of(SHOP).neighbours("cancel_order")[0].name == "find_order"
    assert not Graph.of(SHOP).feeds("cancel_order")


def test_a_result_without_a_schema_is_known_by_the_name_of_its_tool() -> None:
    graph = Graph.of(
        [
            tool("book_hotel", "", "city", city=TEXT),
            tool("drop", "", "booking_id", booking_id=TEXT),
            TELL_TIME,
        ]
    )
    (feed,) = graph.feeds("book_hotel")
    assert (feed.output, feed.taker) == ("", "drop")
    assert "booking_id" in graph.neighbours("drop")[0].reason


def test_equal_types_weigh_more_than_different_ones() -> None:
    give = returning(tool("ask", ""), size={"type": "integer"})
    weights = [
        Graph.of([give, tool("make", "", "size", size={"type": kind}), TELL_TIME]).feeds("ask")[0].weight
        for kind in ("integer", "number", "string")
    ]
    assert weights[0] == weights[1] > weights[2] > 0


def test_words_that_all_tools_share_count_nothing() -> None:
    tools = [tool(f"{word}_api", "The api of the house.") for word in ("red", "green", "blue")]
    assert not any(Graph.of(tools).neighbours(one.name) for one in tools)
    tools += [tool("crimson", "A red colour."), tool("navy", "A blue colour.")]
    graph = Graph.of(tools)
    assert graph.neighbours("crimson")[0].name in ("red_api", "navy")
    assert {n.name for n in graph.neighbours("green_api")}.isdisjoint({"crimson", "navy"})


def test_neighbours_are_sorted_give_reasons_and_are_never_the_tool_itself() -> None:
    graph = Graph.of(PLAIN)
    for name in graph.names:
        near = graph.neighbours(name)
        assert [n.weight for n in near] == sorted((n.weight for n in near), reverse=True)
        assert name not in {n.name for n in near}
        assert all(n.reason and n.name in graph.names for n in near)


# --- draws and walks

NAMES = st.sampled_from(["get", "find", "book", "cancel", "order", "hotel", "user", "id", "x", "list", "of"])
PORTS = st.dictionaries(
    st.sampled_from(["id", "order_id", "user", "q", "hotelId"]), st.just(TEXT), max_size=3
)


@st.composite
def toolboxes(pick: st.DrawFn) -> list[Tool]:
    names = pick(
        st.lists(st.lists(NAMES, min_size=1, max_size=3).map("_".join), min_size=1, max_size=12, unique=True)
    )
    return [returning(tool(name, name.replace("_", " "), "", **pick(PORTS)), **pick(PORTS)) for name in names]


@settings(max_examples=60)
@given(toolboxes(), st.integers(1, 6), st.integers(0, 99))
def test_drawn_tools_are_different_offered_and_follow_from_the_seed(
    tools: list[Tool], count: int, seed: int
) -> None:
    graph, names = Graph.of(tools), {one.name for one in tools}
    drawn = graph.draw(random.Random(seed), count)
    assert len(drawn) == len(set(drawn)) == min(count, len(names))
    assert set(drawn) <= names
    assert drawn == Graph.of(tools).draw(random.Random(seed), count)
    for name in names:
        assert graph.draw(random.Random(seed), count, start=name)[0] == name


@settings(max_examples=60)
@given(toolboxes(), st.integers(1, 6), st.integers(0, 99))
def test_each_tool_of_a_walk_can_use_what_an_earlier_one_gives(
    tools: list[Tool], length: int, seed: int
) -> None:
    graph = Graph.of(tools)
    chain = graph.walk(random.Random(seed), length)
    assert 1 <= len(chain) == len(set(chain)) <= length
    for i, name in enumerate(chain[1:], start=1):
        assert any(feed.taker == name for earlier in chain[:i] for feed in graph.feeds(earlier))
    assert chain == Graph.of(tools).walk(random.Random(seed), length)


def test_every_tool_is_reachable_as_a_start_also_one_without_neighbours() -> None:
    graph = Graph.of((*PLAIN, tool("zzz", "Qqq.")))
    starts = {graph.draw(random.Random(seed), 2)[0] for seed in range(200)}
    assert starts == set(graph.names)


def test_the_order_of_words_and_hashes_changes_nothing() -> None:
    one = Graph.of(PLAIN)
    assert one == Graph.of(PLAIN)
    again = Graph.of(PLAIN[::-1])
    assert {n: {x.name for x in one.neighbours(n)} for n in one.names} == {
        n: {x.name for x in again.neighbours(n)} for n in one.names
    }


def test_no_tool_makes_the_graph_fall_over() -> None:
    odd = Tool(
        name="odd", returns={"type": "array", "items": [1]}, parameters={"properties": {"a": {"items": True}}}
    )
    loop: Json = {"type": "object", "properties": {"x": {"$ref": "#/$defs/n"}}}
    round_ = Tool(name="round", returns={**loop, "$defs": {"n": loop}})
    graph = Graph.of((*HOSTILE, odd, round_, odd))
    assert len(graph.names) == len(HOSTILE) + 2
    assert graph.walk(random.Random(1), 3)
    assert Graph.of(()).draw(random.Random(1), 3) == Graph.of(()).walk(random.Random(1), 3) == ()


def many(count: int) -> Iterator[Tool]:
    rng = random.Random(4)
    things = ["".join(rng.choices("bcdfghjklmnpqrstvwxz", k=6)) for _ in range(400)]
    for i in range(count):
        thing, other = rng.choice(things), rng.choice(things)
        one = tool(
            f"get_{thing}_{i}",
            f"Get the {thing} of a {other} for the user.",
            "",
            **{f"{other}_id": TEXT, "user": TEXT},
        )
        yield returning(one, **{f"{thing}_id": TEXT, "status": TEXT, "name": TEXT})


@pytest.mark.slow
def test_two_thousand_tools_have_few_neighbours_each() -> None:
    tools = list(many(2000))
    graph = Graph.of(tools)
    assert all(len(graph.neighbours(name)) <= NEAREST for name in graph.names)
    assert len(graph.walk(random.Random(1), 4)) == 4


# --- real tools


@pytest.mark.parametrize("folder", ["bfcl-multi-turn", "mcp-servers-ref", "tau2-bench"])
def test_drawn_sets_are_more_often_of_one_api_than_random_ones(shared_data: Path, folder: str) -> None:
    """The API that a tool belongs to is in the files, and the graph never sees it."""
    path = shared_data / "tools" / folder / "tools.json"
    if not path.is_file():
        pytest.skip(f"{folder} is absent")
    rows = json.loads(path.read_text(encoding="utf-8"))
    tools = {
        r["name"]: Tool(name=r["name"], description=r["description"], parameters=r["parameters"])
        for r in rows
    }
    api = {r["name"]: r["group"] for r in rows}
    graph, rng = Graph.of(list(tools.values())), random.Random(7)

    def share(sets: list[tuple[str, ...]]) -> float:
        pairs = [pair for names in sets for pair in combinations(names, 2)]
        return sum(api[one] == api[other] for one, other in pairs) / len(pairs)

    drawn = share([graph.draw(rng, 4) for _ in range(300)])
    chance = share([tuple(rng.sample(sorted(tools), 4)) for _ in range(300)])
    assert drawn > 1.4 * chance, (drawn, chance)


@pytest.mark.slow
def test_neighbours_are_the_same_in_every_process() -> None:
    """Words come in sets, whose order every process draws anew; what is summed over them must not show it."""
    program = (
        "from callwright.synthesize.graph import Graph\n"
        "from callwright.worlds import open_world\n"
        "tools = open_world('bfcl').tools\n"
        "graph = Graph.of(tools)\n"
        "print([[n.name for n in graph.neighbours(t.name)] for t in tools])\n"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=True,
        ).stdout
        for seed in (0, 2, 5)
    }  # fmt: skip
    assert len(told) == 1
