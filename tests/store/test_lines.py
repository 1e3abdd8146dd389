"""Reading rows: every line comes out exactly once, and a broken file says where."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import ConfigError, DataError
from callwright.record import Dropped, Message, Trajectory, encode
from callwright.store import dropped_path, read, read_lines, report_path

PACK = {"": lambda data: data, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress}
SUFFIX = pytest.mark.parametrize("suffix", PACK)


def write(folder: Path, data: bytes, suffix: str = "") -> Path:
    path = folder / f"rows.jsonl{suffix}"
    path.write_bytes(PACK[suffix](data))
    return path


def only(path: Path) -> Trajectory | Dropped:
    (row,) = read(path)
    return row


@SUFFIX
@given(
    lines=st.lists(st.text(st.characters(exclude_characters="\n\0", codec="utf-8")), max_size=20),
    end=st.booleans(),
)
def test_every_line_comes_out_once_with_its_number(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, lines: list[str], end: bool
) -> None:
    data = "\n".join(lines) + ("\n" if end else "")
    path = write(tmp_path_factory.mktemp("lines"), data.encode(), suffix)
    kept = [(i, line.encode().strip()) for i, line in enumerate(lines, 1)]
    assert list(read_lines(path)) == [
        (i, line) for i, line in kept if line and (i, line) != (1, b"\xef\xbb\xbf")
    ]


@SUFFIX
def test_mark_blank_lines_carriage_returns_and_a_missing_last_newline_are_tolerated(
    tmp_path: Path, suffix: str
) -> None:
    path = write(tmp_path, b'\xef\xbb\xbf{"id":"a"}\r\n\r\n  \n{"id":"b"}', suffix)
    assert list(read_lines(path)) == [(1, b'{"id":"a"}'), (4, b'{"id":"b"}')]
    assert [row.id for row in read(path)] == ["a", "b"]


@SUFFIX
def test_an_empty_file_has_no_rows(tmp_path: Path, suffix: str) -> None:
    assert list(read(write(tmp_path, b"", suffix))) == []


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.999])
def test_a_truncated_file_is_an_error_with_the_place_and_never_a_short_file(
    tmp_path: Path, suffix: str, keep: float
) -> None:
    rows = b"".join(encode(Trajectory(id=str(i * 7919 % 65521))) + b"\n" for i in range(20_000))
    path = write(tmp_path, rows, suffix)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(DataError, match=r"can not be read after line \d+") as caught:
        list(read(path))
    assert caught.value.place == str(path)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_name_that_promises_compression_is_held_to_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.jsonl{suffix}"
    path.write_bytes(b'{"id":"a"}\n')
    with pytest.raises(DataError, match="can not be read after line 0"):
        list(read(path))


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_concatenated_archives_are_one_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.jsonl{suffix}"
    path.write_bytes(b"".join(PACK[suffix](b'{"id":"%d"}\n' % i) for i in range(50)))
    assert [row.id for row in read(path)] == [str(i) for i in range(50)]


def test_garbage_after_the_last_zstd_frame_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.zst"
    path.write_bytes(PACK[".zst"](b'{"id":"a"}\n') + b"garbage")
    with pytest.raises(DataError):
        list(read(path))


def test_a_file_that_is_absent_a_folder_or_utf16_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        list(read(tmp_path / "nowhere.jsonl"))
    with pytest.raises(DataError, match="expected a file, got a directory"):
        list(read(tmp_path))
    with pytest.raises(DataError, match="got UTF-16"):
        list(read(write(tmp_path, '{"id":"a"}'.encode("utf-16"))))


@pytest.mark.parametrize(
    ("data", "got", "hint"),
    [
        (b"PAR1\x15\x04\x15 \n", "a Parquet file", "callwright export"),
        (b"PK\x03\x04\x14\n", "a zip archive", "unpack"),
        (gzip.compress(b'{"id":"a"}\n', mtime=0), "gzip", ".gz"),
        (zstandard.ZstdCompressor().compress(b'{"id":"a"}\n'), "zstd", ".zst"),
        (b"SQLite format 3\0\x10\0\n", "binary data", ""),
    ],
    ids=["parquet", "zip", "gzip", "zstd", "sqlite"],
)
@SUFFIX
def test_a_file_that_begins_like_a_binary_one_is_one_error(
    tmp_path: Path, suffix: str, data: bytes, got: str, hint: str
) -> None:
    path = write(tmp_path, data + b'{"id":"a"}\n', suffix)
    with pytest.raises(DataError, match="holds no lines") as caught:
        list(read(path))
    assert (caught.value.place, caught.value.got) == (str(path), got)
    assert hint in caught.value.hint


def test_a_zero_byte_in_a_row_costs_that_row_alone(tmp_path: Path) -> None:
    broken, whole = read(write(tmp_path, b'{"id":"\0"}\n{"id":"a"}\n'))
    assert isinstance(broken, Dropped)
    assert isinstance(whole, Trajectory)


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (b'{"id":1}', "Expected `str`, got `int` - at `$.id`"),
        (b'{"id":"a","messages":[{"role":"narrator"}]}', "$.messages[0].role"),
        (b'{"id":"a","colour":1}', "unknown field `colour`"),
        (b"[]", "Expected `object`"),
        (b"null", "Expected `object`"),
        (b'{"id":"a"', "truncated"),
        (b'{"id":"a"} {"id":"b"}', "trailing characters"),
        (b'{"id":"a","extra":{"x":NaN}}', "malformed"),
        (b'{"id":"a","extra":{"x":1e999}}', "out of range"),
        (b'{"id":"\\ud800"}', ""),
        (b'{"id":"a\x00"}', "malformed"),
        (b'{"id":"a","extra":' + b'{"a":' * 100_000, "recursion"),
        (b"{'id': 'a'}", "malformed"),
    ],
)
def test_a_line_that_is_no_trajectory_is_dropped_with_reason_and_place(
    tmp_path: Path, line: bytes, detail: str
) -> None:
    path = write(tmp_path, b'{"id":"before"}\n' + line + b'\n{"id":"after"}\n')
    before, row, after = read(path, "verify")
    assert (before.id, after.id) == ("before", "after")
    assert isinstance(row, Dropped)
    assert (row.stage, row.reason, row.path) == ("verify", "not-a-trajectory", "rows.jsonl:2")
    assert detail in row.detail
    encode(row)  # whatever came in can be written to the file of dropped rows


def test_a_dropped_line_keeps_its_value_and_its_id_where_it_has_them(tmp_path: Path) -> None:
    row = only(write(tmp_path, b'{"id":"a","colour":[1,null]}'))
    assert isinstance(row, Dropped)
    assert (row.id, row.row) == ("a", {"id": "a", "colour": [1, None]})
    row = only(write(tmp_path, b'{"id":"a", oops'))
    assert isinstance(row, Dropped)
    assert (row.id, row.row) == ("rows.jsonl:1", '{"id":"a", oops')


@given(st.binary(min_size=1, max_size=60).filter(lambda b: b"\n" not in b and b.strip()))
def test_bytes_that_are_no_utf8_can_be_had_back(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    line = b'{"id":"' + data + b'"}'
    row = only(write(tmp_path_factory.mktemp("bytes"), line))
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        assert isinstance(row, Dropped)
        assert row.reason == "not-utf8"
        assert row.row.encode("latin-1") == line
    else:
        assert not isinstance(row, Dropped) or row.reason == "not-a-trajectory"


def test_integers_beyond_64_bits_survive(tmp_path: Path) -> None:
    row = Trajectory(id="a", extra={"n": 2**80, "m": -(2**80)})
    assert only(write(tmp_path, encode(row))) == row


def test_of_a_repeated_key_the_last_one_counts(tmp_path: Path) -> None:
    assert only(write(tmp_path, b'{"id":"a","id":"b"}')).id == "b"


def test_memory_stays_flat_in_the_number_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.zst"
    line = encode(Trajectory(id="a", messages=(Message(role="user", content="x" * 1000),))) + b"\n"
    with zstandard.ZstdCompressor().stream_writer(path.open("wb")) as out:
        for _ in range(100):
            out.write(line * 1000)  # 107 MB in all
    # VmHWM, not ru_maxrss: the latter also counts what the parent had in memory when it forked.
    code = (
        "import sys; from pathlib import Path; from callwright.store import read\n"
        "rows = sum(1 for _ in read(Path(sys.argv[1])))\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status', encoding='ascii'))\n"
        "print(rows, status['VmHWM'].split()[0])"
    )
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    rows, peak_kb = map(int, run.stdout.split())
    assert rows == 100_000
    assert peak_kb < 90_000


def test_a_line_without_end_does_not_fill_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as out:
        for _ in range(300):
            out.write(b"x" * 2**20)
    with pytest.raises(DataError, match="line is too long"):
        list(read_lines(path))


def test_names_of_the_companion_files_keep_the_compression() -> None:
    assert dropped_path(Path("d/x.jsonl")) == Path("d/x.dropped.jsonl")
    assert dropped_path(Path("d/x.y.jsonl.zst")) == Path("d/x.y.dropped.jsonl.zst")
    assert report_path(Path("d/x.jsonl.gz")) == Path("d/x.report.json")


@pytest.mark.parametrize("name", ["x.json", "x", ".jsonl", "x.parquet", "x.zst"])
def test_a_name_that_is_no_row_file_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"a name that ends in \.jsonl"):
        report_path(Path(name))


def test_reading_a_closed_stream_early_closes_the_file(tmp_path: Path) -> None:
    for suffix in PACK:
        lines = read_lines(write(tmp_path, b'{"id":"a"}\n' * 1000, suffix))
        assert next(lines) == (1, b'{"id":"a"}')
        lines.close()  # a file left open would be a ResourceWarning, which fails the test
