"""Against a real local server: what may pass is retried, the rest is an outage, nothing is paid for twice."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from callwright.errors import ConfigError, DataError, ModelError
from callwright.models import Prompt, open_model
from callwright.models.http import HttpModel, Journal, shown

KEY = "sk-secret-1234567890"
Answer = tuple[int, dict[str, str], bytes]


def reply(text: str | None, *, finish: str = "stop", **message: Any) -> Answer:
    body = {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": text, **message},
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }
    return 200, {}, json.dumps(body).encode()


class Server:
    """A chat completions server whose answers are a function of the request body."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[dict[str, Any]], Answer] = lambda r: reply(r["messages"][-1]["content"])
        self.busy = self.most_busy = 0
        lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    server.requests.append(request)
                    server.headers.append({name.lower(): value for name, value in self.headers.items()})
                    server.busy += 1
                    server.most_busy = max(server.busy, server.most_busy)
                status, headers, body = server.answer(request)
                with lock:
                    server.busy -= 1
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except BrokenPipeError:
                    pass

            def log_message(self, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


def ask(*texts: str) -> list[Prompt]:
    return [Prompt(messages=(("user", text),)) for text in texts]


def in_turn(*answers: Answer) -> Callable[[dict[str, Any]], Answer]:
    remaining = iter(answers)
    return lambda _: next(remaining)


def test_answers_come_in_the_order_of_the_prompts(server: Server) -> None:
    def slower_for_early(request: dict[str, Any]) -> Answer:
        text = request["messages"][-1]["content"]
        time.sleep(0.05 if text in "abc" else 0)
        return reply(text)

    server.answer = slower_for_early
    told: list[int] = []
    model = open_model(f"{server.url}#some/model")
    found = model.complete(ask(*"abcdefgh"), max_tokens=5, arrived=lambda place, done: told.append(place))
    assert [c.text for c in found] == list("abcdefgh")
    assert sorted(told) == list(range(8))
    assert found[0][1:] == (7, 3, "stop")
    assert model.name == "some/model"


def test_the_request_is_greedy_and_tool_results_go_out_as_user_text(server: Server) -> None:
    prompt = Prompt(messages=(("system", "s"), ("user", "u"), ("assistant", "call"), ("tool", "result")))
    HttpModel(server.url, "m").complete([prompt], max_tokens=5)
    request = server.requests[0]
    assert (request["model"], request["temperature"], request["max_tokens"]) == ("m", 0, 5)
    assert [m["role"] for m in request["messages"]] == ["system", "user", "assistant", "user"]
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_at_most_so_many_requests_run_at_once(server: Server) -> None:
    server.answer = lambda r: (time.sleep(0.03), reply("x"))[1]
    HttpModel(server.url, "m", concurrency=3).complete(ask(*"abcdefghij"), max_tokens=5)
    assert server.most_busy == 3


def test_too_many_requests_waits_as_long_as_the_server_says(server: Server) -> None:
    server.answer = in_turn((429, {"Retry-After": "1"}, b"{}"), reply("after"))
    started = time.monotonic()
    found = HttpModel(server.url, "m").complete(ask("a"), max_tokens=5)
    assert found[0].text == "after"
    assert time.monotonic() - started >= 1


def test_a_server_error_is_retried(server: Server) -> None:
    server.answer = in_turn(
        (500, {"retry-after-ms": "5"}, b"oops"), (503, {"retry-after-ms": "5"}, b""), reply("x")
    )
    assert HttpModel(server.url, "m").complete(ask("a"), max_tokens=5)[0].text == "x"
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "answer",
    [
        (500, {"retry-after-ms": "5"}, b"oops"),
        (429, {"retry-after-ms": "5"}, b"{}"),
        (400, {}, b'{"error": {"message": "context length exceeded"}}'),
        (200, {}, b'{"choices": [{"mess'),
        (200, {}, b"null"),
        (200, {}, b'{"choices": []}'),
        (200, {}, b'{"choices": [{"finish_reason": "stop"}]}'),
        (200, {"Content-Type": "text/html"}, b"<html>login</html>"),
        reply(
            None, tool_calls=[{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
        ),
    ],
    ids=["500", "429", "400", "cut", "null", "no-choices", "no-message", "html", "parsed-calls"],
)
def test_a_failure_that_stays_is_an_outage_and_never_an_answer(server: Server, answer: Answer) -> None:
    server.answer = lambda _: answer
    with pytest.raises(ModelError, match=r"127\.0\.0\.1"):
        HttpModel(server.url, "m", retries=1).complete(ask("a", "b"), max_tokens=5)


def test_a_slow_server_is_an_outage(server: Server) -> None:
    server.answer = lambda _: (time.sleep(0.3), reply("late"))[1]
    with pytest.raises(ModelError, match="Timeout"):
        HttpModel(server.url, "m", timeout=0.05, retries=0).complete(ask("a"), max_tokens=5)


def test_a_server_that_is_not_there_is_an_outage() -> None:
    with pytest.raises(ModelError, match="did not answer"):
        HttpModel("http://127.0.0.1:9/v1", "m", retries=0).complete(ask("a"), max_tokens=5)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_the_callers_to_mend_and_hides_the_key(server: Server, status: int) -> None:
    server.answer = lambda _: (status, {}, json.dumps({"error": {"message": f"bad key {KEY}"}}).encode())
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as caught:
        HttpModel(server.url, "m").complete(ask("a"), max_tokens=5)
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_empty_answer_is_an_answer(server: Server) -> None:
    server.answer = lambda _: reply("", finish="length")
    assert HttpModel(server.url, "m").complete(ask("a"), max_tokens=5)[0] == ("", 7, 3, "length")


def test_a_second_run_pays_nothing(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "journal.jsonl"
    first = HttpModel(server.url, "m", journal=path).complete(ask("a", "b"), max_tokens=5)
    assert len(server.requests) == 2
    told: list[int] = []
    again = open_model(f"{server.url}#m", journal=path)
    assert (
        again.complete(ask("b", "a"), max_tokens=5, arrived=lambda place, done: told.append(place))
        == first[::-1]
    )
    assert len(server.requests) == 2
    assert sorted(told) == [0, 1]


def test_another_model_limit_or_text_is_another_answer(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    HttpModel(server.url, "m", journal=path).complete(ask("a"), max_tokens=5)
    HttpModel(server.url, "other", journal=path).complete(ask("a"), max_tokens=5)
    HttpModel(server.url, "m", journal=path).complete(ask("a"), max_tokens=6)
    HttpModel(server.url, "m", journal=path).complete(ask("a "), max_tokens=5)
    assert len(server.requests) == 4


def test_equal_prompts_are_asked_once_each(server: Server, tmp_path: Path) -> None:
    numbers = iter("0123456789")
    server.answer = lambda _: reply(next(numbers))
    model = HttpModel(server.url, "m", journal=tmp_path / "j.jsonl", concurrency=1)
    assert [c.text for c in model.complete(ask("a", "a", "a"), max_tokens=5)] == ["0", "1", "2"]
    assert [c.text for c in model.complete(ask("a", "a"), max_tokens=5)] == ["0", "1"]


def test_what_was_answered_before_a_failure_is_kept(server: Server, tmp_path: Path) -> None:
    server.answer = lambda r: (400, {}, b"{}") if r["messages"][0]["content"] == "c" else reply("x")
    path = tmp_path / "j.jsonl"
    with pytest.raises(ModelError):
        HttpModel(server.url, "m", journal=path, concurrency=1).complete(ask(*"abcd"), max_tokens=5)
    assert len(Journal(path).answers) >= 2
    server.answer = lambda _: reply("x")
    kept, before = len(Journal(path).answers), len(server.requests)
    HttpModel(server.url, "m", journal=path).complete(ask(*"abcd"), max_tokens=5)
    assert len(server.requests) - before == 4 - kept


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_line_that_a_crash_cut_short_costs_one_request(server: Server, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "j.jsonl"
    HttpModel(server.url, "m", journal=path, concurrency=1).complete(ask("a", "b"), max_tokens=5)
    path.write_bytes(path.read_bytes()[:-cut])
    found = HttpModel(server.url, "m", journal=path).complete(ask("a", "b"), max_tokens=5)
    assert [c.text for c in found] == ["a", "b"]
    assert len(server.requests) == (2 if cut == 1 else 3)
    HttpModel(server.url, "m", journal=path).complete(ask("a", "b"), max_tokens=5)
    assert len(server.requests) == (2 if cut == 1 else 3)


def test_the_key_is_in_no_journal(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    HttpModel(server.url, "m", journal=path).complete(ask("a"), max_tokens=5)
    assert KEY not in path.read_text(encoding="utf-8")


def test_a_password_in_the_url_is_not_shown() -> None:
    assert shown("https://me:pw@host:8000/v1?key=1") == "https://host:8000/v1"
    with pytest.raises(ConfigError) as caught:
        open_model("https://me:pw@host/v1")
    assert "pw" not in str(caught.value)


def test_a_local_server_needs_no_key(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert HttpModel(server.url, "m").complete(ask("a"), max_tokens=5)[0].text == "a"


def test_a_prompt_without_messages_is_refused(server: Server) -> None:
    with pytest.raises(DataError, match="without messages"):
        HttpModel(server.url, "m").complete([Prompt(segments=(("a", True),))], max_tokens=5)
    assert server.requests == []
