"""Serving: an OpenAI-compatible endpoint that renders and parses exactly as training did.

    serve(open_model("smollm2-135m"), host="127.0.0.1", port=8000)

Loopback by default; any other address needs a token. The server never executes a tool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from callwright.errors import ConfigError, ExtraMissing

if TYPE_CHECKING:
    from callwright.serve.app import Limits
    from callwright.serve.wire import StreamingModel

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
    model: StreamingModel,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str | None = None,
    limits: Limits | None = None,
) -> None:
    """Serve `model` until interrupted."""
    check_address(host, token)
    try:
        import uvicorn

        from callwright.serve.app import Limits, create_app
    except ImportError as error:
        raise ExtraMissing(
            f"serving needs the package {error.name!r}", hint="pip install 'callwright[serve]'"
        ) from error
    app = create_app(model, token=token, limits=limits or Limits())
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False)
