"""What the tests of the judge share: rows to judge, judges that answer by rule, a server on this machine."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from callwright.models import Prompt
from callwright.models.scripted import ScriptedModel
from callwright.record import Json, Message, Task, Tool, ToolCall, Trajectory
from callwright.verify.judge import Judge

WEATHER = Tool(
    name="weather",
    description="Get the weather.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
)


def row(
    ask: str = "Weather in Oslo?",
    *,
    id: str = "r",
    expects: Any = "any",
    extra: Json = None,
    **arguments: Json,
) -> Trajectory:
    """Return a row of one call and its result; the assistant turns are messages 1 and 3."""
    call = ToolCall(name="weather", arguments=arguments or {"city": "Oslo"}, id="c1")
    return Trajectory(
        id=id,
        task=Task(expects=expects),
        tools=(WEATHER,),
        messages=(
            Message(role="user", content=ask),
            Message(role="assistant", tool_calls=(call,)),
            Message(role="tool", content="sunny", tool_call_id="c1"),
            Message(role="assistant", content="It is sunny."),
        ),
        extra=extra or {},
    )


def rows(count: int) -> Iterator[Trajectory]:
    """Yield rows that differ in id and request."""
    return (row(f"Weather in Oslo, please, number {k}?", id=f"r{k}") for k in range(count))


def verdict(passes: Json = True, rating: Json = 5, **more: Json) -> str:
    """Return an answer as it was asked for, without the mark."""
    return json.dumps({"why": "because", "rating": rating, "passes": passes, **more})


def judge(answer: str | Callable[[Prompt], str], name: str = "judge", price: Any = None) -> Judge:
    """Return a judge that always answers the same, or by a function of the prompt."""
    return Judge(name, ScriptedModel(answer if callable(answer) else lambda _: answer, name), price)


def mark_of(text: str) -> str:
    """Return the mark in a question."""
    found = re.search(r"recording (\w+) begins", text)
    assert found
    return found[1]


class Server:
    """A chat completions server whose answer is a function of the request; counts what it was asked."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], str | int] = lambda _: verdict()
        self.busy = self.most_busy = 0
        lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    server.requests.append(request)
                    server.busy += 1
                    server.most_busy = max(server.busy, server.most_busy)
                said = server.answer(request)
                with lock:
                    server.busy -= 1
                body = b"{}" if isinstance(said, int) else completion(said)
                self.send_response(said if isinstance(said, int) else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    pass

            def log_message(self, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"


def completion(text: str) -> bytes:
    """Return the body of a response that took 1000 tokens in and 100 out."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    body = {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": [choice],
        "usage": usage,
    }
    return json.dumps(body).encode()


@contextmanager
def running() -> Iterator[Server]:
    """Yield a server that answers until the block ends."""
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        thread.join()
        server.http.server_close()
