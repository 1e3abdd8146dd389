"""What is left of a pool without some of it, and which tools are alike, against looking at all of them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.record import Tool
from callwright.synthesize.beside import AllBut, Shelf, near
from callwright.synthesize.propose import open_workshop
from callwright.synthesize.wording import Subject, subject_of

WORDS = ["map", "fish", "lamp", "river", "sail", "tower", "glass"]


def subject(number: int, words: list[str]) -> Subject:
    made = subject_of(Tool(name=f"t{number}", description=" ".join(words), parameters={"type": "object"}))
    return Subject(made.tool, made.params, made.frames, made.related, frozenset(words))


POOLS = st.lists(st.lists(st.sampled_from(WORDS), max_size=5), min_size=1, max_size=12).map(
    lambda pool: [subject(number, words) for number, words in enumerate(pool)]
)


@given(POOLS, st.data())
def test_all_but_some_is_the_list_without_them(pool: list[Subject], data: st.DataObject) -> None:
    out = data.draw(st.lists(st.integers(0, len(pool) - 1)))
    wanted = [one for place, one in enumerate(pool) if place not in out]
    left = AllBut(pool, out)
    assert list(left) == wanted
    assert len(left) == len(wanted)
    assert [left[i] for i in range(-len(wanted), 0)] == wanted
    assert left[1:3] == wanted[1:3]
    with pytest.raises(IndexError):
        left[len(wanted)]
    number = min(3, len(wanted))
    assert random.Random(1).sample(left, number) == random.Random(1).sample(wanted, number)


@given(POOLS, POOLS)
def test_alike_ones_are_found_as_by_looking_at_all(pool: list[Subject], others: list[Subject]) -> None:
    shelf = Shelf(pool)
    foreign = [subject(100 + k, sorted(one.content)) for k, one in enumerate(others)]
    for golds in ([pool[0]], [foreign[0]], [*pool[-1:], *foreign[-1:]]):
        assert list(shelf.unlike(golds)) == [s for s in pool if not any(near(s, gold) for gold in golds)]
        assert list(shelf.but(golds)) == [s for s in pool if s not in golds]


def test_of_tools_with_one_name_the_first_counts() -> None:
    tools = [Tool(name="a", description="first"), Tool(name="b"), Tool(name="a", description="second")]
    shop = open_workshop([*tools, tools[0]], seed=1, families="train", values="train")
    assert [(s.name, s.tool.description) for s in shop.subjects] == [("a", "first"), ("b", "")]
