"""Whatever a tool does: the next call gets its answer, nothing is written and no process is left over."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from callwright.record import Json, Observation, ToolCall
from callwright.toolbox import Executor, Toolbox, import_python

OUTPUT_BYTES = 20_000


@pytest.fixture(scope="module")
def toolbox(tmp_path_factory: pytest.TempPathFactory) -> Toolbox:
    # In a folder of its own: an isolated process is known by its working directory.
    copy = shutil.copy(Path(__file__).parent / "hostile.py", tmp_path_factory.mktemp("tools"))
    return import_python(Path(copy))


def level_works(toolbox: Toolbox, level: str) -> bool:
    with Executor(toolbox) as probe:
        return level in ("process", probe.isolation)


@pytest.fixture(scope="module", params=["landlock", "process"])
def execute(request: pytest.FixtureRequest, toolbox: Toolbox) -> Iterator[Executor]:
    if not level_works(toolbox, request.param):
        pytest.skip(f"this kernel does not offer {request.param}")
    with Executor(
        toolbox, timeout=5, memory_mb=512, output_bytes=OUTPUT_BYTES, isolation=request.param
    ) as executor:
        yield executor


@pytest.fixture
def strict(execute: Executor) -> Executor:
    if execute.isolation != "landlock":
        pytest.skip("a guard in the interpreter is no boundary for this")
    return execute


@pytest.fixture(autouse=True)
def _good_as_new_afterwards(execute: Executor, toolbox: Toolbox) -> Iterator[None]:
    files = snapshot(toolbox.path.parent)
    yield
    after = call(execute, "good", number=21)
    assert (after.ok, after.value, after.isolation) == (True, {"double": 42, "same": 21}, execute.isolation)
    assert len(isolated_processes(toolbox)) == (1 if sys.platform == "linux" else 0)
    assert snapshot(toolbox.path.parent) == files


def call(execute: Executor, tool: str, /, **arguments: Json) -> Observation:
    return execute(ToolCall(name=tool, arguments=arguments))


def isolated_processes(toolbox: Toolbox) -> list[int]:
    """Return the live processes that work in the toolbox's folder, orphans included."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            zombie = (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            if not zombie and (process / "cwd").resolve() == toolbox.path.parent:
                found.append(int(process.name))
        except OSError:
            continue
    return found


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {str(p): (p.stat().st_mode, p.stat().st_mtime_ns, p.read_bytes()) for p in folder.iterdir()}


@pytest.mark.parametrize(
    ("tool", "arguments", "kind", "error"),
    [
        ("exit_politely", {"code": 0}, "raised", "SystemExit: 0"),
        ("exit_now", {"code": 0}, "crashed", "the call ended the process with status 0"),
        ("kill_itself", {}, "crashed", "the call ended the process with signal SIGKILL"),
        ("segfault", {}, "crashed", "the call ended the process with signal SIGSEGV"),
        ("close_every_pipe", {}, "crashed", "the call ended the process with"),
        ("write_into_every_pipe", {}, "crashed", "the call wrote into the pipe of the answers"),
        ("allocate", {"gigabytes": 10}, "raised", "MemoryError"),
        ("recurse", {}, "raised", "RecursionError"),
        ("huge_result", {"megabytes": 50}, "oversize", "the result is longer than 20000 bytes"),
        ("huge_list", {"length": 10_000_000}, "oversize", "the result is longer than 20000 bytes"),
        ("endless_nesting", {}, "raised", "NotJson: the result is nested more than 64 levels deep"),
        ("not_a_number", {"infinite": True}, "raised", "NotJson: the result holds inf"),
        ("not_a_number", {"infinite": False}, "raised", "NotJson: the result holds nan"),
        ("lone_surrogate", {}, "raised", "NotJson: the result holds a lone surrogate"),
        ("big_integer", {}, "raised", "NotJson: the result holds an integer beyond 64 bits"),
        ("an_object", {}, "raised", "NotJson: the result holds a object"),
        ("unprintable_error", {}, "raised", "_Unprintable"),
    ],
)
def test_misbehaviour_has_a_name(
    execute: Executor, tool: str, arguments: Json, kind: str, error: str
) -> None:
    observation = call(execute, tool, **arguments)
    assert (observation.ok, observation.kind, observation.value) == (False, kind, None)
    assert observation.error.startswith(error)
    assert observation.isolation == execute.isolation


@pytest.mark.parametrize("tool", ["spin", "swallow_everything", "hang_in_c", "ignore_signals_and_hang"])
def test_a_hang_ends_in_time(execute: Executor, toolbox: Toolbox, tool: str) -> None:
    with Executor(toolbox, timeout=0.3, isolation=execute.isolation) as impatient:  # type: ignore[arg-type]
        start = time.monotonic()
        observation = call(impatient, tool)
        assert time.monotonic() - start < 5
        assert (observation.kind, observation.error) == ("timeout", "no answer within 0.3 s")


def test_recursion_without_limit_is_survived(execute: Executor, toolbox: Toolbox) -> None:
    # It exhausts the memory, the stack or the time, by the version of the interpreter.
    with Executor(toolbox, timeout=0.5, memory_mb=256, isolation=execute.isolation) as small:  # type: ignore[arg-type]
        assert call(small, "recurse_without_limit").kind in ("raised", "crashed", "timeout")
        assert call(small, "good", number=1).ok


@pytest.mark.parametrize(
    "tool", ["write_file", "append_with_os", "delete_file", "change_mode", "change_time", "make_link",
             "rename_file", "run_command", "run_shell"]
)  # fmt: skip
def test_files_stay_as_they_are(execute: Executor, tmp_path: Path, tool: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    before = snapshot(tmp_path)
    observation = call(execute, tool, path=str(victim))
    assert snapshot(tmp_path) == before
    # os.system tells of its failure by a status, everything else by an exception.
    assert observation.kind == "raised" if tool != "run_shell" else observation.value != 0
    call(execute, tool, path=str(tmp_path / "new"))
    assert snapshot(tmp_path) == before


def test_no_connection_leaves(execute: Executor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        observation = call(execute, "connect", port=server.getsockname()[1])
        assert observation.error.startswith("PermissionError")
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(("tool", "arguments"), [("send_datagram", {"port": 9}), ("listen", {})])
def test_no_other_use_of_sockets(execute: Executor, tool: str, arguments: Json) -> None:
    assert call(execute, tool, **arguments).error.startswith("PermissionError")


def test_no_fork(execute: Executor) -> None:
    assert call(execute, "fork_and_go_on").error.startswith("PermissionError")


def test_a_forked_copy_does_not_answer(execute: Executor) -> None:
    forked, *others = execute.many(
        [ToolCall(name="fork_in_c"), *(ToolCall(name="good", arguments={"number": n}) for n in range(50))]
    )
    assert forked.value == -1 if execute.isolation == "landlock" else forked.value > 0
    assert [other.value["double"] for other in others] == [2 * n for n in range(50)]


def test_the_parent_is_out_of_reach(execute: Executor) -> None:
    caught: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda number, _: caught.append(number))
    try:
        observation = call(execute, "kill_parent")
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert observation.error.startswith("PermissionError")
    assert not caught


def test_secrets_of_the_environment_are_absent(
    execute: Executor, monkeypatch: pytest.MonkeyPatch, toolbox: Toolbox
) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    with Executor(toolbox, isolation=execute.isolation) as fresh:  # type: ignore[arg-type]
        observation = call(fresh, "environment")
    assert "SECRET_KEY" not in observation.value
    assert set(observation.value) <= {
        "PATH", "LANG", "LC_CTYPE", "HOME", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
    }  # fmt: skip
    if sys.platform == "linux":
        assert call(execute, "parent_environment").error.startswith("PermissionError")


def test_the_session_can_not_be_left(strict: Executor) -> None:
    assert call(strict, "leave_session").error.startswith("PermissionError")


def test_printing_costs_nothing(execute: Executor) -> None:
    assert call(execute, "print_megabytes", megabytes=20).value == "printed"


def test_a_long_message_is_cut(execute: Executor) -> None:
    assert len(call(execute, "long_error").error) == 500


@pytest.mark.parametrize(
    "tool", ["patch_json", "patch_os", "patch_builtins", "patch_worker", "lower_recursion_limit",
             "trace_everything"]
)  # fmt: skip
def test_a_patched_process_is_replaced(execute: Executor, tool: str) -> None:
    calls = [ToolCall(name=tool), *(ToolCall(name="good", arguments={"number": n}) for n in range(5))]
    patched, *others = execute.many(calls)
    assert patched.kind in ("result", "raised", "crashed")
    assert [other.value for other in others] == [{"double": 2 * n, "same": n} for n in range(5)]


def test_a_thread_left_behind_harms_nobody(execute: Executor) -> None:
    assert call(execute, "leave_thread").value == "left"
    for _ in range(3):
        time.sleep(0.03)
        assert call(execute, "good", number=1).ok


def test_arguments_are_the_callers_own(execute: Executor) -> None:
    arguments: Json = {"items": [1], "table": {"a": 1}}
    mutating = ToolCall(name="mutate_arguments", arguments=arguments)
    assert [o.value for o in execute.many([mutating, mutating])] == [[1, 99], [1, 99]]
    assert arguments == {"items": [1], "table": {"a": 1}}


def test_memory_hoarded_by_one_call_is_not_blamed_on_the_next(execute: Executor) -> None:
    hoard = ToolCall(name="hoard", arguments={"megabytes": 300})
    observations = execute.many([hoard, hoard, hoard])
    assert [observation.value for observation in observations] == [1, 1, 1]


def test_no_innocent_call_is_blamed_in_a_batch(execute: Executor) -> None:
    deadly = {3: "exit_now", 4: "kill_itself", 11: "write_into_every_pipe", 12: "segfault"}
    arguments: dict[str, Json] = {"exit_now": {"code": 1}}
    calls = [
        ToolCall(name=deadly[i], arguments=arguments.get(deadly[i], {}))
        if i in deadly
        else ToolCall(name="good", arguments={"number": i})
        for i in range(20)
    ]
    observations = execute.many(calls)
    assert [i for i, o in enumerate(observations) if o.kind == "crashed"] == sorted(deadly)
    assert all(o.value["double"] == 2 * i for i, o in enumerate(observations) if i not in deadly)


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels can not tie one process to another")
def test_a_hanging_call_dies_with_the_parent(execute: Executor, toolbox: Toolbox) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from callwright.record import ToolCall\nfrom callwright.toolbox import Executor, import_python\n"
        f"execute = Executor(import_python(Path(sys.argv[1])), timeout=60, isolation={execute.isolation!r})\n"
        "print(execute.isolation, flush=True)\n"
        "execute(ToolCall(name='hang_in_c'))\n"
    )
    before = set(isolated_processes(toolbox))
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(toolbox.path)], stdout=subprocess.PIPE, cwd=toolbox.path.root
    )
    with parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        time.sleep(0.2)
        assert set(isolated_processes(toolbox)) - before
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while set(isolated_processes(toolbox)) - before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not set(isolated_processes(toolbox)) - before
