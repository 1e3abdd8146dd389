"""Serves the viewer to this machine, and to no other: a page, its style and script, and three questions.

A page elsewhere that makes a browser ask here under its own name is refused (the Host header tells), and the
page may load nothing but what lies here. Texts reach it as JSON and are shown as text.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callwright.report.viewer.rows import Rows

MOST = 200
"""Rows that are told at a time."""
LOCAL = ("127.0.0.1", "localhost", "[::1]")
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
ASSETS = {
    "/": ("view.html", "text/html"),
    "/view.js": ("view.js", "text/javascript"),
    "/view.css": ("view.css", "text/css"),
}


def create_app(files: Sequence[Rows]) -> Starlette:
    """Return the ASGI application that shows these files."""
    viewer = _Viewer(files)
    asked = {"/api/files": viewer.files, "/api/rows": viewer.rows, "/api/row": viewer.row}
    return Starlette(
        routes=[
            *(Route(path, _guarded(_asset(*told))) for path, told in ASSETS.items()),
            *(Route(path, _guarded(ask)) for path, ask in asked.items()),
            Route("/favicon.ico", _guarded(lambda request: Response(status_code=204))),
        ]
    )


class _Viewer:
    """The files behind the questions."""

    def __init__(self, files: Sequence[Rows]) -> None:
        self._files = files

    def files(self, request: Request) -> Response:
        """Return the files with their counts."""
        return _json(
            [
                {"name": f.name, "kind": f.kind, "rows": len(f.entries), "broken": f.broken, **f.counts()}
                for f in self._files
            ]
        )

    def rows(self, request: Request) -> Response:
        """Return a part of the rows that were asked for, and how many they are."""
        asked = request.query_params
        file = self._files[_number(asked.get("file"), len(self._files))]
        words = tuple(dict.fromkeys(asked.get("q", "").lower().split()))
        found = file.find(words, asked.get("verdict", ""), asked.get("group", ""))
        start = _number(asked.get("start"), max(1, len(found)))
        part = found[start : start + MOST]
        rows = [(number, *file.entries[number]) for number in part]
        return _json({"total": len(found), "start": start, "rows": rows})

    def row(self, request: Request) -> Response:
        """Return a row, and what other files say of the row of that id."""
        asked = request.query_params
        which = _number(asked.get("file"), len(self._files))
        file = self._files[which]
        number = _number(asked.get("row"), max(1, len(file.entries)))
        name = file.entries[number].id
        beside = [
            {"file": other.name, "kind": other.kind, "row": other.row(other.numbers[name])}
            for place, other in enumerate(self._files)
            if place != which and name in other.numbers
        ]
        return _json({"kind": file.kind, "row": file.row(number), "beside": beside})


def _asset(name: str, kind: str) -> Callable[[Request], Response]:
    content = importlib.resources.files("callwright.report.viewer").joinpath(name).read_bytes()
    return lambda request: Response(content, media_type=kind)


def _guarded(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler that asks for a name of this machine, and tells a wrong question as such."""

    async def handler(request: Request) -> Response:
        host = request.headers.get("host", "").rsplit(":", 1)[0]
        if host not in LOCAL:
            response = Response("ask for 127.0.0.1", 403)
        else:
            try:
                response = answer(request)
            except ValueError as error:
                response = Response(str(error), 400)
        response.headers.update(HEADERS)
        return response

    return handler


def _number(told: str | None, below: int) -> int:
    number = int(told or 0)
    if not 0 <= number < below:
        raise ValueError(f"{number}: expected a number below {below}")
    return number


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
