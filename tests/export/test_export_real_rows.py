"""Rows of every source of `unify`: exported and read again they are the same, or dropped for a reason."""

from pathlib import Path

import msgspec
import pytest
from round_trip import SOURCES, comparable, read_back, stripped, written

from callwright.export import EXPORTS
from callwright.record import Trajectory
from callwright.store import read

GOLDEN = Path(__file__).parent.parent / "golden"
READ_LESS = {
    # What the layout carries and its source does not read.
    "responses": ("tools=[]",),
    "xlam2": ("task.format_instruction",),
    "atif": (*EXPORTS["openai"].LOSES.paths, "messages[].name", "messages[].weight"),
}


def golden_rows() -> list[Trajectory]:
    files = sorted(GOLDEN.glob("*/unified.jsonl"))
    return [row for file in files for row in read(file) if isinstance(row, Trajectory)]


@pytest.mark.parametrize("to", [to for to in EXPORTS if to in SOURCES])
def test_rows_of_every_source_come_back_the_same(to: str, tmp_path: Path) -> None:
    rows = [msgspec.structs.replace(t, preference=None) for t in golden_rows()]
    if to == "hermes":  # white space at the ends of a text has no meaning there
        rows = list(map(stripped, rows))
    losses = (*EXPORTS[to].LOSES.paths, *READ_LESS.get(to, ()))
    path, report, kept = written(rows, tmp_path, to)
    back = read_back(path, SOURCES[to])
    assert len(back) == len(kept) == report.kept
    for before, after in zip(kept, back, strict=True):
        assert comparable(after, losses) == comparable(before, losses), before
