"""Programs that are MCP servers: what they offer, what calls bring, what they can not do, what is left."""

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from callwright.errors import ConfigError, ExtraMissing, ToolsError
from callwright.record import Episode, Json, ToolCall
from callwright.toolbox.mcp import McpExecutor, McpServer, bwrap, import_mcp
from callwright.toolbox.mcp.address import Command, Url, parse

pytest.importorskip("mcp", reason="MCP servers need callwright[mcp]")

SERVER = Path(__file__).parent / "mcp_server.py"
needs_bwrap = pytest.mark.skipif(not bwrap.works(), reason="bwrap does not work on this machine")
CONFINED = "bwrap" if bwrap.works() else "none"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


def name(*words: str, program: Path = SERVER) -> str:
    return f"mcp:{sys.executable} {program} {' '.join(words)}"


def call(tool: str, **arguments: Json) -> ToolCall:
    return ToolCall(name=tool, arguments=arguments)


@pytest.fixture(scope="module")
def plain() -> McpServer:
    return import_mcp(name("plain"), isolation=CONFINED)


@pytest.fixture(scope="module")
def execute(plain: McpServer) -> Iterator[McpExecutor]:
    with McpExecutor(plain, timeout=5, isolation=CONFINED) as executor:
        yield executor


@pytest.fixture
def hasty(plain: McpServer) -> Iterator[McpExecutor]:
    with McpExecutor(plain, timeout=0.7, isolation=CONFINED) as executor:
        yield executor


# How a server is named.


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("mcp:python server.py 'a b'", Command(("python", "server.py", "a b"))),
        ("mcp:env:KEY env:HOST serve --env:X", Command(("serve", "--env:X"), ("KEY", "HOST"))),
        ("mcp:https://example.com/mcp", Url("https://example.com/mcp")),
        ("mcp:bearer:TOKEN http://127.0.0.1:8000/mcp", Url("http://127.0.0.1:8000/mcp", "TOKEN")),
    ],
)
def test_a_name_is_a_program_or_an_address(text: str, meaning: Command | Url) -> None:
    assert parse(text) == meaning


@pytest.mark.parametrize(
    "text",
    ["mcp:", "mcp:  ", "mcp:'unclosed", "mcp:env:KEY", "mcp:bearer:TOKEN", "mcp:bearer:TOKEN program",
     "mcp:env:KEY https://example.com", "mcp:https://example.com/mcp more", "mcp:https://", "mcp:http://[::1",
     "mcp:https://example.com:99999/", "mcp:https://user:secret@example.com/mcp"],
)  # fmt: skip
def test_what_names_nothing_is_one_clear_error(text: str) -> None:
    with pytest.raises(ToolsError) as caught:
        parse(text)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


# What a server offers.


def test_all_pages_are_read_in_order(plain: McpServer) -> None:
    names = [tool.name for tool in plain.tools]
    assert len(names) == 31
    assert names[:4] == ["count", "peek", "tally", "files_write"]
    assert {tool.kind for tool in plain.tools} == {"mcp"}


def test_names_schemas_and_hints_are_kept(plain: McpServer) -> None:
    tools = {tool.name: tool for tool in plain.tools}
    assert tools["files_write"].original_name == "files/write"
    assert tools["files_write"].parameters["properties"] == {"path": {"type": "string"}}
    assert tools["structured"].returns == {"type": "object", "properties": {"n": {"type": "integer"}}}
    assert tools["count"].returns is None
    assert plain.hints == {
        "count": {"readOnlyHint": False, "title": "Count"}, "peek": {"readOnlyHint": True}
    }  # fmt: skip


def test_the_hash_is_of_the_tools_alone(plain: McpServer) -> None:
    again = import_mcp(name("plain", "slow"), isolation="none")
    assert (again.sha256, again.tools) == (plain.sha256, plain.tools)
    assert import_mcp(name("plain", "twins"), isolation=CONFINED).sha256 != plain.sha256


def test_names_that_become_equal_are_told_apart() -> None:
    server = import_mcp(name("plain", "twins"), isolation=CONFINED)
    assert [(tool.name, tool.original_name) for tool in server.tools] == [
        ("a_b_2", "a b"), ("a_b_3", "a/b"), ("a_b", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mischief", "error"),
    [
        ("exit", "the server ended with status 1: got the key is missing"),
        ("none", "offers no tool"),
        ("endless", "lists its tools on more than 100 pages"),
        ("quarrel", "declares a twice, and differently"),
        ("bad_schema", "the schema of a is not valid"),
    ],
)
def test_a_server_without_usable_tools_is_one_clear_error(mischief: str, error: str) -> None:
    with pytest.raises(ToolsError) as caught:
        import_mcp(name("plain", mischief), isolation="none")
    assert error in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_says_nothing_is_waited_for_only_so_long() -> None:
    with pytest.raises(ToolsError, match=r"did not answer within 0\.5 s"):
        import_mcp(name("plain", "silent"), isolation="none", timeout=0.5)


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("mcp:no-such-command-anywhere", "no such command"),
        (f"mcp:{SERVER}", "no such command"),  # a file, but not an executable one
        ("mcp:env:NO_SUCH_VARIABLE true", "the variable NO_SUCH_VARIABLE is not set"),
        ("mcp:true", "the server ended with status 0"),
        ("mcp:sh -c 'kill -9 $$'", "the server ended with signal SIGKILL"),
    ],
)
def test_what_is_no_server_is_one_clear_error(command: str, error: str) -> None:
    with pytest.raises(ToolsError) as caught:
        import_mcp(command, isolation="none")
    assert error in str(caught.value)


def test_a_file_that_can_not_be_executed_is_one_clear_error(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF no program")
    program.chmod(0o755)
    with pytest.raises(ToolsError, match="the server could not be started: Exec format error"):
        import_mcp(f"mcp:{program}", isolation="none")


def test_nothing_runs_unconfined_unasked(monkeypatch: pytest.MonkeyPatch, plain: McpServer) -> None:
    monkeypatch.setattr(bwrap, "works", lambda: False)
    for attempt in (lambda: import_mcp(name("plain")), lambda: McpExecutor(plain)):
        with pytest.raises(ToolsError, match="isolation none runs the server as it is"):
            attempt()


def test_without_the_sdk_the_way_to_get_it_is_named(
    monkeypatch: pytest.MonkeyPatch, plain: McpServer
) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(ExtraMissing, match=r"pip install 'callwright\[mcp\]'"):
        import_mcp(name("plain"), isolation="none")
    with McpExecutor(plain, isolation="none") as executor, pytest.raises(ExtraMissing):
        executor(call("count"))


# What calls bring.


@pytest.mark.parametrize(
    ("tool", "value"),
    [
        ("structured", {"n": 3}),
        ("json_text", '{"n": 3}'),
        ("nothing", None),
        ("blocks", ["a text", "[image/png, 4 bytes]", "[link to file:///a.txt]", "of b",
                    "[file file:///c.bin, 3 bytes]"]),
        ("picture", "[image/png, 300000 bytes]"),
        ("babble", "after all"),
        ("chatter", "said"),
    ],
)  # fmt: skip
def test_a_result_is_its_structure_or_its_blocks(execute: McpExecutor, tool: str, value: Json) -> None:
    observation = execute(call(tool))
    assert (observation.ok, observation.value, observation.error) == (True, value, "")
    assert (observation.isolation, observation.via) == (CONFINED, "run")


@pytest.mark.parametrize(
    ("tool", "kind", "error"),
    [
        ("complain", "raised", "no such city"),
        ("protocol_error", "raised", 'KeyError: "the server\'s own code"'),
        ("not_a_number", "raised", "the result holds nan, which JSON does not have"),
        ("huge_integer", "raised", "the result holds an integer beyond 64 bits"),
        ("no_result", "raised", "the answer is no result: content"),
        ("broken_json", "crashed", "the server wrote a message that is no JSON-RPC"),
        ("ask", "crashed", "the server made more than 100 requests in place of an answer"),
        ("large", "oversize", "the server wrote a message of more than"),
        ("endless_line", "oversize", "the server wrote a message of more than"),
        ("leave", "crashed", "the server ended with status 3: OSError: the disk is full"),
        ("kill_itself", "crashed", "the server ended with"),
    ],
)
def test_a_failure_is_an_observation(execute: McpExecutor, tool: str, kind: str, error: str) -> None:
    observation = execute(call(tool))
    assert (observation.ok, observation.kind) == (False, kind)
    assert observation.error.startswith(error)
    assert execute(call("structured")).value == {"n": 3}


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["hang", "close_output"])
def test_a_call_without_an_answer_ends_in_time(hasty: McpExecutor, tool: str) -> None:
    hanging, after = hasty.many([call(tool), call("structured")])
    assert hanging.kind in ("timeout", "crashed")
    assert after.value == {"n": 3}


def test_what_is_no_call_is_refused_without_a_server(plain: McpServer) -> None:
    calls = [
        call("rm -rf"), call("files/write", path="x"), ToolCall(name="count", arguments=None),
        call("count", x=float("nan")), call("count", x=object()), call("count", x="\ud800"),
    ]  # fmt: skip
    with McpExecutor(plain, isolation=CONFINED) as executor:
        observations = executor.many(calls)
    assert {(o.ok, o.kind, o.isolation) for o in observations} == {(False, "refused", "none")}


def test_a_result_longer_than_allowed_is_no_value(plain: McpServer) -> None:
    with McpExecutor(plain, output_bytes=8, isolation=CONFINED) as executor:
        long, short = executor.many([call("blocks"), call("structured")])
    assert (long.kind, long.error) == ("oversize", "the result is longer than 8 bytes")
    assert short.ok


def test_arguments_larger_than_a_pipe_pass(execute: McpExecutor) -> None:
    assert execute(call("structured", text="ö" * 1_000_000)).ok


# Who is to blame.


def test_only_the_call_that_a_fresh_server_dies_of_is_blamed(plain: McpServer) -> None:
    deadly = {3: "leave", 4: "kill_itself", 9: "broken_json"}
    calls = [call(deadly.get(i, "structured")) for i in range(12)]
    with McpExecutor(plain, timeout=5, isolation=CONFINED) as executor:
        observations = executor.many(calls)
    assert [i for i, o in enumerate(observations) if o.kind == "crashed"] == sorted(deadly)
    assert all(o.value == {"n": 3} for i, o in enumerate(observations) if i not in deadly)


@pytest.mark.parametrize("tool", ["leave_second", "hang_once"])
def test_a_server_worn_out_by_earlier_calls_is_not_blamed_on_the_next(hasty: McpExecutor, tool: str) -> None:
    assert hasty(call("structured")).ok
    assert hasty(call(tool)).value == "first"


def test_an_episode_starts_on_a_server_that_none_has_written_to(plain: McpServer) -> None:
    episode = Episode((call("count"), call("count"), call("peek")))
    with McpExecutor(plain, timeout=5, isolation=CONFINED) as executor:
        played = executor.play([episode, Episode((call("peek"),)), episode])
    assert [[o.value["number"] for o in p.observations] for p in played] == [[1, 2, 2], [0], [1, 2, 2]]


def test_a_server_that_does_not_say_what_it_writes_is_shared_unless_asked(plain: McpServer) -> None:
    episodes = [Episode((call("tally"),))] * 3
    for fresh, numbers in ((False, [1, 2, 3]), (True, [1, 1, 1])):
        with McpExecutor(plain, timeout=5, isolation=CONFINED, fresh=fresh) as executor:
            played = executor.play(episodes)
        assert [p.observations[0].value["number"] for p in played] == numbers


def test_a_crash_after_a_change_is_blamed_where_it_happens(plain: McpServer) -> None:
    episode = Episode((call("count"), call("leave"), call("peek")))
    with McpExecutor(plain, timeout=5, isolation=CONFINED) as executor:
        (played,) = executor.play([episode])
    assert [o.kind for o in played.observations] == ["result", "crashed", "result"]


def test_an_episode_with_a_state_of_its_own_is_refused(execute: McpExecutor) -> None:
    with_state, without = execute.play(
        [Episode((call("peek"), call("peek")), state={"Server": {}}), Episode((call("structured"),))]
    )
    assert [o.kind for o in with_state.observations] == ["refused", "refused"]
    assert without.observations[0].ok


def test_order_and_results_do_not_depend_on_workers(plain: McpServer) -> None:
    episodes = [Episode((call("count"),) * (i % 3)) for i in range(6)]
    with (
        McpExecutor(plain, timeout=5, isolation=CONFINED) as one,
        McpExecutor(plain, timeout=5, isolation=CONFINED, workers=2) as two,
    ):
        values = [[[o.value for o in p.observations] for p in e.play(episodes)] for e in (one, two)]
    assert values[0] == values[1]


# The executor as a thing.


def test_it_travels_as_its_settings(plain: McpServer) -> None:
    with McpExecutor(plain, timeout=5, isolation=CONFINED, output_bytes=8) as original:
        original(call("nothing"))
        with pickle.loads(pickle.dumps(original)) as copy:
            assert copy(call("blocks")).kind == original(call("blocks")).kind == "oversize"


def test_it_starts_again_after_closing(plain: McpServer) -> None:
    executor = McpExecutor(plain, timeout=5, isolation=CONFINED)
    assert executor(call("count")).value == {"number": 1}
    executor.close()
    executor.close()
    assert executor(call("count")).value == {"number": 1}
    executor.close()


def test_threads_share_it(execute: McpExecutor) -> None:
    with ThreadPoolExecutor(8) as pool:
        observations = list(pool.map(execute, [call("structured")] * 40))
    assert [o.value for o in observations] == [{"n": 3}] * 40


@pytest.mark.slow
def test_a_short_call_does_not_wait_for_a_long_one(plain: McpServer) -> None:
    with McpExecutor(plain, timeout=1, isolation=CONFINED, workers=2) as executor:
        executor.many([call("structured"), call("structured")])
        with ThreadPoolExecutor(1) as pool:
            long = pool.submit(executor, call("hang"))
            while not long.running():
                time.sleep(0.01)
            short = executor.many([call("structured")] * 3)
            assert not long.done()
        assert (long.result().kind, {o.ok for o in short}) == ("timeout", {True})


def test_a_server_with_other_tools_than_were_imported_is_an_error() -> None:
    server = import_mcp(name("plain", "moody"), isolation=CONFINED)
    with (
        McpExecutor(server, isolation=CONFINED) as executor,
        pytest.raises(ToolsError, match="its tools are others than were imported"),
    ):
        executor(call(server.tools[0].name))


def test_unusable_settings_are_named(plain: McpServer) -> None:
    with pytest.raises(ConfigError, match="timeout: not usable: expected more than 0, got 0"):
        McpExecutor(plain, timeout=0)
    with pytest.raises(ConfigError, match="isolation: unknown"):
        McpExecutor(plain, isolation="docker")  # type: ignore[arg-type]


def test_nothing_to_do_is_done_at_once(plain: McpServer) -> None:
    assert McpExecutor(plain, isolation="none").many([]) == []


# What a server can not do, and what does not remain of it.


@pytest.fixture(params=["none", pytest.param("bwrap", marks=needs_bwrap)])
def level(request: pytest.FixtureRequest) -> str:
    level: str = request.param
    return level


def test_a_confined_server_writes_nothing(plain: McpServer, level: Any, tmp_path: Path) -> None:
    with McpExecutor(plain, timeout=5, isolation=level) as executor:
        for path in (tmp_path / "written", Path("/dev/shm") / f"{tmp_path.name}-{os.getpid()}"):
            executor(call("files_write", path=str(path)))
            assert path.exists() == (level == "none")
            path.unlink(missing_ok=True)
        assert executor.isolation == level


def test_a_confined_server_reaches_nobody(plain: McpServer, level: Any, tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as by_port, socket.socket(socket.AF_UNIX) as by_path,
        McpExecutor(plain, timeout=5, isolation=level) as executor,
    ):  # fmt: skip
        by_path.bind(str(Path(os.path.relpath(tmp_path)) / "socket"))
        by_path.listen()
        observations = executor.many(
            [
                call("connect", port=by_port.getsockname()[1]),
                call("connect_unix", path=str(tmp_path / "socket")),
            ]
        )
    assert [o.ok for o in observations] == [level == "none"] * 2


def test_a_confined_server_finds_no_keys(
    copy: Path, level: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    places = [tmp_path / "notes.txt", tmp_path / ".ssh" / "id_ed25519", tmp_path / ".netrc"]
    (tmp_path / ".ssh").mkdir()
    for place in places:
        place.write_text("hunter2", encoding="utf-8")
    server = import_mcp(name("plain", program=copy), isolation=level)
    with McpExecutor(server, timeout=5, isolation=level) as executor:
        found = [executor(call("read", path=str(place))).value for place in places]
    assert [value == "hunter2" for value in found] == [True, level == "none", level == "none"]


def test_only_what_is_named_of_the_environment_passes(level: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAMED_KEY", "hunter2")
    monkeypatch.setenv("OTHER_KEY", "hunter3")
    server = import_mcp(name("plain").replace("mcp:", "mcp:env:NAMED_KEY "), isolation=level)
    assert "hunter2" not in repr(server)
    with McpExecutor(server, timeout=5, isolation=level) as executor:
        environment = executor(call("environment")).value
    assert environment.pop("NAMED_KEY") == "hunter2"
    assert environment.keys() <= {"PATH", "HOME", "LANG", "TMPDIR", "PWD", "LC_CTYPE"}


def test_an_unconfined_server_may_save_when_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "saved"
    server = import_mcp(name("plain", f"save:{path}"), isolation="none")
    assert path.read_text(encoding="utf-8") == "saved"
    path.unlink()
    with McpExecutor(server, timeout=5, isolation="none") as executor:
        assert executor(call("nothing")).ok
    assert path.read_text(encoding="utf-8") == "saved"


def test_its_errors_are_not_printed_as_ours(execute: McpExecutor, capfd: pytest.CaptureFixture[str]) -> None:
    execute.many([call("chatter"), call("babble"), call("leave"), call("no_result")])
    assert capfd.readouterr() == ("", "")


def processes_of(program: Path) -> set[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and str(program).encode() in (entry / "cmdline").read_bytes():
                found.add(int(entry.name))
        except OSError:
            continue
    return found


def none_left(program: Path) -> bool:
    deadline = time.monotonic() + 5
    while processes_of(program) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not processes_of(program)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A server whose processes are known by its path."""
    path = tmp_path / "server.py"
    path.write_bytes(SERVER.read_bytes())
    return path


@pytest.mark.slow
@linux_only
def test_what_a_server_started_ends_with_it(copy: Path, level: Any) -> None:
    server = import_mcp(name("plain", program=copy), isolation=level)
    assert not processes_of(copy)
    with McpExecutor(server, timeout=0.3, isolation=level) as executor:
        for last in ("leave", "hang", "endless_line", "structured"):
            executor.many([call("fork"), call(last)])
        assert processes_of(copy)
    assert none_left(copy)


@pytest.mark.slow
@linux_only
def test_a_killed_parent_leaves_nothing_behind(copy: Path, level: str) -> None:
    code = (
        "import sys\nfrom callwright.record import ToolCall\n"
        "from callwright.toolbox.mcp import McpExecutor, import_mcp\n"
        "server, level = import_mcp(sys.argv[1], isolation=sys.argv[2]), sys.argv[2]\n"
        "execute = McpExecutor(server, timeout=60, isolation=level)\n"
        "print(execute(ToolCall(name='fork')).ok, flush=True)\n"
        "execute(ToolCall(name='hang'))\n"
    )
    command = [sys.executable, "-c", code, name("plain", program=copy), level]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "True\n"
        assert processes_of(copy) - {parent.pid}
        os.kill(parent.pid, signal.SIGKILL)
    assert none_left(copy)


@linux_only
def test_a_forgotten_executor_ends_its_servers(copy: Path) -> None:
    executor = McpExecutor(import_mcp(name("plain", program=copy), isolation="none"), isolation="none")
    assert executor(call("nothing")).ok
    assert processes_of(copy)
    del executor
    assert none_left(copy)


# The SDK's own server.


@pytest.mark.slow
def test_a_program_that_uses_the_sdk() -> None:
    server = import_mcp(name("sdk"), isolation=CONFINED)
    assert server.hints == {"add": {"readOnlyHint": True}, "remember": {"readOnlyHint": False}}
    assert server.tools[0].returns
    calls = [
        call("add", first=2),
        call("echo", text="hö\u2028"),
        call("fail", text="x"),
        call("add", first="x"),
        call("large", megabytes=1),
        call("remember", text="x"),
    ]
    with McpExecutor(server, timeout=10, isolation=CONFINED) as executor:
        observations = executor.many(calls)
    kinds = ["result", "result", "raised", "raised", "oversize", "result"]
    assert [o.kind for o in observations] == kinds
    assert [o.value for o in observations if o.ok] == [{"result": 3}, "hö\u2028", {"result": 1}]
