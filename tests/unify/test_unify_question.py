"""The short way through `answered` and the long way through `Conversation` end in the same trajectory."""

from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from callwright.unify.conversation import Conversation
from callwright.unify.notations.calls import Call
from callwright.unify.question import answered
from callwright.unify.rows import BadRow, File, Row
from callwright.unify.tools import toolset

NAMES = ["get_weather", "get weather", "get.weather", "grüße", "", "f"]
calls = st.lists(
    st.builds(
        Call,
        st.sampled_from([*NAMES[:-2], "elsewhere"]),
        st.dictionaries(st.text(max_size=3), st.one_of(st.integers(-9, 9), st.text(max_size=3)), max_size=3),
        id=st.sampled_from([None, None, "call_0", "x"]),
        alternatives=st.sampled_from([None, None, {"a": [1, 2]}]),
    ),
    max_size=3,
)
broken = st.just(Call("get weather", None, raw="{", parse_error="cut"))


@given(
    offered=st.one_of(st.none(), st.lists(st.sampled_from(NAMES[:4]), max_size=4)),
    made=st.one_of(calls, st.tuples(calls, broken).map(lambda pair: [*pair[0], pair[1]])),
    question=st.sampled_from(["hello", "日本の天気", "<tool_call> in a question", ""]),
    fields=st.sampled_from([{}, {"id": 3}]),
)
def test_both_ways_end_in_the_same_trajectory(
    offered: list[str] | None, made: list[Call], question: str, fields: dict[str, Any]
) -> None:
    row = Row({}, 5, File(Path("d/rows.jsonl"), "rows.jsonl", "rows"), "s/rows/5", "CC-BY-NC-4.0", "train")
    tools = toolset(offered and [{"name": name} for name in offered])
    short: Any
    long: Any
    try:
        short = answered(row, tools, question, made, expects="call", fields=fields, path="answers")
    except BadRow as bad:
        short = bad.reason
    try:
        talk = Conversation(row, tools)
        talk.user(question)
        talk.assistant("", made, path="answers")
        long = talk.finish(fields=fields, expects="call")
    except BadRow as bad:
        long = bad.reason
    assert short == long
    assert msgspec.json.encode(short) == msgspec.json.encode(long)


def test_more_calls_than_there_are_numbered_ids_are_all_kept() -> None:
    row = Row({}, 0, File(Path("d/rows.jsonl"), "rows.jsonl", "rows"), "s/rows/0", "", "")
    made = [Call("f", {"n": n}) for n in range(100)]
    found = answered(row, toolset([{"name": "f"}]), "go", made, expects="call", fields={}, path="")
    ids = [call.id for call in found.messages[1].tool_calls]
    assert len(set(ids)) == 100
    assert ids[:2] == ["call_0", "call_1"]
