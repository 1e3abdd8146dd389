"""What a client is told of a failure: a status, and a body in OpenAI's shape."""

from __future__ import annotations

import logging

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from callwright.errors import CallwrightError, DataError, UserError
from callwright.serve.asked import BadRequest

_log = logging.getLogger("callwright.serve")


class TooLarge(BadRequest):
    """A body is larger than one may be."""


def failed(error: Exception) -> JSONResponse:
    """Return what a client is told of a failure; one that nobody thought of is written to the log."""
    match error:
        case TooLarge():
            return failure(413, str(error))
        case BadRequest():
            return failure(400, str(error), param=error.param)
        case DataError() if "does not fit" in error.what:
            return failure(400, str(error), param="messages", code="context_length_exceeded")
        case UserError():
            return failure(400, str(error))
        case TimeoutError():
            return failure(504, "the time for an answer is over")
        case CallwrightError():
            return failure(503, str(error))
    _log.error("a request failed", exc_info=error)
    return failure(500, "the server made a mistake; its log says which")


async def no_route(request: Request, error: Exception) -> Response:
    """Return what a client is told of a route or a method that is none."""
    assert isinstance(error, HTTPException)
    return failure(error.status_code, error.detail, headers=dict(error.headers or {}))


_KINDS = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}


def failure(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Return an error in OpenAI's shape."""
    kind = _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    body = {"error": {"message": message, "type": kind, "code": code, "param": param}}
    return JSONResponse(body, status_code=status, headers=headers)
