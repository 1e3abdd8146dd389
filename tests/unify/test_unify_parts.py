"""The parts that all sources share: tools, calls, conversations."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from callwright.record import Dropped, Trajectory, decode, encode
from callwright.unify import REASONS, SOURCES, unify
from callwright.unify.conversation import Conversation
from callwright.unify.fingerprints import fingerprint_of
from callwright.unify.notations.calls import Call, call, json_text, openai
from callwright.unify.notations.described import read_parameter
from callwright.unify.rows import BadRow, Element, File, Row
from callwright.unify.tools import assemble, known_tools, legal_name, offer, toolset

LEGAL = re.compile(r"[A-Za-z0-9_.-]+")
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=8) | st.sampled_from(["[]", "[{}]", "{", "gpt"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
GOLDEN = Path(__file__).parent.parent / "golden"


def golden_rows(name: str) -> list[Element]:
    """Return the raw rows of the golden files, as the source takes them apart."""
    folder = GOLDEN / name
    paths = sorted((folder / "raw").iterdir()) if (folder / "raw").is_dir() else sorted(folder.glob("raw.*"))
    return [e for p in paths for e in SOURCES[name].rows(File(p, p.name, p.stem)) if e.error is None]


def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Return the path of every value inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in places(item, (*path, key)))]


def replaced(value: Any, path: tuple[object, ...], new: object) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def talk(tools: object = None) -> Conversation:
    file = File(Path("a.jsonl"), "a.jsonl", "a")
    return Conversation(Row({}, 0, file, "openai_chat/a/0", ""), toolset(tools))


def named(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


@given(st.text(min_size=1))
def test_every_name_becomes_legal_and_a_legal_one_stays(name: str) -> None:
    legal = legal_name(name)
    assert LEGAL.fullmatch(legal)
    assert legal_name(legal) == legal


@given(st.lists(st.sampled_from(["a b", "a_b", "a  b", "a/b", "a_b_2", "c", "天气", "新闻"]), unique=True))
def test_different_names_stay_different(names: list[str]) -> None:
    found = toolset(named(*names))
    assert found is not None
    legal = [tool.name for tool in found.tools]
    assert len(set(legal)) == len(names)
    assert [tool.original_name or tool.name for tool in found.tools] == names
    assert all(
        tool.name == name for tool, name in zip(found.tools, names, strict=True) if LEGAL.fullmatch(name)
    )


def test_calls_and_results_are_renamed_like_their_tools() -> None:
    chat = talk(named("get rain", "get_rain"))
    chat.user("?")
    chat.assistant("", [call("get rain", {}), call("get_rain", {}), call("get  rain", {})])
    chat.result("1", name="get_rain")
    done = chat.finish()
    assert done.tools is not None
    assert [c.name for c in done.messages[1].tool_calls] == [*(t.name for t in done.tools), "get_rain_3"]
    assert done.messages[2].tool_call_id == "call_1"
    assert done.extra["unify"]["renamed"] == {"get_rain_3": "get  rain"}  # a stranger stays a stranger


def unified(tmp_path: Path, source: str, row: dict[str, Any]) -> Trajectory:
    path = tmp_path / "raw.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (found,) = unify([path], source)
    assert isinstance(found, Trajectory), found
    return found


def test_what_a_tool_or_a_call_says_beyond_its_fields_is_kept(tmp_path: Path) -> None:
    function = {"name": "get rain", "description": "Rain.", "parameters": {}, "strict": True}
    more = {"examples": ["rain in Oslo"], "returns": "millimetres"}
    tool = {"type": "function", "function": {**function, **more}, "category": "weather", "annotations": {}}
    call = {
        "id": "c", "type": "function", "index": 0, "extra_content": {"google": 1},
        "function": {"name": "get rain", "arguments": "{}", "thought_signature": "abc"},
    }  # fmt: skip
    messages = [
        {"role": "user", "content": "?"},
        {"role": "assistant", "tool_calls": [call, {**call, "id": "d"}]},
    ]
    row = unified(tmp_path, "openai_chat", {"messages": messages, "tools": [tool, {"name": "plain"}]})
    notes = row.extra["unify"]
    assert notes["tools"] == {"get_rain": {**more, "category": "weather"}}
    carried = {"extra_content": {"google": 1}, "function": {"thought_signature": "abc"}}
    assert notes["turns"] == {f"messages[1].tool_calls[{i}]": carried for i in range(2)}


def test_the_short_way_keeps_it_too(tmp_path: Path) -> None:
    tools = [{"name": "f", "description": "", "parameters": {}, "category": "x"}]
    answers = [{"name": "f", "arguments": {}, "score": 0.5}]
    row = {"query": "?", "answers": json.dumps(answers), "tools": json.dumps(tools)}
    notes = unified(tmp_path, "xlam_60k", row).extra["unify"]
    assert notes == {"tools": {"f": {"category": "x"}}, "turns": {"answers[0]": {"score": 0.5}}}
    row["tools"] = json.dumps([{"name": "f", "description": "", "parameters": {}}])
    assert unified(tmp_path, "xlam_60k", row).extra["unify"] == {"turns": {"answers[0]": {"score": 0.5}}}


def test_results_without_ids_go_to_the_oldest_open_call() -> None:
    chat = talk(named("f", "g"))
    chat.user("?")
    chat.assistant("", [call("f", {}), call("g", {})])
    chat.result("of f")
    chat.result("of g")
    chat.result("of nothing")
    assert [m.tool_call_id for m in chat.finish().messages[2:]] == ["call_0", "call_1", None]


def test_a_result_without_an_id_never_goes_to_a_call_before_the_latest() -> None:
    chat = talk(named("f", "g"))
    chat.user("?")
    chat.assistant("", [call("f", {}), call("f", {})])
    chat.result("of the first alone")
    chat.assistant("The second is down.")
    chat.user("Then g.")
    chat.assistant("", [call("g", {})])
    chat.result("of g")
    chat.result("of nothing", name="f")
    chat.result("of the second at last", call_id="call_1")
    done = chat.finish()
    found = [(m.content, m.tool_call_id, m.name) for m in done.messages if m.role == "tool"]
    assert found == [
        ("of the first alone", "call_0", "f"),
        ("of g", "call_2", "g"),
        ("of nothing", None, "f"),
        ("of the second at last", "call_1", "f"),
    ]


def test_calls_in_turns_that_follow_each_other_get_the_results_behind_them() -> None:
    chat = talk(named("f", "g"))
    chat.user("?")
    chat.assistant("", [call("f", {})])
    chat.assistant("", [call("g", {})])
    chat.result("of f")
    chat.result("of g")
    assert [m.tool_call_id for m in chat.finish().messages[3:]] == ["call_0", "call_1"]


def test_ids_that_a_source_uses_twice_become_unique_and_links_follow() -> None:
    chat = talk(named("f"))
    for _ in range(2):
        chat.user("?")
        chat.assistant("", [call("f", {}, "call_1")])
        chat.result("r", call_id="call_1")
    messages = chat.finish().messages
    ids = [c.id for m in messages for c in m.tool_calls]
    assert len(set(ids)) == 2
    assert [m.tool_call_id for m in messages if m.role == "tool"] == ids


@pytest.mark.parametrize("name", SOURCES)
def test_the_fingerprint_of_a_row_can_be_told_from_the_row_alone(name: str) -> None:
    raw = [path for path in (GOLDEN / name).iterdir() if path.name.startswith("raw")]
    kept = [row for row in unify(raw, name) if isinstance(row, Trajectory)]
    assert [fingerprint_of(row) for row in kept] == [row.fingerprint for row in kept]


def test_fingerprints_ignore_made_up_ids_and_key_order_but_nothing_else() -> None:
    def print_of(
        call_id: str | None, arguments: dict[str, int], system: str = "", tools: object = None
    ) -> str:
        chat = talk(tools)
        chat.system(system)
        chat.user("?")
        chat.assistant("", [call("f", arguments, call_id)])
        chat.result("r", call_id=call_id)
        return chat.finish().fingerprint or ""

    base = print_of("x9", {"a": 1, "b": 2})
    assert base == print_of("y7", {"b": 2, "a": 1}) == print_of(None, {"a": 1, "b": 2})
    others = [
        print_of("x9", {"a": 1, "b": 3}),
        print_of("x9", {"a": 1, "b": 2}, "Be brief."),
        print_of("x9", {"a": 1, "b": 2}, tools=[]),
        print_of("x9", {"a": 1, "b": 2}, tools=named("f")),
    ]
    assert len({base, *others}) == 5


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ({"a": 1}, {"a": 1}),
        ("", {}),
        (None, {}),
        ("null", {}),
        ('"{\\"a\\": 1}"', {"a": 1}),
    ],
)
def test_arguments_are_objects_whatever_they_came_as(arguments: object, value: object) -> None:
    assert call("f", arguments) == Call("f", value)


@pytest.mark.parametrize("text", ["[1]", "{'a': 1}", '{"a": NaN}', '{"a": 1', "7", "[" * 5000])
def test_arguments_that_are_no_object_keep_text_and_reason(text: str) -> None:
    found = call("f", text)
    assert (found.arguments, found.raw) == (None, text)
    assert found.parse_error


def test_a_call_without_a_readable_name_makes_the_row_unusable() -> None:
    for bad in ('[{"arguments": {}}]', '[{"name": "", "arguments": {}}]', "[7]", "7", "soon"):
        with pytest.raises(BadRow):
            json_text(bad)
    with pytest.raises(BadRow):
        openai({"function": {"arguments": "{}"}}, "calls[0]")
    assert json_text("[]") == []
    assert json_text("""{"name": "f", "arguments": '{}'}""")[0].name == "f"


def test_tools_of_every_notation_mean_the_same() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    inner = {"name": "f", "description": "d", "parameters": schema}
    notations = [
        inner,
        {"type": "function", "function": inner},
        {"name": "f", "description": "d", "inputSchema": schema},
        {"name": "f", "description": "d", "parameters": {"a": {"type": "int"}}},
        {"name": "f", "description": "d", "parameters": {"a": {"type": "int"}}, "required": ["a"]},
        {"name": "f", "description": "d", "parameters": {**schema, "required": []} | {"required": ["a"]}},
        {"function": {**inner, "parameters": {"properties": schema["properties"]}}, "required": ["a"]},
    ]  # fmt: skip
    found = toolset(notations)
    assert found is not None
    assert {(t.name, t.description, str(sorted(t.parameters.items()))) for t in found.tools} == {
        ("f", "d", str(sorted(schema.items())))
    }


@pytest.mark.parametrize(
    "bad", ["{", "7", "[7]", [{}], [{"name": 3}], [{"name": "f", "parameters": 3}], {}, 7]
)
def test_unreadable_tools_are_bad_tools(bad: object) -> None:
    with pytest.raises(BadRow) as caught:
        toolset(bad)
    assert caught.value.reason == "bad-tools"


def test_unknown_tools_and_no_tools_are_told_apart() -> None:
    assert toolset(None) is None
    for none_offered in ([], "[]", ""):
        found = toolset(none_offered)
        assert found is not None
        assert found.tools == ()


@given(st.integers(0, 6), st.integers(0, 2**32))
def test_offered_tools_contain_the_gold_ones_and_distinct_distractors(count: int, seed: int) -> None:
    pool = known_tools([b'{"name": "t%d"}' % i for i in range(8)])
    offered, sampled = offer(pool[:2], [pool[:4], pool], count, random.Random(seed))
    names = [k.name for k in offered]
    assert {"t0", "t1"} <= set(names)
    assert len(set(names)) == len(names) == 2 + sampled
    assert sampled == count
    assert count < 2 or {"t2", "t3"} <= set(names)  # the nearest pool is used up first
    assert assemble(offered).tools


def test_parameters_written_as_text_become_schemas() -> None:
    assert read_parameter("Required. integer. How many.") == (
        {"type": "integer", "description": "How many."},
        True,
    )
    assert read_parameter("string. One of: [a, b].")[0]["enum"] == ["a", "b"]
    assert read_parameter("Array[Object{id: string. The id., n: string.}. ]. A list.")[0] == {
        "type": "array", "items": {"type": "object"}, "description": "A list.",
    }  # fmt: skip
    assert read_parameter("Just words, no type")[0] == {"description": "Just words, no type"}


def test_texts_with_calls_written_inside_are_not_read_as_plain_chat() -> None:
    chat = talk([])
    for text in (
        "<tool_call>{}</tool_call>",
        "<functioncall> {}",
        '[TOOL_CALLS] [{"name": "f"}]',
        "<TOOLCALL>[]",
    ):
        with pytest.raises(BadRow, match="calls-in-text"):
            chat.assistant(text)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
@given(data=st.data())
def test_a_row_with_anything_anywhere_is_kept_or_dropped(name: str, data: st.DataObject) -> None:
    source = SOURCES[name]
    element = data.draw(st.sampled_from(golden_rows(name)))
    value = replaced(element.value, data.draw(st.sampled_from(places(element.value))), data.draw(JSON))
    if isinstance(value, dict):
        source.detect(value)
    file = File(GOLDEN / name / "x.jsonl", "x.jsonl", "x")
    if name == "api_bank" and not isinstance(value, list):
        return  # a file is always a list of turns
    try:
        row = source.convert(Row(value, 0, file, f"{name}/x/0", ""))
    except BadRow as bad:
        event(bad.reason)
        if bad.reason not in REASONS or not bad.detail:
            raise
    else:
        event("kept")
        assert decode(encode(row)) == row


def test_rows_of_unify_are_only_ever_trajectories_or_dropped(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "x"}]}\n{"messages": 3}\n')
    assert [type(row) for row in unify([path], "openai_chat")] == [Trajectory, Dropped]
