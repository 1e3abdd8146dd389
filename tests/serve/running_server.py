"""A real server on a free port of this machine, for as long as a test needs it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from callwright.models.writing import Writer
from callwright.serve.app import create_app
from callwright.serve.settings import Defaults, Limits


@contextmanager
def serving(
    writer: Writer,
    *,
    limits: Limits | None = None,
    token: str | None = None,
    defaults: Defaults | None = None,
) -> Iterator[str]:
    """Yield the address of a server of `writer`."""
    app = create_app(writer, token=token, limits=limits, defaults=defaults)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=10))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(256)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
