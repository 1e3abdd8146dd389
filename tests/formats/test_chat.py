"""Conversations as text: what is control, what is learnt, and the way back from a model's text."""

from itertools import pairwise

import pytest
from format_strategies import conversations, hostile_text
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from callwright.formats import (
    DEFAULT_INSTRUCTION,
    FAMILIES,
    FORMATS,
    Malformed,
    PlainMessage,
    Segment,
    Unrenderable,
    assistant_text,
    plain_messages,
    rejected_text,
    reply_message,
    segments,
)
from callwright.record import Message, Task, Tool, ToolCall, Trajectory

every_family = pytest.mark.parametrize("family", sorted(FAMILIES))
TURNS = {
    "chatml": ("", "<|im_end|>"),
    "qwen": ("", "<|im_end|>"),
    "llama3": ("", "<|eot_id|>"),
    "mistral": (" ", "</s>"),
    "deepseek": ("", "\n<|EOT|>"),
}
"""What stands around an answer that is learnt."""
plain = st.lists(
    st.builds(
        PlainMessage,
        st.sampled_from(["system", "user", "assistant", "tool"]),
        hostile_text,
        st.sampled_from([0.0, 0.5, 1.0]),
    ),
    max_size=5,
)


def joined(pieces: list[Segment]) -> str:
    return "".join(piece.text for piece in pieces)


@given(text=hostile_text, output_format=st.sampled_from(sorted(FORMATS)))
def test_an_answer_that_could_not_be_read_is_written_as_it_was(text: str, output_format: str) -> None:
    assume(text.encode("utf-8", "ignore").decode() == text)
    unread = ToolCall(name="", arguments=None, raw=text, parse_error="no reply")
    message = Message(role="assistant", tool_calls=(unread,))
    with pytest.raises(Unrenderable):
        assistant_text(message, output_format)  # it can be rejected, and never learnt
    assert rejected_text(message, output_format) == text.strip()


def test_half_a_character_is_written_by_nobody() -> None:
    unread = ToolCall(name="", arguments=None, raw="\ud800", parse_error="no reply")
    with pytest.raises(Unrenderable):
        rejected_text(Message(role="assistant", tool_calls=(unread,)))


def test_an_answer_that_could_be_read_is_rejected_in_the_words_of_its_format() -> None:
    message = Message(role="assistant", tool_calls=(ToolCall(name="f", arguments={"a": 1}),))
    for name in FORMATS:
        assert rejected_text(message, name) == assistant_text(message, name)


@given(messages=plain, prompt=st.booleans())
def test_segments_frame_every_message_as_chatml(messages: list[PlainMessage], prompt: bool) -> None:
    contents = [m.content.replace("<|", "< |") for m in messages]
    expected = "".join(
        f"<|im_start|>{m.role}\n{content}<|im_end|>\n" for m, content in zip(messages, contents, strict=True)
    )
    expected += "<|im_start|>assistant\n" if prompt else ""
    assert joined(segments(messages, generation_prompt=prompt)) == expected


@pytest.mark.slow
@settings(max_examples=2_000)
@given(messages=plain, prompt=st.booleans())
def test_no_message_can_spell_a_frame(messages: list[PlainMessage], prompt: bool) -> None:
    empty = [m._replace(content="") for m in messages]
    for name, family in FAMILIES.items():
        whole = joined(segments(messages, generation_prompt=prompt, family=name))
        frame = joined(segments(empty, generation_prompt=prompt, family=name))
        for mark in family.marks:
            assert whole.count(mark) == frame.count(mark), name


@every_family
@given(messages=plain)
def test_control_text_is_only_the_frame(family: str, messages: list[PlainMessage]) -> None:
    empty = [m._replace(content="") for m in messages]
    control, frame = (
        [piece.text for piece in segments(each, family=family) if piece.control] for each in (messages, empty)
    )
    assert "".join(control) == "".join(frame)


@every_family
@given(messages=plain)
def test_supervised_is_what_the_assistant_has_to_write(family: str, messages: list[PlainMessage]) -> None:
    learnt = joined([piece for piece in segments(messages, family=family) if piece.supervised])
    weighted = [m for m in messages if m.role == "assistant" and m.weight > 0]
    before, behind = TURNS[family]
    assert learnt == "".join(f"{before}{FAMILIES[family].safe(m.content)}{behind}" for m in weighted)


@every_family
@given(messages=plain.filter(bool))
def test_what_is_learnt_begins_where_generation_begins(family: str, messages: list[PlainMessage]) -> None:
    prompt = [*messages, PlainMessage("user", "?", 0.0)]
    answered = joined(segments([*prompt, PlainMessage("assistant", "Yes.", 1.0)], family=family))
    before, behind = TURNS[family]
    opened = joined(segments(prompt, generation_prompt=True, family=family))
    assert answered.startswith(f"{opened}{before}Yes.{behind}")


@given(messages=plain, prompt=st.booleans())
def test_neighbouring_segments_differ_and_none_is_empty(messages: list[PlainMessage], prompt: bool) -> None:
    pieces = segments(messages, generation_prompt=prompt)
    assert all(piece.text for piece in pieces)
    assert all(a[1:] != b[1:] for a, b in pairwise(pieces))


@pytest.mark.slow
@given(t=conversations)
def test_a_longer_conversation_starts_with_the_shorter_one(t: Trajectory) -> None:
    opening = 0
    while opening < len(t.messages) and t.messages[opening].role == "system":
        opening += 1
    whole = joined(segments(plain_messages(t)))
    for length in range(opening, len(t.messages)):
        part = Trajectory(id=t.id, task=t.task, tools=t.tools, messages=t.messages[:length])
        follows = t.messages[length].role == "assistant"
        assert whole.startswith(joined(segments(plain_messages(part), generation_prompt=follows)))


def test_opening_system_messages_join_the_instruction_and_later_ones_stay_in_place() -> None:
    t = Trajectory(
        id="a",
        task=Task(instruction="Book tables."),
        messages=(
            Message(role="system", content="Be brief.\n"),
            Message(role="system", content=" "),
            Message(role="user", content=" hi "),
            Message(role="system", content="It is noon."),
        ),
    )
    assert plain_messages(t) == [
        PlainMessage("system", "Book tables.\n\nBe brief.", 0.0),
        PlainMessage("user", " hi ", 0.0),
        PlainMessage("system", "It is noon.", 0.0),
    ]


def test_the_default_instruction_stands_in_where_nobody_gives_one() -> None:
    t = Trajectory(id="a", messages=(Message(role="user", content="hi"),))
    assert plain_messages(t)[0] == PlainMessage("system", DEFAULT_INSTRUCTION, 0.0)


def test_tool_results_stay_apart_and_weights_are_kept() -> None:
    t = Trajectory(
        id="a",
        messages=(
            Message(role="assistant", tool_calls=(ToolCall(name="f"), ToolCall(name="g"))),
            Message(role="tool", content="1", name="f"),
            Message(role="tool", content="2", name="g"),
            Message(role="assistant", content="3", weight=0.0),
            Message(role="assistant", content="4", weight=0.25),
            Message(role="user", content="5", weight=1.0),
        ),
    )
    first, *rest = plain_messages(t)[1:]
    assert first.weight == 1.0
    assert rest == [
        PlainMessage("tool", "<tool_response>\n1\n</tool_response>", 0.0),
        PlainMessage("tool", "<tool_response>\n2\n</tool_response>", 0.0),
        PlainMessage("assistant", "3", 0.0),
        PlainMessage("assistant", "4", 0.25),
        PlainMessage("user", "5", 0.0),
    ]


@pytest.mark.parametrize("output_format", ["", *sorted(FORMATS)])
def test_calls_are_written_in_the_format_of_the_task(output_format: str) -> None:
    call = ToolCall(name="f", arguments={"a": 1}, id="call_x")
    t = Trajectory(
        id="a",
        task=Task(output_format=output_format),
        tools=(Tool(name="f"),),
        messages=(Message(role="assistant", reasoning="Think.", tool_calls=(call,)),),
    )
    content = plain_messages(t)[1].content
    assert content.startswith("<think>\nThink.\n</think>\n\n")
    message = reply_message(content, output_format)
    assert message == Message(
        role="assistant",
        reasoning="Think.",
        tool_calls=(ToolCall(name="f", arguments={"a": 1}, id="call_0"),),
    )


@pytest.mark.slow
@given(t=conversations)
def test_a_reply_leads_back_to_its_message(t: Trajectory) -> None:
    for message in t.messages:
        if message.role != "assistant":
            continue
        back = reply_message(assistant_text(message))
        assert isinstance(back, Message)
        assert back.content == message.content.strip()
        assert (back.reasoning or "") == (message.reasoning or "").strip()
        assert [call.id for call in back.tool_calls] == [f"call_{i}" for i in range(len(message.tool_calls))]
        assert [(c.name, repr(c.arguments)) for c in back.tool_calls] == [
            (c.name, repr(c.arguments)) for c in message.tool_calls
        ]


@pytest.mark.slow
@pytest.mark.parametrize("output_format", sorted(FORMATS))
@given(text=st.one_of(hostile_text, st.text()))
def test_reading_a_reply_never_raises(output_format: str, text: str) -> None:
    result = reply_message(text, output_format)
    if isinstance(result, Malformed):
        assert 0 <= result.position <= len(text)


def test_reasoning_opens_a_reply_ends_at_the_first_marker_and_has_to_end() -> None:
    assert reply_message("<think>\na</think>b\n</think>\n\nHi") == Message(
        role="assistant", content="b\n</think>\n\nHi", reasoning="a"
    )
    assert reply_message("a</think> Hi") == Message(role="assistant", content="a</think> Hi")
    assert isinstance(reply_message("<think>\nStill at it"), Malformed)


@pytest.mark.parametrize(
    "message",
    [Message(role="assistant", content="<think> so"), Message(role="assistant", reasoning="a</think>")],
)
def test_what_would_be_read_as_another_thought_is_unrenderable(message: Message) -> None:
    with pytest.raises(Unrenderable):
        assistant_text(message)


def test_the_position_of_a_fault_counts_from_the_start_of_the_text() -> None:
    text = "<think>\nx\n</think>\n\n<tool_call>\n{oops}\n</tool_call>"
    result = reply_message(text)
    assert isinstance(result, Malformed)
    assert text[result.position :].startswith("oops")


def test_what_the_format_can_not_say_is_unrenderable() -> None:
    call = ToolCall(name="f")
    speaking = Message(role="assistant", content="Sure.", tool_calls=(call,))
    t = Trajectory(id="a", task=Task(output_format="python"), messages=(speaking,))
    with pytest.raises(Unrenderable):
        plain_messages(t)
