"""Whole files, digests and seeds."""

import hashlib
import math
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import DataError
from callwright.store import row_seed, sha256_file, sha256_text, write_json_atomic


@given(st.binary(max_size=2000))
def test_a_text_and_a_file_of_the_same_bytes_have_the_same_digest(data: bytes) -> None:
    assert sha256_text(data) == hashlib.sha256(data).hexdigest()


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"ab" * 1_000_000)
    assert sha256_file(path) == hashlib.sha256(b"ab" * 1_000_000).hexdigest()


def test_a_text_with_a_lone_surrogate_has_a_digest() -> None:
    assert sha256_text("\ud800") != sha256_text("\ud801")


@given(st.integers(), st.text(), st.text())
def test_a_row_seed_depends_on_both_parts_and_fits_64_bits(seed: int, one: str, other: str) -> None:
    assert 0 <= row_seed(seed, one) < 2**64
    assert (row_seed(seed, one) == row_seed(seed, other)) == (one == other)
    assert row_seed(seed, one) != row_seed(seed + 1, one)


def test_a_row_seed_is_the_same_in_another_process_and_version() -> None:
    code = "from callwright.store import row_seed; print(row_seed(7, 'row-é'))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # The number is written down, because a changed seed would silently change every published data set.
    assert int(run.stdout) == row_seed(7, "row-é") == 4968315567281017476


def test_seed_and_id_can_not_be_shifted_into_each_other() -> None:
    assert row_seed(1, "1a") != row_seed(11, "a")


def test_json_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json_atomic(path, {"ü": [1, 2.5, None], "nan": math.nan})
    assert msgspec.json.decode(path.read_bytes()) == {"ü": [1, 2.5, None], "nan": None}
    with pytest.raises(TypeError):
        write_json_atomic(path, {"x": object()})
    assert msgspec.json.decode(path.read_bytes())["nan"] is None
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_full_disk_leaves_the_old_json(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}", encoding="utf-8")
    (tmp_path / "a.json.part").symlink_to("/dev/full")
    with pytest.raises(DataError, match=r"no space left.*MB free"):
        write_json_atomic(path, {"a": 1})
    assert path.read_text(encoding="utf-8") == "{}"
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
