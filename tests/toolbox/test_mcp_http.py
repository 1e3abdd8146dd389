"""Servers over HTTP: the SDK's own, and some that misbehave."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from callwright.errors import ConfigError, ToolsError
from callwright.record import Json, ToolCall
from callwright.toolbox.mcp import McpExecutor, import_mcp

pytest.importorskip("mcp", reason="MCP servers need callwright[mcp]")

SERVER = Path(__file__).parent / "mcp_server.py"


def call(tool: str, **arguments: Json) -> ToolCall:
    return ToolCall(name=tool, arguments=arguments)


@contextmanager
def served(*words: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(SERVER), "http", str(port), *words])
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"mcp:http://127.0.0.1:{port}/mcp", process
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("json",)])
def test_a_server_over_http(words: tuple[str, ...]) -> None:
    with served(*words) as (address, process):
        server = import_mcp(address)
        assert len(server.tools) == 7
        with pytest.raises(ConfigError, match="runs elsewhere"):
            McpExecutor(server, isolation="bwrap")
        with McpExecutor(server, timeout=10, workers=2) as executor:
            assert executor.isolation == "none"
            observations = executor.many(
                [
                    call("add", first=2),
                    call("fail", text="x"),
                    call("large", megabytes=10),
                    call("add", first=4),
                ]
            )
        assert [o.kind for o in observations] == ["result", "raised", "oversize", "result"]
        assert [o.value for o in observations if o.ok] == [{"result": 3}, {"result": 5}]
        assert {o.via for o in observations} == {"live"}
        with McpExecutor(server, timeout=1) as executor:
            slow, after = executor.many([call("sleep", seconds=5), call("add", first=2)])
            assert (slow.kind, slow.isolation, after.value) == ("timeout", "none", {"result": 3})
            process.kill()
            process.wait()
            with pytest.raises(ToolsError, match="can not be reached"):
                executor(call("add", first=2))


# Servers over HTTP that misbehave.

Reply = tuple[int, dict[str, str], bytes]


@contextmanager
def answering(reply: Callable[[BaseHTTPRequestHandler, dict[str, Any]], Reply]) -> Iterator[str]:
    """Serve a function from a request and its message to status, headers and body."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers, body = reply(self, message)
            self.send_response(status)
            for key, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/mcp"
        finally:
            server.shutdown()
            thread.join()


def answer(message: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a decent server of two tools says."""
    if "id" not in message:
        return None
    results = {
        "initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                       "serverInfo": {"name": "x", "version": "1"}},
        "tools/list": {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in ("a", "b")]},
        "tools/call": {"content": [{"type": "text", "text": "done"}]},
    }  # fmt: skip
    body = {"result": results[message["method"]]} if message["method"] in results else {
        "error": {"code": -32601, "message": "no such method"}
    }  # fmt: skip
    return {"jsonrpc": "2.0", "id": message["id"], **body}


def decent(message: dict[str, Any]) -> Reply:
    body = answer(message)
    return (202, {}, b"") if body is None else (200, {}, json.dumps(body).encode())


def test_a_redirect_to_another_host_is_not_followed() -> None:
    visits: list[str] = []

    def elsewhere(request: BaseHTTPRequestHandler, message: dict[str, Any]) -> Reply:
        visits.append(request.path)
        return decent(message)

    with (
        answering(elsewhere) as target,
        answering(lambda request, message: (307, {"Location": target}, b"")) as start,
        pytest.raises(ToolsError, match="not followed"),
    ):
        import_mcp(f"mcp:{start}")
    assert not visits


def test_the_token_is_sent_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_TOKEN", "hunter2")

    def guarded(request: BaseHTTPRequestHandler, message: dict[str, Any]) -> Reply:
        known = request.headers["Authorization"] == "Bearer hunter2"
        return decent(message) if known else (401, {}, b"")

    with answering(guarded) as url:
        server = import_mcp(f"mcp:bearer:SERVER_TOKEN {url}")
        assert "hunter2" not in repr(server)
        with McpExecutor(server) as executor:
            assert executor(call("a")).value == "done"
        with pytest.raises(ToolsError, match="answered 401 Unauthorized"):
            import_mcp(f"mcp:{url}")


def test_an_outage_is_never_a_calls_fault() -> None:
    def overloaded(request: BaseHTTPRequestHandler, message: dict[str, Any]) -> Reply:
        return (503, {}, b"") if message["method"] == "tools/call" else decent(message)

    with (
        answering(overloaded) as url, McpExecutor(import_mcp(f"mcp:{url}")) as executor,
        pytest.raises(ToolsError, match="answered 503 Service Unavailable"),
    ):  # fmt: skip
        executor(call("a"))


def test_a_call_is_never_made_twice_over_http() -> None:
    made: list[str] = []

    def rude(request: BaseHTTPRequestHandler, message: dict[str, Any]) -> Reply:
        if message["method"] == "tools/call":
            made.append(message["params"]["name"])
            if message["params"]["name"] == "b":
                request.connection.shutdown(socket.SHUT_RDWR)
                raise ConnectionAbortedError
        return decent(message)

    with answering(rude) as url, McpExecutor(import_mcp(f"mcp:{url}")) as executor:
        observations = executor.many([call("a"), call("b"), call("a")])
    assert [o.kind for o in observations] == ["result", "crashed", "result"]
    assert made == ["a", "b", "a"]


def test_a_session_that_the_server_has_forgotten_is_opened_again() -> None:
    sessions: list[str] = []

    def forgetful(request: BaseHTTPRequestHandler, message: dict[str, Any]) -> Reply:
        if message["method"] == "initialize":
            sessions.append(f"session-{len(sessions)}")
            return (200, {"Mcp-Session-Id": sessions[-1]}, json.dumps(answer(message)).encode())
        is_last = message["method"] == "tools/call" and message["params"]["arguments"].get("last")
        if is_last and request.headers["Mcp-Session-Id"] == "session-1":
            return (404, {}, b"")
        return decent(message)

    with answering(forgetful) as url, McpExecutor(import_mcp(f"mcp:{url}")) as executor:
        observations = executor.many([call("a"), call("a", last=True)])
    assert [o.value for o in observations] == ["done", "done"]
    assert len(sessions) == 3


@pytest.mark.parametrize(
    ("headers", "body", "kind"),
    [
        ({"Content-Encoding": "gzip"}, b"\x1f\x8b", "crashed"),
        ({}, b"x" * 6_000_000, "oversize"),
        ({"Content-Type": "text/event-stream"}, b"data: " + b"x" * 6_000_000, "oversize"),
        ({"Content-Type": "text/html"}, b"<html>", "raised"),
        ({}, b'{"jsonrpc": "2.0", "id": 1, "result": ', "raised"),
        ({"Content-Type": "text/event-stream"}, b"", "crashed"),
    ],
)
def test_an_answer_that_is_none_is_an_observation(headers: dict[str, str], body: bytes, kind: str) -> None:
    def odd(request: BaseHTTPRequestHandler, message: dict[str, Any]) -> Reply:
        is_odd = message["method"] == "tools/call" and message["params"]["name"] == "b"
        return (200, headers, body) if is_odd else decent(message)

    with answering(odd) as url, McpExecutor(import_mcp(f"mcp:{url}"), timeout=5) as executor:
        observations = executor.many([call("b"), call("a")])
    assert [o.kind for o in observations] == [kind, "result"]


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [(404, {}, b""), (200, {"Content-Type": "text/html"}, b"<html>"), (200, {}, b"[]"), (500, {}, b"oh")],
)
def test_an_address_that_is_no_server_is_one_clear_error(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    with (
        answering(lambda request, message: (status, headers, body)) as url,
        pytest.raises(ToolsError) as caught,
    ):
        import_mcp(f"mcp:{url}")
    assert "\n" not in str(caught.value)
