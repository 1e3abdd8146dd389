"""The HTTP side: routes, authentication, limits, and clients that go before their answer is there."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Protocol, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from callwright.errors import CallwrightError
from callwright.models import Prompt
from callwright.models.writing import Writer
from callwright.record import Json
from callwright.serve import chat, response_events, responses
from callwright.serve.answers import Answer, Delta, answer
from callwright.serve.asked import Asked, checked
from callwright.serve.failures import TooLarge, failed, failure, no_route
from callwright.serve.merging import merged
from callwright.serve.metrics import Metrics
from callwright.serve.settings import Defaults, Limits

T = TypeVar("T")


class Wire(Protocol):
    """Writes what a client of one API is told."""

    def response(self, answers: Sequence[Answer]) -> dict[str, Json]: ...
    def begin(self, index: int) -> Iterator[bytes]: ...
    def delta(self, index: int, delta: Delta) -> Iterator[bytes]: ...
    def end(self, index: int, answer: Answer) -> Iterator[bytes]: ...
    def close(self, answers: Sequence[Answer]) -> Iterator[bytes]: ...


Read = Callable[[bytes, str], tuple[Asked, Wire]]
"""Reads the body of a request, given the name of the model."""


def create_app(
    writer: Writer,
    *,
    token: str | None = None,
    limits: Limits | None = None,
    defaults: Defaults | None = None,
) -> Starlette:
    """Return the ASGI application that serves `writer`; `token` guards every route but health.

    When it is shut down, answers that were begun are written to their end.
    """
    server = _Server(writer, token, limits or Limits(), defaults or Defaults())
    return Starlette(
        routes=[
            Route("/health", server.health),
            Route("/metrics", server.guarded(server.figures)),
            Route("/v1/models", server.guarded(server.models)),
            Route("/v1/chat/completions", server.guarded(server.answering(_read_chat)), methods=["POST"]),
            Route("/v1/responses", server.guarded(server.answering(_read_responses)), methods=["POST"]),
        ],
        exception_handlers={HTTPException: no_route},
        lifespan=server.lifespan,
    )


def _read_chat(body: bytes, model: str) -> tuple[Asked, Wire]:
    request = chat.decode(body)
    return chat.to_asked(request), chat.Chat(model, request)


def _read_responses(body: bytes, model: str) -> tuple[Asked, Wire]:
    request = responses.decode(body)
    return responses.to_asked(request), response_events.Responses(model, request)


class _Server:
    """The state behind the routes."""

    def __init__(self, writer: Writer, token: str | None, limits: Limits, defaults: Defaults) -> None:
        self.writer = writer
        self.token = token
        self.limits = limits
        self.defaults = defaults
        self.created = int(time.time())
        self.metrics = Metrics(writer)
        self.open = 0

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(self.writer.close)

    def guarded(
        self, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return `handler` behind the token check, its failures turned into error bodies, and counted."""

        async def checked(request: Request) -> Response:
            response = await self._checked(handler, request)
            self.metrics.requests.labels(request.url.path, str(response.status_code)).inc()
            return response

        return checked

    async def _checked(self, handler: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.token and not hmac.compare_digest(given.encode(), self.token.encode()):
            return failure(401, "the bearer token is missing or wrong")
        try:
            return await handler(request)
        except (ClientDisconnect, _Gone):
            self.metrics.gone.inc()
            return Response(status_code=499)  # nobody reads it
        except Exception as error:
            return failed(error)

    async def health(self, request: Request) -> Response:
        load = self.writer.load
        return JSONResponse({"status": "ok", "waiting": load.waiting, "running": load.running})

    async def figures(self, request: Request) -> Response:
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4")

    async def models(self, request: Request) -> Response:
        entry = {"id": self.writer.name, "object": "model", "created": self.created, "owned_by": "callwright"}
        return JSONResponse({"object": "list", "data": [entry]})

    def answering(self, read: Read) -> Callable[[Request], Awaitable[Response]]:
        """Return the handler of requests that `read` reads."""

        async def handler(request: Request) -> Response:
            async with asyncio.timeout(self.limits.seconds):
                body = await self._body(request)
                asked, prompt, wire = await asyncio.to_thread(self._prepared, read, body)
            if self.open + asked.n > self.limits.open:
                return failure(429, "too many requests are waiting", headers={"Retry-After": "1"})
            running = _Running(self, asked, prompt, wire)
            if asked.stream:
                # The first event is waited for: until then a failure still has a status line to be told in.
                events = running.events()
                first = await _unless_gone(request, anext(events))
                return StreamingResponse(_again(first, events), media_type="text/event-stream")
            answers = await _unless_gone(request, running.whole())
            return JSONResponse(wire.response(answers))

        return handler

    async def _body(self, request: Request) -> bytes:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > self.limits.body_bytes:
                raise TooLarge(f"body: at most {self.limits.body_bytes} bytes")
        return body

    def _prepared(self, read: Read, body: bytes) -> tuple[Asked, Prompt, Wire]:
        """Return a request, read and rendered: in a thread, since a large one takes its time."""
        asked, wire = read(body, self.writer.name)
        if asked.tools is None and asked.answer_schema is None and self.defaults.tools:
            asked = replace(asked, tools=self.defaults.tools)
        asked = replace(asked, strict=asked.strict or self.defaults.constrain)
        asked = checked(asked, self.limits.max_tokens, self.limits.answers)
        return asked, asked.prompt(), wire


class _Running:
    """A request that is being answered."""

    def __init__(self, server: _Server, asked: Asked, prompt: Prompt, wire: Wire) -> None:
        self._server = server
        self._asked = asked
        self._prompt = prompt
        self._wire = wire
        self._answers: dict[int, Answer] = {}
        self._deadline = asyncio.get_running_loop().time() + server.limits.seconds

    async def whole(self) -> list[Answer]:
        """Return all answers."""
        async with aclosing(self._in_time()) as items:
            async for _ in items:
                pass
        return [self._answers[index] for index in range(self._asked.n)]

    async def events(self) -> AsyncGenerator[bytes]:
        """Yield what a client that streams is told."""
        begun: set[int] = set()
        try:
            async with aclosing(self._in_time()) as items:
                async for index, item in items:
                    if index not in begun:
                        begun.add(index)
                        yield b"".join(self._wire.begin(index))
                    if isinstance(item, Delta):
                        yield b"".join(self._wire.delta(index, item))
                    else:
                        yield b"".join(self._wire.end(index, item))
        except (TimeoutError, CallwrightError) as error:
            if not begun:
                raise
            # The status line is gone; the protocol's way is an error event.
            yield b"data: " + bytes(failed(error).body) + b"\n\n"
            return
        yield b"".join(self._wire.close([self._answers[index] for index in range(self._asked.n)]))

    async def _in_time(self) -> AsyncGenerator[tuple[int, Delta | Answer]]:
        """Yield what the answers yield; raises `TimeoutError` at the deadline.

        The time is looked at between two yields only: the task that reads the first event is not the one that
        reads the others, and a time-out ends the task that began it.
        """
        async with aclosing(self._items()) as items:
            while True:
                async with asyncio.timeout_at(self._deadline):
                    item = await anext(items, None)
                if item is None:
                    return
                yield item

    async def _items(self) -> AsyncGenerator[tuple[int, Delta | Answer]]:
        server, asked = self._server, self._asked
        calls = bool(asked.tools) and asked.choice.mode != "none"
        prompts = [replace(self._prompt, sample=i) for i in range(asked.n)]
        valid = asked.valid if prompts[0].grammar else None
        parts = [answer(server.writer, prompt, asked.wish, calls=calls, valid=valid) for prompt in prompts]
        started, told = time.perf_counter(), False
        server.open += asked.n
        try:
            async with aclosing(merged(parts)) as items:
                async for index, item in items:
                    seconds = time.perf_counter() - started
                    if not told:
                        told = True
                        server.metrics.first.observe(seconds)
                    if isinstance(item, Answer):
                        self._answers[index] = item
                        server.metrics.add(item, seconds)
                    yield index, item
        finally:
            server.open -= asked.n


class _Gone(Exception):
    """The client has hung up."""


async def _unless_gone(request: Request, work: Awaitable[T]) -> T:
    """Return what comes of `work`; gives it up, and raises `_Gone`, when the client hangs up before."""
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_hung_up(request))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise _Gone
        return await working
    finally:
        gone.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait((working,))


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _again(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Yield what was read already, then the rest."""
    async with aclosing(rest):
        yield first
        async for event in rest:
            yield event
