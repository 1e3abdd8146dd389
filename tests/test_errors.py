"""The error tree: one line each, picklable, and split by who can mend it."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright import errors
from callwright.errors import CallwrightError, DataError, ModelError, UserError, WorkerError

TREE = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CallwrightError)
]
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20)


@pytest.mark.slow
@pytest.mark.parametrize("kind", TREE)
@given(
    parts=st.fixed_dictionaries({"place": WORDS, "expected": WORDS, "got": WORDS, "hint": WORDS}), what=WORDS
)
def test_every_error_survives_the_way_from_a_worker(
    kind: type[CallwrightError], what: str, parts: dict[str, str]
) -> None:
    error = kind(what, **parts)
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert str(back) == str(error)
    assert vars(back) == vars(error)


@given(
    parts=st.fixed_dictionaries({"place": WORDS, "expected": WORDS, "got": WORDS, "hint": WORDS}), what=WORDS
)
def test_the_line_holds_every_part_and_is_one_line(what: str, parts: dict[str, str]) -> None:
    line = str(DataError(what, **parts))
    assert len(line.splitlines()) <= 1
    assert all(part in line for part in (what, *parts.values()))


def test_the_line_reads_in_the_order_place_problem_expected_got_way_out() -> None:
    error = DataError("bad type", place="a.jsonl:3", expected="int", got='"x"', hint="mend the row")
    assert str(error) == 'a.jsonl:3: bad type: expected int, got "x" (mend the row)'
    assert str(DataError("bad type")) == "bad type"
    assert str(DataError("bad type", got="x")) == "bad type: got x"


@pytest.mark.parametrize("kind", TREE)
def test_an_error_says_in_its_docstring_what_it_means(kind: type[CallwrightError]) -> None:
    assert kind.__doc__
    assert kind.__name__ in (errors.__doc__ or "")


def test_outages_and_crashes_are_not_the_users_fault() -> None:
    assert not issubclass(ModelError, UserError)
    assert not issubclass(WorkerError, UserError)
    assert len(TREE) > 8
