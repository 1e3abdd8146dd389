"""Every source has small raw files with the exact trajectories that they must become."""

from pathlib import Path

import pytest

from callwright.record import Dropped, Trajectory, encode
from callwright.unify import SOURCES, detect, unify

GOLDEN = Path(__file__).parent.parent / "golden"


def raw_of(folder: Path) -> Path:
    if (folder / "raw").is_dir():
        return folder / "raw"
    return next(p for p in sorted(folder.iterdir()) if p.name.startswith("raw."))


def convert(folder: Path, source: str) -> list[Trajectory | Dropped]:
    return list(unify([raw_of(folder)], source))


@pytest.mark.parametrize("name", SOURCES)
def test_raw_rows_become_exactly_the_golden_trajectories(name: str, update_golden: bool) -> None:
    folder = GOLDEN / name
    assert folder.is_dir(), f"source {name} has no golden folder {folder}"
    got = b"".join(encode(row) + b"\n" for row in convert(folder, name))
    expected = folder / "unified.jsonl"
    if update_golden:
        expected.write_bytes(got)
        pytest.fail(f"{expected} rewritten; read the difference, then run again without --update-golden")
    assert got.decode() == expected.read_bytes().decode()


@pytest.mark.parametrize("name", SOURCES)
def test_golden_files_show_kept_and_dropped_rows(name: str) -> None:
    kinds = {type(row) for row in convert(GOLDEN / name, name)}
    assert kinds == {Trajectory, Dropped}


@pytest.mark.parametrize("name", SOURCES)
def test_golden_files_are_recognised_as_their_own_source(name: str) -> None:
    raw = raw_of(GOLDEN / name)
    for path in [raw] if raw.is_file() else sorted(raw.iterdir()):
        assert detect(path).name == name


def test_no_golden_folder_is_left_behind() -> None:
    assert {p.name for p in GOLDEN.iterdir() if p.is_dir()} == set(SOURCES)
