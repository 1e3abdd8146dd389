"""Recorded answers: asked once, found again, whole after a crash, and free of secrets."""

import json
import os
import threading
from pathlib import Path

import pytest
from http_server import GET, Asked, Reply, api_of, serving

from callwright.errors import ConfigError, DataError
from callwright.record import Json, ToolCall
from callwright.toolbox.http import HttpExecutor
from callwright.toolbox.openapi import Api

NUMBER = {"name": "n", "in": "query", "schema": {}}


def numbered(folder: Path, url: str, **more: Json) -> Api:
    return api_of(
        folder, {"/n": {"get": {**GET, "parameters": [NUMBER], **more.pop("operation", {})}}}, url, **more
    )


def call(n: Json) -> ToolCall:
    return ToolCall(name="ask", arguments={"n": n})


def by_number(asked: Asked) -> Reply:
    n = asked.target.rpartition("=")[2]
    status = {"404": 404, "503": 503}.get(n, 200)
    return Reply(status, json.dumps({"n": n, "message": f"about {n}"}).encode())


def test_what_is_recorded_is_not_asked_again_and_can_be_replayed(tmp_path: Path) -> None:
    tape = tmp_path / "deep" / "tape.jsonl"
    with serving(by_number) as server:
        api = numbered(tmp_path, server.url)
        for _ in range(2):
            with HttpExecutor(api, mode=f"record:{tape}", allow=[server.host], timeout=10) as execute:
                seen = execute.many([call(1), call(404), call(1)])
        assert [o.via for o in seen] == ["replay"] * 3
    assert len(server.asked) == 2
    kinds = [json.loads(line)["kind"] for line in tape.read_text().splitlines()]
    assert sorted(kinds) == ["raised", "result"]
    with HttpExecutor(api, mode=f"replay:{tape}") as execute:
        again = execute.many([call(1), call(404), call(2)])
    assert [(o.ok, o.value, o.error, o.via) for o in again[:2]] == [
        (True, {"n": "1", "message": "about 1"}, "", "replay"),
        (False, None, "HTTP 404: about 404", "replay"),
    ]
    assert (again[2].kind, again[2].via) == ("unanswered", "replay")
    assert again[2].error == f"no answer is recorded in {tape} (record it with record:{tape})"


def test_the_order_of_keys_does_not_matter_and_the_kind_of_a_value_does(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    with serving(by_number) as server:
        api = numbered(tmp_path, server.url)
        with HttpExecutor(api, mode=f"record:{tape}", allow=[server.host], timeout=10) as execute:
            execute.many([call({"a": 1, "b": 2}), call({"b": 2, "a": 1}), call(True), call(1), call("1")])
    assert len(server.asked) == 4
    with HttpExecutor(api, mode=f"replay:{tape}") as execute:
        assert execute(call({"b": 2, "a": 1})).ok


def test_outages_are_not_recorded(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    with serving(by_number) as server:
        api = numbered(tmp_path, server.url)
        with HttpExecutor(api, mode=f"record:{tape}", allow=[server.host], timeout=10) as execute:
            assert execute(call(503)).kind == "timeout"
            assert execute(call(503)).kind == "timeout"
    assert len(server.asked) == 2
    assert tape.read_bytes() == b""


def test_a_torn_line_is_asked_again_and_spoils_no_other(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    with serving(by_number) as server:
        api = numbered(tmp_path, server.url)

        def record(*numbers: int) -> None:
            with HttpExecutor(api, mode=f"record:{tape}", allow=[server.host], timeout=10) as execute:
                assert all(seen.ok for seen in execute.many([call(n) for n in numbers]))

        record(1, 2)
        tape.write_bytes(tape.read_bytes()[:-10])
        record(1, 2, 3)
    assert len(server.asked) == 4
    with HttpExecutor(api, mode=f"replay:{tape}") as execute:
        assert [execute(call(n)).ok for n in (1, 2, 3, 4)] == [True, True, True, False]
        assert "which has 1 lines that can not be read" in execute(call(4)).error


def test_many_threads_ask_once_and_write_whole_lines(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    together = threading.Barrier(4, timeout=20)
    with serving(by_number) as server:
        api = numbered(tmp_path, server.url)
        with HttpExecutor(api, mode=f"record:{tape}", allow=[server.host], timeout=20) as execute:

            def work() -> None:
                together.wait()
                assert all(seen.ok for seen in execute.many([call(n % 10) for n in range(20)]))

            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert len(server.asked) == 10
    rows = [json.loads(line) for line in tape.read_text().splitlines()]
    assert sorted(row["arguments"]["n"] for row in rows) == list(range(10))


def test_no_secret_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLWRIGHT_AUTH_K", "top/secret")
    tape = tmp_path / "tape.jsonl"
    scheme = {"components": {"securitySchemes": {"k": {"type": "apiKey", "in": "query", "name": "key"}}}}

    def echo(asked: Asked) -> Reply:
        return Reply(200, json.dumps({"you asked": asked.target, "top/secret": "top/secret"}).encode())

    with serving(echo) as server:
        api = numbered(tmp_path, server.url, operation={"security": [{"k": []}]}, **scheme)
        with HttpExecutor(api, mode=f"record:{tape}", allow=[server.host], timeout=10) as execute:
            assert execute(call("my top/secret")).ok
            assert execute(call("my top/secret")).via == "replay"
    assert "key=top%2Fsecret" in server.asked[0].target
    text = tape.read_text()
    assert "[REDACTED]" in text
    assert "secret" not in text
    assert tape.stat().st_mode & 0o077 == 0


def test_files_that_are_no_cassette(tmp_path: Path) -> None:
    api = numbered(tmp_path, "http://127.0.0.1:9")
    with pytest.raises(DataError, match="no such file"):
        HttpExecutor(api, mode=f"replay:{tmp_path / 'none.jsonl'}")
    with pytest.raises(DataError, match="got a directory"):
        HttpExecutor(api, mode=f"replay:{tmp_path}")
    with pytest.raises(ConfigError, match="at least one host"):
        HttpExecutor(api, mode=f"record:{tmp_path / 'new.jsonl'}")
    assert not (tmp_path / "new.jsonl").exists()
    locked = tmp_path / "file"
    locked.write_text("")
    with pytest.raises(DataError, match="can not be written"):
        HttpExecutor(api, mode=f"record:{locked / 'x.jsonl'}", allow=["127.0.0.1:9"])


def test_a_relative_file_stays_where_it_was_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = numbered(tmp_path, "http://127.0.0.1:9")
    (tmp_path / "elsewhere").mkdir()
    line = {"tool": "ask", "arguments": {"n": 1}, "value": "recorded"}
    (tmp_path / "tape.jsonl").write_text(json.dumps(line) + "\n")
    monkeypatch.chdir(tmp_path)
    executor = HttpExecutor(api, mode="replay:tape.jsonl")
    os.chdir(tmp_path / "elsewhere")
    rebuild, state = executor.__reduce__()
    with rebuild(*state) as execute:  # type: ignore[operator,misc]
        assert execute(call(1)).value == "recorded"
