"""What the isolated process is made of, tested in this one: docstrings, annotations and results."""

import datetime
import decimal
import enum
import json
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, Optional, TypedDict, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright import schema
from callwright.toolbox.child import docstrings, results
from callwright.toolbox.child.functions import read
from callwright.toolbox.child.shapes import Defect, Shaper

GOOGLE = """Add two numbers
    and tell the sum.

    A second paragraph is for people.

    Args:
        first (int): The one
            to begin with.
        second: The other: a summand.

    Returns:
        int: The sum.

    Raises:
        third: Is no parameter.
    """
NUMPY = """
    Add two numbers
    and tell the sum.

    Parameters
    ----------
    first : int
        The one
        to begin with.
    second : int, optional
        The other: a summand.

    Returns
    -------
    int
        The sum.
    """
SPHINX = """Add two numbers and tell the sum.

    :param int first: The one
        to begin with.
    :type first: int
    :param second: The other: a summand.
    :returns: The sum.
    :raises ValueError: never
    """


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_all_styles_of_docstring_say_the_same(text: str) -> None:
    assert docstrings.parse(text) == (
        "Add two numbers and tell the sum.",
        {"first": "The one to begin with.", "second": "The other: a summand."},
    )


def test_a_plain_or_absent_docstring_has_no_parameters() -> None:
    assert docstrings.parse(None) == ("", {})
    assert docstrings.parse("Tell: the time.\n\nNote: not a heading.") == ("Tell: the time.", {})


@given(st.text())
def test_no_docstring_is_too_odd(text: str) -> None:
    docstrings.parse(text)


class Size(enum.Enum):
    SMALL = "s"
    LARGE = "l"


class Pair(NamedTuple):
    left: int
    right: str = "x"


class Stay(TypedDict, total=False):
    nights: int


@dataclass
class Guest:
    """Someone who stays.

    Attributes:
        name: Full name.
    """

    name: str
    age: Annotated[int, range(18, 100)] = 30
    """Age in years."""


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Any, {}),
        (int, {"type": "integer"}),
        (list, {"type": "array"}),
        (list[Any], {"type": "array"}),
        (dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
        (set[int], {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal[1, "b", None], {"enum": [1, "b", None]}),
        (Size, {"type": "string", "enum": ["s", "l"]}),
        (Optional[int], {"type": ["integer", "null"]}),  # noqa: UP045
        (int | str, {"type": ["integer", "string"]}),
        (
            Union[int, list[int]],  # noqa: UP007
            {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]},
        ),
        (datetime.date, {"type": "string", "format": "date"}),
        (decimal.Decimal, {"type": "number"}),
        (Annotated[int, range(1, 10)], {"type": "integer", "minimum": 1, "maximum": 9}),
        (
            Annotated[int, range(0, 101, 5)],
            {"type": "integer", "minimum": 0, "maximum": 100, "multipleOf": 5},
        ),
        (
            Annotated[int, "Age.", range(3)],
            {"type": "integer", "description": "Age.", "minimum": 0, "maximum": 2},
        ),
        (
            Pair,
            {
                "type": "object",
                "properties": {"left": {"type": "integer"}, "right": {"type": "string", "default": "x"}},
                "required": ["left"],
                "additionalProperties": False,
            },
        ),
        (
            Stay,
            {"type": "object", "properties": {"nights": {"type": "integer"}}, "additionalProperties": False},
        ),
        (
            Guest,
            {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "description": "Full name."},
                    "age": {
                        "type": "integer",
                        "description": "Age in years.",
                        "minimum": 18,
                        "maximum": 99,
                        "default": 30,
                    },
                },
                "required": ["name"],
                "additionalProperties": False,
                "description": "Someone who stays.",
            },
        ),
    ],
)
def test_annotations_say_what_a_model_may_send(annotation: Any, expected: dict[str, Any]) -> None:
    assert Shaper().shape(annotation).schema == expected


def test_markers_of_annotated_types_bound_numbers_and_lengths() -> None:
    at = pytest.importorskip("annotated_types")
    assert Shaper().shape(Annotated[float, at.Ge(0), at.Lt(1)]).schema == {
        "type": "number", "minimum": 0, "exclusiveMaximum": 1,
    }  # fmt: skip
    assert Shaper().shape(Annotated[list[int], at.Len(1, 3)]).schema["maxItems"] == 3
    assert Shaper().shape(Annotated[str, at.MinLen(2)]).schema == {"type": "string", "minLength": 2}


@pytest.mark.parametrize("annotation", [bytes, complex, type, dict[int, str], Literal[b"x"], "not resolved"])
def test_what_json_can_not_say_is_a_defect(annotation: Any) -> None:
    with pytest.raises(Defect):
        Shaper().shape(annotation)


def test_an_optional_parameter_need_not_be_null() -> None:
    def tool(
        name: str, note: str | None = None, size: Size = Size.SMALL, day: datetime.date | None = None
    ) -> str:
        return f"{name} {note} {size.name} {day}"

    function = read("tool", tool)
    assert function.description["parameters"] == {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "note": {"type": "string"},
            "size": {"type": "string", "enum": ["s", "l"], "default": "s"},
            "day": {"type": "string", "format": "date"},
        },
        "required": ["name"],
    }
    assert function.call({"name": "a", "size": "l"}) == "a None LARGE None"
    assert function.call({"name": "a", "day": None, "note": None}) == "a None SMALL None"


@pytest.mark.parametrize(
    ("annotation", "legal", "illegal"),
    [
        (datetime.time, ["00:00", "19:30", "23:59:59.5"], ["24:00", "7:30", "19:30Z", "noon"]),
        (
            datetime.datetime,
            ["2026-05-04T19:30", "2026-05-04T19:30:00+02:00"],
            ["2026-05-04", "2026-13-04T19:30"],
        ),
        (datetime.date, ["2026-02-28"], ["2026-02-30", "28.2.2026"]),
    ],
)
def test_times_are_legal_as_people_write_them(annotation: Any, legal: list[str], illegal: list[str]) -> None:
    shape = Shaper().shape(annotation)
    wrapped = {"type": "object", "properties": {"x": shape.schema}}
    assert shape.read is not None
    for text in legal:
        assert not list(schema.check(wrapped, {"x": text}))
        assert isinstance(shape.read(text), annotation)
    for text in illegal:
        assert list(schema.check(wrapped, {"x": text}))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-results.MAX_INTEGER, results.MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(JSON)
def test_plain_data_is_written_as_json_writes_it(value: Any) -> None:
    assert results.encode(value, 10**6) == json.dumps(value, separators=(",", ":"))


@given(JSON, st.integers(0, 60))
def test_the_limit_is_exact(value: Any, limit: int) -> None:
    text = json.dumps(value, separators=(",", ":"))
    if len(text) <= limit:
        assert results.encode(value, limit) == text
    else:
        with pytest.raises(results.Oversize):
            results.encode(value, limit)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Guest("Ada"), {"name": "Ada", "age": 30}),
        (Pair(1), {"left": 1, "right": "x"}),
        ({Size.LARGE: Size.SMALL}, {"l": "s"}),
        ({1: {3, 1, 2}}, {"1": [1, 2, 3]}),
        (frozenset({"b", "a"}), ["a", "b"]),
        (datetime.datetime(2026, 5, 4, 19, 30), "2026-05-04T19:30:00"),
        (datetime.timedelta(minutes=1), 60.0),
        (decimal.Decimal("19.99"), 19.99),
        ((1, [2.5], deque([None])), [1, [2.5], [None]]),
        ({"a": range(3)}.values(), [[0, 1, 2]]),
    ],
)
def test_rich_results_become_plain(value: Any, expected: Any) -> None:
    assert json.loads(results.encode(value, 1000)) == expected


@pytest.mark.parametrize(
    "value",
    [object(), b"x", print, (x for x in "a"), {None: 1}, {True: 1}, decimal.Decimal("NaN"), 1j, Guest],
)
def test_what_has_no_json_form_is_refused(value: Any) -> None:
    with pytest.raises(results.NotJson):
        results.encode(value, 1000)


CHANGES = {
    "a patched function": "json.dumps = lambda *_: '1'",
    "a function that equals everything": "json.loads = type('E', (), {'__eq__': lambda *_: True})()",
    "a function of os.path": "os.path.exists = print",
    "a name more": "os.extra = 1",
    "a name less": "del json.encoder.c_make_encoder",
    "a name of the interpreter": "builtins.len = lambda _: 0",
    "a module in place of another": "sys.modules['json'] = os",
    "a function of the tools": "tools.helper = print",
    "the code of a function": "tools.helper.__code__ = (lambda: 2).__code__",
    "a default value": "tools.helper.__defaults__ = (1,)",
    "the environment": "os.environ['NEW'] = '1'",
    "the folder": "os.chdir('/')",
    "a handler": "signal.signal(signal.SIGALRM, lambda *_: None)",
    "a timer": "signal.setitimer(signal.ITIMER_REAL, 100)",
    "an alarm": "signal.alarm(100)",
    "tracing": "sys.settrace(lambda *_: None)",
    "profiling": "sys.setprofile(lambda *_: None)",
    "the recursion limit": "sys.setrecursionlimit(500)",
    "the collector": "gc.disable()",
    "a callback of the collector": "gc.callbacks.append(print)",
    "a thread": "threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
    "an audit hook": "sys.addaudithook(lambda *_: None)",
}
NO_CHANGES = {
    "a cache of os.path": "os.path.expandvars('$HOME')",
    "data of the tools": "tools.cache = {}; tools.count = 2",
    "a new module": "import colorsys",
    "what is taken back": "old = json.dumps; json.dumps = print; json.dumps = old",
    "a timer that was stopped": "signal.alarm(100); signal.alarm(0)",
    "a thread that ended": "t = threading.Thread(target=len, args=('',)); t.start(); t.join()",
    "a class made at run time": "type('New', (), {}).__module__ = 'x'",
}


@pytest.mark.parametrize("counted", [True, False], ids=["counters", "no counters"])
def test_what_a_call_leaves_behind_is_noticed(counted: bool) -> None:
    """Each change in a fork of a process that watches, because some can not be taken back."""
    code = f"""
import builtins, gc, json, os, signal, sys, threading, time, types
from callwright.toolbox.child import results, watch
if not {counted}:
    watch._counts = lambda: False
tools = types.ModuleType("tools")
exec("def helper(): return 1\\ncount = 1", vars(tools))
changed = watch.watch(watch.Reports(), tools, [vars(results)])
assert not changed() and not changed()
answers = {{}}
for change in {[*CHANGES.values(), *NO_CHANGES.values()]!r}:
    child = os.fork()
    if not child:
        exec(change)
        os._exit(changed())
    answers[change] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps(answers))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True
    )
    answers = json.loads(done.stdout)
    assert [name for name, change in CHANGES.items() if answers[change] != 1] == []
    assert [name for name, change in NO_CHANGES.items() if answers[change] != 0] == []
