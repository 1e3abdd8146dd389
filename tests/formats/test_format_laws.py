"""The laws that every output format keeps: inverse, total, safe when cut, strict."""

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from format_strategies import HOSTILE, calls, hostile_text, replies, strings_of
from hypothesis import example, given, settings
from hypothesis import strategies as st

from callwright.formats import FAMILIES, FORMATS, Malformed, Reply, Unrenderable, reply_message, settled
from callwright.formats.chat import THINK_CLOSE
from callwright.record import ToolCall

every_format = pytest.mark.parametrize("name", sorted(FORMATS))
json_formats = pytest.mark.parametrize("name", ["hermes", "xlam"])


def call(name: str = "f", **arguments: Any) -> ToolCall:
    return ToolCall(name=name, arguments=arguments)


def has_surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


def json_can_carry(reply: Reply) -> bool:
    """JSON reads an escaped high surrogate and an escaped low one as one character."""
    strings = [s for c in reply.calls for s in (c.name, *strings_of(c.arguments))]
    return not any(re.search("[\ud800-\udbff][\udc00-\udfff]", s) for s in strings)


def hermes_can_express(reply: Reply) -> bool:
    marker = "<tool_call" in reply.text or "</tool_call" in reply.text
    return json_can_carry(reply) and not marker and not has_surrogate(reply.text)


def xlam_can_express(reply: Reply) -> bool:
    return json_can_carry(reply) and json_can_carry(Reply("", (call(reply.text or "x"),)))


def python_can_express(reply: Reply) -> bool:
    if reply.calls:
        return not reply.text and all(re.fullmatch(r"[\w.:/-]+", c.name) for c in reply.calls)
    looks_like_calls = re.match(r"[ \t\r\n]*(```(python)?[ \t\r]*\n[ \t\r\n]*)?\[", reply.text)
    return not looks_like_calls and not has_surrogate(reply.text)


def behind(marker: str) -> Callable[[Reply], bool]:
    """Formats of text, then calls behind a marker that no text may hold."""
    return lambda reply: (
        json_can_carry(reply) and not re.search(marker, reply.text) and not has_surrogate(reply.text)
    )


def either(begins: str, carries: Callable[[Reply], bool] = json_can_carry) -> Callable[[Reply], bool]:
    """Formats of either text or calls; text must not begin as calls do, in a fence or not."""

    def can_express(reply: Reply) -> bool:
        if reply.calls:
            return not reply.text and carries(reply)
        looks_like_calls = re.match(rf"[ \t\r\n]*(```\w*[ \t\r]*\n[ \t\r\n]*)?(?:{begins})", reply.text)
        return not looks_like_calls and not has_surrogate(reply.text)

    return can_express


def toml_can_carry(reply: Reply) -> bool:
    return json_can_carry(reply) and not any(has_surrogate(c.name) for c in reply.calls)


CAN_EXPRESS: dict[str, Callable[[Reply], bool]] = {
    "hermes": hermes_can_express,
    "xlam": xlam_can_express,
    "json_list": either(r"\["),
    "mistral": behind(r"\[TOOL_CALLS\]"),
    "openai": xlam_can_express,
    "xml": behind("<tool_calls>"),
    "yaml": either(r"- name:[ \t]", lambda reply: True),
    "toml": either(r"\[\[calls\]\]", toml_can_carry),
    "python": python_can_express,
    "react": behind(r"(^|\n)[ \t]*(Thought|Action|Action Input|Final Answer):"),
    "plain_text": behind("Tool call: use "),
    "markdown": behind(r"\*\*Tool call:\*\*"),
    "function_tags": behind("<function="),
    "typescript": either(r"tools[.\[]"),
    "key_values": either("call="),
}


def test_the_table_is_keyed_by_the_formats_own_names_and_every_instruction_is_short() -> None:
    assert set(CAN_EXPRESS) == set(FORMATS)
    for name, output_format in FORMATS.items():
        assert output_format.name == name
        assert len(output_format.instruction) < 180


@every_format
@settings(max_examples=50)
@given(reply=replies)
@example(reply=Reply("", (call(big=10**3900, small=-(10**3900)),)))
@example(reply=Reply("", ()))
@example(reply=Reply("\ud800", ()))
@example(reply=Reply(" [1] says", ()))
@example(reply=Reply("\n", (call(),)))
@example(reply=Reply("a\n\n", (call(), call())))
@example(reply=Reply("", (call(s="\ud83d\ude00", n=1e16, z=-0.0, b=True, i=1),)))
def test_parse_inverts_render_and_render_refuses_exactly_the_rest(name: str, reply: Reply) -> None:
    check_inverse(name, reply)


@pytest.mark.slow
@settings(max_examples=2_000)
@given(reply=replies)
def test_all_formats_invert_at_length(reply: Reply) -> None:
    for name in FORMATS:  # drawing a reply costs more than writing and reading it fifteen times
        check_inverse(name, reply)


def check_inverse(name: str, reply: Reply) -> None:
    output_format = FORMATS[name]
    if not CAN_EXPRESS[name](reply):
        with pytest.raises(Unrenderable):
            output_format.render(reply)
        return
    text = output_format.render(reply)
    # repr tells True from 1, 1 from 1.0 and the order of keys, which == does not.
    assert repr(output_format.parse(text)) == repr(reply)
    text.encode()


@every_format
@settings(max_examples=50)
@given(text=st.one_of(hostile_text, st.text()))
def test_parse_never_raises(name: str, text: str) -> None:
    check_total(name, text)


@pytest.mark.slow
@every_format
@given(data=st.data())
def test_parse_never_raises_on_damaged_replies(name: str, data: st.DataObject) -> None:
    pieces = st.lists(
        st.sampled_from([*HOSTILE, *"[]{}()'\",:=*-0.1e9\\", "f(a=", '"name"', '"arguments"', "<tool_call>"])
    )
    check_total(name, "".join(data.draw(pieces)))
    text = FORMATS[name].render(Reply("", (data.draw(renderable_calls(name)),)))
    cut = data.draw(st.integers(0, len(text)))
    check_total(name, text[:cut] + "".join(data.draw(pieces)) + text[cut:])


def check_total(name: str, text: str) -> None:
    result = FORMATS[name].parse(text)
    assert isinstance(result, Reply | Malformed)
    if isinstance(result, Malformed):
        assert result.reason
        assert 0 <= result.position <= len(text)
    else:
        assert all(c.name and isinstance(c.arguments, dict) for c in result.calls)


def renderable_calls(name: str) -> st.SearchStrategy[ToolCall]:
    return calls.filter(lambda c: CAN_EXPRESS[name](Reply("", (c,))))


@every_format
@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[f(a=" + "[" * 100_000,
        "[f(a=" + '{"a":' * 5_000,
        "[f(a=" + "9" * 50_000 + ")]",
        '{"thought": "", "tool_calls": ' + "[" * 100_000,
        '<tool_call>{"name": "f", "arguments": {"a": ' + "9" * 50_000 + "}}</tool_call>",
        "<tool_call>" * 20_000,
        "- name: " + "[" * 5_000,
        "- name: f\n  arguments: {a: " + "[" * 5_000 + "\n...",
        "[[calls]]\na = " + "[" * 5_000 + "\n# end",
        "<tool_calls>" * 10_000,
        "tools.f({a: " + "[" * 5_000,
        "Thought: " * 20_000,
        "call=f\n" * 20_000,
        "```json\n" * 5_000,
        " " * 100_000,
        "[f(**{" * 5_000,
    ],
    ids=range(17),
)
def test_parse_survives_depth_and_length(name: str, text: str) -> None:
    check_total(name, text)


@pytest.mark.slow
@every_format
@settings(max_examples=40)
@given(data=st.data())
def test_a_cut_reply_is_malformed_or_keeps_whole_leading_calls(name: str, data: st.DataObject) -> None:
    written = tuple(data.draw(st.lists(renderable_calls(name), min_size=1, max_size=2)))
    text = FORMATS[name].render(Reply("", written))
    for end in range(len(text)):
        result = FORMATS[name].parse(text[:end])
        if isinstance(result, Reply):
            assert repr(result.calls) == repr(written[: len(result.calls)])
            assert len(result.calls) < len(written)


LONGEST_BEGINNING = len("[[calls]]")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["xlam", "json_list", "openai", "yaml", "toml", "python"])
@settings(max_examples=40)
@given(data=st.data())
def test_where_calls_share_one_bracket_no_cut_leaves_a_call(name: str, data: st.DataObject) -> None:
    written = tuple(data.draw(st.lists(renderable_calls(name), min_size=1, max_size=2)))
    text = FORMATS[name].render(Reply("", written))
    for end in range(1, len(text)):
        result = FORMATS[name].parse(text[:end])
        # A beginning that is no call yet is text, as it is where nothing follows.
        assert isinstance(result, Malformed) or result == Reply(text[:end], ())
        assert isinstance(result, Malformed) or end < LONGEST_BEGINNING


def shape(value: Any) -> Any:
    """The structure of a value without its texts and numbers, which one lost character may change."""
    if isinstance(value, dict):
        return [shape(item) for item in value.values()]
    if isinstance(value, list):
        items = (*map(shape, value),)
        return () if items == ("number",) else items  # "[7]" may lose its only digit
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


@pytest.mark.slow
@json_formats
@settings(max_examples=60)
@given(data=st.data())
def test_a_lost_character_never_changes_the_structure_of_calls(name: str, data: st.DataObject) -> None:
    written = (*data.draw(st.lists(renderable_calls(name), max_size=1)), call(a=[7], b=["x\\", ', "c": 1']))
    text = FORMATS[name].render(Reply("", written))
    for lost in range(len(text)):
        result = FORMATS[name].parse(text[:lost] + text[lost + 1 :])
        if isinstance(result, Reply) and result.calls:
            assert [shape(c.arguments) for c in result.calls] == [shape(c.arguments) for c in written]


MARKS = sorted({mark for family in FAMILIES.values() for mark in family.marks})


@pytest.mark.slow
@every_format
@given(data=st.data())
def test_no_call_spells_a_mark_of_a_chat_or_of_reasoning(name: str, data: st.DataObject) -> None:
    text = FORMATS[name].render(Reply("", (data.draw(renderable_calls(name)),)))
    for mark in (*MARKS, "<think>", "</think>", "<tool_response>", "</tool_response>"):
        assert mark not in text


@pytest.mark.slow
@json_formats
@given(data=st.data())
def test_no_argument_ends_its_block(name: str, data: st.DataObject) -> None:
    text = FORMATS[name].render(Reply("", (data.draw(renderable_calls(name)),)))
    inside = text.removeprefix("<tool_call>").removesuffix("</tool_call>")
    assert "<tool_call>" not in inside
    assert "</tool_call>" not in inside


UNSOUND_ARGUMENTS = ["[]", '"{}"', "null", '{"a": 1, "a": 1}', '{"a": NaN}', '{"a": -Infinity}',
                     '{"a": 1e999}', '{"a": "\n"}', "{'a': 1}", '{"a": 1,}', '{"a": {"b": 1, "b": 2}}',
                     '{"a": 01}', '{"a": ' + "[" * 70 + "]" * 70 + "}"]  # fmt: skip
UNSOUND_CALLS = [
    *(f'{{"name": "f", "arguments": {arguments}}}' for arguments in UNSOUND_ARGUMENTS),
    '{"name": "", "arguments": {}}',
    '{"name": 1, "arguments": {}}',
    '{"name": null, "arguments": {}}',
    '{"name": "f"}',
    '{"arguments": {}}',
    '{"name": "f", "arguments": {}, "id": "1"}',
    '{"name": "f", "name": "g", "arguments": {}}',
    '["f", {}]',
    "f",
    "",
]


@pytest.mark.parametrize("text", UNSOUND_CALLS)
def test_unsound_json_is_malformed(text: str) -> None:
    assert isinstance(FORMATS["hermes"].parse(f"<tool_call>\n{text}\n</tool_call>"), Malformed)
    assert isinstance(FORMATS["xlam"].parse(f'{{"thought": "", "tool_calls": [{text or "0"}]}}'), Malformed)


@every_format
@pytest.mark.parametrize(
    "arguments",
    [None, {"a": float("nan")}, {"a": float("inf")}, {"a": (1, 2)}, {"a": {1: 2}}, {"a": b""}, {"a": {1}},
     {"a": 10**5000}, {"a": json.loads("[" * 80 + "]" * 80)}],
    ids=["unparsed", "nan", "inf", "tuple", "int-key", "bytes", "set", "huge", "deep"],
)  # fmt: skip
def test_what_json_does_not_know_is_unrenderable(name: str, arguments: Any) -> None:
    with pytest.raises(Unrenderable):
        FORMATS[name].render(Reply("", (ToolCall(name="f", arguments=arguments),)))


@every_format
def test_the_deepest_call_that_is_written_is_the_deepest_that_is_read(name: str) -> None:
    def render(depth: int) -> str:
        return FORMATS[name].render(Reply("", (call(a=json.loads("[" * depth + "]" * depth)),)))

    depth = 40
    try:
        while True:
            text = render(depth)
            assert isinstance(FORMATS[name].parse(text), Reply)
            depth += 1
    except Unrenderable:
        pass
    assert 40 < depth < 80
    inner = "[" * (depth - 1)
    if inner not in text:  # YAML is written a level a line, and read in brackets as well
        text = f"- name: f\n  arguments: {{a: {inner}{']' * (depth - 1)}}}\n..."
        assert isinstance(FORMATS[name].parse(text), Reply)
    assert isinstance(FORMATS[name].parse(text.replace(inner, f"{inner}[],", 1)), Malformed)


@every_format
def test_a_call_without_a_name_is_unrenderable(name: str) -> None:
    with pytest.raises(Unrenderable):
        FORMATS[name].render(Reply("", (ToolCall(name=""),)))


@every_format
def test_ids_are_not_written(name: str) -> None:
    bare, full = ToolCall(name="f"), ToolCall(name="f", id="call_9", depends_on=("call_8",))
    assert FORMATS[name].render(Reply("", (full,))) == FORMATS[name].render(Reply("", (bare,)))


CALL = '{"name": "f", "arguments": {"a": 1}}'


@pytest.mark.parametrize(
    "text",
    [
        f"<tool_call>{CALL}</tool_call>",
        f"\n\n<tool_call>\n\n{CALL}\n</tool_call>\n \n",
        '<tool_call>{"arguments": {"a": 1}, "name": "f"}</tool_call>',
        '<tool_call>{"name":"\\u0066","arguments":{"a":1}}</tool_call>',
    ],
)
def test_hermes_reads_blocks_as_models_space_them(text: str) -> None:
    result = FORMATS["hermes"].parse(text)
    assert isinstance(result, Reply)
    assert result.calls == (call(a=1),)
    assert not result.text.strip()


def test_hermes_keeps_the_text_before_the_calls() -> None:
    text = f"Let me look.\n<tool_call>\n{CALL}\n</tool_call>\n<tool_call>\n{CALL}\n</tool_call>"
    assert FORMATS["hermes"].parse(text) == Reply("Let me look.", (call(a=1), call(a=1)))


def test_hermes_reads_an_unescaped_marker_in_a_string_as_a_string() -> None:
    text = '<tool_call>{"name": "f", "arguments": {"a": "</tool_call>"}}</tool_call>'
    assert FORMATS["hermes"].parse(text) == Reply("", (call(a="</tool_call>"),))


@pytest.mark.parametrize(
    ("text", "position"),
    [
        (f"<tool_call>{CALL}", 11 + len(CALL)),
        (f"{CALL}</tool_call>", len(CALL)),
        (f"<tool_call>{CALL}</tool_call> Done.", 11 + len(CALL) + 13),
        (f"<tool_call>{CALL}</tool_call>x<tool_call>{CALL}</tool_call>", 11 + len(CALL) + 12),
        (f"<tool_call>{CALL}{CALL}</tool_call>", 11 + len(CALL)),
        (f"<tool_call {CALL}", 0),
        (f"<tool_call>\n```json\n{CALL}\n```</tool_call>", 12),
    ],
)
def test_hermes_says_where_a_reply_goes_wrong(text: str, position: int) -> None:
    result = FORMATS["hermes"].parse(text)
    assert isinstance(result, Malformed)
    assert result.position == position


@pytest.mark.parametrize("lead", ["", "\n ", "```json\n", "```\n", "\n```json \n"])
def test_xlam_reads_the_object_in_a_fence_or_bare(lead: str) -> None:
    fence_end = "\n```\n" if "```" in lead else "\n"
    text = f'{lead}{{"thought": "hm", "tool_calls": [{CALL}]}}{fence_end}'
    assert FORMATS["xlam"].parse(text) == Reply("hm", (call(a=1),))


def test_xlam_reads_the_object_without_a_thought() -> None:
    assert FORMATS["xlam"].parse(f'{{"tool_calls": [{CALL}]}}') == Reply("", (call(a=1),))


@pytest.mark.parametrize(
    "text",
    ["", "Hello.", "[]", f"[{CALL}]", CALL, '{"thought": "x"}', '{"thought": null, "tool_calls": []}',
     '{"tool_calls": null}', '{"tool_calls": {}}', '{"tool_calls": [], "answer": "x"}',
     '{"tool_calls": []} {"tool_calls": []}', '```json\n{"tool_calls": []}', '{"tool_calls": []}\n```',
     'Sure: {"tool_calls": []}', '```yaml\n{"tool_calls": []}\n```'],
)  # fmt: skip
def test_xlam_reads_nothing_else(text: str) -> None:
    assert isinstance(FORMATS["xlam"].parse(text), Malformed)


def test_a_text_is_a_reply_without_calls() -> None:
    for name, text in itertools.product(["hermes", "python"], ["", "Hi!", "a < b", "f(a=1)", " x\n"]):
        assert FORMATS[name].parse(text) == Reply(text, ())


# --- settled: nothing that follows can help


@pytest.mark.slow
@every_format
@settings(max_examples=60)
@given(st.data())
def test_what_is_settled_stays_malformed_whatever_follows(name: str, data: st.DataObject) -> None:
    try:
        written = FORMATS[name].render(data.draw(replies))
    except Unrenderable:
        written = FORMATS[name].render(Reply("", (call(),)))
    text = written + data.draw(st.sampled_from(["", " ", "\n", "``", "```", "<", "Done", "}"]))
    more = ["`", "```", "<tool_call>", "{}", "]", written]
    follows = data.draw(st.one_of(hostile_text, st.sampled_from(more)))
    if settled(text, name) and THINK_CLOSE not in follows:
        message = reply_message(text + follows, name)
        assert isinstance(message, Malformed)
        assert message.settled


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("hermes", '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>\nSo', True),
        ("hermes", '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>\n<tool_', False),
        ("hermes", '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>\n', False),
        ("hermes", "Any text at all", False),
        ("hermes", '<think>\n<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call> no', False),
        ("xlam", '{"thought": "", "tool_calls": []} So', True),
        ("xlam", '{"thought": "", "tool_calls": [', False),
        ("xlam", '```json\n{"thought": "", "tool_calls": []}\n``', False),
        ("xlam", '```json\n{"thought": "", "tool_calls": []}\n```\nSo', True),
        ("python", "[f(a=1)] So", True),
        ("python", "[f(a=1)", False),
        ("python", "Some text", False),
    ],
)
def test_it_is_settled_when_a_model_writes_on_behind_its_calls(name: str, text: str, expected: bool) -> None:
    assert settled(text, name) is expected
