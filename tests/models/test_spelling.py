"""Text that comes in pieces is the text; nothing is told that has to be taken back."""

import doctest
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from callwright.models import spelling
from callwright.models.spelling import Spelling, Until


def of_bytes(tokens: Sequence[int]) -> str:
    """Decode as a byte-level tokenizer does."""
    return bytes(tokens).decode(errors="replace")


def without_first_blank(tokens: Sequence[int]) -> str:
    """Decode as tokenizers do that write a blank before every word and drop the first."""
    return of_bytes(tokens).removeprefix(" ")


@given(st.text(st.characters(exclude_characters="\ufffd", exclude_categories=["Cs"])))
def test_whole_characters_come_as_soon_as_they_are_there(text: str) -> None:
    spelled = Spelling(of_bytes)
    for character in text:
        *first, last = character.encode()
        assert [spelled.feed(byte) for byte in first] == [""] * len(first)
        assert spelled.feed(last) == character
    assert spelled.close() == ""


@given(st.binary())
def test_broken_bytes_are_told_at_the_end_at_the_latest(data: bytes) -> None:
    spelled = Spelling(of_bytes)
    told = "".join(spelled.feed(byte) for byte in data) + spelled.close()
    assert told.replace("\ufffd", "") == of_bytes(data).replace("\ufffd", "")


@given(st.lists(st.sampled_from([" a", " b", "c", " "])))
def test_a_blank_that_decoding_drops_is_not_lost_between_words(words: list[str]) -> None:
    spelled = Spelling(without_first_blank)
    tokens = [byte for word in words for byte in word.encode()]
    told = "".join(spelled.feed(token) for token in tokens) + spelled.close()
    assert told == without_first_blank(tokens)


@given(
    st.lists(st.text("abc", max_size=4), max_size=12),
    st.lists(st.text("abc", min_size=1, max_size=4), max_size=3),
)
def test_what_comes_before_a_stop_does_not_depend_on_the_pieces(pieces: list[str], stop: list[str]) -> None:
    until = Until(stop)
    told = ""
    for piece in pieces:
        told += until.feed(piece)
        assert not any(each in told for each in stop)
    told += until.close()
    text = "".join(pieces)
    ends = [(text.find(each) + len(each), text.find(each)) for each in stop if each in text]
    assert until.found == bool(ends)
    assert told == (text[: min(ends)[1]] if ends else text)


def test_of_two_stops_that_overlap_the_one_that_is_complete_first_counts() -> None:
    for pieces in (["bcb", "b"], ["bcbb"], ["b", "c", "b", "b"]):
        until = Until(["c", "bcbb"])
        assert "".join(map(until.feed, pieces)) + until.close() == "b"


def test_the_examples_run() -> None:
    assert doctest.testmod(spelling).failed == 0
