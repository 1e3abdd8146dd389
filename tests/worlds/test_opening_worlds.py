"""One name opens every kind of tools, and what holds none is told in one line."""

import gzip
import json
import sys
from pathlib import Path

import pytest
from world_samples import LIBRARY

from callwright.augmentation import POOL
from callwright.errors import CallwrightError, DataError, ToolsError
from callwright.record import Message, Source, Tool, ToolCall, Trajectory, encode
from callwright.toolbox import Limits
from callwright.worlds import World, open_world
from callwright.worlds.files import source_of

FUNCTION = 'def add(a: int, b: int = 1) -> int:\n    """Add two numbers."""\n    return a + b\n'
ADD = ToolCall(name="add", arguments={"a": 2, "b": 3})


def names(world: World) -> list[str]:
    return [tool.name for tool in world.tools]


def value(world: World, call: ToolCall) -> object:
    with world.caller(Limits(timeout=20)) as execute:
        return execute(call).value


def row(number: int, *tools: Tool, licence: str = "") -> Trajectory:
    source = Source(dataset="d", row=number, license=licence)
    return Trajectory(
        id=f"r{number}", source=source, tools=tools, messages=(Message(role="user", content="?"),)
    )


def test_a_file_of_functions_has_no_state_and_nothing_to_know(tmp_path: Path) -> None:
    path = tmp_path / "tools.py"
    path.write_text(FUNCTION, encoding="utf-8")
    world = open_world(str(path))
    assert names(world) == ["add"]
    assert (world.states, world.policy, world.licence, world.executable) == ((None,), "", "", True)
    assert world.data(None) == {}
    assert value(world, ADD) == 5


def test_a_class_brings_states_policy_and_data(tmp_path: Path) -> None:
    world = open_world(LIBRARY)
    assert len(world.tools) == 12
    assert world.policy.startswith("You work at the desk of a lending library.")
    assert world.states[0] is None
    assert len({json.dumps(state) for state in world.states}) == len(world.states) > 20
    for state in world.states[:5]:
        data = world.data(state)["Library"]
        assert len(data["books"]) >= 30
        assert len(data["members"]) >= 10
        assert state is None or data == state["Library"]


def test_an_openapi_document_and_declarations_are_worlds_too(tmp_path: Path) -> None:
    api = open_world(LIBRARY.replace("library.py", "openapi.yaml"))
    with api.caller(Limits()) as execute:
        assert execute(ToolCall(name=api.tools[0].name, arguments={})).via in ("mock", "run")
    path = tmp_path / "declared.json"
    path.write_text(json.dumps([{"name": "go", "parameters": {"type": "object"}}]), encoding="utf-8")
    declared = open_world(str(path))
    assert (names(declared), declared.executable, api.executable) == (["go"], False, True)
    with pytest.raises(ToolsError, match="only declares tools"):
        declared.caller(Limits())


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.zst", "rows.jsonl.gz"])
def test_rows_lend_their_tools_and_licences_and_can_not_be_called(tmp_path: Path, name: str) -> None:
    go, stop = Tool(name="go"), Tool(name="stop")
    rows = [row(1, go, licence="MIT"), row(2, go, stop, licence="CC-BY-4.0"), row(3), row(4, go)]
    text = b"".join(encode(t) + b"\n" for t in rows)
    path = tmp_path / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text))
    elif name.endswith(".zst"):
        zstandard = pytest.importorskip("zstandard")
        path.write_bytes(zstandard.compress(text))
    else:
        path.write_bytes(text)
    world = open_world(str(path))
    assert names(world) == ["go", "stop"]
    assert (world.licence, world.executable) == ("CC-BY-4.0, MIT", False)
    with pytest.raises(ToolsError, match="rows only declare their tools"):
        world.caller(Limits())


def test_rows_lend_all_their_tools_however_many(tmp_path: Path) -> None:
    many = [Tool(name=f"t{k}") for k in range(POOL + 9)]
    (tmp_path / "rows.jsonl").write_bytes(b"".join(encode(row(k, t)) + b"\n" for k, t in enumerate(many)))
    assert len(open_world(str(tmp_path / "rows.jsonl")).tools) == len(many)


def test_lines_of_declarations_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "tools.jsonl"
    path.write_text(
        '{"name": "go", "description": "Go.", "parameters": {"type": "object"}}\n', encoding="utf-8"
    )
    assert names(open_world(str(path))) == ["go"]


@pytest.fixture
def package(tmp_path: Path) -> object:
    """Modules on the path, of which every import would be noticed."""
    folder = tmp_path / "noisy_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    (folder / "tools.py").write_text(FUNCTION, encoding="utf-8")
    (folder / "relative.py").write_text(f"from . import tools\n{FUNCTION}", encoding="utf-8")
    (tmp_path / "noisy_module.py").write_text(FUNCTION, encoding="utf-8")
    (tmp_path / "noisy_namespace").mkdir()
    sys.path.insert(0, str(tmp_path))
    yield tmp_path
    sys.path.remove(str(tmp_path))


@pytest.mark.parametrize("name", ["noisy_module", "noisy_package.tools"])
def test_a_module_is_found_and_not_imported(package: object, name: str) -> None:
    world = open_world(f"module:{name}")
    assert (names(world), world.name) == (["add"], f"module:{name}")
    assert value(world, ADD) == 5
    assert not [loaded for loaded in sys.modules if loaded.startswith("noisy")]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("noisy_package", "module:noisy_package: a package: expected the name of one of its modules"),
        ("noisy_namespace", "module:noisy_namespace: a package"),
        ("noisy_package.nothing", "no such module: got nothing named 'noisy_package.nothing'"),
        ("noisy_module.tools", "not a module with a source file: expected a .py file"),
        ("no_such_package.tools", "no such module: got nothing named 'no_such_package'"),
        ("sys", "not a module with a source file: expected a .py file of typed functions, got built-in"),
        ("", "no such module: got nothing named"),
        ("a..b", "no such module: got nothing named"),
        ("noisy_package.relative", "relative import"),
    ],
)
def test_a_module_that_is_none_is_one_line(package: object, name: str, message: str) -> None:
    with pytest.raises(ToolsError) as caught:
        open_world(f"module:{name}")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_standard_library_is_found_like_any_module() -> None:
    assert source_of("json.tool").name == "tool.py"


def test_classes_of_bfcl_are_opened_together_or_alone(bfcl: None) -> None:
    whole, two = open_world("bfcl"), open_world("bfcl:MathAPI, TicketAPI")
    assert len(whole.tools) == 128
    assert len(whole.states) >= 200
    assert len(two.tools) == 17 + 9
    assert {frozenset(state or {}) for state in two.states} == {frozenset({"TicketAPI"})}
    assert open_world("bfcl:MathAPI").states == (None,)
    assert (whole.licence, whole.sha256) == ("Apache-2.0", two.sha256)
    assert whole.tools[0].returns is not None
    assert open_world("bfcl:TicketAPI", seed=1).states != open_world("bfcl:TicketAPI").states


def test_a_domain_shows_its_tables_and_its_policy() -> None:
    world = open_world("tau:home")
    assert world.states == (None,)
    assert world.policy.startswith("# Library desk policy")
    assert world.data(None)["books"]["B4"]["title"] == "Winter Bees"
    assert world.licence == "Apache-2.0"


@pytest.mark.parametrize("name", ["retail", "airline"])
def test_an_official_domain_is_read_from_its_folder(shared_data: Path, name: str) -> None:
    world = open_world(f"tau:{name}@{shared_data / 'taubench' / 'v1'}")
    assert len(world.tools) == {"retail": 16, "airline": 14}[name]
    assert (world.licence, world.states) == ("MIT", (None,))
    assert len(world.data(None)["users"]) == 500
    assert world.policy.startswith("#")


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("nothing.py", ToolsError, "no such file"),
        ("rows.jsonl", ToolsError, "no such file"),
        ("bfcl:TicketApi", ToolsError, "got 'TicketApi' (did you mean TicketAPI?)"),
        ("bfcl:MemoryAPI_kv", ToolsError, "not a back end of BFCL's multi-turn categories"),
        ("bfcl:,", ToolsError, "got ''"),
        ("tau:", ToolsError, "expected tau:home, tau:retail@FOLDER or tau:airline@FOLDER"),
        ("tau:retail", ToolsError, "expected tau:home, tau:retail@FOLDER"),
        ("tau:home@x", ToolsError, "not a domain of tau-bench"),
        ("tau:telecom@x", ToolsError, "not a domain of tau-bench"),
        ("tau:retail@nowhere", DataError, "give the folder that holds retail/ and airline/"),
    ],
)
def test_a_name_that_opens_nothing_is_one_line(name: str, kind: type[CallwrightError], message: str) -> None:
    with pytest.raises(kind) as caught:
        open_world(name)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
