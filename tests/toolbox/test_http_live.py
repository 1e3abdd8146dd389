"""Live calls over real sockets: what is sent, what comes back, and servers that mean harm."""

import pickle
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from http_server import GET, Asked, Reply, Server, api_of, scripted, serving

from callwright.errors import ConfigError
from callwright.record import Episode, Json, Observation, ToolCall
from callwright.toolbox.http import HttpExecutor, is_outage

Script = Callable[[socket.socket, threading.Event], None]


def ask(
    folder: Path, server: Server, method: str = "get", timeout: float = 5.0, limit: int = 65536
) -> Observation:
    api = api_of(folder, {"/it": {method: GET}}, server.url)
    allow = [f"{method.upper()} {server.host}"]
    with HttpExecutor(api, mode="live", allow=allow, timeout=timeout, output_bytes=limit) as execute:
        return execute(ToolCall(name="ask"))


def saying(data: bytes) -> Script:
    return lambda connection, ended: connection.sendall(data)


def test_a_call_becomes_the_request_that_the_specification_describes(tmp_path: Path) -> None:
    parameters = [
        {"name": "owner", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
        {"name": "X-Trace", "in": "header", "schema": {"type": "integer"}},
        {"name": "theme", "in": "cookie", "schema": {"type": "string"}},
    ]
    body = {"required": True, "content": {"application/json": {"schema": {
        "type": "object", "required": ["name"],
        "properties": {"name": {"type": "string"}, "in stock": {"type": "boolean"}},
    }}}}  # fmt: skip
    operation = {**GET, "parameters": parameters, "requestBody": body}
    with serving(lambda asked: Reply(201, b'{"id": 7}')) as server:
        api = api_of(tmp_path, {"/of/{owner}/pets": {"post": operation}}, server.url + "/v1/")
        with HttpExecutor(api, mode="live", allow=[f"POST {server.host}"], timeout=5) as execute:
            seen = execute(ToolCall(name="ask", arguments={
                "owner": "a/b ü", "tag": ["x&y", "z"], "X_Trace": 5, "theme": "a;b", "name": "Rex",
                "in_stock": True,
            }))  # fmt: skip
    assert (seen.ok, seen.value, seen.via, seen.isolation) == (True, {"id": 7}, "live", "none")
    (asked,) = server.asked
    assert (asked.method, asked.target) == ("POST", "/v1/of/a%2Fb%20%C3%BC/pets?tag=x%26y&tag=z")
    assert asked.body == b'{"name":"Rex","in stock":true}'
    sent = {name.lower(): value for name, value in asked.headers.items()}
    assert sent["x-trace"] == "5"
    assert sent["cookie"] == "theme=a%3Bb"
    assert sent["content-type"] == "application/json"
    assert sent["accept-encoding"] == "identity"
    assert sent["host"] == server.host


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        (Reply(200, b'[1, "\xc3\xa4", null]'), [1, "ä", None]),
        (Reply(200, b'\xef\xbb\xbf{"a": 1}', {"Content-Type": "application/problem+json"}), {"a": 1}),
        (Reply(200, b'{"a": 1}', {}), {"a": 1}),
        (Reply(200, b"plain", {}), "plain"),
        (Reply(200, b'{"a": 1}', {"Content-Type": "text/html"}), '{"a": 1}'),
        (Reply(200, b"gr\xfc\xdfe", {"Content-Type": "text/plain; charset=latin-1"}), "grüße"),
        (Reply(204, b"", {}), None),
        (Reply(200, b"  \n", {"Content-Type": "application/json"}), None),
    ],
)
def test_what_counts_as_a_result(tmp_path: Path, reply: Reply, value: Json) -> None:
    with serving(lambda asked: reply) as server:
        seen = ask(tmp_path, server)
    assert (seen.ok, seen.kind, seen.value, seen.error) == (True, "result", value, "")


@pytest.mark.parametrize(
    ("reply", "kind", "error"),
    [
        (Reply(404, b'{"message": "no such\\n pet"}'), "raised", "HTTP 404: no such pet"),
        (Reply(404, b"<html>", {"Content-Type": "text/html"}), "raised", "HTTP 404: Not Found"),
        (Reply(422, b'{"detail": [{"loc": ["x"], "msg": "too short"}]}'), "raised", "HTTP 422: too short"),
        (Reply(400, b'{"error": {"message": "\\u001b[31mred"}}'), "raised", "HTTP 400: [31mred"),
        (Reply(418, b""), "raised", "HTTP 418: I'm a Teapot"),
        (Reply(499, b""), "raised", "HTTP 499: unknown status"),
        (Reply(500, b'{"title": "x"}'), "raised", "HTTP 500: x"),
        (Reply(503, b"", {"Retry-After": "3600"}), "timeout", "HTTP 503: Service Unavailable"),
        (Reply(429, b""), "timeout", "HTTP 429: Too Many Requests"),
        (Reply(502, b""), "timeout", "HTTP 502: Bad Gateway"),
        (
            Reply(302, b"", {"Location": "http://169.254.169.254/latest/meta-data"}),
            "raised",
            "HTTP 302: redirects are not followed, this one leads to 169.254.169.254",
        ),
        (Reply(200, b"{not json"), "raised", "the answer is not the JSON that it says to be"),
        (Reply(200, b'{"a": NaN}'), "raised", "the answer is not the JSON that it says to be"),
        (Reply(200, b"[" * 50_000), "raised", "the answer is not the JSON that it says to be"),
        (Reply(200, b'"\\ud800"'), "raised", "the answer is not the JSON that it says to be"),
        (
            Reply(200, b"\x89PNG\0", {"Content-Type": "image/png"}),
            "raised",
            "the answer is image/png, neither JSON nor text",
        ),
        (
            Reply(200, b"x", {"Content-Type": "text/plain; charset=no-such"}),
            "raised",
            "the answer is text/plain, neither JSON nor text",
        ),
        (
            Reply(
                200,
                b"\x1f\x8b" + b"\0" * 100,
                {"Content-Encoding": "gzip", "Content-Type": "application/json"},
            ),
            "raised",
            "the answer is compressed, although that was not asked for",
        ),
    ],
)
def test_errors_and_outages_are_told_apart(tmp_path: Path, reply: Reply, kind: str, error: str) -> None:
    with serving(lambda asked: reply) as server:
        seen = ask(tmp_path, server)
    assert (seen.ok, seen.kind, seen.error) == (False, kind, error)
    assert is_outage(seen) == (kind == "timeout")


def test_the_limit_of_the_answer_is_exact_and_holds_for_endless_ones(tmp_path: Path) -> None:
    with serving(lambda asked: Reply(200, b'"' + b"a" * 98 + b'"')) as server:
        assert ask(tmp_path, server, limit=100).value == "a" * 98
        seen = ask(tmp_path, server, limit=99)
    assert (seen.kind, seen.error) == ("oversize", "the answer is longer than 99 bytes")

    def endless(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        while not ended.is_set():
            connection.sendall(b"x" * 65536)

    with scripted(endless) as server:
        assert ask(tmp_path, server).kind == "oversize"


def dripping(first: bytes, drop: bytes) -> Script:
    def script(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(first)
        while not ended.wait(0.02):
            connection.sendall(drop)

    return script


@pytest.mark.parametrize(
    "script",
    [
        dripping(b"", b"H"),
        dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"z"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nz\r\n"),
        dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        lambda connection, ended: ended.wait() and None,
    ],
)
def test_a_server_that_drips_gets_no_more_time_than_any_other(tmp_path: Path, script: Script) -> None:
    with scripted(script) as server:
        seen = ask(tmp_path, server, timeout=0.25)
    assert seen.kind in ("timeout", "raised")  # a hundred headers are too many before the time is over
    assert is_outage(seen) == seen.error.startswith("no answer within 0.25 s")


@pytest.mark.parametrize(
    ("data", "kind", "error"),
    [
        (b"", "timeout", "the connection ended in the middle: closed early"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nabc",
            "timeout",
            "the connection ended in the middle",
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            "timeout",
            "the connection ended in the middle",
        ),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "raised", "the answer is not HTTP (BadStatusLine)"),
        (
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
            "raised",
            "the answer is not HTTP (LineTooLong)",
        ),
        (
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
            "raised",
            "the answer is not HTTP (HTTPException)",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "timeout", "the connection ended"),
        (b"HTTP/1.1 999999 OK\r\n\r\n", "raised", "the answer is not HTTP (BadStatusLine)"),
        (b'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"x"', "result", ""),
    ],
)
def test_what_is_no_whole_answer(tmp_path: Path, data: bytes, kind: str, error: str) -> None:
    with scripted(saying(data)) as server:
        seen = ask(tmp_path, server)
    assert seen.kind == kind
    assert seen.error.startswith(error)


def test_nobody_listening_is_an_outage(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    seen = ask(tmp_path, Server(host))
    assert is_outage(seen)
    assert seen.error == f"no connection to {host}: connection refused"


def test_a_busy_server_is_asked_again_when_it_says_for_how_long(tmp_path: Path) -> None:
    replies = iter(
        [Reply(429, b"", {"Retry-After": "0"}), Reply(503, b"", {"Retry-After": "0"}), Reply(200, b"1")]
    )
    with serving(lambda asked: next(replies)) as server:
        assert ask(tmp_path, server, "post").value == 1
    assert len(server.asked) == 3
    with serving(lambda asked: Reply(429, b"", {"Retry-After": "0"})) as server:
        assert is_outage(ask(tmp_path, server))
    assert len(server.asked) == 3
    with serving(lambda asked: Reply(429, b"", {"Retry-After": "Thu, 01 Jan 2099 00:00:00 GMT"})) as server:
        assert is_outage(ask(tmp_path, server))
    assert len(server.asked) == 1


def test_a_proxy_of_the_environment_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda asked: Reply(200, b'"direct"')) as server, serving(lambda asked: Reply()) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert ask(tmp_path, server).value == "direct"
    assert proxy.asked == []


def test_head_options_and_delete(tmp_path: Path) -> None:
    with serving(lambda asked: Reply(200, b'"body"')) as server:
        assert ask(tmp_path, server, "head").value is None
        assert ask(tmp_path, server, "delete").value == "body"
    assert [asked.method for asked in server.asked] == ["HEAD", "DELETE"]


def test_many_calls_keep_their_order_and_episodes_theirs(tmp_path: Path) -> None:
    path = {"name": "n", "in": "path", "required": True, "schema": {"type": "integer"}}

    def reply(asked: Asked) -> Reply:
        return Reply(200, asked.target.rpartition("/")[2].encode())

    with serving(reply) as server:
        api = api_of(tmp_path, {"/n/{n}": {"get": {**GET, "parameters": [path]}}}, server.url)
        executor = HttpExecutor(api, mode="live", allow=[server.host], timeout=20, workers=3)
        calls = [ToolCall(name="ask", arguments={"n": n}) for n in range(20)]
        with pickle.loads(pickle.dumps(executor)) as execute:
            assert [seen.value for seen in execute.many(calls)] == list(range(20))
            played = execute.play([Episode(tuple(calls[i : i + 5])) for i in range(0, 20, 5)])
    assert [[seen.value for seen in one.observations] for one in played] == [
        list(range(i, i + 5)) for i in range(0, 20, 5)
    ]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (ToolCall(name="nope"), "no tool is named 'nope'"),
        (ToolCall(name="ask", arguments=None, raw="{"), "the arguments are not an object"),
        (ToolCall(name="ask", arguments={"x": float("nan")}), "the arguments are not JSON: "),
        (ToolCall(name="ask", arguments={"x": "\ud800"}), "the arguments are not JSON: "),
        (ToolCall(name="ask", arguments={"x": 1}), "the argument 'x' has no place in the request"),
    ],
)
def test_what_is_no_call_is_refused_unasked(tmp_path: Path, call: ToolCall, error: str) -> None:
    with serving(lambda asked: Reply()) as server:
        api = api_of(tmp_path, {"/it": {"get": GET}}, server.url)
        with HttpExecutor(api, mode="live", allow=[server.host]) as execute:
            seen = execute(call)
    assert (seen.ok, seen.kind, seen.via) == (False, "refused", "live")
    assert seen.error.startswith(error)
    assert server.asked == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "alive"}, "mode: not a mode: expected mock, replay:FILE, record:FILE or live, got alive"),
        ({"mode": "replay:"}, "mode: not a mode"),
        ({"mode": "mock:x"}, "mode: not a mode"),
        (
            {"mode": "live"},
            "allow: live calls need a list of hosts: expected at least one host (for example ",
        ),
        ({"timeout": 0}, "timeout: not usable: expected more than 0, got 0"),
        ({"workers": -1}, "workers: not usable"),
    ],
)
def test_settings_that_make_no_sense(tmp_path: Path, settings: dict[str, Json], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        HttpExecutor(api_of(tmp_path, {"/it": {"get": GET}}), **settings)
    assert str(caught.value).startswith(message)


def test_the_path_of_a_server_is_encoded_and_comes_first(tmp_path: Path) -> None:
    with serving(lambda asked: Reply(200, b"1")) as server:
        api = api_of(tmp_path, {"/it em": {"get": GET}}, f"{server.url}/v 1/ü%2F/")
        with HttpExecutor(api, mode="live", allow=server.host, timeout=5) as execute:  # type: ignore[arg-type]
            assert execute(ToolCall(name="ask")).value == 1
    assert server.asked[0].target == "/v%201/%C3%BC%2F/it%20em"


def test_a_specification_with_an_impossible_name_of_a_header_sends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLWRIGHT_AUTH_K", "a-secret-value")
    scheme = {"securitySchemes": {"k": {"type": "apiKey", "in": "header", "name": "X: y"}}}
    with scripted(lambda connection, ended: None) as server:
        api = api_of(
            tmp_path, {"/it": {"get": {**GET, "security": [{"k": []}]}}}, server.url, components=scheme
        )
        with HttpExecutor(api, mode="live", allow=[server.host], timeout=5) as execute:
            seen = execute(ToolCall(name="ask"))
    assert (seen.kind, seen.error.partition(":")[0]) == ("refused", "the request can not be written")
    assert b"secret" not in b"".join(asked.body for asked in server.asked)
