"""A Python file becomes a toolbox, or an error of one line that says where and what to do."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from callwright import schema
from callwright.errors import ToolsError
from callwright.record import Json, ToolCall
from callwright.toolbox import Executor, Toolbox, import_python

EXAMPLE = Path(__file__).parents[2] / "examples" / "tools.py"


def toolbox_of(folder: Path, source: str) -> Toolbox:
    path = folder / "tools.py"
    path.write_text(source, encoding="utf-8")
    return import_python(path)


def run(toolbox: Toolbox, tool: str, **arguments: Json) -> Json:
    with Executor(toolbox) as execute:
        observation = execute(ToolCall(name=tool, arguments=arguments))
    assert observation.ok, observation.error
    return observation.value


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(x:\n", ":1: syntax error: '(' was never closed"),
        ("x = 1\n\nimport no_such_package_at_all\n", ":3: the import failed: got ModuleNotFoundError"),
        ("raise SystemExit(3)", ":1: the import failed: got SystemExit: 3"),
        ("import os\nos._exit(3)", ": the import ended the process with status 3"),
        (
            "open('/tmp/callwright-escape', 'w')",
            "(tools run without network, file writes and other processes",
        ),
        ("x = 1", ": no public function: expected typed functions defined in this file"),
        ("from os.path import join\ndef _f(): pass", ": no public function"),
        ("def f(x): pass", ": 1 function can not be described: f (x: no type)"),
        (
            "def f(x): pass\ndef g(y: int, *z: int): pass\ndef h(x: int) -> int: return x",
            ": 2 functions can not be described: f (x: no type); g (*z: name each parameter)",
        ),
        ("def f(x: int, /): pass", "f (x: calls are by keyword"),
        ("def f(x: 'Missing'): pass", "f (its annotations can not be read: name 'Missing' is not defined)"),
        (
            "from typing import Callable\ndef f(x: Callable[[], int]): pass",
            "f (x: typing.Callable[[], int] has",
        ),
        ("class C: pass\ndef f(x: list[C]): pass", "f (x: C has no JSON form)"),
        ("def f(x: dict[int, str]): pass", "f (x: a dict with keys of type int"),
        ("def größe(x: int): pass", "größe (a name has at most 64 letters"),
    ],
)
def test_a_file_that_is_no_toolbox_is_named_in_one_line(tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(ToolsError) as caught:
        toolbox_of(tmp_path, source)
    text = str(caught.value)
    assert text.startswith(str(tmp_path / "tools.py"))
    assert message in text
    assert "\n" not in text


def test_a_missing_file_and_another_kind_of_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ToolsError, match="no such file"):
        import_python(tmp_path / "tools.py")
    (tmp_path / "tools.txt").write_text("x", encoding="utf-8")
    with pytest.raises(ToolsError, match=r"expected a \.py file, got \.txt"):
        import_python(tmp_path / "tools.txt")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(ToolsError, match=r"a directory: expected a .py file"):
        import_python(tmp_path / "folder.py")


def test_an_endless_import_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "tools.py"
    path.write_text("while True: pass", encoding="utf-8")
    with pytest.raises(ToolsError, match=r"the import took longer than 0\.5 s"):
        import_python(path, timeout=0.5)


def test_importing_runs_nothing_in_this_process(tmp_path: Path) -> None:
    toolbox_of(tmp_path, "import sys\nsys.callwright_was_here = True\ndef f(x: int) -> int:\n    return x\n")
    assert "callwright_was_here" not in vars(sys)
    assert "user_tools" not in sys.modules
    assert [p.name for p in tmp_path.iterdir()] == ["tools.py"]


def test_only_public_functions_of_the_file_itself_count(tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("def other(x: int) -> int:\n    return x\n", encoding="utf-8")
    source = (
        "import functools\nfrom json import dumps\nfrom neighbour import other\n"
        "@functools.lru_cache\ndef cached(x: int) -> int:\n    return other(x)\n"
        "async def later(x: int) -> int:\n    return x + 1\n"
        "alias = cached\nnameless = lambda x: x\n"
        "class Thing: pass\ndef _hidden(x): pass\n"
    )
    toolbox = toolbox_of(tmp_path, source)
    assert [tool.name for tool in toolbox.tools] == ["cached", "later"]
    assert run(toolbox, "cached", x=3) == 3
    assert run(toolbox, "later", x=3) == 4


def test_dunder_all_decides_what_is_public(tmp_path: Path) -> None:
    source = "__all__ = ['f']\ndef f(x: int): pass\ndef helper(anything): pass\n"
    assert [tool.name for tool in toolbox_of(tmp_path, source).tools] == ["f"]


def test_values_arrive_as_the_types_that_the_function_asks_for(tmp_path: Path) -> None:
    source = '''
from __future__ import annotations
import datetime, decimal, enum, uuid
from dataclasses import dataclass, field
from typing import Annotated, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict
class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"
class Point(NamedTuple):
    x: int
    y: int = 0
class Options(TypedDict):
    when: datetime.date
    loud: NotRequired[bool]
@dataclass
class Tree:
    """A tree."""
    label: str
    children: list[Tree] = field(default_factory=list)
City = NewType("City", str)
def kinds(
    colour: Colour, point: Point, options: Options, tree: Tree, city: City, day: datetime.date,
    at: datetime.time, moment: datetime.datetime, price: decimal.Decimal, ratio: float, key: uuid.UUID,
    tags: set[str], pair: tuple[int, datetime.date], days: dict[str, datetime.date],
    either: int | datetime.date | None, maybe: Optional[Colour] = None,
) -> dict:
    return {name: type(value).__name__ for name, value in locals().items()} | {
        "child": type(tree.children[0]).__name__, "second": type(pair[1]).__name__,
        "value": type(days["a"]).__name__, "when": type(options["when"]).__name__,
    }
'''
    arguments = {
        "colour": "red", "point": {"x": 1}, "options": {"when": "2026-05-04"},
        "tree": {"label": "a", "children": [{"label": "b"}]}, "city": "Rome", "day": "2026-05-04",
        "at": "19:30",
        "moment": "2026-05-04T19:30:00Z", "price": 9.99, "ratio": 2,
        "key": "12345678-1234-5678-1234-567812345678", "tags": ["a"], "pair": [1, "2026-05-04"],
        "days": {"a": "2026-05-04"}, "either": "2026-05-04", "maybe": "blue",
    }  # fmt: skip
    assert run(toolbox_of(tmp_path, source), "kinds", **arguments) == {
        "colour": "Colour", "point": "Point", "options": "dict", "tree": "Tree", "city": "str", "day": "date",
        "at": "time", "moment": "datetime", "price": "Decimal", "ratio": "float", "key": "UUID",
        "tags": "set", "pair": "tuple", "days": "dict", "either": "date", "maybe": "Colour", "child": "Tree",
        "second": "date", "value": "date", "when": "date",
    }  # fmt: skip


def test_pydantic_models_and_fields_keep_their_schema(tmp_path: Path) -> None:
    pytest.importorskip("pydantic")
    source = """
from typing import Annotated
from pydantic import BaseModel, Field
class Room(BaseModel):
    beds: int = Field(ge=1, description="Number of beds.")
class Stay(BaseModel):
    rooms: list[Room]
Nights = Annotated[int, Field(ge=1, le=30, description="Length.")]
def book(stay: Stay, nights: Nights, code: Annotated[str, Field(pattern="^[A-Z]+$")]) -> Room:
    return stay.rooms[0]
"""
    toolbox = toolbox_of(tmp_path, source)
    (tool,) = toolbox.tools
    parameters = tool.parameters
    assert parameters["$defs"]["Room"]["properties"]["beds"] == {
        "type": "integer", "minimum": 1, "description": "Number of beds.",
    }  # fmt: skip
    assert parameters["properties"]["nights"] == {
        "type": "integer", "minimum": 1, "maximum": 30, "description": "Length.",
    }  # fmt: skip
    assert parameters["properties"]["code"] == {"type": "string", "pattern": "^[A-Z]+$"}
    assert run(toolbox, "book", stay={"rooms": [{"beds": 2}]}, nights=3, code="A") == {"beds": 2}


def test_a_file_may_import_a_large_package(tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    source = "import numpy\ndef mean(values: list[float]) -> float:\n    return numpy.mean(values)\n"
    assert run(toolbox_of(tmp_path, source), "mean", values=[1, 2.5]) == 1.75


def test_the_example_is_a_model() -> None:
    toolbox = import_python(EXAMPLE)
    assert len(toolbox.tools) >= 12
    assert EXAMPLE.read_text(encoding="utf-8").count("\n") <= 250
    for tool in toolbox.tools:
        assert tool.description.endswith(".")
        assert tool.returns is not None
        for name, spec in tool.parameters["properties"].items():
            assert spec["description"], (tool.name, name)
    text = json.dumps([tool.parameters for tool in toolbox.tools])
    assert all(word in text for word in ('"enum"', '"minimum"', '"format": "date"', '"default"', '"items"'))


def test_a_toolbox_names_the_bytes_it_was_read_from(tmp_path: Path) -> None:
    toolbox = toolbox_of(tmp_path, "def f(x: int) -> int:\n    return x\n")
    toolbox.path.write_text("def f(x: int) -> int:\n    return -x\n", encoding="utf-8")
    with Executor(toolbox) as execute, pytest.raises(ToolsError, match="changed since it was imported"):
        execute(ToolCall(name="f", arguments={"x": 1}))


PREAMBLE = '''
from __future__ import annotations
import collections, datetime, decimal, enum, pathlib, typing, uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, Optional, Required, TypedDict, Union
import pydantic
from pydantic import BaseModel, Field, PositiveInt, constr

class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"

class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2

class Room(BaseModel):
    """A room."""
    beds: int = Field(ge=1, description="Beds.")
    free_from: datetime.datetime | None = None

class Tree(BaseModel):
    value: int
    children: list[Tree] = []

@dataclass
class Guest:
    """Somebody."""
    name: str
    born: datetime.date | None = None
    tags: list[str] = field(default_factory=list)

class Address(TypedDict, total=False):
    street: Required[str]
    city: str

class Point(NamedTuple):
    x: float
    y: float = 0.0

@pydantic.dataclasses.dataclass
class Stay:
    nights: int = Field(ge=1)
'''
STRING, INTEGER, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
GUEST = {
    "type": "object",
    "properties": {
        "name": STRING,
        "born": {"type": "string", "format": "date"},
        "tags": {"type": "array", "items": STRING, "default": []},
    },
    "required": ["name"],
    "additionalProperties": False,
    "description": "Somebody.",
}
CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"
ROOM = {
    "type": "object",
    "description": "A room.",
    "properties": {
        "beds": {"type": "integer", "minimum": 1, "description": "Beds."},
        "free_from": {
            "anyOf": [
                {"type": "string", "examples": ["2026-05-04T19:30"],
                 "pattern": rf"^\d{{4}}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T{CLOCK}(Z|[+-]\d\d:\d\d)?$"},
                {"type": "null"},
            ],
            "default": None,
        },
    },
    "required": ["beds"],
}  # fmt: skip
AWKWARD: list[tuple[str, dict[str, Json], list[str], dict[str, Json], Json]] = [
    # source, properties, required, arguments of a call, its result
    (
        "def literals(unit: Literal['c', 'f'], n: Literal[1, 2] = 1, mixed: Literal['a', 1, None] = None):\n"
        "    return [unit, n, mixed]",
        {"unit": {"type": "string", "enum": ["c", "f"]},
         "n": {"type": "integer", "enum": [1, 2], "default": 1}, "mixed": {"enum": ["a", 1, None]}},
        ["unit"], {"unit": "f", "mixed": 1}, ["f", 1, 1],
    ),
    (
        "def optionals(a: Optional[int], b: str | None = None, c: Union[int, None] = 3, d: int = None):\n"
        "    return [a, b, c, d]",
        {"a": {"type": ["integer", "null"]}, "b": STRING, "c": {"type": ["integer", "null"], "default": 3},
         "d": INTEGER},
        ["a"], {"a": None, "b": "x"}, [None, "x", 3, None],
    ),
    (
        "def classes(colour: Colour, room: Room, guest: Guest, level: Level = Level.LOW):\n"
        "    return [colour.name, room.beds, guest.born.year, level.name]",
        {"colour": {"type": "string", "enum": ["red", "blue"]}, "room": ROOM, "guest": GUEST,
         "level": {"type": "integer", "enum": [1, 2], "default": 1}},
        ["colour", "room", "guest"],
        {"colour": "blue", "room": {"beds": 2}, "guest": {"name": "Ada", "born": "1815-12-10"}, "level": 2},
        ["BLUE", 2, 1815, "HIGH"],
    ),
    (
        "def bounds(n: Annotated[int, Field(ge=1, le=9)], day: Annotated[datetime.date, 'The day.'],\n"
        "           s: Annotated[str, Field(pattern='^[A-Z]+$', min_length=1)] = 'A',\n"
        "           several: list[Annotated[int, Field(gt=0)]] = [1]):\n"
        "    return [n, day.month, s, several]",
        {"n": {"type": "integer", "minimum": 1, "maximum": 9},
         "day": {"type": "string", "format": "date", "description": "The day."},
         "s": {"type": "string", "pattern": "^[A-Z]+$", "minLength": 1, "default": "A"},
         "several": {"type": "array", "items": {"type": "integer", "exclusiveMinimum": 0}, "default": [1]}},
        ["n", "day"], {"n": 3, "day": "2026-05-04", "several": [4]}, [3, 5, "A", [4]],
    ),
    (
        "def fields_as_defaults(n: int = Field(5, ge=1, description='Number.'), r: float = Field(gt=0),\n"
        "                       tags: list[str] = Field(default_factory=list)):\n    return [n, r, tags]",
        {"n": {"type": "integer", "minimum": 1, "description": "Number.", "default": 5},
         "r": {"type": "number", "exclusiveMinimum": 0},
         "tags": {"type": "array", "items": STRING, "default": []}},
        ["r"], {"r": 2}, [5, 2.0, []],
    ),
    (
        "def constrained(\n"
        "    n: PositiveInt, name: constr(min_length=2, max_length=4) = 'ab', stay: Stay = None\n):\n"
        "    return [n, name, stay.nights]",
        {"n": {"type": "integer", "exclusiveMinimum": 0},
         "name": {"type": "string", "minLength": 2, "maxLength": 4, "default": "ab"},
         "stay": {"type": "object", "properties": {"nights": {"type": "integer", "minimum": 1}},
                  "required": ["nights"]}},
        ["n"], {"n": 1, "stay": {"nights": 2}}, [1, "ab", 2],
    ),
    (
        'def numpy(first: int, second: int = 2):\n    """Add.\n\n    Parameters\n    ----------\n'
        "    first : int\n        The first\n        one.\n"
        "    second : int, optional\n        The second.\n\n"
        '    Returns\n    -------\n    int\n        The sum.\n    """\n    return first + second',
        {"first": {"type": "integer", "description": "The first one."},
         "second": {"type": "integer", "description": "The second.", "default": 2}},
        ["first"], {"first": 1}, 3,
    ),
    (
        'def sphinx(first: int, second: int = 2):\n    """Add.\n\n    :param first: The first\n        one.\n'
        '    :type first: int\n    :param int second: The second.\n    :return: The sum.\n    """\n'
        "    return first + second",
        {"first": {"type": "integer", "description": "The first one."},
         "second": {"type": "integer", "description": "The second.", "default": 2}},
        ["first"], {"first": 1}, 3,
    ),
    (
        'def epytext(first: int, second: int = 2):\n    """Add.\n\n    @param first: The first one.\n'
        '    @type first: int\n    @param second: The second.\n    @return: The sum.\n    """\n'
        "    return first + second",
        {"first": {"type": "integer", "description": "The first one."},
         "second": {"type": "integer", "description": "The second.", "default": 2}},
        ["first"], {"first": 1}, 3,
    ),
    ("def without_doc(a: int, b: list[int] = [1, 2]):\n    return [a, b]",
     {"a": INTEGER, "b": {"type": "array", "items": INTEGER, "default": [1, 2]}},
     ["a"], {"a": 1}, [1, [1, 2]]),
    (
        "def unions(value: int | str | list[int] | None, other: Union[Guest, Room, int] = 3):\n"
        "    return [type(value).__name__, type(other).__name__]",
        {"value": {"anyOf": [INTEGER, STRING, {"type": "array", "items": INTEGER}, {"type": "null"}]},
         "other": {"anyOf": [GUEST, ROOM, INTEGER], "default": 3}},
        ["value"], {"value": [1], "other": {"beds": 2}}, ["list", "Room"],
    ),
    (
        "def odd_scalars(price: decimal.Decimal, key: uuid.UUID, wait: datetime.timedelta,\n"
        "                path: pathlib.Path = pathlib.Path('a')) -> decimal.Decimal:\n"
        "    return [price * 2, key.version, wait.days, path.name]",
        {"price": NUMBER, "key": {"type": "string", "format": "uuid"}, "wait": NUMBER,
         "path": {"type": "string", "default": "a"}},
        ["price", "key", "wait"],
        {"price": 0.1, "key": "12345678-1234-4678-9234-567812345678", "wait": 86400, "path": "x/y"},
        [0.2, 4, 1, "y"],
    ),
    (
        "def nested(address: Address, points: list[Point], tree: Tree, table: dict[str, list[Guest]] = {}):\n"
        "    return [address, points[0].y, tree.children[0].value, table['a'][0].name]",
        {"address": {"type": "object", "properties": {"street": STRING, "city": STRING},
                     "required": ["street"], "additionalProperties": False},
         "points": {"type": "array", "items": {
             "type": "object", "properties": {"x": NUMBER, "y": {"type": "number", "default": 0.0}},
             "required": ["x"], "additionalProperties": False}},
         "tree": {"$ref": "#/$defs/Tree"},
         "table": {"type": "object", "default": {},
                   "additionalProperties": {"type": "array", "items": GUEST}}},
        ["address", "points", "tree"],
        {"address": {"street": "s"}, "points": [{"x": 1}], "tree": {"value": 1, "children": [{"value": 2}]},
         "table": {"a": [{"name": "Ada"}]}},
        [{"street": "s"}, 0.0, 2, "Ada"],
    ),
    (
        "def containers(a: Sequence[int], b: Mapping[str, float], c: Iterable[str] = (),\n"
        "               e: set[str] = set(),\n"
        "               d: tuple[int, str] = (1, 'x'), g: collections.deque[int] | None = None,\n"
        "               h: typing.List = [], i: typing.Dict = {}, j: tuple = ()):\n"
        "    return [a, b, c, sorted(e), d, type(g).__name__, h, i, j]",
        {"a": {"type": "array", "items": INTEGER}, "b": {"type": "object", "additionalProperties": NUMBER},
         "c": {"type": "array", "items": STRING, "default": []},
         "e": {"type": "array", "items": STRING, "uniqueItems": True, "default": []},
         "d": {"type": "array", "prefixItems": [INTEGER, STRING], "minItems": 2, "maxItems": 2,
               "default": [1, "x"]},
         "g": {"type": "array", "items": INTEGER}, "h": {"type": "array", "default": []},
         "i": {"type": "object", "default": {}}, "j": {"type": "array", "default": []}},
        ["a", "b"], {"a": [1], "b": {"x": 1}, "e": ["q"], "d": [2, "y"], "g": [1]},
        [[1], {"x": 1.0}, [], ["q"], [2, "y"], "deque", [], {}, []],
    ),
    ("async def later(n: int, *, loud: bool = False):\n    return n + loud",
     {"n": INTEGER, "loud": {"type": "boolean", "default": False}}, ["n"], {"n": 1, "loud": True}, 2),
]  # fmt: skip


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Toolbox, Executor]]:
    pytest.importorskip("pydantic")
    source = PREAMBLE + "\n\n".join(case[0] for case in AWKWARD)
    toolbox = toolbox_of(tmp_path_factory.mktemp("awkward"), source)
    with Executor(toolbox) as execute:
        yield toolbox, execute


@pytest.mark.parametrize("case", AWKWARD, ids=[re.search(r"def (\w+)", case[0])[1] for case in AWKWARD])
def test_awkward_functions_have_the_schema_and_take_the_call(
    awkward: tuple[Toolbox, Executor],
    case: tuple[str, dict[str, Json], list[str], dict[str, Json], Json],
) -> None:
    _, properties, required, arguments, result = case
    toolbox, execute = awkward
    tool = toolbox.tools[AWKWARD.index(case)]
    definitions = tool.parameters.get("$defs")
    assert tool.parameters == {
        "type": "object", "properties": properties, "required": required,
        **({"$defs": definitions} if definitions else {}),
    }  # fmt: skip
    assert list(schema.check(tool.parameters, arguments)) == []
    observation = execute(ToolCall(name=tool.name, arguments=arguments))
    assert observation.error == ""
    assert observation.value == result
