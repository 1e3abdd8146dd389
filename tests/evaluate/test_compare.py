"""Which runs can be set side by side."""

import pytest

from callwright.errors import DataError
from callwright.evaluate.compare import compare
from callwright.evaluate.results import Result


def row(row_id: str, correct: bool) -> Result:
    return Result(id=row_id, column="c", correct=correct, strict=correct)


def test_a_run_in_which_two_rows_have_the_same_id_is_refused() -> None:
    """One of them would be held against the other's verdict."""
    twice, once = [row("r", True), row("r", False), row("s", True)], [row("r", True), row("s", True)]
    with pytest.raises(DataError, match="the first run: two rows have the same id: got 'r'"):
        compare(twice, twice)
    with pytest.raises(DataError, match="the second run: two rows have the same id"):
        compare(once, twice)
    assert compare(once, once).all.n == 2
