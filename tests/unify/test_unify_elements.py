"""Files are taken apart block by block: the cut may fall anywhere, and no row notices."""

import io
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.unify import pieces
from callwright.unify.elements import blocks, decoded
from callwright.unify.pieces import Broken
from callwright.unify.strict_json import DuplicateKey, decode

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(['"', "\\", "[", "]},{", "\n", "🚣", " : ", "1e999"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=10,
)


def rows_of(text: bytes, *, lines: bool = False) -> list[Any]:
    """Return the values of all rows, or the reasons of those that can not be read."""
    found = [e for b in blocks(io.BytesIO(text), "x", lines=lines) for e in decoded(b)]
    assert [e.number for e in found] == list(range(len(found)))
    return [e.error.reason if e.error else e.value for e in found]


@pytest.fixture(params=[8, 64, 1 << 18])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(pieces, "BLOCK", request.param)
    return int(request.param)


@pytest.mark.slow
@given(st.lists(VALUES, max_size=8), st.sampled_from([None, 1]), st.sampled_from([8, 16, 1 << 18]))
@settings(max_examples=200)
def test_an_array_is_its_elements_wherever_the_blocks_end(
    values: list[Any], indent: int | None, size: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "BLOCK", size)
        text = json.dumps(values, indent=indent, ensure_ascii=False).encode()
        assert rows_of(text) == values


@pytest.mark.slow
@given(st.lists(VALUES.filter(lambda v: isinstance(v, dict)), max_size=8), st.sampled_from([8, 16, 1 << 18]))
@settings(max_examples=200)
def test_lines_are_rows_wherever_the_blocks_end(values: list[Any], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "BLOCK", size)
        for end in ("\n", "\r\n", "\n\n \n"):
            text = "".join(json.dumps(value, ensure_ascii=False) + end for value in values).encode()
            assert rows_of(text, lines=True) == values
            assert rows_of(text.rstrip(), lines=True) == values
            assert rows_of(b"\xef\xbb\xbf" + text, lines=True) == values


def test_a_broken_element_costs_that_element_only(block: int) -> None:
    text = b'[{"a": 1}, {"a": NaN}, {"a": 1, "a": 2}, {"a": "\xff"}, {"a": 1e400}, {"b": [1, {"c": "]"}]}]'
    found = ["not-json", "duplicate-key", "not-utf8", "not-json"]
    assert rows_of(text) == [{"a": 1}, *found, {"b": [1, {"c": "]"}]}]
    assert rows_of(b"\n".join(text[1:-1].split(b", {"))[:8], lines=True) == [{"a": 1}]


@pytest.mark.parametrize("cut", range(2, 40))
def test_an_array_that_is_cut_off_keeps_what_is_whole(block: int, cut: int) -> None:
    whole = b'[{"a": 1}, {"b": [2, 3]}, {"c": "]"}]'
    *kept, last = rows_of(whole[: min(cut, len(whole) - 1)])
    assert kept == [{"a": 1}, {"b": [2, 3]}, {"c": "]"}][: len(kept)]
    assert last == "not-json"


def test_text_behind_an_array_is_said(block: int) -> None:
    assert rows_of(b'[1, 2, 3, 4] "x"') == [1, 2, 3, 4, "not-json"]


@pytest.mark.parametrize("between", ["", "\n", ",\n"])
def test_arrays_one_behind_the_other_are_read_to_the_end(block: int, between: str) -> None:
    arrays = [[{"a": i, "b": "x" * 20} for i in range(n)] for n in (5, 0, 3)]
    text = between.join(json.dumps(array, indent=1) for array in arrays)
    assert rows_of(text.encode()) == arrays[0] + arrays[2]


def test_objects_behind_an_array_are_rows(block: int) -> None:
    text = json.dumps([{"a": 1}, {"a": 2}], indent=1) + '\n{"a": 3}\n{"a": 4}\n'
    assert rows_of(text.encode()) == [{"a": n} for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("bracket", ["}", "]", " ]", "\n}"])
def test_a_closing_bracket_too_many_is_one_row_where_it_stands(
    block: int, bracket: str, indent: int | None
) -> None:
    values = [{"a": n, "b": [1, {"c": "]"}]} for n in range(8)]
    texts = [json.dumps(value, indent=indent) for value in values]
    texts[3] += bracket
    found = rows_of(f"[{','.join(texts)}\n]".encode())
    assert found == [*values[:4], "not-json", *values[4:]]


def test_text_behind_an_array_is_kept_to_its_end(block: int) -> None:
    behind = '"y' + "z" * 3 * block + '" and more'
    found = [
        piece for b in blocks(io.BytesIO(f"[1] {behind}".encode()), "x", lines=False) for piece in b.texts
    ]
    assert [bytes(piece.text) for piece in found if isinstance(piece, Broken)] == [behind.encode()]


def test_lines_of_arrays_are_rows_and_a_single_one_holds_its_elements(block: int) -> None:
    if block > 16:  # a first line that is longer than a block is taken for the array of a whole file
        assert rows_of(b"[1, 2]\n[3]\n") == [[1, 2], [3]]
    assert rows_of(b"[1, 2]\n") == [1, 2]
    assert rows_of(b"[\n1,\n2\n]\n") == [1, 2]


def test_a_line_that_is_too_long_is_one_dropped_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "BLOCK", 16)
    monkeypatch.setattr(pieces, "MAX_ROW", 64)
    long = json.dumps({"a": "x" * 500})
    assert rows_of(f'{{"a": 1}}\n{long}\n{{"a": 2}}\n'.encode(), lines=True) == [
        {"a": 1},
        "too-long",
        {"a": 2},
    ]
    assert rows_of(f'{{"a": 1}}\n{long}'.encode(), lines=True) == [{"a": 1}, "too-long"]


def test_an_element_or_a_value_that_is_too_long_is_one_dropped_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "BLOCK", 16)
    monkeypatch.setattr(pieces, "MAX_ROW", 64)
    long = json.dumps({"a": "x" * 500})
    assert rows_of(f'[{{"a": 1}}, {long}'.encode()) == [{"a": 1}, "too-long"]
    assert rows_of(long.replace(":", ":\n").encode()) == ["too-long"]


def test_lines_with_a_long_or_a_broken_first_one_are_lines_whatever_the_name_says(block: int) -> None:
    long = json.dumps({"a": "x" * 3 * block})
    assert rows_of(f'{long}\n{{"a": 1}}\n'.encode()) == [json.loads(long), {"a": 1}]
    assert rows_of(b'{"a": }\n{"a": 1}\n{"a": 2}') == ["not-json", {"a": 1}, {"a": 2}]
    spread = json.dumps({"a": [1, {"b": 2}], "c": "x" * block}, indent=1)
    assert rows_of(spread.encode()) == [json.loads(spread)]


ROWS = st.lists(
    st.builds(
        lambda number, text, inner: {
            "id": number,
            "text": text,
            "more": [{"id": n, "n": 0.5} for n in inner],
        },
        st.integers(0, 99),
        st.sampled_from(["", "plain", 'with "quotes"', "[{", "}, {", "a\\nb", "日本", "x, y: z"]),
        st.lists(st.integers(0, 9), max_size=2),
    ),
    min_size=1,
    max_size=6,
)
STYLES = (
    lambda rows: "[" + ", ".join(rows) + "]",
    lambda rows: "[\n" + ",\n".join(rows) + "\n]\n",
    lambda rows: "[\n  " + ",\n  ".join(row.replace("\n", "\n  ") for row in rows) + "\n]",
)
DAMAGES = (
    lambda row: row.replace('"text": ', '"text": NaN, "was": ', 1),
    lambda row: row.replace('"text"', '"text', 1),
    lambda row: row.replace('"id"', "id", 1),
    lambda row: row.replace(",", "", 1),
    lambda row: row.replace('"more": [', '"more": [[', 1),
    lambda row: row.replace("]", "", 1),
    lambda row: row[: len(row) // 2],
)


@given(
    rows=ROWS,
    where=st.integers(0, 5),
    damage=st.sampled_from(DAMAGES),
    style=st.sampled_from(STYLES),
    indent=st.sampled_from([None, 2]),
)
@settings(max_examples=400)
def test_a_broken_element_costs_no_other(
    rows: list[dict[str, Any]], where: int, damage: Any, style: Any, indent: int | None
) -> None:
    where %= len(rows)
    texts = [json.dumps(row, ensure_ascii=False, indent=indent) for row in rows]
    texts[where] = damage(texts[where])
    found = rows_of(style(texts).encode())
    others = rows[:where] + rows[where + 1 :]
    assert [row for row in found if isinstance(row, dict) and "text" in row] == others
    assert len(found) > len(others), "the broken one is told"


def test_many_broken_elements_take_no_more_time_than_they_are_long() -> None:
    class Stream(io.BytesIO):
        read_bytes = 0

        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            Stream.read_bytes += len(found)
            return found

    text = "[" + ", ".join(f'{{"n": {n}, "score": NaN}}' for n in range(20_000)) + "]"
    sizes = [len(b.texts) for b in blocks(Stream(text.encode()), "x", lines=False)]
    assert sum(sizes) == 20_000
    assert max(sizes) <= 1000, "they are given out as they are found"


def test_memory_holds_a_block_not_the_file() -> None:
    class Stream(io.BytesIO):
        asked = 0

        def read(self, size: int | None = -1) -> bytes:
            Stream.asked = max(Stream.asked, size if size is not None and size >= 0 else 1 << 60)
            return super().read(size)

    text = json.dumps([{"a": "x" * 100, "n": i} for i in range(50_000)]).encode()
    sizes = [len(b.texts) for b in blocks(Stream(text), "x", lines=False)]
    assert sum(sizes) == 50_000
    assert max(sizes) <= 1000
    assert Stream.asked <= 2 * pieces.BLOCK


@given(VALUES)
def test_strict_json_reads_what_msgspec_reads(value: Any) -> None:
    text = json.dumps(value)
    assert decode(text) == msgspec.json.decode(text) == decode(text.encode())


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 1}', '[{"b": {"c": 1, "d": 2, "c": 3}}]', '{"\\u0061": 1, "a": 2}']
)
def test_a_key_twice_is_found_at_every_depth(text: str) -> None:
    with pytest.raises(DuplicateKey):
        decode(text)


@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "1e400", "-1e999", "[1" + "0" * 400 + ".5]", "{} x", "", '"\\ud800"']
)
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode(text)


def test_large_integers_and_hashes_that_look_like_numbers_stay() -> None:
    assert decode("[" + "1" * 400 + "]") == [int("1" * 400)]
    assert decode('["1e400", "deadbeef1e4000"]') == ["1e400", "deadbeef1e4000"]


def test_broken_pieces_keep_their_bytes() -> None:
    (block,) = blocks(io.BytesIO(b'[{"a": }'), "x", lines=False)
    (piece,) = block.texts
    assert isinstance(piece, Broken)
    assert piece.text == b'{"a": }'
