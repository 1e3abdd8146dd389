"""One request over HTTP: the model is served on a free port of this machine and asked once."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from callwright.errors import ConfigError
from callwright.export.chat import definitions
from callwright.models.writing import Writer
from callwright.record import Json, Tool
from callwright.serve.settings import Defaults, Limits
from callwright.worlds import open_world

SECONDS = 120.0


def request_body(request: str, tools: tuple[Tool, ...]) -> dict[str, Json]:
    """Return the body of a chat-completions request."""
    return {
        "model": "callwright",
        "messages": [{"role": "user", "content": request}],
        "tools": definitions(tools),
        "max_tokens": 160,
    }


def ask_once(writer: Writer, body: dict[str, Json]) -> dict[str, Json]:
    """Serve `writer`, send `body` to ``/v1/chat/completions``, and return the response."""
    with serving(writer) as url:
        sent = urllib.request.Request(
            f"{url}/v1/chat/completions",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback needs no proxy
        with direct.open(sent, timeout=SECONDS) as answer:
            parsed: dict[str, Json] = json.loads(answer.read())
            return parsed


def defaults_of(tools: str | None, constrain: bool) -> Defaults:
    """Return what a server does for requests that do not say; `tools` is what `worlds.open_world` opens."""
    return Defaults(tuple(open_world(tools).tools) if tools else (), constrain)


def check_port(host: str, port: int) -> None:
    """Raise `ConfigError` for an address that can not be listened on, before a model is loaded for it."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, proto) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ConfigError(
            "can not be listened on", place=f"{host}:{port}", got=error.strerror or str(error),
            hint="choose another --host or --port",
        ) from None  # fmt: skip


@contextmanager
def serving(writer: Writer, limits: Limits | None = None) -> Iterator[str]:
    """Yield the address of a server of `writer` on a free port of this machine."""
    import uvicorn

    from callwright.serve.app import create_app

    server = uvicorn.Server(uvicorn.Config(create_app(writer, limits=limits), log_level="error"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            deadline = time.monotonic() + SECONDS
            while not server.started and thread.is_alive() and time.monotonic() < deadline:
                time.sleep(0.02)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)
