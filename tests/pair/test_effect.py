"""Two answers that do the same are no pair, however they are written, and whether or not anybody ran them."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pair_rows import asking, call_row, events, saying, weather

from callwright.pair import Corruptions, effect, mistake_of, pair
from callwright.pair.effect import same_effect, same_when_executed
from callwright.record import Change, Episode, Message, Observation, Played, Tool, ToolCall, Trajectory
from callwright.verify import Execute

ROW = asking("Weather in Oslo and Lima for 2 days?", weather("Oslo"), weather("Lima"))


@pytest.mark.parametrize(
    "answer",
    [
        saying(weather("Lima"), weather("Oslo")),
        saying(weather("Oslo", unit="celsius"), weather("Lima")),
        saying(weather("Oslo", 2.0), weather("Lima")),
        saying(weather("Oslo", unit=None), weather("Lima")),
        saying(ToolCall(name="get_weather", arguments={"days": 2, "city": "Oslo"}), weather("Lima")),
        saying(weather("Oslo"), weather("Lima"), text="Here you are."),
    ],
    ids=["another order", "a default spelled out", "2.0 for 2", "null", "another order of keys", "words"],
)
def test_an_equivalent_answer_is_as_good(answer: Message) -> None:
    assert same_effect(ROW, answer)
    assert mistake_of(ROW, answer) == ""


@pytest.mark.parametrize(
    "answer",
    [
        saying(weather("Oslo")),
        saying(weather("Oslo", 3), weather("Lima")),
        saying(weather("Oslo", True), weather("Lima")),
        saying(weather("Oslo", "2"), weather("Lima")),
        saying(weather("Oslo"), weather("Lima"), weather("Lima")),
        saying(weather("Oslo"), events("Lima")),
        saying(weather("Oslo", unit="fahrenheit"), weather("Lima")),
        saying(text="I can't."),
    ],
)
def test_another_answer_is_not(answer: Message) -> None:
    assert not same_effect(ROW, answer)
    assert mistake_of(ROW, answer) != ""


def test_defaults_inside_of_objects_and_lists_are_filled_in() -> None:
    stop = {"type": "object", "properties": {"city": {"type": "string"}, "nights": {"default": 1.0}}}
    tool = Tool(
        name="trip", parameters={"properties": {"stops": {"type": "array", "items": stop}, "to": stop}}
    )
    short = saying(ToolCall(name="trip", arguments={"stops": [{"city": "Oslo"}], "to": {}}))
    long = saying(
        ToolCall(name="trip", arguments={"stops": [{"city": "Oslo", "nights": 1}], "to": {"nights": 1}})
    )
    assert effect(short, [tool]) == effect(long, [tool])
    assert effect(short, []) != effect(long, [])


def test_what_a_row_allows_in_place_of_its_values_is_as_good() -> None:
    allowed = {"city": ["Oslo", "Oslo, Norway"], "days": [2, ""]}
    t = asking("Weather in Oslo?", replace(weather("Oslo"), alternatives=allowed))
    assert mistake_of(t, saying(weather("Oslo, Norway", 2.0))) == ""
    assert mistake_of(t, saying(ToolCall(name="get_weather", arguments={"city": "Oslo"}))) == ""
    assert mistake_of(t, saying(weather("Oslo", unit="celsius"))) == ""
    assert mistake_of(t, saying(weather("Lima"))) == "wrong-value"
    assert mistake_of(t, saying(ToolCall(name="get_weather", arguments={"days": 2}))) == "missing-argument"
    assert mistake_of(t, saying(weather("Oslo"), weather("Oslo"))) == "extra-call"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["city", "days", "x"]), values, max_size=3),
    st.randoms(use_true_random=False),
)
def test_effect_does_not_see_the_order_of_anything(arguments: dict[str, object], rng: object) -> None:
    one = ToolCall(name="get_weather", arguments=arguments)
    turned = ToolCall(name="get_weather", arguments=dict(reversed(arguments.items())))
    other = weather("Oslo")
    assert effect(saying(one, other), ROW.tools) == effect(saying(other, turned), ROW.tools)


# --- executed -------------------------------------------------------------------------------------


def played_by(result: object, changes: object = (), *, via: str = "run", ok: bool = True) -> Execute:
    """Return what runs calls: `result` and `changes` are functions of an episode's last call."""

    def play(episodes: Sequence[Episode]) -> list[Played]:
        return [
            Played(
                tuple(Observation(ok=ok, value=result(call), via=via) for call in episode.calls),  # type: ignore[operator,arg-type]
                tuple(Change(path="log", after=changes(call)) for call in episode.calls if callable(changes)),
            )
            for episode in episodes
        ]

    return play


def spelling(call: ToolCall) -> object:
    return str((call.arguments or {}).get("city")).casefold()


SHOUTED = saying(weather("OSLO"), weather("Lima"))


def test_what_returns_and_changes_the_same_is_as_good_when_it_can_be_run() -> None:
    assert mistake_of(ROW, SHOUTED) == "wrong-value"
    assert mistake_of(ROW, SHOUTED, played_by(spelling)) == ""
    assert mistake_of(ROW, saying(weather("Lima"), weather("OSLO")), played_by(spelling)) == ""
    assert mistake_of(ROW, saying(weather("Rome"), weather("Lima")), played_by(spelling)) == "wrong-value"


@pytest.mark.parametrize(
    "play",
    [
        played_by(spelling, lambda call: call.arguments),
        played_by(spelling, via="mock"),
        played_by(spelling, via="live"),
        played_by(spelling, ok=False),
    ],
    ids=["another change", "a stand-in", "a live server", "a failure"],
)
def test_what_is_no_evidence_makes_no_answer_right(play: Execute) -> None:
    assert not same_when_executed(ROW, SHOUTED, play)


def test_a_call_that_the_schema_forbids_is_wrong_though_it_would_run() -> None:
    def lenient(call: ToolCall) -> object:
        return str((call.arguments or {}).get("days"))

    answer = saying(weather("Oslo", "2"), weather("Lima"))
    assert same_when_executed(ROW, answer, played_by(lenient))
    assert mistake_of(ROW, answer, played_by(lenient)) == "wrong-type"


def test_the_same_call_twice_is_wrong_though_all_calls_return_the_same() -> None:
    twice = saying(weather("Oslo"), weather("Oslo"))
    assert same_when_executed(ROW, twice, played_by(lambda call: 1))
    assert mistake_of(ROW, twice, played_by(lambda call: 1)) == "wrong-value"


def test_calls_run_after_all_that_came_before_in_the_state_of_the_row() -> None:
    seen: list[Episode] = []

    def play(episodes: Sequence[Episode]) -> list[Played]:
        seen.extend(episodes)
        return [Played(tuple(Observation(ok=True, value=1) for _ in e.calls)) for e in episodes]

    before = (*ROW.messages[:1], saying(events("Oslo")), Message(role="tool", content="none"))
    t = replace(ROW, messages=(*before, *ROW.messages[1:]), extra={"state": {"World": {"n": 1}}})
    assert same_when_executed(t, SHOUTED, play)
    assert [[call.name for call in e.calls] for e in seen] == [["search_events", *["get_weather"] * 2]] * 2
    assert all(e.state == {"World": {"n": 1}} for e in seen)


def test_a_corruption_that_changes_nothing_when_it_runs_is_no_pair() -> None:
    rows = [call_row(k, 2) for k in range(12)]
    (*made,) = pair(rows, [Corruptions(7)], play=played_by(lambda call: 1))
    legal = {"wrong-value", "wrong-function"}  # of as many calls, and all calls return the same
    classes = {t.preference.error_class for t in made if isinstance(t, Trajectory) and t.preference}
    assert classes
    assert not classes & legal
