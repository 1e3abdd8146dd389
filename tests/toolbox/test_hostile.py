"""Whatever a tool does: it gets the right verdict, its neighbours their answers, and nothing else happens.

Each level runs all kinds of misbehaviour in one batch, innocent calls in between; the tests look at what
came back.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from callwright.errors import ConfigError
from callwright.record import Json, Observation, ToolCall
from callwright.toolbox import Executor, Toolbox, import_python
from callwright.toolbox.process import Level

OUTPUT_BYTES = 20_000
IMPATIENT = 0.4
LEVELS: tuple[Level, ...] = ("bwrap", "landlock", "process")
RAISED, CRASHED, REFUSED = "raised", "crashed", "raised: PermissionError"
ENDED, TIMED_OUT = "crashed: the call ended the process with", "timeout: no answer within 0.4 s"


class Kind(NamedTuple):
    """A way to misbehave, and what may come of it: an observation's kind and the start of its error."""

    tool: str
    arguments: dict[str, Json]
    outcomes: tuple[str, ...]
    boundary: bool = False
    """Needs a boundary of the kernel: the guard in the interpreter does not claim to stop it."""


def kinds(folder: Path, port: int) -> dict[str, Kind]:
    """Return all kinds by name; `folder` holds a victim, and a server listens at `port` and in the folder."""
    victim, new, memory = str(folder / "victim"), str(folder / "new"), f"/dev/shm/hostile-{os.getpid()}"
    table = [
        # ends its process
        Kind("exit_politely", {"code": 0}, ("raised: SystemExit: 0",)),
        Kind("raise_base_exception", {}, ("raised: BaseException: base",)),
        Kind("exit_now", {"code": 0}, ("crashed: the call ended the process with status 0",)),
        Kind("exit_now", {"code": 3}, ("crashed: the call ended the process with status 3",)),
        Kind("kill_itself", {}, ("crashed: the call ended the process with signal SIGKILL",)),
        Kind("kill_group", {}, (REFUSED,)),
        Kind("segfault", {}, ("crashed: the call ended the process with signal SIGSEGV",)),
        Kind("return_a_bomb", {}, ("crashed: the call ended the process with status 5",)),
        Kind("plant_bomb", {}, ("result", "crashed: the call ended the process with status 5")),
        Kind("shout_to_death", {"megabytes": 20}, ("raised: KeyboardInterrupt",)),
        # does not come back
        Kind("spin", {}, (TIMED_OUT,)),
        Kind("swallow_everything", {}, (TIMED_OUT,)),
        Kind("hang_in_c", {}, (TIMED_OUT,)),
        Kind("ignore_signals_and_hang", {}, (TIMED_OUT,)),
        Kind("generate_forever", {}, (TIMED_OUT, "raised: MemoryError")),
        # takes too much
        Kind("allocate", {"gigabytes": 10}, ("raised: MemoryError",)),
        Kind("hoard", {"megabytes": 100}, ("result",)),
        Kind("recurse", {}, ("raised: RecursionError",)),
        Kind("recurse_without_limit", {}, (RAISED, CRASHED, TIMED_OUT)),
        Kind("starve", {}, ("result", RAISED)),
        Kind("huge_result", {"megabytes": 50}, ("oversize: the result is longer than 20000 bytes",)),
        Kind("huge_list", {"length": 10_000_000}, ("oversize: the result is longer than 20000 bytes",)),
        Kind("long_error", {}, ("raised: ValueError: xxx",)),
        Kind("print_megabytes", {"megabytes": 20}, ("result",)),
        # has no JSON form
        Kind("endless_nesting", {}, ("raised: NotJson: the result is nested more than 64 levels deep",)),
        Kind("not_a_number", {"infinite": True}, ("raised: NotJson: the result holds inf",)),
        Kind("not_a_number", {"infinite": False}, ("raised: NotJson: the result holds nan",)),
        Kind("lone_surrogate", {}, ("raised: NotJson: the result holds a lone surrogate",)),
        Kind("big_integer", {}, ("raised: NotJson: the result holds an integer beyond 64 bits",)),
        Kind("an_object", {}, ("raised: NotJson: the result holds a object",)),
        Kind("unprintable_error", {}, ("raised: _Unprintable",)),
        # writes
        *(
            Kind(tool, {"path": path}, (RAISED,))
            for tool in ("write_file", "append_with_os", "truncate_file", "delete_file", "change_mode",
                         "change_time", "make_link", "rename_file", "run_command")
            for path in (victim, new)
        ),
        Kind("write_file", {"path": memory}, (RAISED,)),
        Kind("run_shell", {"path": new}, ("result: 25", "result: 3", REFUSED)),  # a status that is not 0
        # reaches for the network
        Kind("connect", {"port": port}, (REFUSED,)),
        Kind("send_datagram", {"port": port}, (REFUSED,)),
        Kind("listen", {}, (REFUSED,)),
        Kind("talk_to_socket_file", {"path": str(folder / "socket")}, (REFUSED, "raised: FileNotFoundError")),
        # reaches for other processes
        Kind("fork_and_go_on", {}, (REFUSED,)),
        Kind("kill_parent", {}, (REFUSED,)),
        Kind("parent_environment", {}, (REFUSED, "raised: FileNotFoundError")),
        Kind("fork_in_c", {}, ("result: -1",), boundary=True),
        Kind("trace_parent", {}, ("result: -1",), boundary=True),
        Kind("new_namespace", {}, ("result: -1",), boundary=True),
        Kind("ring_of_the_kernel", {}, ("result: -1",), boundary=True),
        Kind("leave_session", {}, (REFUSED,), boundary=True),
        Kind("read_standard_input", {}, ("result",)),
        # speaks for others
        Kind("close_every_pipe", {}, (ENDED,)),
        Kind("gag", {}, (ENDED,)),
        Kind("write_into_every_pipe", {}, ("crashed: the call wrote into the pipe of the answers",)),
        Kind("forge_with_a_guessed_nonce", {}, ("crashed: the call wrote into the pipe of the answers",)),
        # changes what the next call relies on
        *(
            Kind(tool, {}, ("result", RAISED, CRASHED))
            for tool in ("patch_json", "patch_os", "patch_builtins", "patch_worker", "patch_results",
                         "patch_with_a_liar", "rebind_neighbour", "recode_neighbour", "swap_module",
                         "lower_recursion_limit", "trace_everything", "trace_calls", "hook_everything",
                         "play_with_the_collector", "leave_thread", "leave_spinning_thread",
                         "register_at_exit", "arm_timer", "set_alarm", "change_folder", "round_coarsely",
                         "set_variable")
        ),
        Kind("mutate_arguments", {"items": [1], "table": {"a": 1}}, ("result: [1, 99]",)),
    ]  # fmt: skip
    return {f"{kind.tool}-{i}": kind for i, kind in enumerate(table)}


NAMES = list(kinds(Path("/"), 1))


class Seen(NamedTuple):
    """What one level made of all kinds."""

    level: Level
    execute: Executor
    outcomes: dict[str, Observation]
    neighbours: dict[str, list[Observation]]
    """The calls right before and after."""
    signals: list[int]
    connections: int
    files: tuple[Json, Json]
    """Before and after."""


@pytest.fixture(scope="module")
def toolbox(tmp_path_factory: pytest.TempPathFactory) -> Toolbox:
    # In a folder of its own: an isolated process is known by its working directory.
    copy = shutil.copy(Path(__file__).parent / "hostile.py", tmp_path_factory.mktemp("tools"))
    return import_python(Path(copy))


@pytest.fixture(
    scope="module", params=[LEVELS[0], *(pytest.param(name, marks=pytest.mark.slow) for name in LEVELS[1:])]
)
def level(request: pytest.FixtureRequest, toolbox: Toolbox) -> Level:
    asked: Level = request.param
    try:
        with Executor(toolbox, isolation=asked) as probe:
            assert probe.isolation == asked
    except ConfigError as error:
        pytest.skip(str(error))
    return asked


@pytest.fixture(scope="module")
def seen(level: Level, toolbox: Toolbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("victims")
    (folder / "victim").write_text("precious", encoding="utf-8")
    signals: list[int] = []
    previous = signal.signal(signal.SIGTERM, lambda number, _: signals.append(number))
    limits: Json = {"memory_mb": 512, "output_bytes": OUTPUT_BYTES, "workers": 2, "isolation": level}
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as local,
        Executor(toolbox, timeout=20, **limits) as execute,
        Executor(toolbox, timeout=IMPATIENT, **limits) as impatient,
    ):
        local.bind(str(folder / "socket"))
        local.listen()
        table = {
            name: kind
            for name, kind in kinds(folder, server.getsockname()[1]).items()
            if level != "process" or not kind.boundary
        }
        before = snapshot(folder), snapshot(toolbox.path.parent)
        outcomes, neighbours = among_innocents(
            execute, {name: kind for name, kind in table.items() if TIMED_OUT not in kind.outcomes}
        )
        hung = among_innocents(
            impatient, {name: kind for name, kind in table.items() if TIMED_OUT in kind.outcomes}
        )
        impatient.close()
        signal.signal(signal.SIGTERM, previous)
        after = snapshot(folder), snapshot(toolbox.path.parent)
        yield Seen(
            level, execute, outcomes | hung[0], neighbours | hung[1], signals,
            waiting(server) + waiting(local), (before, after),
        )  # fmt: skip


def among_innocents(
    execute: Executor, table: dict[str, Kind]
) -> tuple[dict[str, Observation], dict[str, list[Observation]]]:
    """Run all kinds as one batch, and return what came of each and of the calls right before and after."""
    calls = [ToolCall(name="good", arguments={"number": 0})]
    for i, kind in enumerate(table.values()):
        calls.append(ToolCall(name=kind.tool, arguments=kind.arguments))
        calls.append(ToolCall(name="good", arguments={"number": i + 1}))
    observed = execute.many(calls)
    neighbours = {name: observed[2 * i : 2 * i + 3 : 2] for i, name in enumerate(table)}
    return dict(zip(table, observed[1::2], strict=True)), neighbours


def waiting(server: socket.socket) -> int:
    server.settimeout(0.05)
    try:
        server.accept()[0].close()
    except TimeoutError:
        return 0
    return 1


def snapshot(folder: Path) -> Json:
    found = {}
    for path in folder.iterdir():
        status = path.lstat()
        found[str(path)] = (status.st_mode, status.st_mtime_ns, path.read_bytes() if path.is_file() else b"")
    return found


def answer_of_good(toolbox: Toolbox, number: int) -> Json:
    return {
        "double": 2 * number, "same": number, "folder": toolbox.path.parent.name,
        "third": "0.3333333333333333333333333333", "variable": "", "helped": number + 1,
    }  # fmt: skip


def call(execute: Executor, tool: str, /, **arguments: Json) -> Observation:
    return execute(ToolCall(name=tool, arguments=arguments))


def isolated_processes(toolbox: Toolbox) -> list[int]:
    """Return the live processes of the toolbox, orphans included, known by their folder or command."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            zombie = (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            words = (process / "cmdline").read_bytes().split(b"\0")
            ours = (process / "cwd").resolve() == toolbox.path.parent
            if not zombie and (ours or os.fsencode(toolbox.path.parent) in words):
                found.append(int(process.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_misbehaviour_has_its_verdict_and_harms_nobody(seen: Seen, toolbox: Toolbox, name: str) -> None:
    if name not in seen.outcomes:
        pytest.skip("a guard in the interpreter is no boundary for this")
    outcome = seen.outcomes[name]
    expected = kinds(Path("/"), 1)[name].outcomes
    said = f"{outcome.kind}: {outcome.value if outcome.ok else outcome.error}"
    assert said.startswith(expected), said
    assert outcome.isolation == seen.level
    assert outcome.ok == (outcome.kind == "result")
    before, after = seen.neighbours[name]
    assert (before.error, after.error) == ("", "")
    assert before.value == answer_of_good(toolbox, before.value["double"] // 2)
    assert after.value == answer_of_good(toolbox, before.value["double"] // 2 + 1)
    assert {before.isolation, after.isolation} == {seen.level}


def test_nothing_was_written_or_sent_or_signalled(seen: Seen) -> None:
    before, after = seen.files
    assert after == before
    assert seen.connections == 0
    assert seen.signals == []
    assert not list(Path("/dev/shm").glob("hostile-*"))


def test_long_messages_are_cut(seen: Seen) -> None:
    (outcome,) = [o for name, o in seen.outcomes.items() if name.startswith("long_error")]
    assert len(outcome.error) == 500


@pytest.mark.skipif(sys.platform != "linux", reason="other kernels do not list processes in /proc")
def test_no_process_is_left_over(seen: Seen, toolbox: Toolbox) -> None:
    assert isolated_processes(toolbox)
    seen.execute.close()
    deadline = time.monotonic() + 5
    while isolated_processes(toolbox) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert isolated_processes(toolbox) == []


def test_a_forked_copy_does_not_answer(seen: Seen) -> None:
    calls = [ToolCall(name="good", arguments={"number": n}) for n in range(20)]
    forked, *others = seen.execute.many([ToolCall(name="fork_in_c"), *calls])
    assert forked.value == -1 if seen.level != "process" else forked.value > 0
    assert [other.value["double"] for other in others] == [2 * n for n in range(20)]


def test_secrets_of_the_environment_are_absent(
    level: Level, monkeypatch: pytest.MonkeyPatch, toolbox: Toolbox
) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    with Executor(toolbox, isolation=level) as fresh:
        observation = call(fresh, "environment")
    assert set(observation.value) <= {
        "PATH", "LANG", "LC_CTYPE", "HOME", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS", "PWD",
    }  # fmt: skip


def test_arguments_are_the_callers_own(seen: Seen) -> None:
    arguments: Json = {"items": [1], "table": {"a": 1}}
    mutating = ToolCall(name="mutate_arguments", arguments=arguments)
    assert [o.value for o in seen.execute.many([mutating, mutating])] == [[1, 99], [1, 99]]
    assert arguments == {"items": [1], "table": {"a": 1}}


@pytest.mark.slow
def test_memory_hoarded_by_one_call_is_not_blamed_on_the_next(seen: Seen) -> None:
    hoard = ToolCall(name="hoard", arguments={"megabytes": 300})
    observations = seen.execute.many([hoard, hoard, hoard, hoard])
    assert [(o.value, o.error) for o in observations] == [(1, "")] * 4


@pytest.mark.slow
def test_no_innocent_call_is_blamed_in_a_batch(seen: Seen) -> None:
    deadly = {3: "exit_now", 4: "kill_itself", 11: "write_into_every_pipe", 12: "forge_with_a_guessed_nonce"}
    calls = [
        ToolCall(name=deadly[i], arguments={"code": 1} if deadly[i] == "exit_now" else {})
        if i in deadly
        else ToolCall(name="good", arguments={"number": i})
        for i in range(20)
    ]
    observations = seen.execute.many(calls)
    assert [i for i, o in enumerate(observations) if o.kind == "crashed"] == sorted(deadly)
    assert all(o.value["double"] == 2 * i for i, o in enumerate(observations) if i not in deadly)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other kernels can not tie one process to another")
def test_everything_dies_with_the_parent(level: Level, toolbox: Toolbox) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from callwright.record import ToolCall\nfrom callwright.toolbox import Executor, import_python\n"
        f"execute = Executor(import_python(Path(sys.argv[1])), timeout=60, workers=2, isolation={level!r})\n"
        "execute.many([ToolCall(name='good', arguments={'number': 1})] * 8)\n"
        "print(execute.isolation, flush=True)\n"
        "execute.many([ToolCall(name='hang_in_c'), ToolCall(name='ignore_signals_and_hang')])\n"
    )
    before = set(isolated_processes(toolbox))
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(toolbox.path)], stdout=subprocess.PIPE, cwd=toolbox.path.root
    )
    with parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        time.sleep(0.2)
        assert set(isolated_processes(toolbox)) - before - {parent.pid}
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while set(isolated_processes(toolbox)) - before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not set(isolated_processes(toolbox)) - before
