"""Examples in docstrings are read, never run: calls with plain values, and what they are said to return."""

from pathlib import Path

import pytest

from callwright.errors import ToolsError
from callwright.record import ToolCall
from callwright.toolbox import import_python
from callwright.toolbox.doctests import Example, doctests

SOURCE = '''
"""Tools."""


def split(amount: float, people: int = 2) -> float:
    """Split a bill.

    >>> split(10.0, people=4)
    2.5
    >>> split(10)          # a result that is not said
    >>> split(-1)
    Traceback (most recent call last):
    ValueError: no
    >>> split(1 + 2)
    1.5
    >>> other(3)
    >>> split(**{"amount": 3})
    >>> split(1, 2, 3)
    >>> __import__("os").system("touch never")
    """
    return amount / people


def names(upper: bool = False) -> list[str]:
    """List names.

    >>> names()
    ['a', ('b',)]
    >>> names(True)
    <generator>
    >>>broken
    """
    return []


def silent(a: int) -> int:
    """No example."""
    return a


class Till:
    """A till."""

    def __init__(self) -> None:
        self.total = 0

    def put(self, amount: int) -> int:
        """Put money in.

        >>> till = Till()
        >>> till.put(3)
        3
        >>> till.put(amount=4)
        7
        """
        self.total += amount
        return self.total

    def take(self, amount: int) -> int:
        """Take money out.

        >>> till.put(5)
        5
        >>> till.take(2)
        3
        >>> till.total = 9
        >>> till.total
        9
        >>> till.take(2)
        7
        """
        self.total -= amount
        return self.total
'''


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tools.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def test_calls_with_plain_values_are_examples_and_nothing_else_is(file: Path) -> None:
    found = doctests(import_python(file))
    assert found["split"] == (
        Example({"amount": 10.0, "people": 4}, True, 2.5, "line 8"),
        Example({"amount": 10}, False, None, "line 10"),
        Example({"amount": -1}, False, None, "line 11"),
    )
    assert not (file.parent / "never").exists()
    assert "silent" not in found
    assert "names" not in found  # a prompt without a blank spoils a docstring, as it does for doctest


def test_calls_of_methods_go_on_from_those_above_them(file: Path) -> None:
    found = doctests(import_python(file))
    put = ToolCall(name="put", arguments={"amount": 3})
    assert [(e.arguments, e.result, e.before) for e in found["put"]] == [
        ({"amount": 3}, 3, ()),
        ({"amount": 4}, 7, (put,)),
    ]
    (take,) = found["take"]  # what a bare attribute leads to, nobody can tell
    assert take.before == (ToolCall(name="put", arguments={"amount": 5}),)


def test_a_file_that_changed_since_is_refused(file: Path) -> None:
    box = import_python(file)
    file.write_text(SOURCE + "\n", encoding="utf-8")
    with pytest.raises(ToolsError, match="changed"):
        doctests(box)
