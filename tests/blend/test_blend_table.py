"""The compact table is a dictionary, and the compact texts are a list."""

import random
import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.blend.table import Table, Texts, eight

KEYS = st.one_of(st.integers(0, 5), st.integers(0, 2**64 - 1), st.integers(0, 9).map(lambda k: k << 40))


@given(st.lists(st.tuples(KEYS, st.integers(0, 2**32 - 2))))
def test_the_table_is_a_dictionary(pairs: list[tuple[int, int]]) -> None:
    table, plain = Table(), dict(pairs)
    for key, number in pairs:
        table.put(key, number)
    assert len(table) == len(plain)
    for key in (*plain, *range(7), 2**64 - 1):
        assert table.get(key) == plain.get(key)


@settings(max_examples=5)
@given(st.integers(0, 99))
def test_it_stays_one_while_it_grows(seed: int) -> None:
    rng = random.Random(seed)
    # Keys that all begin in the same slot are the worst case; most of a digest's are not like that.
    keys = [rng.getrandbits(64) for _ in range(5000)] + [k << 50 for k in range(200)]
    table = Table()
    for number, key in enumerate(keys):
        table.put(key, number)
    assert [table.get(key) for key in keys] == list(range(len(keys)))
    assert table.get(rng.getrandbits(64)) is None


def test_a_key_costs_forty_bytes_at_most() -> None:
    rng = random.Random(3)
    keys = [rng.getrandbits(64) for _ in range(50_000)]
    tracemalloc.start()
    table = Table()
    for number, key in enumerate(keys):
        table.put(key, number)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / len(keys) <= 40


@given(st.lists(st.text(max_size=20)))
def test_texts_come_back_as_they_were(given: list[str]) -> None:
    texts = Texts()
    for text in given:
        texts.append(text)
    assert [texts[k] for k in range(len(texts))] == given


def test_a_digest_gives_its_first_eight_bytes() -> None:
    assert eight(bytes(range(16))) == int.from_bytes(bytes(range(8)), "little")
