"""What a server's answer is worth: a result, an error of the tool, or an outage.

==========================  ==========  =================================================================
what came                   kind        what it says
==========================  ==========  =================================================================
2xx                         result      the value; no content is null, what is no JSON is a text
408 425 429 502 503 504     timeout     an outage: the call was not dealt with, ask again later
no connection, no answer    timeout     an outage as well, with the reason
every other status          raised      the server's verdict on this call, like an exception of a function
a broken answer             raised      not HTTP, or not the JSON that it says to be
more than the limit         oversize    the answer was not read any further
==========================  ==========  =================================================================

So `timeout` never speaks against a call, and `raised` does; nothing is raised here for either. A redirect is
an error, because following it would mean to call what nobody allowed.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from callwright.record import Json, Observation
from callwright.toolbox.http.wire import Answer

OUTAGES = frozenset({408, 425, 429, 502, 503, 504})
MAX_MESSAGE = 200
_SAYING = ("message", "detail", "title", "error_description", "error", "errors", "msg", "reason")


class Verdict(NamedTuple):
    """An observation but for who asked and how long it took."""

    kind: Literal["result", "raised", "timeout", "oversize"]
    value: Json = None
    error: str = ""


def is_outage(observation: Observation) -> bool:
    """Tell whether a live call failed for a reason that says nothing about the call."""
    return observation.via == "live" and observation.kind == "timeout"


def judge(answer: Answer, limit: int) -> Verdict:
    """Return what an answer of a server is."""
    status = answer.status
    if status in OUTAGES:
        return Verdict("timeout", error=_status_line(answer))
    if not 200 <= status < 300:
        return Verdict("raised", error=_status_line(answer))
    if answer.is_cut:
        return Verdict("oversize", error=f"the answer is longer than {limit:,} bytes")
    packed = answer.headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("", "identity"):
        return Verdict("raised", error="the answer is compressed, although that was not asked for")
    if not answer.body.strip():
        return Verdict("result")
    return _content(answer)


def _content(answer: Answer) -> Verdict:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")) or not kind:
        try:
            return Verdict("result", msgspec.json.decode(answer.body.removeprefix(b"\xef\xbb\xbf")))
        except (ValueError, RecursionError):
            if kind:
                return Verdict("raised", error="the answer is not the JSON that it says to be")
    text = _text(answer)
    if text is None:
        return Verdict("raised", error=f"the answer is {_clean(kind) or 'binary'}, neither JSON nor text")
    return Verdict("result", text)


def _text(answer: Answer) -> str | None:
    found = re.search(r"charset=[\"']?([A-Za-z0-9_-]{1,40})", answer.headers.get("content-type", ""))
    try:
        text = answer.body.decode(found[1] if found else "utf-8").removeprefix("\ufeff")
        text.encode()
    except (UnicodeError, LookupError):
        return None
    return None if "\0" in text else text


def _status_line(answer: Answer) -> str:
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "unknown status"
    if 300 <= answer.status < 400 and answer.status != 304:
        return f"HTTP {answer.status}: redirects are not followed{_towards(answer)}"
    return f"HTTP {answer.status}: {_message(answer) or phrase}"


def _towards(answer: Answer) -> str:
    try:
        host = urlsplit(answer.headers.get("location", "")).hostname
    except ValueError:
        host = None
    return f", this one leads to {_clean(host)}" if host else ""


def _message(answer: Answer) -> str:
    """Return what the body of an error says, in one line."""
    if answer.is_cut or "content-encoding" in answer.headers:
        return ""
    try:
        value: Json = msgspec.json.decode(answer.body)
    except (ValueError, RecursionError):
        is_text = answer.headers.get("content-type", "").startswith("text/plain")
        value = answer.body.decode("utf-8", "replace").strip() if is_text else ""
    for _ in range(4):
        if isinstance(value, dict):
            value = next((value[word] for word in _SAYING if value.get(word)), "")
        elif isinstance(value, list):
            value = value[0] if value else ""
    return _clean(value) if isinstance(value, str) else ""


def _clean(text: str) -> str:
    """Return a foreign text in one short line that can stand in a message and in a terminal."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * MAX_MESSAGE]).split())
    return line if len(line) <= MAX_MESSAGE else line[: MAX_MESSAGE - 1] + "…"
