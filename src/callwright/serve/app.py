"""The HTTP side: routes, authentication, limits, streaming. One generation at a time, in its own thread."""

from __future__ import annotations

import asyncio
import hmac
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from callwright.errors import ModelError
from callwright.models import Completion
from callwright.serve import wire
from callwright.serve.wire import BadRequest, ChatRequest, StreamingModel


@dataclass(frozen=True)
class Limits:
    """What one client may ask for."""

    body_bytes: int = 1 << 20
    max_tokens: int = 2048
    waiting: int = 32
    """Requests that may wait for the model; one more is told to come back."""
    seconds: float = 120.0


def create_app(model: StreamingModel, *, token: str | None = None, limits: Limits | None = None) -> Starlette:
    """Return the ASGI application that serves `model`; `token` guards every route but health."""
    server = _Server(model, token, limits or Limits())
    return Starlette(
        routes=[
            Route("/health", server.health),
            Route("/v1/models", server.guarded(server.models)),
            Route("/v1/chat/completions", server.guarded(server.chat), methods=["POST"]),
        ]
    )


class _Server:
    """The state behind the routes: the model, who waits for it, and its single worker thread."""

    def __init__(self, model: StreamingModel, token: str | None, limits: Limits) -> None:
        self.model = model
        self.token = token
        self.limits = limits
        self.created = int(time.time())
        self.waiting = 0
        self.turn = asyncio.Lock()
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")

    def guarded(
        self, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return `handler` behind the token check, its failures turned into OpenAI error bodies."""

        async def checked(request: Request) -> Response:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if self.token and not hmac.compare_digest(given.encode(), self.token.encode()):
                return failure(401, "the bearer token is missing or wrong", "authentication_error")
            try:
                return await handler(request)
            except BadRequest as error:
                return failure(400, str(error), "invalid_request_error")
            except ModelError as error:
                return failure(503, str(error), "server_error")

        return checked

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok", "waiting": self.waiting})

    async def models(self, request: Request) -> Response:
        entry = {"id": self.model.name, "object": "model", "created": self.created, "owned_by": "callwright"}
        return JSONResponse({"object": "list", "data": [entry]})

    async def chat(self, request: Request) -> Response:
        body = await self._body(request)
        asked = wire.decode_request(body)
        if asked.limit() > self.limits.max_tokens:
            raise BadRequest(f"max_tokens: at most {self.limits.max_tokens}, got {asked.limit()}")
        prompt = wire.to_prompt(asked)
        if not self.model.fits(prompt, asked.limit()):
            raise BadRequest("messages: the prompt and its answer do not fit into the model's context")
        if self.waiting >= self.limits.waiting:
            return failure(429, "too many requests are waiting", "rate_limit_error")
        request_id = f"chatcmpl-{uuid.uuid4().hex}"
        if asked.stream:
            return StreamingResponse(self._stream(asked, request_id), media_type="text/event-stream")
        completion = await self._complete(asked)
        return JSONResponse(wire.response(request_id, self.model.name, int(time.time()), completion))

    async def _body(self, request: Request) -> bytes:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > self.limits.body_bytes:
                raise BadRequest(f"body: at most {self.limits.body_bytes} bytes")
        return body

    async def _complete(self, asked: ChatRequest) -> Completion:
        prompt = wire.to_prompt(asked)
        self.waiting += 1
        try:
            async with asyncio.timeout(self.limits.seconds), self.turn:
                work = asyncio.get_running_loop().run_in_executor(
                    self.thread, lambda: self.model.complete([prompt], max_tokens=asked.limit())
                )
                return (await asyncio.shield(work))[0]  # a thread can not be cancelled
        except TimeoutError as error:
            raise ModelError(f"no answer within {self.limits.seconds:g} seconds") from error
        finally:
            self.waiting -= 1

    async def _stream(self, asked: ChatRequest, request_id: str) -> AsyncIterator[bytes]:
        """Yield events: text as it comes when no tool is offered, else whole calls once they are complete."""

        def event(delta: dict[str, object], finish: str | None = None) -> bytes:
            return wire.chunk(request_id, self.model.name, created, delta, finish)

        created = int(time.time())
        yield event({"role": "assistant", "content": ""})
        try:
            if asked.tools and asked.tool_choice != "none":
                message, finish = wire.answer(await self._complete(asked))
                for delta in wire.deltas(message):
                    yield event(delta)
            else:
                finish = "stop"
                async for piece in self._pieces(asked):
                    yield event({"content": piece})
        except ModelError as error:  # the status line is gone; the protocol's way is an error event
            yield b"data: " + failure(503, str(error), "server_error").body + b"\n\n"
            return
        yield event({}, finish)
        yield b"data: [DONE]\n\n"

    async def _pieces(self, asked: ChatRequest) -> AsyncIterator[str]:
        self.waiting += 1
        try:
            async with asyncio.timeout(self.limits.seconds), self.turn:
                pieces = self.model.stream(wire.to_prompt(asked), max_tokens=asked.limit())
                async for piece in iterate_in_threadpool(pieces):
                    yield piece
        except TimeoutError as error:
            raise ModelError(f"no answer within {self.limits.seconds:g} seconds") from error
        finally:
            self.waiting -= 1


def failure(status: int, message: str, kind: str) -> JSONResponse:
    """Return an error in OpenAI's shape."""
    body = {"error": {"message": message, "type": kind, "code": None, "param": None}}
    return JSONResponse(body, status_code=status)
