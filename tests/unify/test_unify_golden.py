"""Every source has a golden triple: raw rows, the exact trajectories, and the exact text a model is shown."""

from pathlib import Path

import pytest

from callwright.formats import Unrenderable, plain_messages, segments
from callwright.record import Dropped, Trajectory, encode
from callwright.unify import SOURCES, detect, unify

GOLDEN = Path(__file__).parent.parent / "golden"


def raw_of(folder: Path) -> Path:
    if (folder / "raw").is_dir():
        return folder / "raw"
    return next(p for p in sorted(folder.iterdir()) if p.name.startswith("raw."))


def convert(folder: Path, source: str) -> list[Trajectory | Dropped]:
    return list(unify([raw_of(folder)], source))


def rendered(row: Trajectory) -> str:
    """Return the whole text that a model is trained on, or why it can not be written."""
    try:
        text = "".join(segment.text for segment in segments(plain_messages(row)))
    except Unrenderable as error:
        text = f"can not be rendered: {error}"
    return f"##### {row.id}\n{text}\n"


def hold_to(expected: Path, got: bytes, update: bool) -> None:
    if update:
        expected.write_bytes(got)
        pytest.fail(f"{expected} rewritten; read the difference, then run again without --update-golden")
    assert got.decode() == expected.read_bytes().decode()


@pytest.mark.parametrize("name", SOURCES)
def test_raw_rows_become_exactly_the_golden_trajectories(name: str, update_golden: bool) -> None:
    folder = GOLDEN / name
    assert folder.is_dir(), f"source {name} has no golden folder {folder}"
    got = b"".join(encode(row) + b"\n" for row in convert(folder, name))
    hold_to(folder / "unified.jsonl", got, update_golden)


@pytest.mark.parametrize("name", SOURCES)
def test_golden_trajectories_are_rendered_exactly_as_the_golden_text(name: str, update_golden: bool) -> None:
    rows = [row for row in convert(GOLDEN / name, name) if isinstance(row, Trajectory)]
    hold_to(GOLDEN / name / "rendered.txt", "".join(map(rendered, rows)).encode(), update_golden)


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
