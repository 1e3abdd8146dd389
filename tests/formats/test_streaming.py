"""A reply read in chunks: free text comes as soon as it is certain, the end is that of the whole text."""

from itertools import pairwise

import pytest
from format_strategies import HOSTILE, hostile_text, replies
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.formats import FORMATS, Malformed, Unrenderable, reply_message
from callwright.formats.streaming import ReplyStream

every_format = pytest.mark.parametrize("name", sorted(FORMATS))


@st.composite
def written(draw: st.DrawFn, name: str) -> str:
    """What a model may write: a reply of the format, something behind it, or anything."""
    try:
        text = FORMATS[name].render(draw(replies))
    except Unrenderable:
        text = draw(hostile_text)
    return text + draw(st.sampled_from(["", "", " ", "\n\n", "</think>", "<", *HOSTILE]))


def told(name: str, text: str, cuts: list[int]) -> tuple[str, ReplyStream]:
    stream = ReplyStream(name)
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    return "".join(stream.feed(text[start:end]) for start, end in pairwise(places)), stream


@pytest.mark.slow
@every_format
@settings(max_examples=40)
@given(data=st.data())
def test_where_the_chunks_end_makes_no_difference(name: str, data: st.DataObject) -> None:
    text = data.draw(written(name))
    cuts = data.draw(st.lists(st.integers(0, 60)))
    at_once, _ = told(name, text, [])
    in_chunks, stream = told(name, text, cuts)
    letter_by_letter, _ = told(name, text, list(range(len(text))))
    message = stream.close()
    assert repr(message) == repr(reply_message(text, name))
    if isinstance(message, Malformed):
        return
    assert in_chunks.startswith(at_once) or at_once.startswith(in_chunks)
    for content in (at_once, in_chunks, letter_by_letter):
        assert message.content.startswith(content)
    assert letter_by_letter == at_once


@pytest.mark.parametrize(
    "text",
    [
        "Aloud, so Paris</think>\n\nIt is Paris.",
        "<think>a</think>b</think>c",
        "The tag </think> ends a thought.",
    ],
)
def test_a_tag_behind_what_was_told_takes_nothing_back(text: str) -> None:
    content, stream = told("", text, list(range(len(text))))
    message = stream.close()
    assert not isinstance(message, Malformed)
    assert message.content == content


@every_format
def test_nothing_of_a_call_and_nothing_of_a_thought_is_told(name: str) -> None:
    from callwright.formats import Reply
    from callwright.record import ToolCall

    text = FORMATS[name].render(Reply("", (ToolCall(name="look_up", arguments={"word": "hidden"}),)))
    content, stream = told(name, f"<think>\nsecret\n</think>\n\n{text}", list(range(200)))
    assert content == ""
    message = stream.close()
    assert not isinstance(message, Malformed)
    assert (message.reasoning, message.tool_calls[0].name) == ("secret", "look_up")


@pytest.mark.parametrize("name", ["hermes", "mistral", "json_list", "python", "yaml", "plain_text", "xml"])
def test_plain_text_comes_word_by_word(name: str) -> None:
    stream = ReplyStream(name)
    pieces = [stream.feed(piece) for piece in ("None", " of the", " tools ", "fits", ".")]
    assert pieces == ["None", " of the", " tools", " fits", "."]
