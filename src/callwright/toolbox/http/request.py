"""A call as an HTTP request, without the address and without the credentials.

Nothing that an argument says can change where the request goes or who sends it: values are encoded where they
stand, and what the client itself says (Host, Authorization, Content-Length, …) no argument can.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from callwright.record import Json
from callwright.toolbox.http import styles
from callwright.toolbox.openapi import Argument, Operation, Scheme
from callwright.toolbox.openapi.arguments import NOT_ARGUMENTS
from callwright.toolbox.openapi.reading import FORM, JSON, kind_of

_WITH_BODY = ("POST", "PUT", "PATCH")
_TEMPLATE_SAFE = "/:@!$&'()*+,;=-._~%"


class Refused(ValueError):
    """Why a call is not sent."""


@dataclass(frozen=True)
class Request:
    """What is sent for a call, apart from the address and the credentials."""

    method: str
    path: str
    """Encoded, beginning with a slash; the path of the server goes in front."""
    fields: tuple[str, ...] = ()
    """Of the query, encoded."""
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[str, ...] = ()
    body: bytes | None = None


def compose(operation: Operation, arguments: Mapping[str, Json], schemes: tuple[Scheme, ...]) -> Request:
    """Return the request of a call; raises Refused for what can not or must not be sent.

    `schemes` are the ways of the API to prove who asks: no argument may set their fields.
    """
    known = {argument.name: argument for argument in operation.arguments}
    unknown = [name for name in arguments if name not in known]
    if unknown and not operation.open_body:
        raise Refused(f"the argument {unknown[0][:60]!r} has no place in the request")
    given = [(argument, arguments[name]) for name, argument in known.items() if name in arguments]
    path = _path(operation, arguments)
    fields: list[str] = []
    headers: list[tuple[str, str]] = []
    cookies: list[str] = []
    for argument, value in given:
        try:
            if argument.place == "query":
                fields += styles.query(argument, value)
            elif argument.place == "cookie":
                cookies += styles.query(argument, value)
            elif argument.place == "header" and value is not None:
                headers.append((argument.wire, styles.header(argument, value)))
        except styles.Unwritable as error:
            raise Refused(f"the argument {argument.name!r} {error}") from None
    _check_not_ours(fields, headers, cookies, schemes)
    body, content = _body(operation, given, {name: arguments[name] for name in unknown})
    if content:
        headers.append(("Content-Type", content))
    return Request(operation.method, path, tuple(fields), tuple(headers), tuple(cookies), body)


def _path(operation: Operation, arguments: Mapping[str, Json]) -> str:
    values: dict[str, str] = {}
    for argument in operation.arguments:
        if argument.place != "path":
            continue
        if argument.name not in arguments:
            raise Refused(f"the argument {argument.name!r} is missing, and the path needs it")
        try:
            values[argument.wire] = styles.path(argument, arguments[argument.name])
        except styles.Unwritable as error:
            raise Refused(f"the argument {argument.name!r} {error}") from None

    template = operation.path.partition("#")[0]
    parts = [quote(part, safe=_TEMPLATE_SAFE + "?") for part in re.split(r"\{[^{}]*\}", template)]
    names = re.findall(r"\{([^{}]*)\}", template)
    path = parts[0]
    for name, part in zip(names, parts[1:], strict=True):
        if name not in values:
            raise Refused(f"no argument for {{{name[:60]}}} in the path")
        path += values[name] + part
    if any(unquote(segment) in (".", "..") for segment in path.partition("?")[0].split("/")):
        raise Refused("the path would have a segment . or .., which leads elsewhere")
    return path


def _check_not_ours(
    fields: list[str], headers: list[tuple[str, str]], cookies: list[str], schemes: tuple[Scheme, ...]
) -> None:
    ours = {(scheme.kind, scheme.field.lower()) for scheme in schemes}
    for name, _ in headers:
        if name.lower() in NOT_ARGUMENTS or ("header", name.lower()) in ours:
            raise Refused(f"an argument must not set the header {name}")
    for kind, pairs in (("query", fields), ("cookie", cookies)):
        for pair in pairs:
            name = unquote(pair.partition("=")[0])
            if (kind, name.lower()) in ours:
                raise Refused(f"an argument must not set {name}, by which the caller proves who asks")


def _body(
    operation: Operation, given: list[tuple[Argument, Json]], additional: Mapping[str, Json]
) -> tuple[bytes | None, str]:
    """Return the body and its content type."""
    content = operation.content
    if not content:
        return None, ""
    parts = [(argument, value) for argument, value in given if argument.place == "body"]
    is_whole = any(a.place == "body" and not a.wire for a in operation.arguments)
    if not parts and not additional and (is_whole or operation.method not in _WITH_BODY):
        return None, ""
    value: Json = parts[0][1] if is_whole else {**{a.wire: item for a, item in parts}, **additional}
    try:
        if kind_of(content) == JSON:
            return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii"), content
        if kind_of(content) == FORM:
            return _form(value, {} if is_whole else {a.wire: a for a, _ in parts}), content
        if isinstance(value, str):
            return value.encode(), f"{content.partition(';')[0]}; charset=utf-8"
    except Refused:
        raise
    except (TypeError, ValueError, RecursionError) as error:
        raise Refused(f"the body can not be written: {error}") from None
    raise Refused(f"the body is {content}, so it has to be a text")


def _form(value: Json, known: Mapping[str, Argument]) -> bytes:
    if not isinstance(value, dict):
        raise Refused("the body is a form, so it has to be an object")
    fields: list[str] = []
    for name, item in value.items():
        fields += styles.query(known.get(name, Argument(name, name, "body", explode=True)), item)
    return "&".join(fields).encode("ascii")
