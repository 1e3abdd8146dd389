"""A row that is exported and unified again is the same, up to the losses that its layout declares."""

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from round_trip import SOURCES, comparable, read_back, stripped, written

from callwright.export import EXPORTS
from callwright.record import Trajectory
from record_strategies import plain_numbers, trajectories


class Reader(NamedTuple):
    """On which rows the law is tried, and what the source of `unify` does not read."""

    rows: st.SearchStrategy[Trajectory]
    loses: tuple[str, ...] = ()
    """What the layout carries and the source does not read."""


NO_PAIR = trajectories().map(lambda t: msgspec.structs.replace(t, preference=None))
PAIR = trajectories(errors=False).filter(lambda t: t.preference is not None)
READERS: dict[str, Reader] = {
    "openai": Reader(trajectories()),
    # Where calls are made, the source takes an empty list of tools for an unknown one.
    "responses": Reader(trajectories(), ("tools=[]",)),
    "trl": Reader(NO_PAIR),
    "preference": Reader(PAIR),
    "hf": Reader(trajectories(errors=False, number=plain_numbers)),
    # Both sources trim what is said behind a thought.
    "llamafactory": Reader(trajectories("alternating", errors=False).map(stripped)),
    "hermes": Reader(trajectories(errors=False).map(stripped)),
    "xlam": Reader(trajectories("single", errors=False)),
    # Every source sets aside what tells how to write calls.
    "xlam2": Reader(trajectories("alternating", errors=False), ("task.format_instruction",)),
    "atif": Reader(trajectories()),
}


@pytest.mark.slow
@pytest.mark.parametrize("to", READERS)
@settings(max_examples=40)
@given(data=st.data())
def test_an_exported_row_that_is_unified_again_is_the_same_up_to_the_declared_losses(
    to: str, data: Any
) -> None:
    reader, layout = READERS[to], "trl" if to == "preference" else to
    rows = data.draw(st.lists(reader.rows, min_size=1, max_size=4))
    losses = (*EXPORTS[layout].LOSES.paths, *reader.loses)
    with tempfile.TemporaryDirectory() as folder:
        path, report, kept = written(rows, Path(folder), layout)
        back = read_back(path, SOURCES[to])
    assert len(back) == len(kept) == report.kept
    for before, after in zip(kept, back, strict=True):
        assert comparable(after, losses) == comparable(before, losses)


@pytest.mark.slow
@settings(max_examples=80)
@given(st.lists(trajectories(errors=False), min_size=1, max_size=4))
def test_atif_gives_back_every_field_of_the_record(rows: list[Trajectory]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, report, kept = written(rows, Path(folder), "atif")
        assert report.dropped == len(rows) - len(kept)  # results that stand behind no call
        assert read_back(path, "atif") == kept
