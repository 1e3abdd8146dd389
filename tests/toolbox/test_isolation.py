"""The levels of isolation: which one is reached, what it keeps out of reach, what is said where one fails."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from callwright.errors import ConfigError
from callwright.record import Json, Observation, ToolCall
from callwright.toolbox import Executor, Toolbox, import_python, wrapped
from callwright.toolbox.process import Level

SOURCE = """
import os, socket

def ping() -> str:
    return "pong"

def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()

def names(path: str) -> list[str]:
    return sorted(os.listdir(path))

def write(path: str) -> str:
    with open(path, "w", encoding="utf-8") as file:
        file.write("x")
    return "written"

def connect(port: int) -> str:
    socket.create_connection(("127.0.0.1", port), timeout=1).close()
    return "connected"

def interfaces() -> int:
    with open("/proc/net/dev", encoding="utf-8") as file:
        return len(file.readlines()) - 2

def spin() -> None:
    while True:
        pass

def long(length: int) -> str:
    return "x" * length

def big(megabytes: int) -> int:
    return len(bytearray(megabytes << 20))
"""
LYING = '#!/bin/sh\nwhile [ "$1" != "--" ]; do shift; done\nshift\nexec "$@"\n'
FORBIDDEN = "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="these are boundaries of Linux")


@pytest.fixture
def toolbox(tmp_path: Path) -> Toolbox:
    path = tmp_path / "tools.py"
    path.write_text(SOURCE, encoding="utf-8")
    return import_python(path)


@pytest.fixture
def bwrap(toolbox: Toolbox) -> Iterator[Executor]:
    _, missing = wrapped.wrapping(toolbox.path.parent)
    if missing:
        pytest.skip(missing)
    with Executor(toolbox, isolation="bwrap") as execute:
        yield execute


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder in place of /usr/bin, where bubblewrap is looked for."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(wrapped, "PLACES", (str(folder / "bwrap"),))
    wrapped.wrapping.cache_clear()
    yield folder
    wrapped.wrapping.cache_clear()


def call(execute: Executor, tool: str, /, **arguments: Json) -> Observation:
    return execute(ToolCall(name=tool, arguments=arguments))


def program(path: Path, text: str, mode: int = 0o755) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def test_auto_takes_the_strongest_level_that_works(toolbox: Toolbox) -> None:
    working = []
    for level in ("bwrap", "landlock", "process"):
        try:
            with Executor(toolbox, isolation=level) as execute:
                assert call(execute, "ping").isolation == level
            working.append(level)
        except ConfigError:
            continue
    with Executor(toolbox) as execute:
        assert execute.isolation == call(execute, "ping").isolation == working[0]


@pytest.mark.parametrize("isolation", ["monty", "", None, "BWRAP"])
def test_what_is_no_level_is_named(toolbox: Toolbox, isolation: Json) -> None:
    with pytest.raises(
        ConfigError, match="isolation: not usable: expected auto, bwrap, landlock, process, none"
    ):
        Executor(toolbox, isolation=isolation)


@pytest.mark.slow
@LINUX
@pytest.mark.parametrize(
    ("text", "mode", "reason"),
    [
        (None, 0, r"bubblewrap is not installed as .*/bin/bwrap \(the package is called bubblewrap\)"),
        (LYING, 0o777, "bubblewrap is not installed"),  # anybody could have put it there
        (LYING, 0o644, "bubblewrap is not installed"),
        (
            FORBIDDEN,
            0o755,
            "bubblewrap is not allowed to work: bwrap: No permissions to create new namespace",
        ),
        ("#!/bin/sh\nexit 3\n", 0o755, "bubblewrap is not allowed to work: status 3"),
        ("#!/no/such/shell\n", 0o755, "bubblewrap does not start: "),
    ],
)
def test_bubblewrap_that_does_not_work_is_done_without(
    toolbox: Toolbox, places: Path, text: str | None, mode: int, reason: str
) -> None:
    if text is not None:
        if os.geteuid() != 0 and mode == 0o755:
            pytest.skip("only root can make a program that is trusted")
        program(places / "bwrap", text, mode)
    with Executor(toolbox, isolation="bwrap") as execute, pytest.raises(ConfigError) as caught:
        execute(ToolCall(name="ping"))
    assert str(caught.value).startswith("isolation: bwrap does not work on this machine: ")
    assert caught.match(reason)
    assert "\n" not in str(caught.value)
    with Executor(toolbox) as execute:
        assert call(execute, "ping").value == "pong"
        assert execute.isolation in ("landlock", "process")


@LINUX
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a program that is trusted")
def test_bubblewrap_that_confines_nothing_is_found_out(toolbox: Toolbox, places: Path) -> None:
    program(places / "bwrap", LYING)
    assert wrapped.wrapping(toolbox.path.parent)[0]
    with Executor(toolbox) as execute:
        assert execute.isolation in ("landlock", "process")
        assert call(execute, "write", path=str(places / "new")).kind == "raised"
    error = pytest.raises(ConfigError, match="bubblewrap did not confine the process")
    with Executor(toolbox, isolation="bwrap") as execute, error:
        execute(ToolCall(name="ping"))


def test_the_search_path_of_programs_is_not_trusted(
    toolbox: Toolbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bwrap", f"#!/bin/sh\ntouch {tmp_path}/fooled\n" + LYING.partition("\n")[2])
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    wrapped.wrapping.cache_clear()
    with Executor(toolbox) as execute:
        assert call(execute, "ping").value == "pong"
    assert not (tmp_path / "fooled").exists()


def test_secrets_are_out_of_sight_under_bubblewrap(
    toolbox: Toolbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The tools lie in the home itself, so that the home can not be hidden as a whole.
    for name in (".ssh/id_ed25519", ".aws/credentials", ".config/gcloud/token", ".netrc", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("hunter2", encoding="utf-8")
    neighbour = tmp_path.parent / f"{tmp_path.name}-neighbour"
    neighbour.write_text("private", encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    wrapped.wrapping.cache_clear()
    _, missing = wrapped.wrapping(tmp_path)
    if missing:
        pytest.skip(missing)
    with Executor(toolbox, isolation="bwrap") as execute:
        assert call(execute, "read", path=str(tmp_path / "notes.txt")).value == "hunter2"
        assert call(execute, "names", path=str(tmp_path / ".ssh")).value == []
        assert call(execute, "read", path=str(tmp_path / ".aws/credentials")).kind == "raised"
        assert call(execute, "read", path=str(tmp_path / ".config/gcloud/token")).kind == "raised"
        assert call(execute, "read", path=str(tmp_path / ".netrc")).kind == "raised"
        assert call(execute, "read", path=str(neighbour)).kind == "raised"
    wrapped.wrapping.cache_clear()


def test_other_processes_and_the_network_are_out_of_sight_under_bubblewrap(bwrap: Executor) -> None:
    numbers = [name for name in call(bwrap, "names", path="/proc").value if name.isdigit()]
    assert len(numbers) <= 3
    assert call(bwrap, "interfaces").value == 1
    assert call(bwrap, "names", path="/dev/shm").value == []
    assert call(bwrap, "names", path="/run").value in ([], None)
    for path in ("/tmp/x", "/dev/shm/x", "/var/tmp/x", "/proc/sys/kernel/hostname", "/x", f"{Path.home()}/x"):
        assert call(bwrap, "write", path=path).kind == "raised", path


def test_tools_in_a_shared_folder_itself_are_found(toolbox: Toolbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrapped, "SHARED_FOLDERS", (str(toolbox.path.parent),))
    wrapped.wrapping.cache_clear()
    with Executor(toolbox) as execute:
        assert call(execute, "ping").value == "pong"
    wrapped.wrapping.cache_clear()


@LINUX
@pytest.mark.parametrize(("places", "level"), [("('/no/bwrap',)", "process"), ("wrapped.PLACES", "bwrap")])
def test_a_kernel_without_landlock_leaves_what_works(toolbox: Toolbox, places: str, level: Level) -> None:
    """A filter that the whole test process inherits plays the kernel that does not know these calls."""
    if level == "bwrap" and wrapped.wrapping(toolbox.path.parent)[1]:
        pytest.skip("bubblewrap does not work here")
    if os.uname().machine not in ("x86_64", "aarch64"):
        pytest.skip("no filter for this machine")
    code = f"""
import ctypes, os, struct, sys
from pathlib import Path
from callwright.record import ToolCall
from callwright.toolbox import Executor, import_python, wrapped
from callwright.toolbox.child import confine
code = confine._program(confine._MACHINES[os.uname().machine][0], {{"landlock": 444}}, os.getpid())
text = ctypes.create_string_buffer(code, len(code))
prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0
assert prctl(22, 2, struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(text)), 0, 0) == 0
wrapped.PLACES = {places}
toolbox = import_python(Path(sys.argv[1]))
with Executor(toolbox) as execute:
    print(execute.isolation)
    print(execute(ToolCall(name="write", arguments={{"path": sys.argv[1] + ".new"}})).kind)
    print(execute(ToolCall(name="connect", arguments={{"port": 9}})).error.partition(":")[0])
try:
    Executor(toolbox, isolation="landlock")(ToolCall(name="ping"))
except Exception as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(toolbox.path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    reached, write, connect, error = done.stdout.splitlines() or [done.stderr] * 4
    assert (reached, write, connect) == (level, "raised", "PermissionError")
    assert error.startswith("isolation: landlock does not work on this machine: the kernel does not offer")
    assert not Path(f"{toolbox.path}.new").exists()


def test_no_isolation_has_limits_but_no_walls(toolbox: Toolbox, tmp_path: Path) -> None:
    with (
        Executor(toolbox, isolation="none", timeout=0.5, memory_mb=256, output_bytes=1000) as execute,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        assert call(execute, "write", path=str(tmp_path / "new")).value == "written"
        assert call(execute, "connect", port=server.getsockname()[1]).value == "connected"
        assert (tmp_path / "new").read_text(encoding="utf-8") == "x"
        assert call(execute, "spin").kind == "timeout"
        assert call(execute, "long", length=2000).kind == "oversize"
        assert call(execute, "big", megabytes=500).error.startswith("MemoryError")
        observation = call(execute, "ping")
        assert (observation.value, observation.isolation) == ("pong", "none")


def test_an_import_that_writes_works_without_isolation_only(tmp_path: Path) -> None:
    path = tmp_path / "tools.py"
    path.write_text(
        f"open({str(tmp_path / 'log')!r}, 'a').close()\ndef f(x: int) -> int:\n    return x\n",
        encoding="utf-8",
    )
    toolbox = import_python(path, isolation="none")
    assert (tmp_path / "log").exists()
    with Executor(toolbox, isolation="none") as execute:
        assert execute(ToolCall(name="f", arguments={"x": 1})).value == 1
