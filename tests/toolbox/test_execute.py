"""Calls that behave: what they return, in which order, and what is refused unasked."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import ConfigError
from callwright.record import Json, ToolCall
from callwright.toolbox import Executor, Toolbox, import_python

EXAMPLE = Path(__file__).parents[2] / "examples" / "tools.py"
GOOD: dict[str, dict[str, Json]] = {
    "search_flights": {"origin": "Rome", "destination": "Oslo", "date": "2026-05-04", "passengers": 2},
    "book_hotel": {"city": "Rome", "check_in": "2026-05-04", "check_out": "2026-05-06", "breakfast": True},
    "cancel_booking": {"booking_id": "H0001234567", "reason": None},
    "rent_car": {"city": "Rome", "pick_up": "2026-05-04", "drop_off": "2026-05-06",
                 "driver": {"name": "Ada Byron", "age": 21}},
    "reserve_table": {"restaurant": "Luigi's", "date": "2026-05-04", "time": "19:30", "guests": 4},
    "find_restaurants": {"city": "Rome", "cuisine": "vegan"},
    "find_attractions": {"city": "Rome", "interests": ["museums", "food"]},
    "get_weather": {"city": "Rome", "date": "2026-05-04"},
    "convert_currency": {"amount": 100, "from_currency": "EUR", "to_currency": "USD"},
    "split_bill": {"amount": 84.5, "people": 4},
    "plan_route": {"stops": ["Rome", "Pisa", "Nice"], "mode": "train"},
    "check_visa": {"nationality": "Norwegian", "destination": "Japan", "days": 20},
}  # fmt: skip


@pytest.fixture(scope="module")
def toolbox() -> Toolbox:
    return import_python(EXAMPLE)


def calls(copies: int = 1) -> list[ToolCall]:
    return [ToolCall(name=name, arguments=arguments) for name, arguments in GOOD.items()] * copies


def test_every_example_tool_answers_and_repeats_itself(toolbox: Toolbox) -> None:
    assert {tool.name for tool in toolbox.tools} == set(GOOD)
    with Executor(toolbox) as first, Executor(toolbox) as second:
        once, again = first.many(calls()), second.many(calls())
    assert [o.error for o in once] == [""] * len(GOOD)
    assert [o.value for o in once] == [o.value for o in again]
    assert once[8].value == {"amount": 108.0, "currency": "USD"}


@pytest.mark.parametrize(
    ("tool", "changes", "error"),
    [
        ("book_hotel", {"check_out": "2026-05-04"}, "ValueError: 2026-05-04 is not after 2026-05-04"),
        (
            "book_hotel",
            {"check_out": "soon"},
            "TypeError: argument 'check_out': Invalid isoformat string: 'soon'",
        ),
        ("rent_car", {"driver": {"name": "Ada"}}, "TypeError: argument 'driver': "),
        ("rent_car", {"driver": {"name": "Ada", "age": 30, "car": "x"}}, "TypeError: argument 'driver': "),
        ("rent_car", {"driver": "Ada"}, "TypeError: argument 'driver': expected an object, got 'Ada'"),
        (
            "get_weather",
            {"town": "Rome"},
            "TypeError: get_weather() got an unexpected keyword argument 'town'",
        ),
        ("search_flights", {"destination": "ROME"}, "ValueError: origin and destination must differ"),
        ("reserve_table", {"time": "02:00"}, "ValueError: tables can be reserved from 11:00 to 23:00"),
    ],
)
def test_what_a_tool_raises_is_its_observation(
    toolbox: Toolbox, tool: str, changes: dict[str, Json], error: str
) -> None:
    with Executor(toolbox) as execute:
        observation = execute(ToolCall(name=tool, arguments=GOOD[tool] | changes))
    assert (observation.ok, observation.kind) == (False, "raised")
    assert observation.error.startswith(error)


def test_what_is_no_call_is_refused_without_a_process(toolbox: Toolbox) -> None:
    with Executor(toolbox) as execute:
        observations = execute.many(
            [
                ToolCall(name="drop_tables"),
                ToolCall(name="_number", arguments={}),
                ToolCall(name="get_weather", arguments=None),
                ToolCall(name="get_weather", arguments={"city": object()}),
                ToolCall(name="get_weather", arguments={"city": float("nan")}),
            ]
        )
    assert {(o.ok, o.kind, o.isolation) for o in observations} == {(False, "refused", "none")}


def test_order_and_results_do_not_depend_on_workers(toolbox: Toolbox) -> None:
    many = calls(60)
    with Executor(toolbox) as one, Executor(toolbox, workers=2) as two:
        assert [o.value for o in one.many(many)] == [o.value for o in two.many(many)]


def test_nothing_to_do_is_done_at_once(toolbox: Toolbox) -> None:
    with Executor(toolbox) as execute:
        assert execute.many([]) == []


def test_arguments_larger_than_a_pipe_pass(toolbox: Toolbox) -> None:
    city = "R" * 1_000_000
    with Executor(toolbox) as execute:
        observation = execute(ToolCall(name="get_weather", arguments={"city": city, "date": "2026-05-04"}))
    assert observation.ok


def test_an_executor_travels_as_its_settings(toolbox: Toolbox) -> None:
    with Executor(toolbox, timeout=1.5) as original:
        original(calls()[0])
        with pickle.loads(pickle.dumps(original)) as copy:
            assert [o.value for o in copy.many(calls())] == [o.value for o in original.many(calls())]


def test_a_closed_executor_starts_again(toolbox: Toolbox) -> None:
    with Executor(toolbox) as execute:
        assert execute(calls()[0]).ok
        execute.close()
        execute.close()
        assert execute(calls()[0]).ok


def test_unusable_limits_are_named(toolbox: Toolbox) -> None:
    with pytest.raises(ConfigError, match="timeout: not usable: expected more than 0, got 0"):
        Executor(toolbox, timeout=0)
    with pytest.raises(ConfigError, match="memory_mb"):
        Executor(toolbox, memory_mb=16)


ECHO = """
from typing import Any
SEEN: list[int] = []
def echo(value: Any) -> Any:
    return value
def count() -> int:
    SEEN.append(1)
    return len(SEEN)
def size(value: list) -> int:
    depth = 0
    while value:
        depth, value = depth + 1, value[0]
    return depth
"""
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executor]:
    path = tmp_path_factory.mktemp("echo") / "tools.py"
    path.write_text(ECHO, encoding="utf-8")
    with Executor(import_python(path), workers=2, timeout=20) as executor:
        yield executor


@pytest.mark.slow
@given(st.lists(JSON, max_size=40))
@settings(max_examples=40)
def test_what_goes_in_comes_out_and_in_order(echo: Executor, values: list[Json]) -> None:
    observed = echo.many([ToolCall(name="echo", arguments={"value": value}) for value in values])
    assert [(o.value, o.error) for o in observed] == [(value, "") for value in values]
    assert [type(o.value) for o in observed] == [type(value) for value in values]


def test_integers_of_any_length_and_lone_surrogates_arrive(echo: Executor) -> None:
    observed = echo.many([ToolCall(name="echo", arguments={"value": value}) for value in (2**80, "\ud800")])
    assert [o.error.partition(":")[0] for o in observed] == ["NotJson", "NotJson"]


def nested(levels: int) -> Json:
    value: Json = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_nesting_is_read_or_refused_and_harms_no_neighbour(echo: Executor) -> None:
    depths = [1, 150, 199, 200, 900, 100_000, 3]
    observed = echo.many([ToolCall(name="size", arguments={"value": nested(depth)}) for depth in depths])
    assert [(o.value, o.kind) for o in observed[:2]] == [(0, "result"), (149, "result")]
    assert {(o.value, o.kind) for o in observed[3:6]} == {(None, "refused")}
    assert all("nested more than 200 levels deep" in o.error or "recursion" in o.error for o in observed[3:6])
    assert observed[6].value == 2


def test_processes_outlive_the_threads_that_started_them(echo: Executor) -> None:
    counting = [ToolCall(name="count")] * 40
    counts = [observation.value for _ in range(3) for observation in echo.many(counting)]
    assert max(counts) >= 3 * 40 // 2
