"""The HTTP side of a scripted server: completions as bodies or as streams, and what faults make of them."""

from __future__ import annotations

import json
import math
import socket
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from callwright.models import Completion
from callwright.models.faults import Fault
from callwright.models.scripted import words
from callwright.record import Json

JSON_BODY = {"Content-Type": "application/json"}
STREAM = {"Content-Type": "text/event-stream"}
WRONG: tuple[Json, ...] = (
    {},
    [],
    {"choices": "none"},
    {"choices": [{"index": 0, "finish_reason": "stop"}]},
    {"choices": [{"index": 0, "message": "text"}]},
    {"choices": [{"index": 0, "message": {"role": "assistant", "content": 7}}]},
    {"choices": [{"index": 0, "message": {"content": "text"}}], "usage": {"prompt_tokens": "many"}},
)
"""JSON that is no completion."""


class Asked(NamedTuple):
    """A request as it came in; the names of its headers are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    """Empty where something is to be had."""


class Reply(NamedTuple):
    """What goes out, byte for byte."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = JSON_BODY
    cut: bool = False
    """Whether the connection ends in the middle of the body."""


def completion(request: Mapping[str, Any], said: Completion) -> Reply:
    """Return an answer as the request wants it: whole, or as a stream of words."""
    head = {"id": "chatcmpl-scripted", "created": 0, "model": request.get("model", "")}
    counts = {"prompt_tokens": said.prompt_tokens, "completion_tokens": said.completion_tokens}
    usage = {**counts, "total_tokens": said.prompt_tokens + said.completion_tokens}
    if not request.get("stream"):
        message = {"role": "assistant", "content": said.text}
        choice = {"index": 0, "finish_reason": said.finish, "message": message}
        body = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
        return Reply(json.dumps(body).encode())
    head["object"] = "chat.completion.chunk"
    deltas = [{"role": "assistant", "content": ""}, *({"content": word} for word in words(said.text)), {}]
    choices: list[list[Json]] = [
        [{"index": 0, "delta": delta, "finish_reason": None if delta else said.finish}] for delta in deltas
    ]
    events: list[Json] = [{**head, "choices": choice} for choice in choices]
    if (request.get("stream_options") or {}).get("include_usage"):
        events.append({**head, "choices": [], "usage": usage})
    return _stream(json.dumps(event) for event in events)


def refusal(status: int, message: str, seconds: float = 0.0) -> Reply:
    """Return an error; `seconds` is for how long the client shall leave the server alone."""
    headers = dict(JSON_BODY)
    if seconds:
        headers["Retry-After"] = str(math.ceil(seconds))
    if seconds % 1:
        headers["retry-after-ms"] = f"{1000 * seconds:.0f}"
    return Reply(json.dumps({"error": {"message": message, "code": status}}).encode(), status, headers)


def broken(request: Mapping[str, Any], fault: Fault, body: str) -> Reply:
    """Return what a fault makes of an answer that need not be known for it."""
    if fault.kind.isdigit():
        return refusal(int(fault.kind), "planned", fault.seconds)
    wrong = WRONG[zlib.crc32(body.encode("utf-8", "surrogatepass")) % len(WRONG)]
    text = {
        "malformed": '{"choices": [{"mess',
        "wrong-schema": json.dumps(wrong),
        "empty": json.dumps({"object": "chat.completion", "choices": []}),
    }[fault.kind]
    return _stream([text]) if request.get("stream") else Reply(text.encode())


def _stream(events: Iterable[str]) -> Reply:
    return Reply("".join(f"data: {event}\n\n" for event in (*events, "[DONE]")).encode(), headers=STREAM)


class Wire(ThreadingHTTPServer):
    """Listens on this machine, and answers each request by `respond`, in a thread for each connection."""

    daemon_threads = False  # closing waits for them
    request_queue_size = 1024

    def __init__(self, port: int, respond: Callable[[Asked], Reply]) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.respond = respond
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def end(self) -> None:
        """Listen no more, hang up on everyone, and wait for the threads."""
        self.shutdown()
        self._thread.join()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # the other side was faster
                pass
        self.server_close()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection, and remember that it is open."""
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what is wrong with this server, but not that a client hung up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Wire
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two packets

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self.send_error(411)
            return
        self._answer(self.rfile.read(int(length)))

    def _answer(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.respond(Asked(self.path, headers, body))
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        whole = reply.body
        if reply.headers.get("Content-Type") == STREAM["Content-Type"]:
            self.send_header("Transfer-Encoding", "chunked")
            whole = b"".join(map(_chunk, whole.splitlines(keepends=True))) + _chunk(b"")
        else:
            self.send_header("Content-Length", str(len(whole)))
        self.end_headers()
        self.wfile.write(whole[: len(whole) // 2] if reply.cut else whole)
        self.close_connection = self.close_connection or reply.cut

    def log_message(self, format: str, *args: object) -> None:
        pass


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"
