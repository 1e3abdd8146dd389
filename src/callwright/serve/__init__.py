"""Serving: an OpenAI-compatible endpoint that renders and parses exactly as training did.

    serve(LocalWriter(LocalModel(Path("run"))), host="127.0.0.1", port=8000)

Loopback by default; any other address needs a token. The server never executes a tool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from callwright.errors import ConfigError, ExtraMissing

if TYPE_CHECKING:
    from callwright.models.writing import Writer
    from callwright.serve.settings import Defaults, Limits

GRACE = 30
"""Seconds in which answers that were begun may end when the server is stopped."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")

__all__ = ["check_address", "serve"]


def check_address(host: str, token: str | None) -> None:
    """Refuse an address that others can reach when no token protects it."""
    if host not in LOOPBACK and not token:
        raise ConfigError(
            f"{host} can be reached by other machines",
            expected="a token",
            hint="pass --token, or set CALLWRIGHT_TOKEN, or stay on 127.0.0.1",
        )


def serve(
    writer: Writer,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    limits: Limits | None = None,
    defaults: Defaults | None = None,
) -> None:
    """Serve `writer` until interrupted; answers that were begun are then written to their end."""
    check_address(host, token)
    try:
        import uvicorn

        from callwright.serve.app import create_app
    except ImportError as error:
        raise ExtraMissing(
            f"serving needs the package {error.name!r}", hint="pip install 'callwright[serve]'"
        ) from error
    app = create_app(writer, token=token, limits=limits, defaults=defaults)
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE,
    )
