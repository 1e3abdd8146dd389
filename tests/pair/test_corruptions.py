"""A corruption is wrong in exactly the way its class says, in effect and not in words."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pair_rows import EVENTS, call_row, silent_row

from callwright.pair import (
    CAUGHT_AS,
    CLASSES,
    CORRUPTIONS,
    Balance,
    Corruptions,
    effect,
    mistake_of,
    pair,
)
from callwright.record import Dropped, Message, Tool, ToolCall, Trajectory, encode
from callwright.synthesize import synthesize
from callwright.toolbox import import_tools
from callwright.verify import ground, verify

TOOLS_FILE = Path(__file__).parents[2] / "examples" / "tools.py"


def pairs(rows: list[Trajectory], seed: int = 7) -> list[Trajectory]:
    made = list(pair(rows, [Corruptions(seed)]))
    assert all(isinstance(t, Trajectory) for t in made), [t for t in made if isinstance(t, Dropped)][:1]
    return [t for t in made if isinstance(t, Trajectory)]


ROWS = [(call_row(k, 1 + k % 3), *([silent_row(k // 7)] if k % 7 == 0 else ())) for k in range(280)]
MADE = pairs([row for rows in ROWS for row in rows])


def spoiled(t: Trajectory) -> Trajectory:
    assert t.preference is not None
    return replace(t, messages=(*t.messages[:-1], t.preference.rejected), preference=None)


@pytest.fixture(scope="module")
def travel() -> list[Trajectory]:
    """Rows that the grammar wrote for the demo's tools."""
    tools = import_tools(str(TOOLS_FILE)).tools
    return [t for t in synthesize(tools, accept=100, seed=3) if isinstance(t, Trajectory)]


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 9))])
def test_a_corruption_of_a_synthesized_row_shows_its_class_and_only_that(
    travel: list[Trajectory], seed: int
) -> None:
    shown = set()
    for t in pairs(travel, seed):
        assert t.preference is not None
        assert verify(t).ok
        assert effect(t.preference.rejected, t.tools) != effect(t.messages[-1], t.tools)
        assert mistake_of(t, t.preference.rejected) == t.preference.error_class
        shown.add(t.preference.error_class)
    assert shown == set(CORRUPTIONS)


def test_neither_class_nor_length_gives_the_rejected_answer_away(travel: list[Trajectory]) -> None:
    balance = Balance()
    made = list(pair(travel, [Corruptions(7)], balance=balance))
    assert balance.pairs == len(made) == len(travel)
    assert max(balance.classes.values()) <= 0.2 * len(made)
    assert balance.guess() <= 0.54


def test_every_corruption_has_a_class_of_the_vocabulary() -> None:
    assert set(CORRUPTIONS) < set(CLASSES)
    assert set(CAUGHT_AS) < set(CORRUPTIONS)


def test_every_class_gets_its_share() -> None:
    used = Counter(t.preference.error_class for t in MADE if t.preference is not None)
    assert set(used) == set(CORRUPTIONS)
    calls = used.pop("needless-call"), used.pop("needless-refusal")
    assert calls[0] == 40
    assert 35 <= calls[1] <= 45  # as many, so that nothing is learnt from who calls
    assert max(used.values()) - min(used.values()) <= 5


def test_a_rejected_answer_differs_in_effect_from_the_chosen() -> None:
    for t in MADE:
        assert t.preference is not None
        assert effect(t.preference.rejected, t.tools) != effect(t.messages[-1], t.tools)
        assert t.preference.rejected.role == "assistant"


@pytest.mark.parametrize("name", CAUGHT_AS)
def test_what_a_check_can_see_is_seen(name: str) -> None:
    rows = [t for t in MADE if t.preference is not None and t.preference.error_class == name]
    assert rows
    for t in rows:
        assert verify(t).ok
        errors = {i.code for i in verify(spoiled(t)).issues if i.severity == "error"}
        assert CAUGHT_AS[name] in errors


@pytest.mark.parametrize("name", ["wrong-function", "wrong-value", "missing-parallel-call", "extra-call"])
def test_what_no_schema_can_see_is_legal(name: str) -> None:
    rows = [t for t in MADE if t.preference is not None and t.preference.error_class == name]
    assert rows
    for t in rows:
        assert verify(spoiled(t)).ok, verify(spoiled(t)).issues


def test_a_wrong_value_is_one_that_nobody_said() -> None:
    rows = [t for t in MADE if t.preference is not None and t.preference.error_class == "wrong-value"]
    noticed = sum(bool(ground(spoiled(t)).issues) for t in rows)
    assert noticed >= 0.8 * len(rows)


def test_the_classes_do_what_their_names_say() -> None:
    for t in MADE:
        assert t.preference is not None
        chosen, rejected = t.messages[-1], t.preference.rejected
        difference = len(rejected.tool_calls) - len(chosen.tool_calls)
        expected = {"missing-parallel-call": -1, "extra-call": 1, "needless-call": 1}
        if t.preference.error_class == "needless-refusal":
            assert rejected.content
            assert not rejected.tool_calls
        else:
            assert difference == expected.get(t.preference.error_class, 0), t.preference.error_class
        if t.preference.error_class == "wrong-function":
            offered = {tool.name for tool in t.tools or ()}
            assert {c.name for c in rejected.tool_calls} <= offered
            assert [c.name for c in rejected.tool_calls] != [c.name for c in chosen.tool_calls]


def test_a_default_written_out_is_the_same_effect() -> None:
    t = call_row(1)
    (call,) = t.messages[-1].tool_calls
    written = replace(
        t.messages[-1], tool_calls=(replace(call, arguments={**(call.arguments or {}), "unit": "celsius"}),)
    )
    assert effect(written, t.tools) == effect(t.messages[-1], t.tools)


def test_the_pair_ends_at_the_last_turn_with_calls() -> None:
    t = call_row(1)
    more = replace(
        t,
        messages=(
            *t.messages,
            Message(role="tool", content="4", tool_call_id="c0"),
            Message(role="assistant", content="4 degrees"),
        ),
    )
    (made,) = pairs([more])
    assert made.messages == t.messages
    assert made.id == f"{t.id}#p"


def test_a_mistake_that_a_row_mends_is_never_preferred() -> None:
    t = call_row(1)
    refused = Message(role="tool", content="Error: no such city", tool_call_id="c0")
    slip = replace(t.messages[1], weight=0.0)
    (made,) = pairs([replace(t, messages=(*t.messages, refused, slip, refused))])
    assert made.messages == t.messages
    (alone,) = pair([replace(t, messages=(t.messages[0], slip))], [Corruptions(1)])
    assert isinstance(alone, Dropped)
    assert alone.reason == "nothing-to-prefer"


def test_the_same_rows_and_seed_make_the_same_bytes() -> None:
    rows = [call_row(k, 2) for k in range(30)]
    assert [encode(t) for t in pairs(rows)] == [encode(t) for t in pairs(rows)]
    assert [encode(t) for t in pairs(rows)] != [encode(t) for t in pairs(rows, seed=8)]


def test_rows_that_can_not_be_paired_come_back_with_a_reason() -> None:
    chat = Trajectory(
        id="chat",
        messages=(Message(role="user", content="Hi"), Message(role="assistant", content="Hello!")),
    )
    broken = call_row(1)
    broken = replace(broken, tools=(EVENTS,))
    none_offered = replace(silent_row(1), tools=())
    before = Dropped(id="d", stage="verify", reason="wrong-type")
    (already,) = pairs([call_row(2)])
    out = list(pair([chat, broken, none_offered, before, already], [Corruptions(1)]))
    assert [t.reason for t in out if isinstance(t, Dropped)] == [
        "nothing-to-prefer",
        "chosen-not-verified",
        "no-corruption-applies",
        "wrong-type",
        "already-a-pair",
    ]


def test_a_question_back_is_preferred_to_a_guess() -> None:
    (made,) = pairs([silent_row(3, "clarify")])
    assert made.preference is not None
    assert made.preference.error_class == "needless-call"
    assert made.preference.rejected.tool_calls[0].name in {"get_weather", "search_events"}


json_schema = st.sampled_from(
    [
        {},
        {"type": "string"},
        {"type": "array"},
        {"type": "object"},
        {"type": ["integer", "null"]},
        {"enum": []},
        {"const": 1},
    ]
)


@settings(max_examples=100)
@given(
    st.dictionaries(st.sampled_from("abc"), json_schema, max_size=3),
    st.dictionaries(
        st.sampled_from("abc"), st.none() | st.integers() | st.text() | st.lists(st.integers()), max_size=3
    ),
    st.lists(st.sampled_from("abcd"), max_size=3),
)
def test_pairing_never_raises_and_loses_no_row(
    properties: dict[str, object], arguments: dict[str, object], required: list[str]
) -> None:
    tool = Tool(name="f", parameters={"type": "object", "properties": properties, "required": required})
    reply = Message(role="assistant", tool_calls=(ToolCall(name="f", arguments=arguments),))
    t = Trajectory(id="x", tools=(tool,), messages=(Message(role="user", content="go"), reply))
    (made,) = pair([t], [Corruptions(1)])
    assert made.id in ("x", "x#p")
