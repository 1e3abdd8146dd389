"""Real clients against the scripted server: it answers, fails as planned, and counts what it did."""

import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

from callwright.errors import ConfigError
from callwright.models.faults import KINDS, Fault, Faults
from callwright.models.scripted import ScriptedModel
from callwright.models.scripted_server import Reply, ScriptedServer, main
from command_line import heed_interrupts


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def echo(request: dict[str, Any]) -> str:
    return f"you said {request['messages'][-1]['content']}"


def client(server: ScriptedServer, retries: int = 0, timeout: float = 20.0) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.url, api_key="k", max_retries=retries, timeout=timeout)


def ask(client: openai.OpenAI, text: str = "hello", **more: Any) -> Any:
    messages: Any = [{"role": "system", "content": "be brief"}, {"role": "user", "content": text}]
    return client.chat.completions.create(model="m", messages=messages, **more)


def persist(asking: openai.OpenAI, text: str, attempts: int) -> str:
    """Ask until there is an answer."""
    for _ in range(attempts):
        try:
            return str(ask(asking, text).choices[0].message.content)
        except (openai.InternalServerError, openai.RateLimitError, openai.APIConnectionError):
            pass
    raise AssertionError("asked too often")


def text_of(chunks: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(echo) as server:
        yield server


def test_the_official_client_reads_a_plain_answer(server: ScriptedServer) -> None:
    with client(server) as asking:
        done = ask(asking, "a b c")
        assert done.choices[0].message.content == "you said a b c"
        assert (done.usage.prompt_tokens, done.usage.completion_tokens, done.usage.total_tokens) == (5, 5, 10)
        assert (done.choices[0].finish_reason, done.model) == ("stop", "m")
        assert ask(asking, "a b c", max_tokens=4).choices[0].finish_reason == "length"
    assert [seen.body["messages"][1]["content"] for seen in server.requests] == ["a b c"] * 2
    assert server.requests[0].headers["authorization"] == "Bearer k"
    assert (server.served, server.faults, server.most_in_flight) == (2, {}, 1)


@pytest.mark.parametrize("said", ["one two  three\n\n four ", "", "   ", "é 🎉\n", "data: x\n\ndata: [DONE]"])
def test_the_official_client_reads_a_stream_as_the_same_answer(server: ScriptedServer, said: str) -> None:
    server.answers = lambda request: said
    with client(server) as asking:
        chunks = list(ask(asking, stream=True, stream_options={"include_usage": True}))
        assert text_of(chunks) == said == ask(asking).choices[0].message.content
        assert chunks[-1].usage.completion_tokens == len(said.split())
        assert [c.choices[0].finish_reason for c in chunks[:-1]] == [None] * (len(chunks) - 2) + ["stop"]
        assert all(chunk.usage is None for chunk in ask(asking, stream=True))


def test_models_are_listed_and_other_paths_are_not_there(server: ScriptedServer) -> None:
    with client(server) as asking:
        assert [model.id for model in asking.models.list()] == ["scripted"]
        with pytest.raises(openai.NotFoundError):
            asking.embeddings.create(model="m", input="a")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"messages": []}', b'{"messages": ["a"]}', b"\xff"]
)
def test_what_is_no_request_is_refused_and_not_counted(server: ScriptedServer, body: bytes) -> None:
    request = urllib.request.Request(f"{server.url}/chat/completions", body, method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400
    caught.value.close()
    assert (server.served, len(server.requests)) == (0, 0)


def test_each_line_of_a_script_answers_once_though_answers_are_cut() -> None:
    plan = Faults.parse("cut,500,cut")
    with ScriptedServer(ScriptedModel(["one", "two"]), faults=plan) as server, client(server) as asking:
        assert [persist(asking, text, 4) for text in "ab"] == ["one", "two"]
        server.answers = ScriptedModel([])
        with pytest.raises(openai.BadRequestError, match="no answer left"):
            persist(asking, "c", 4)
    assert (server.served, server.faults) == (2, {"cut": 6, "500": 3})


def test_a_scripted_model_may_look_at_temperature_and_sample() -> None:
    script = ScriptedModel(lambda prompt: f"{prompt.temperature} {prompt.sample}")
    with ScriptedServer(script) as server, client(server) as asking:
        assert ask(asking, temperature=0.5, seed=3).choices[0].message.content == "0.5 3"
        assert ask(asking).choices[0].message.content == "0.0 0"


def test_a_script_that_fails_tells_the_client(server: ScriptedServer) -> None:
    server.answers = lambda request: {"a": "b"}[request["model"]]
    with client(server, retries=2) as asking, pytest.raises(openai.BadRequestError, match="KeyError: 'm'"):
        ask(asking)
    assert (server.served, len(server.requests)) == (0, 1)


def test_a_reply_goes_out_as_it_is(server: ScriptedServer) -> None:
    server.answers = lambda request: Reply(b"<html>", 502, {"Content-Type": "text/html", "X-Own": "1"})
    with client(server) as asking, pytest.raises(openai.InternalServerError) as caught:
        ask(asking)
    assert (caught.value.status_code, caught.value.body) == (502, "<html>")
    assert caught.value.response.headers["x-own"] == "1"
    assert server.served == 0


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_fault_reaches_the_official_client_as_what_it_is(kind: str, stream: bool) -> None:
    seconds = {"slow": 0.2, "429": 2.5}.get(kind, 0.0)

    def read(asking: openai.OpenAI) -> str:
        done = ask(asking, "a b c d e f", stream=stream)
        return text_of(done) if stream else str(done.choices[0].message.content)

    def read_nonsense(asking: openai.OpenAI) -> str:
        try:
            return read(asking)
        except (ValueError, LookupError, AttributeError, TypeError):
            return "none"

    plan = Faults(planned=(Fault(kind, seconds),))
    with ScriptedServer(echo, faults=plan) as server, client(server) as asking:
        started = time.monotonic()
        if kind == "slow":
            assert read(asking) == "you said a b c d e f"
            assert time.monotonic() - started >= 0.2
        elif kind.isdigit():
            with pytest.raises(openai.APIStatusError) as status:
                read(asking)
            headers = status.value.response.headers
            asked = (headers.get("retry-after"), headers.get("retry-after-ms"))
            assert status.value.status_code == int(kind)
            assert asked == (("3", "2500") if kind == "429" else (None, None))
        elif kind == "cut":
            with pytest.raises(openai.APIConnectionError):
                read(asking)
        else:
            assert "you said" not in read_nonsense(asking)
        assert read(asking) == "you said a b c d e f"
    assert (server.served, server.faults) == (2 if kind == "slow" else 1, {kind: 1})


def test_a_cut_stream_has_begun() -> None:
    with ScriptedServer(echo, faults=Faults.parse("cut")) as server, client(server) as asking:
        told: list[str] = []
        with pytest.raises(openai.APIConnectionError):  # noqa: PT012
            for chunk in ask(asking, "a b c d e f g h", stream=True):
                told.append(chunk.choices[0].delta.content or "")
    assert "you said a b c d e f g h".startswith("".join(told))
    assert len(told) > 2


def test_a_client_that_repeats_oftener_than_a_request_fails_always_gets_through() -> None:
    plan = Faults.parse("429:0.001=0.3,500=0.3,cut=0.4", attempts=2)
    with ScriptedServer(echo, faults=plan) as server, client(server) as asking, ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda k: persist(asking, str(k), 3), range(8)))
    assert texts == [f"you said {k}" for k in range(8)]
    assert (server.served, server.faults.total(), len(server.requests)) == (8, 16, 24)


def test_requests_beyond_the_capacity_are_refused_and_use_up_no_planned_fault() -> None:
    release = threading.Event()

    def hold(request: dict[str, Any]) -> str:
        release.wait(10)
        return "held"

    with ScriptedServer(hold, capacity=2) as server, client(server) as asking, ThreadPoolExecutor(2) as pool:
        held = [pool.submit(ask, asking, text) for text in "ab"]
        while server.most_in_flight < 2:
            time.sleep(0.001)
        with pytest.raises(openai.RateLimitError, match="more than 2 requests at a time"):
            ask(asking, "c")
        release.set()
        assert [one.result().choices[0].message.content for one in held] == ["held", "held"]
        ask(asking, "c")
    assert (server.served, server.faults, server.most_in_flight) == (3, {"capacity": 1}, 2)


def test_whoever_hangs_up_does_no_harm(server: ScriptedServer, capfd: pytest.CaptureFixture[str]) -> None:
    server.answers = lambda request: time.sleep(0.1) or "late"  # type: ignore[func-returns-value]
    with client(server, timeout=0.02) as asking, pytest.raises(openai.APITimeoutError):
        ask(asking)
    address = ("127.0.0.1", int(server.url.split(":")[2].split("/")[0]))
    with socket.create_connection(address) as raw:
        raw.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 99\r\n\r\n{")
    with client(server) as asking:
        assert ask(asking).choices[0].message.content == "late"
    assert capfd.readouterr().err == ""


def test_a_server_that_ends_waits_for_nobody() -> None:
    started = time.monotonic()
    with ScriptedServer(echo, faults=Faults.parse("slow:60")) as server:
        address = ("127.0.0.1", int(server.url.split(":")[2].split("/")[0]))
        idle = socket.create_connection(address)
        asking = client(server)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(ask, asking)
            while not server.requests:
                time.sleep(0.001)
            server.__exit__()
            assert waiting.exception() is None or isinstance(waiting.exception(), openai.APIConnectionError)
        idle.close()
        asking.close()
    assert time.monotonic() - started < 10


def test_a_port_that_is_taken_is_the_callers_to_mend(server: ScriptedServer) -> None:
    port = int(server.url.split(":")[2].split("/")[0])
    with pytest.raises(ConfigError, match=f"port {port}: can not listen"), ScriptedServer(echo, port=port):
        pass


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["none.jsonl"], "the script can not be read"),
        (["s.jsonl", "--faults", "nonsense=1"], "not a plan of faults"),
        (["s.jsonl", "--port", "70000"], "can not listen"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.jsonl").write_text('{"text": "a"}\n', encoding="utf-8")
    with pytest.raises(SystemExit) as caught:
        main([str(tmp_path / arguments[0]), *arguments[1:]])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert told in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_the_module_serves_a_script_file_until_it_is_ended(tmp_path: Path, by: signal.Signals) -> None:
    (tmp_path / "s.jsonl").write_text('{"match": "rain", "text": "wet"}\n', encoding="utf-8")
    command = [sys.executable, "-m", "callwright.models.scripted_server", str(tmp_path / "s.jsonl")]
    process = subprocess.Popen(
        [*command, "--faults", "429:0.01"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=heed_interrupts,
    )  # fmt: skip
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    with openai.OpenAI(base_url=url, api_key="k", max_retries=1) as asking:
        assert [model.id for model in asking.models.list()] == ["scripted:s.jsonl"]
        assert ask(asking, "will it rain?").choices[0].message.content == "wet"
    process.send_signal(by)
    assert process.communicate(timeout=20)[1] == "1 answered, 1 429\n"
    assert process.returncode == 0
