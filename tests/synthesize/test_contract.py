"""What models answer is read tolerantly and whole: every pair is kept, none is made up."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.record import ToolCall
from callwright.synthesize.contract import Pair, read_pairs, task_text, written

ONE = '{"query": "Rome?", "answers": [{"name": "weather", "arguments": {"city": "Rome"}}]}'
TWO = '{"query": "Oslo?", "answers": [{"name": "weather", "arguments": {"city": "Oslo"}}]}'
ROME, OSLO = (
    Pair(f"{city}?", (ToolCall(name="weather", arguments={"city": city}),)) for city in ("Rome", "Oslo")
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
CALLS = st.tuples(st.text(min_size=1, max_size=9), st.dictionaries(st.text(max_size=6), JSON, max_size=3))
PAIRS = st.builds(
    lambda query, calls: Pair(query, tuple(ToolCall(name=n, arguments=a) for n, a in calls)),
    st.text(min_size=1, max_size=40).map(str.strip).filter(bool),
    st.lists(CALLS, max_size=3),
)


@given(st.lists(PAIRS, min_size=1, max_size=4))
def test_what_the_contract_writes_is_read_back(pairs: list[Pair]) -> None:
    read = read_pairs(f"[{', '.join(map(written, pairs))}]")
    assert read.pairs == tuple(pairs)
    assert not read.unread


@pytest.mark.parametrize(
    "text",
    [
        f"[{ONE}, {TWO}]",
        f"```json\n[{ONE}, {TWO}]\n```",
        f"Sure! Here are two examples:\n\n{ONE}\n\n{TWO}\n\nI hope this helps.",
        f"<think>They want pairs like {{'query': 1}}.</think>\n[{ONE},\n {TWO},]",
        f'{{"pairs": [{ONE}, {TWO}]}}',
        f'{{"examples": [{ONE}, {TWO}]}}',
        f"{ONE}\n{TWO}",
        f"[{ONE}][{TWO}]",
        f"[{ONE.replace(chr(34), chr(39))}, {TWO}]",
        f"[{ONE} // the first\n {TWO}]",
        "[" + ONE.replace('{"city": "Rome"}', r'"{\"city\": \"Rome\"}"') + f", {TWO}]",
        "[" + ONE.replace("[{", "{").replace("}]", "}") + f", {TWO}]",
        f"[{ONE.replace('answers', 'answer').replace('query', 'Query')}, {TWO}]",
    ],
)
def test_all_pairs_are_kept_whatever_stands_around_them(text: str) -> None:
    assert read_pairs(text).pairs == (ROME, OSLO)


def test_an_answer_that_was_cut_keeps_the_pairs_before_the_cut_and_says_so() -> None:
    read = read_pairs(f"[{ONE}, {TWO[:40]}")
    assert read.pairs == (ROME,)
    assert [part.reason for part in read.unread] == ["ends in the middle of an example"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no example in the answer"),
        ("I can not do that.", "no example in the answer"),
        ('[{"answers": []}]', "an example without a query"),
        ('[{"query": " ", "answers": []}]', "an example without a query"),
        ('[{"query": "x"}]', "an example without answers"),
        ('[{"query": "x", "answers": "f(a=1)"}]', "answers are text, not a list of calls"),
        ('[{"query": "x", "answers": ["f"]}]', "a call that is no object"),
        ('[{"query": "x", "answers": [{"arguments": {}}]}]', "a call without a name"),
        ('[{"query": "x", "answers": [{"name": "f", "arguments": [1]}]}]', "arguments that are no object"),
        ('[{"query": "x", "answers": [{"name": "f", "arguments": "soon"}]}]', "arguments that are no object"),
        (
            '[{"query": "x", "answers": [{"name": "f", "arguments": {"a": 1, "a": 2}}]}]',
            "the argument a is given twice",
        ),
    ],
)
def test_what_is_no_pair_is_kept_with_its_reason(text: str, reason: str) -> None:
    read = read_pairs(text)
    assert not read.pairs
    assert [part.reason for part in read.unread] == [reason]


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("utf-8", "replace")))
def test_no_text_trips_the_reader(text: str) -> None:
    read = read_pairs(text)
    assert read.pairs or read.unread


def test_a_query_without_calls_is_a_pair() -> None:
    assert read_pairs('[{"query": "x", "answers": []}]').pairs == (Pair("x", ()),)


def test_a_task_shows_every_tool_and_example() -> None:
    from synthesize_tools import PLAIN

    text = task_text(PLAIN, [ROME], "Each query needs one call.", "Write questions.", 3)
    for tool in PLAIN:
        assert json.dumps(tool.name) in text
    assert written(ROME) in text
    assert text.endswith("Write 3 examples. Each query needs one call. Write questions.")
