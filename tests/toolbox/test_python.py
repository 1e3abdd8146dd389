"""A Python file becomes a toolbox, or an error of one line that says where and what to do."""

import json
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(x:\n", ":1: syntax error: '(' was never closed"),
        ("x = 1\n\nimport no_such_package_at_all\n", ":3: the import failed: got ModuleNotFoundError"),
        ("raise SystemExit(3)", ":1: the import failed: got SystemExit: 3"),
        ("import os\nos._exit(3)", ": the import ended the process with status 3"),
        ("open('/tmp/callwright-escape', 'w')", ":1: the import failed: got PermissionError"),
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
