"""The index finds what exact comparison finds, in small blocks and in crowds, and nothing else."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.blend import near
from callwright.blend.near import BANDS, CROWD, MISSED, MOST, Near, overlap, rows_per_band, shingles

VOCABULARY = [a + b + c for a in "bdfgklmnprst" for b in "aeiou" for c in "bdfgklmnprst"]


def sentence(rng: random.Random, size: int) -> list[str]:
    return rng.choices(VOCABULARY, k=size)


def triples(text: str) -> set[tuple[str, ...]]:
    said = text.split()
    return set(zip(said, said[1:], said[2:], strict=False))


def jaccard(a: str, b: str) -> float:
    return len(triples(a) & triples(b)) / len(triples(a) | triples(b))


def with_edits(rng: random.Random, said: list[str], edits: int) -> str:
    changed = list(said)
    for place in rng.sample(range(len(said)), edits):
        changed[place] = f"x{rng.randrange(10**9)}x"
    return " ".join(changed)


def test_planted_copies_in_a_crowd_are_found_and_others_are_kept() -> None:
    rng = random.Random(5)
    originals = [sentence(rng, 40) for _ in range(1500)]
    index = Near(0.8)
    for said in originals:
        look = index.look(0, [" ".join(said)])
        assert look.same == []
        index.add(look)
    copies = [with_edits(rng, said, 1) for said in originals[:500]]  # overlap 0.85 or more
    others = [with_edits(rng, said, 4) for said in originals[500:1000]]
    wanted = [jaccard(" ".join(a), b) >= 0.8 for a, b in zip(originals, copies + others, strict=False)]
    found = [index.look(0, [text]).same for text in copies + others]
    assert [same == [k] for k, same in enumerate(found)] == wanted
    assert sum(wanted[:500]) == 500
    assert sum(wanted[500:]) < 25
    assert index.unchecked == 0


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9])
def test_right_at_the_threshold_hardly_any_is_missed(threshold: float) -> None:
    rng = random.Random(9)
    size, missed, tried = 60, 0, 1500
    shared = round(2 * size * threshold / (1 + threshold))
    while shared / (2 * size - shared) < threshold:
        shared += 1
    for _ in range(tried):
        pieces = [rng.randbytes(4) for _ in range(2 * size - shared)]
        index = Near(threshold)
        one, two = index._sketch(pieces[:size]), index._sketch(pieces[:shared] + pieces[size:])
        index._index.insert(0, one)
        missed += not index._index.query(two)
    assert missed / tried <= 0.008
    assert (1 - threshold ** rows_per_band(threshold)) ** BANDS <= MISSED


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(2, CROWD - 1))
def test_a_small_block_is_compared_exactly(seed: int, rows: int) -> None:
    rng = random.Random(seed)
    base = sentence(rng, 12)
    texts = [with_edits(rng, base, rng.randrange(4)) for _ in range(rows)]
    index = Near(0.5)
    for k, text in enumerate(texts):
        look = index.look(3, [text])
        assert look.same == [m for m in range(k) if jaccard(text, texts[m]) >= 0.5]
        index.add(look)


def test_rows_of_other_blocks_never_meet_however_many_there_are() -> None:
    text = "what is the weather like in the city by the sea today"
    index = Near(0.8)
    for block in range(3):
        for k in range(2 * CROWD):
            index.add(index.look(block, [f"{text} {k} {block} a{k} b{k} c{k} d{k} e{k} f{k}"]))
    number = len(index._pieces)
    index.add(index.look(1, [text]))
    assert index.look(1, [text]).same == [number]
    assert [index.look(block, [text]).same for block in (0, 2, 7)] == [[], [], []]


def test_texts_without_words_are_no_duplicates_of_each_other() -> None:
    index = Near(0.8)
    index.add(index.look(0, ["!!!"]))
    assert index.look(0, ["???"]).same == []


def test_order_and_punctuation_of_messages_are_nothing_and_word_order_is_much() -> None:
    a, b = "book me a table for two", "somewhere near the old harbour"
    assert shingles([a, b]) == shingles([f"{b}!", f"{a.title()}?"])
    assert len(shingles([a]) & shingles(["two for table a me book"])) == 0


def test_long_rows_are_compared_by_a_fair_sample() -> None:
    rng = random.Random(1)
    said = sentence(rng, 6000)
    texts = [" ".join(said), with_edits(rng, said, 150), with_edits(rng, said, 1200), " ".join(said[:3000])]
    pieces = [shingles([text]) for text in texts]
    assert {len(p) for p in pieces} == {MOST}
    hashed = [{int.from_bytes(piece, "little") for piece in p} for p in pieces]
    for other in (1, 2, 3):
        assert abs(overlap(hashed[0], hashed[other]) - jaccard(texts[0], texts[other])) < 0.06


def test_candidates_beyond_the_limit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "CHECKS", 5)
    index = Near(0.5)
    for k in range(10):
        index.add(index.look(0, [f"one two three x{k} y{k} z{k}"]))
    index.look(0, ["one two three"])
    assert index.unchecked == 5 + sum(max(0, k - 5) for k in range(10))
