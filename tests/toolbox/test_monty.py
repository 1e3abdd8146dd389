"""Monty beside CPython: the same results where it runs a tool, the other executor's everywhere else."""

import hashlib
import importlib.util
import math
import pickle
import random
import resource
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from monty_programs import module

from callwright.errors import ConfigError, ExtraMissing, ToolsError
from callwright.record import Episode, Json, Observation, Tool, ToolCall
from callwright.toolbox import Executor, Toolbox, import_python
from callwright.toolbox.monty import MontyExecutor
from callwright.toolbox.monty import executor as monty
from callwright.toolbox.monty import session as monty_session
from callwright.toolbox.monty import source as monty_source

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "tools.py"
needs_monty = pytest.mark.skipif(not monty.available(), reason="needs callwright[sandbox]")
LIMITS: dict[str, Any] = {"timeout": 0.4, "memory_mb": 256, "output_bytes": 20_000}
"""For tools that will run into them."""


def both(path: Path, **limits: Any) -> tuple[Executor, MontyExecutor]:
    """Return the executor of CPython alone, and the one with Monty in front of another like it."""
    toolbox = import_python(path)
    plain = {"isolation": "process"} | limits
    return Executor(toolbox, **plain), MontyExecutor(toolbox, Executor(toolbox, **plain), **limits)


def outcome(seen: Observation) -> tuple[object, ...]:
    """Return all that an observation says of the call; of floats and integers, which of both they are."""
    return seen.ok, repr(seen.value), seen.error, seen.kind


def ran_in_monty(observations: list[Observation]) -> int:
    return sum(seen.isolation == "monty" for seen in observations)


@pytest.fixture(scope="module")
def examples() -> Iterator[tuple[Executor, MontyExecutor]]:
    if not monty.available():
        pytest.skip("needs callwright[sandbox]")
    plain, with_monty = both(EXAMPLE)
    with plain, with_monty:
        yield plain, with_monty


def write(folder: Path, source: str) -> Path:
    path = folder / "tools.py"
    path.write_text(source, encoding="utf-8")
    return path


def plan(source: str) -> monty_source.Source:
    names = {line.split("(")[0].split()[-1] for line in source.splitlines() if "def " in line[:10]}
    return monty_source.read(source.encode(), {name for name in names if not name.startswith("_")})


# ---- the same results


def values_of(schema: dict[str, Json]) -> st.SearchStrategy[Json]:
    """Return values that a schema allows, of the words that the examples use, and some that it does not."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([values_of(arm) for arm in schema["anyOf"]])
    kind = schema.get("type")
    if isinstance(kind, list):
        return st.one_of([values_of({"type": name}) for name in kind])
    if kind == "integer":
        return st.integers(schema.get("minimum", -(10**6)), schema.get("maximum", 10**6))
    if kind == "number":
        return (
            st.floats(-1e9, 1e9, allow_nan=False)
            | st.integers(-(10**4), 10**6)
            | st.decimals(0, 10**4, places=2).map(float)
        )
    if kind == "array":
        return st.lists(values_of(schema.get("items", {"type": "string"})), max_size=5)
    if kind == "object":
        return objects_of(schema)
    if schema.get("format") == "date":
        return st.dates().map(str) | st.just("tomorrow")
    if "pattern" in schema:
        return st.times().map(lambda time: time.isoformat("minutes"))
    return {"boolean": st.booleans(), "null": st.none()}.get(str(kind), st.text(max_size=12))


def objects_of(schema: dict[str, Json]) -> st.SearchStrategy[dict[str, Json]]:
    needed = schema.get("required", [])
    fields = {name: values_of(inner) for name, inner in schema["properties"].items()}
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in needed},
        optional={name: field for name, field in fields.items() if name not in needed},
    )


def calls_of(tools: tuple[Tool, ...]) -> st.SearchStrategy[ToolCall]:
    return st.one_of(
        [
            objects_of(tool.parameters).map(lambda a, n=tool.name: ToolCall(name=n, arguments=a))
            for tool in tools
        ]
    )


EXAMPLE_CALLS = calls_of(import_python(EXAMPLE).tools)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(calls=st.lists(EXAMPLE_CALLS, min_size=10, max_size=60))
def test_examples_have_the_same_observations(
    examples: tuple[Executor, MontyExecutor], calls: list[ToolCall]
) -> None:
    plain, with_monty = examples
    assert list(map(outcome, with_monty.many(calls))) == list(map(outcome, plain.many(calls)))


def test_most_examples_run_in_monty(examples: tuple[Executor, MontyExecutor]) -> None:
    assert dict(examples[1].left_out) == {
        "book_hotel": "check_in: a parameter of type datetime.date",
        "get_weather": "date: a parameter of type datetime.date",
        "rent_car": "pick_up: a parameter of type datetime.date",
        "reserve_table": "date: a parameter of type datetime.date",
        "search_flights": "date: a parameter of type datetime.date",
    }
    assert examples[1](ToolCall(name="split_bill", arguments={"amount": 84, "people": 3})) == Observation(
        ok=True, value={"total": 92.4, "each": 30.8}, isolation="monty", seconds=pytest.approx(0, abs=9)
    )


WORDS = st.sampled_from(
    ["", "a", "Rome", "New York", "é", "ß", "42", "-3.5", "x,y z", "東京", "ΑΣ", "🙂", "\t"]
)
ARGUMENTS = st.fixed_dictionaries(
    {
        "number": st.integers(-9, 9) | st.sampled_from([1000, 10**6]),
        "amount": st.sampled_from([0, 1, 2.675, 40.85, -0.125]) | st.floats(-1e5, 1e5, allow_nan=False),
        "text": WORDS | st.text(st.characters(exclude_categories=["Cn", "Cs"]), max_size=5),
        "flag": st.booleans(),
        "numbers": st.lists(st.integers(-5, 20), max_size=5),
        "amounts": st.lists(st.integers(-9, 99) | st.floats(-9, 9, allow_nan=False), max_size=5),
        "words": st.lists(WORDS, max_size=4),
        "counts": st.dictionaries(WORDS, st.integers(-3, 9), max_size=4),
    }
)


@pytest.mark.slow
@needs_monty
@settings(max_examples=4, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**9), sets=st.lists(ARGUMENTS, min_size=4, max_size=8))
def test_made_up_tools_have_the_same_observations(
    seed: int, sets: list[dict[str, Json]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write(tmp_path_factory.mktemp("made_up"), module(random.Random(seed), 30))
    calls = [ToolCall(name=f"tool_{i}", arguments=arguments) for i in range(30) for arguments in sets]
    plain, with_monty = both(path)
    with plain, with_monty:
        expected, seen = plain.many(calls), with_monty.many(calls)
    assert list(map(outcome, seen)) == list(map(outcome, expected))
    assert ran_in_monty(seen) > 0


def test_most_made_up_tools_are_chosen() -> None:
    names = {f"tool_{i}" for i in range(20)}
    sources = [module(random.Random(seed), 20).encode() for seed in range(1, 5)]
    assert sum(len(monty_source.read(source, names).tools) for source in sources) > 0.8 * 20 * len(sources)


NUMBERS = """
def rounded(x: float, digits: int) -> float:
    return round(x, digits)

def written(x: float) -> list:
    return [f"{x:.2f}", f"{x:,.1f}", f"{x:g}", str(round(x, 3)), f"{x:e}", f"{x:.0%}"]
"""


@needs_monty
def test_rounding_is_cpythons(tmp_path: Path) -> None:
    dice = random.Random(0)
    numbers = [40.85, 2.675, 0.125, -0.04, 1e12, 5e-324, -728.945, 1504.6915]
    numbers += [dice.randint(-(10**6), 10**6) / dice.choice([2, 8, 20, 100, 1000, 2000]) for _ in range(2000)]
    pairs = [(x, dice.randint(0, 6)) for x in numbers for _ in range(2)]
    calls = [ToolCall(name="rounded", arguments={"x": x, "digits": digits}) for x, digits in pairs]
    calls += [ToolCall(name="written", arguments={"x": x}) for x in numbers]
    with both(write(tmp_path, NUMBERS))[1] as execute:
        seen = execute.many(calls)
    assert ran_in_monty(seen) == len(calls)
    assert [repr(o.value) for o in seen[: len(pairs)]] == [repr(round(x, digits)) for x, digits in pairs]
    for x, observation in zip(numbers, seen[len(pairs) :], strict=True):
        assert observation.value == [
            f"{x:.2f}",
            f"{x:,.1f}",
            f"{x:g}",
            str(round(x, 3)),
            f"{x:e}",
            f"{x:.0%}",
        ]


TEXT = """
def cases(text: str) -> list:
    return [text.upper(), text.lower(), text.title(), text.casefold(), text.capitalize(), text.swapcase()]

def kinds(text: str) -> str:
    return " ".join(str(c.isalpha() + 2 * c.isdigit() + 4 * c.isspace() + 8 * c.isupper()) for c in text)
"""


@needs_monty
def test_letters_are_what_they_are_to_cpython(tmp_path: Path) -> None:
    characters = [c for c in map(chr, range(0x20000)) if monty._is_settled(c)]
    words = ["x".join(characters[i : i + 700]) for i in range(0, len(characters), 700)]
    words += ["ΑΣ ας", "İstanbul", "ǆungla", "ﬁn", "O'Neil", "straße"]
    calls = [ToolCall(name=name, arguments={"text": word}) for name in ("cases", "kinds") for word in words]
    with both(write(tmp_path, TEXT), output_bytes=1 << 20)[1] as execute:
        seen = execute.many(calls)
        unsettled = execute(ToolCall(name="cases", arguments={"text": "\u019b"}))
    assert len(characters) > 80_000
    assert ran_in_monty(seen) == len(calls)
    for word, observation in zip(words, seen, strict=False):
        assert observation.value == [
            word.upper(), word.lower(), word.title(), word.casefold(), word.capitalize(), word.swapcase()
        ]  # fmt: skip
    for word, observation in zip(words, seen[len(words) :], strict=True):
        kinds = [c.isalpha() + 2 * c.isdigit() + 4 * c.isspace() + 8 * c.isupper() for c in word]
        assert observation.value == " ".join(map(str, kinds))
    assert unsettled.isolation == "process"


@needs_monty
def test_floats_are_added_as_this_python_adds_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "def total(items: list) -> float:\n    return sum(items)\n")
    calls = [ToolCall(name="total", arguments={"items": items}) for items in ([0.1] * 10, [1, 2])]
    with both(path)[1] as execute:
        assert [o.value for o in execute.many(calls)] == [sum([0.1] * 10), 3]
    monkeypatch.setattr(monty_session, "ADDS_PLAINLY", False)
    with both(path)[1] as careful:
        seen = careful.many(calls)
    assert [(o.value, o.isolation) for o in seen] == [(sum([0.1] * 10), "process"), (3, "monty")]


# ---- what is left to CPython

IMPORTS = """
import datetime, decimal, enum, uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple, NewType, Optional, TypedDict, Union

Size = Literal["small", "big"]
UserId = NewType("UserId", str)
Loop = list["Loop"]

class Color(enum.Enum):
    RED = "red"

@dataclass
class Point:
    x: int

class Row(TypedDict):
    a: int

"""


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        ("str", "a", 1),
        ("int", 1, True),
        ("bool", True, 1),
        ("float", 1.5, "1.5"),
        ("None", None, 0),
        ("list", [1, "a"], {}),
        ("list[int]", [1], [1.5]),
        ("Sequence[str]", ["a"], "a"),
        ("dict[str, int]", {"a": 1}, {"a": "1"}),
        ("Literal['a', 2, None]", 2, 2.0),
        ("Optional[int]", None, "a"),
        ("int | str", "a", None),
        ("Annotated[int, range(3)]", 2, "2"),
        ("Size", "big", 3),
        ("'list[str]'", ["a"], [1]),
        ("list[float] | None", [1, 2.5], ["a"]),
        ("list[list[float]]", [[1]], [1]),
        ("dict[str, float]", {"a": 2}, [2]),
        ("int | float", 2.5, 1),  # which of both an integer is depends on their order
    ],
)
def test_a_parameter_that_takes_json_as_it_is(annotation: str, good: Json, bad: Json) -> None:
    read = plan(f"{IMPORTS}def f(x: {annotation}): return x\n").tools["f"].readers["x"]
    assert read(good) == good
    with pytest.raises(monty_source.Unfit):
        read(bad)


@pytest.mark.parametrize(("value", "read"), [(100, 100.0), (2**70, float(2**70)), (0.5, 0.5), (-0.0, -0.0)])
def test_json_for_a_float_becomes_one(value: Json, read: float) -> None:
    got = plan("def f(x: float): return x\n").tools["f"].readers["x"](value)
    assert (type(got), repr(got)) == (float, repr(read))


@pytest.mark.parametrize(
    "annotation",
    ["datetime.date", "datetime.datetime", "datetime.time", "decimal.Decimal", "uuid.UUID", "Color", "Point",
     "Row", "set", "set[int]", "frozenset[str]", "tuple", "tuple[int, str]", "list[tuple[int, int]]",
     "list[Point]", "dict[str, datetime.date]", "dict[Size, int]", "Literal[Color.RED]", "Optional[Color]",
     "int | Point", "Annotated[set[int], 'ids']", "UserId", "Loop", "bytes", "Unknown", "'not a type'",
     "'Point'", "list[set[int]]"],
)  # fmt: skip
def test_a_parameter_that_has_to_be_converted(annotation: str) -> None:
    source = plan(f"{IMPORTS}def f(x: {annotation}): return 1\n")
    assert not source.tools
    assert source.refused["f"].startswith("x: ")


CLEAN = """
import functools, itertools, json, math
from math import floor as down

RATES = {"EUR": 1.0}
ROWS = {"a": {"price": 1}}
NAMES = ("a", "b")
VOWELS = {"a", "e"}
STEPS = {"add": lambda a, b: a + b}

def _helper(x):
    return x + 1

def f(x: int, y: str = "a", *, z: list[int] | None = None) -> dict:
"""


def tool(body: str, before: str = CLEAN) -> str:
    return before + "".join(f"    {line}\n" for line in body.split("\n"))


@pytest.mark.parametrize(
    "body",
    [
        "return x",
        "'Do it.'\nreturn {'rate': RATES.get(y, 0), 'names': list(NAMES)}",
        "return STEPS['add'](x, 1) + _helper(x) + down(1.5)",
        "total: int = 0\nfor i in range(x):\n    total += i\nreturn total",
        "x += 1\ny += 'b'\nreturn [x, y]",
        "rate = RATES[y]\nrate += x\nreturn rate",
        "row = ROWS.get(y)\nprice = row['price'] if x else 0\nprice = row['price']\nprice += x\nreturn price",
        "for i, c in enumerate(y):\n    x += i\nreturn x",
        "out = []\nfor i, c in enumerate(y):\n    out.append(c)\nreturn out",
        "groups = {}\nfor c in y:\n    groups.setdefault(c, []).append(x)\nreturn groups",
        "rows = json.loads(y)\nrows[0].append(1)\nreturn rows",
        "grid = [[0] * 3 for _ in range(3)]\ngrid[1][2] = x\ngrid[0][0] += 1\nreturn grid",
        "counts = {}\nfor c in y:\n    counts[c] = counts.get(c, 0) + 1\nreturn counts",
        "seen = set()\nfor c in y:\n    if c not in seen:\n        seen.add(c)\nreturn len(seen)",
        "return sum(c in VOWELS for c in y)",
        "return sorted({c for c in y}) + sorted(set(y))",
        "a, b = map(int, y.split(','))\nreturn a",
        "return [k for k, v in sorted(RATES.items(), key=lambda p: -p[1])]",
        "try:\n    return RATES[y]\nexcept KeyError:\n    return None",
        "try:\n    return int(y)\nexcept ValueError as e:\n    raise TypeError('no') from e",
        "if y is None or x is not True:\n    return 1\nreturn 2",
        "todo = [x]\nwhile todo:\n    n = todo.pop()\n    if n > 0:\n        todo.append(n - 1)\nreturn todo",
        "print(x)\nassert x\nreturn json.loads(json.dumps({'a': x}))",
        "return functools.reduce(lambda a, b: a * b, range(1, 5), 1) + math.prod(z or [1])",
        "return ''.join(reversed(y)) + f'{x:>5}' + '%d' % x",
        "rows = sorted(RATES)\nrows.sort(reverse=True)\nreturn rows",
        "return any(_helper(i) > 2 for i in range(x))",
    ],
)
def test_what_runs_in_monty(body: str) -> None:
    source = plan(tool(body))
    assert source.refused == {}
    assert "Do it" not in source.code(source.tools)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import random\nreturn random.random()", "the name random"),
        ("return open('/etc/passwd').read()", "the name open"),
        ("return hash(y)", "the name hash"),
        ("return id(y)", "the name id"),
        ("return undefined", "the name undefined"),
        ("return y.__class__", ".__class__"),
        ("return getattr(y, 'upper')()", "the name getattr"),
        ("return x is y", "the syntax Is"),
        ("return list({c for c in y})", "a set whose order may show"),
        ("return list(VOWELS)", "a set whose order may show"),
        ("seen = {y}\nreturn seen", "a set whose order may show"),
        ("return sorted(set(y), key=len)", "a set whose order may show"),
        ("a = RATES.keys()\nreturn list(a & a)", ".keys() out of a loop"),
        ("pairs = zip(y, y)\nreturn [list(pairs), list(pairs)]", "an iterator that is kept"),
        ("return next(c for c in y)", "the name next"),
        ("letters = (c for c in y)\nreturn list(letters)", "an iterator that is kept"),
        (
            "items = list(y)\nfor i, c in enumerate(items):\n    items.remove(c)\nreturn items",
            "changes what it reads",
        ),
        (
            "a = list(y)\nb = a[:]\nc = a\nfor i in reversed(c):\n    a.append(i)\nreturn b",
            "changes what it reads",
        ),
        ("a = list(y)\nfor i, c in enumerate(a):\n    a += [c]\nreturn a", "changes what it reads"),
        ("k = 1\nfor i in (c * k for c in y):\n    k += 1\nreturn k", "changes what it reads"),
        ("return [a.append(1) for a in [[]]]", "inside of an expression"),
        ("z.append(1)\nreturn z", "changes z in place"),
        ("z[0] = 1\nreturn z", "changes z in place"),
        ("RATES['USD'] = 2.0\nreturn 1", "changes RATES in place"),
        ("rows = [z]\nrows[0].append(1)\nreturn z", "changes what is inside of rows"),
        ("rows = {}\nrows['a'] = z\nrows['a'].append(1)\nreturn z", "changes what is inside of rows"),
        ("rows = {}\nrows['a'] = z\nrows['a'] += z\nreturn z", "changes what is inside of rows"),
        ("rows = []\nrows += [z]\nrows[0].append(1)\nreturn z", "changes what is inside of rows"),
        ("rows = {}\nrows.update(a=z)\nrows['a'].append(1)\nreturn z", "changes what is inside of rows"),
        ("rows = 2 * z\nrows[0].append(1)\nreturn z", "changes what is inside of rows"),
        ("rows = z[:]\nrows[0].append(1)\nreturn z", "changes what is inside of rows"),
        ("row = z\nrow.append(1)\nreturn z", "changes row in place"),
        ("global RATES\nRATES = 1\nreturn 1", "the syntax Global"),
        ("try:\n    return int(y)\nexcept ValueError:\n    return 0", "an except clause"),
        ("try:\n    return RATES[y]\nexcept KeyError as e:\n    return str(e)", "an except clause"),
        ("try:\n    return int(y)\nexcept:\n    return 0", "an except clause"),
        ("try:\n    int(y)\nexcept ValueError:\n    raise KeyError\nreturn 1", "an except clause"),
        ("try:\n    return any(RATES[c] for c in y)\nexcept KeyError:\n    return 0", "in another order"),
        ("try:\n    return _helper(x)\nexcept KeyError:\n    return 0", "in another order"),
        ("try:\n    return RATES[:]\nexcept KeyError:\n    return 0", "in another order"),
        ("try:\n    return int(y)\nfinally:\n    return 0", "a finally clause"),
        ("error = ValueError(y)\nreturn str(error)", "an exception as a value"),
        ("return dict(**{'a': 1}, b=2)", "a call with ** beside other keywords"),
        ("return '\\ud800'", "the constant"),
        ("return str.upper(y)", "str as a value"),
        ("return f'{y!a}'", "the conversion !a"),
        ("return math.gamma(x)", "math.gamma"),
        ("return math", "the import of math"),
        ("with y:\n    return 1", "the syntax With"),
        ("yield x", "the syntax Yield"),
        ("del x\nreturn 1", "the syntax Delete"),
        ("def inner():\n    return x\nreturn inner()", "the name inner"),
        ("return [id for id in y] and id(x)", "the name id for two things"),
        ("x: int\nreturn x", "the syntax AnnAssign"),
        ("return (lambda a=[]: a)()", "a default that is no constant"),
    ],
)
def test_what_a_function_may_not_do(body: str, reason: str) -> None:
    assert reason in plan(tool(body)).refused["f"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import random\ndef f(): return random.random()", "random.random"),
        ("import time\ndef f(): return time.time()", "time.time"),
        ("import datetime\ndef f(): return str(datetime.datetime.now())", "datetime.datetime.now"),
        ("from os import getenv\ndef f(): return getenv('HOME')", "the import of os.getenv"),
        ("from math import *\ndef f(): return sin(1)", "imports *"),
        ("import os.path\ndef f(): return os.replace('a', 'b')", "os.replace"),
        ("from . import x\ndef f(): return x.replace('a', 'b')", "the import of x"),
        (
            "if __name__ == '__main__':\n    pass\nelse:\n    T = 1\ndef f(): return T",
            "uses T: the statement If",
        ),
        ("async def f(): return 1", "not one plain function"),
        ("def f(): return 1\ndef f(): return 2", "not one plain function"),
        ("if True:\n    def f(): return 1", "not one plain function"),
        ("f = lambda: 1", "not one plain function"),
        ("import functools\n@functools.cache\ndef f(): return 1", "a decorator"),
        ("def f(x: list = []): return x", "a default that is no constant"),
        ("def f(x, /): return x", "parameters without a name"),
        ("def f(*x: int): return x", "parameters without a name"),
        ("def f(x): return x", "x has no type"),
        ("T = {}\ndef f(): return T\ndef g(): T['a'] = 1", "uses T, which other code of the file may change"),
        ("T = {}\ndef f(): return T\nT['a'] = 1", "uses T, which other code of the file may change"),
        ("T = {}\ndef f(): return T\nT.update(a=1)", "uses T, which other code of the file may change"),
        (
            "T = []\ndef f(): return T\ndef g(): _h(T)\ndef _h(x): x.append(1)",
            "which other code of the file may",
        ),
        (
            "T = []\ndef f(): return T\ndef g():\n    import os\n    return T",
            "which other code of the file may",
        ),
        (
            "import random\nT = []\ndef f(): return T\ndef g(): random.shuffle(T)",
            "which other code of the file",
        ),
        ("import x\nT = []\ndef f(): return T\ndef g(): x.y(T)", "which other code of the file"),
        (
            "import x\nT = []\nU = {'a': x.y}\ndef f(): return T\ndef g(): U['a'](T)",
            "which other code of the file",
        ),
        ("import x\nT = []\ndef f(): return T\ndef g(): list(map(x.y, T))", "which other code of the file"),
        ("import x\nT = []\ndef f(): return T\ndef g(a: int):\n    a = T\n    a += [1]", "which other code"),
        ("T = []\ndef f(): return T\ndef g(a: int):\n    a = T\n    return a.foo()", "which other code"),
        ("from . import x\nT = []\ndef f(): return T\ndef g(): x(T)", "which other code of the file"),
        (
            "T = []\ndef f(): return T\ndef g(): return set(map(T.append, [1]))",
            "which other code of the file",
        ),
        (
            "T = []\ndef f(): return T\ndef g(): return set(map(T.__delitem__, [1]))",
            "which other code of the file",
        ),
        ("import x\nT = []\ndef f(): return T\ndef g(t=T): x.y(t)", "which other code of the file"),
        ("T = []\ndef f(): return T\ndef g(): getattr(T, 'clear')()", "which other code of the file"),
        ("T = []\ndef f(): return T\ndef g():\n    for T[0] in 'a': pass", "which other code of the file"),
        ("T = {'a': []}\ndef f(): return T\ndef g(): _h().append(1)\ndef _h(): return T['a']", "may change"),
        ("T = 1\ndef f(): return T\ndef g():\n    global T\n    T = 2", "bound more than once"),
        ("T = 1\ndef f(): return T\nfor T in 'ab': pass", "bound more than once"),
        ("T = {}\nclass C:\n    t = T\ndef f(): return T", "uses T, which other code of the file may change"),
        ("T = 1\ndef f(): return T\ndef g(): globals()['T'] = 2", "by other ways than its name"),
        ("import sys\ndef _h(): return 1\ndef f(): return _h()", "by other ways than its name"),
        ("class C:\n    pass\ndef f(): return C()", "uses C: the statement ClassDef"),
        ("def _h(): return open('x')\ndef f(): return _h()", "uses _h: the name open"),
        ("T = iter('ab')\ndef f(): return T", "uses T: the name iter"),
        ("T = zip('ab', 'cd')\ndef f(): return list(T)", "uses T: an iterator that is kept"),
        ("T = {'a': {1, 2}}\ndef f(): return list(T['a'])", "uses T: a set whose order may show"),
        ("def len(x): return 1\ndef f(): return len('a')", "gives len another meaning"),
        ("import json\njson.dumps = str\ndef f(): return json.dumps(1)", "changes a module or an object"),
        ("def f(: return 1", "invalid syntax"),
    ],
)
def test_what_a_file_may_not_do(source: str, reason: str) -> None:
    assert reason in monty_source.read(source.encode(), {"f"}).refused["f"]


@pytest.mark.parametrize(
    "other",
    [
        "def g(): return str(datetime.date.today()) + T['a']",
        "def g(day: str): return datetime.date.fromisoformat(day).strftime('%A') + T['a']",
        "OPS = {'+': lambda a, b: a + b}\ndef g(day: datetime.date): return OPS['+'](T['a'], str(day))",
        "def g(x: set) -> list: return [random.choice(sorted(T)), sorted(x)]",
        "def g(text: str):\n    try:\n        return int(T[text])\n    except ValueError:\n        return 0",
        "def g(x: str):\n    out = list(T)\n    out.append(re.sub('a', 'b', x))\n    return set(out)",
    ],
)
def test_a_table_is_shared_with_functions_that_leave_it_alone(other: str) -> None:
    source = plan(f"import datetime, random, re\nT = {{'a': '1'}}\ndef f(x: str): return T[x]\n{other}\n")
    assert set(source.tools) == {"f"}
    assert set(source.refused) == {"g"}


def test_a_tool_brings_only_what_it_needs() -> None:
    source = plan(
        "import pandas, json\nimport zlib as z\nUNUSED = pandas.DataFrame()\nTABLE = {'a': 1}\n"
        "def _helper(x): return TABLE[x]\ndef f(x: str): return z.crc32(x.encode()) + _helper(x)\n"
        "def g(x: str): return pandas.read_csv(x)\nif __name__ == '__main__':\n    TABLE.clear()\n"
    )
    assert source.refused == {"g": "pandas.read_csv (line 7)"}
    assert source.code(["f"]) == (
        "import binascii as z\nTABLE = {'a': 1}\ndef _helper(x):\n    return TABLE[x]\n"
        "def f(x):\n    return z.crc32(x.encode()) + _helper(x)"
    )


def test_a_list_that_others_see_is_not_extended(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "def f(x: Any):\n    y = x\n    y += [1]\n    return x\n".join(["from typing import Any\n", ""]),
    )
    source = monty_source.read(path.read_bytes(), {"f"})
    assert "y = __callwright_add(y, [1])" in source.code(["f"])
    if monty.available():
        with both(path)[1] as execute:
            seen = execute(ToolCall(name="f", arguments={"x": [0]}))
        assert (seen.value, seen.isolation) == ([0, 1], "process")


# ---- results, failures, limits

ODD = """
import json, math

def pair(x: int) -> tuple: return (x, x)
def keys(x: int) -> dict: return {x: 1, "b": (2,)}
def half_keys(x: int) -> dict: return {x + 0.5: 1}
def big(x: int) -> int: return 10 ** x
def endless(x: int) -> float: return math.inf * x
def bytes_of(x: int) -> bytes: return str(x).encode()
def many(x: int) -> str: return "x" * x
def deep(x: int) -> list:
    nested = []
    for _ in range(x):
        nested = [nested]
    return nested
def fails(x: int) -> float: return 1 / x
def nothing(x: int) -> None: return None
def twins(x: int) -> dict: return {x: "a", str(x): "b"}
def function(x: int) -> object: return fails
"""


@needs_monty
def test_odd_results_and_failures_are_the_other_executors(tmp_path: Path) -> None:
    sizes = {
        "big": (5, 18, 19, 70),
        "many": (19_990, 19_998, 19_999, 50_000_000),
        "deep": (1, 63, 64, 65, 300, 5000),
    }
    names = [
        "pair",
        "keys",
        "half_keys",
        "big",
        "endless",
        "bytes_of",
        "many",
        "deep",
        "fails",
        "nothing",
        "twins",
        "function",
    ]
    calls = [ToolCall(name=name, arguments={"x": x}) for name in names for x in sizes.get(name, (0, 3))]
    calls += [
        ToolCall(name="pair", arguments=arguments)
        for arguments in ({}, {"y": 1}, {"x": "a"}, {"x": [1]}, None)
    ]
    plain, with_monty = both(write(tmp_path, ODD), output_bytes=20_000)
    with plain, with_monty:
        expected, seen = plain.many(calls), with_monty.many(calls)
        assert not with_monty.left_out
    function = next(i for i, call in enumerate(calls) if call.name == "function")
    same = [i for i in range(len(calls)) if i != function]  # its message has an address in it
    assert [outcome(seen[i]) for i in same] == [outcome(expected[i]) for i in same]
    assert all(observation.ok for observation in seen if observation.isolation == "monty")
    assert {calls[i].name for i, o in enumerate(seen) if o.isolation == "monty"} >= {
        "big",
        "many",
        "deep",
        "nothing",
    }


GREEDY = """
import itertools, json

def good(number: int) -> int: return number * 2
def spin() -> int:
    while True:
        pass
def recurse(depth: int) -> int: return recurse(depth + 1) + 1
def power() -> int: return len(str(10 ** 10 ** 8 % 7))
def tower() -> bool:
    x = 3
    while True:
        x = x * x
def bomb() -> str:
    text = "x"
    while True:
        text = text + text
def hoard() -> list:
    kept = []
    while True:
        kept.append([0] * 1000)
def laugh() -> list:
    x = [1]
    for _ in range(30):
        x = [x] * 10
    return x
def laugh_quietly() -> bool:
    x, y = [1], [1]
    for _ in range(30):
        x, y = [x] * 10, [y] * 10
    return x == y
def nest() -> list:
    x = []
    while True:
        x = [x]
def huge(megabytes: int) -> str: return "x" * (megabytes << 20)
def orders() -> int: return len(list(itertools.permutations(range(20))))
def catch() -> int:
    while True:
        try:
            while True:
                pass
        except KeyError:
            pass
"""


@pytest.mark.slow
@needs_monty
def test_greedy_tools_are_stopped_and_harm_nobody(tmp_path: Path) -> None:
    names = [
        "spin",
        "recurse",
        "power",
        "tower",
        "bomb",
        "hoard",
        "laugh",
        "laugh_quietly",
        "nest",
        "huge",
        "orders",
        "catch",
    ]
    arguments: dict[str, Json] = {"recurse": {"depth": 0}, "huge": {"megabytes": 50}}
    calls = []
    for i, name in enumerate(names):
        calls += [
            ToolCall(name="good", arguments={"number": i}),
            ToolCall(name=name, arguments=arguments.get(name, {})),
        ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with both(write(tmp_path, GREEDY), **LIMITS)[1] as execute:
        assert not execute.left_out
        seen = execute.many(calls)
    innocent, greedy = seen[::2], seen[1::2]
    assert [(o.value, o.isolation) for o in innocent] == [(2 * i, "monty") for i in range(len(names))]
    assert {o.isolation for o in greedy} == {"process"}
    kinds = dict(zip(names, (o.kind for o in greedy), strict=True))
    assert kinds["huge"] == "oversize"
    assert all(kind in ("timeout", "raised", "oversize", "crashed") for kind in kinds.values()), kinds
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < (200 << 10 if sys.platform == "linux" else 200 << 20)


@pytest.mark.slow
@needs_monty
def test_hostile_tools_that_monty_loads_are_contained(tmp_path: Path) -> None:
    plain, with_monty = both(Path(shutil.copy(HERE / "hostile.py", tmp_path)), **LIMITS)
    arguments: dict[str, Json] = {
        "huge_result": {"megabytes": 50}, "huge_list": {"length": 10_000_000},
        "not_a_number": {"infinite": True},
    }  # fmt: skip
    with plain, with_monty:
        names = {tool.name for tool in with_monty._toolbox.tools} - with_monty.left_out.keys()
        calls = [ToolCall(name=name, arguments=arguments.get(name, {})) for name in sorted(names)]
        expected, seen = plain.many(calls), with_monty.many(calls)
    assert names >= {"spin", "recurse", "huge_result", "huge_list", "endless_nesting", "big_integer"}
    assert not names & {"hoard", "segfault", "patch_json", "write_file", "fork_and_go_on", "connect"}
    assert list(map(outcome, seen)) == list(map(outcome, expected))
    assert ran_in_monty(seen) == 0


# ---- state

STATE = """
import json

COUNTS = {"n": 0}
PRICES = {"a": [1, 2]}

def count() -> int:
    COUNTS["n"] += 1
    return COUNTS["n"]

def peek() -> int:
    return COUNTS["n"]

def price(name: str) -> list:
    return PRICES[name]

def collect(items: list[int]) -> list:
    kept = []
    for item in items:
        kept.append(item)
    return kept

class Cart:
    def __init__(self) -> None:
        self.items: list[str] = []

    def add(self, item: str) -> list[str]:
        self.items.append(item)
        return self.items
"""


@needs_monty
def test_what_keeps_something_between_calls_stays_with_cpython(tmp_path: Path) -> None:
    plain, with_monty = both(write(tmp_path, STATE))
    calls = [
        ToolCall(name=name, arguments=arguments)
        for name, arguments in [
            ("count", {}),
            ("peek", {}),
            ("price", {"name": "a"}),
            ("collect", {"items": [1]}),
        ]
        * 3
    ]
    with plain, with_monty:
        expected, seen = plain.many(calls), with_monty.many(calls)
        assert set(with_monty.left_out) == {"count", "peek", "add"}
    assert list(map(outcome, seen)) == list(map(outcome, expected))
    assert [o.isolation for o in seen] == ["process", "process", "monty", "monty"] * 3
    assert [o.value for o in seen][2:4] == [o.value for o in seen][-2:] == [[1, 2], [1]]


@needs_monty
def test_episodes_are_played_as_without_monty(tmp_path: Path) -> None:
    plain, with_monty = both(write(tmp_path, STATE))
    price, add = (
        ToolCall(name="price", arguments={"name": "a"}),
        ToolCall(name="add", arguments={"item": "b"}),
    )
    episodes = [
        Episode(calls=(price, price)),
        Episode(calls=()),
        Episode(calls=(add, price, add)),
        Episode(calls=(price, ToolCall(name="price", arguments={"name": "z"}), price)),
        Episode(calls=(add,), state={"Cart": {"items": ["a"]}}),
    ]
    with plain, with_monty:
        expected, seen = plain.play(episodes), with_monty.play(episodes)
    assert [list(map(outcome, p.observations)) for p in seen] == [
        list(map(outcome, p.observations)) for p in expected
    ]
    assert [p.changes for p in seen] == [p.changes for p in expected]
    assert expected[2].changes
    assert [[o.isolation for o in p.observations] for p in seen] == [
        ["monty"] * 2, [], ["process"] * 3, ["monty", "process", "monty"], ["process"],
    ]  # fmt: skip


# ---- an executor like the other


@needs_monty
def test_order_and_results_do_not_depend_on_workers(examples: tuple[Executor, MontyExecutor]) -> None:
    toolbox = import_python(EXAMPLE)
    calls = [
        ToolCall(name="split_bill", arguments={"amount": n + 0.5, "people": 1 + n % 9})
        if n % 3
        else ToolCall(name="get_weather", arguments={"city": f"city {n}", "date": "2026-05-04"})
        for n in range(900)
    ]
    with MontyExecutor(toolbox, Executor(toolbox, workers=2), workers=2) as two:
        assert [o.value for o in two.many(calls)] == [o.value for o in examples[1].many(calls)]


@needs_monty
def test_it_travels_as_its_settings_and_starts_again(examples: tuple[Executor, MontyExecutor]) -> None:
    call = ToolCall(name="split_bill", arguments={"amount": 84.5, "people": 4})
    with pickle.loads(pickle.dumps(examples[1])) as copy:
        first = copy(call)
        copy.close()
        copy.close()
        assert (first.isolation, copy(call).value) == ("monty", first.value)
        assert (
            copy.isolation
            == copy(ToolCall(name="get_weather", arguments={"city": "a", "date": "2026-05-04"})).isolation
        )


@needs_monty
def test_threads_may_share_it(examples: tuple[Executor, MontyExecutor]) -> None:
    results: dict[int, list[Json]] = {}

    def work(k: int) -> None:
        calls = [
            ToolCall(name="split_bill", arguments={"amount": float(k + 1), "people": 1 + n})
            for n in range(40)
        ]
        results[k] = [observation.value["each"] for observation in examples[1].many(calls)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {k: [round((k + 1) * 110 / 100 / (1 + n), 2) for n in range(40)] for k in range(4)}


@needs_monty
def test_what_is_no_call_is_refused(examples: tuple[Executor, MontyExecutor]) -> None:
    calls = [
        ToolCall(name="drop_tables"),
        ToolCall(name="_number", arguments={}),
        ToolCall(name="split_bill", arguments=None),
        ToolCall(name="split_bill", arguments={"amount": object(), "people": 1}),
        ToolCall(name="split_bill", arguments={"amount": math.nan, "people": 1}),
    ]
    observations = examples[1].many(calls)
    assert {(o.ok, o.kind, o.isolation) for o in observations} == {(False, "refused", "none")}
    assert examples[1].many([]) == []


@needs_monty
def test_a_file_that_changed_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "def f(x: int) -> int:\n    return x\n")
    execute = both(path)[1]
    path.write_text("def f(x: int) -> int:\n    return x + 1\n", encoding="utf-8")
    with execute, pytest.raises(ToolsError, match="changed since it was imported"):
        execute(ToolCall(name="f", arguments={"x": 1}))


@needs_monty
@pytest.mark.parametrize("limit", ["timeout", "memory_mb", "output_bytes", "workers"])
def test_unusable_limits_are_named(limit: str, examples: tuple[Executor, MontyExecutor]) -> None:
    toolbox = examples[1]._toolbox
    with pytest.raises(ConfigError, match=f"{limit}: not usable"):
        MontyExecutor(toolbox, Executor(toolbox), **{limit: 0})


def test_without_monty_the_way_to_get_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    toolbox = Toolbox((), EXAMPLE, hashlib.sha256(EXAMPLE.read_bytes()).hexdigest())
    assert not monty.available()
    with pytest.raises(ExtraMissing, match=r"pip install 'callwright\[sandbox\]'"):
        MontyExecutor(toolbox, Executor(toolbox))


@needs_monty
def test_a_lost_process_costs_no_result(
    examples: tuple[Executor, MontyExecutor], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = [ToolCall(name="split_bill", arguments={"amount": 10.0, "people": n + 1}) for n in range(9)]
    expected = [observation.value for observation in examples[1].many(calls)]

    def lost(*_: object) -> list[str]:
        raise monty_session.Lost("gone")

    monkeypatch.setattr(monty_session.Session, "run", lost)
    seen = examples[1].many(calls)
    assert [o.value for o in seen] == expected
    assert ran_in_monty(seen) == 0
