"""What comes back from a call: a response, the status code that ToolBench gives it, and its text.

Codes: 0 normal, 1 no such function, 2 bad input, 3 final answer, 4 gave up, 5 timeout, 6 not found,
7 and 8 not authorised, 9 and 10 too many requests, 11 the response says error, 12 no usable response.
"""

from __future__ import annotations

import json
from typing import NamedTuple, Protocol

from callwright.evaluate.toolbench.apis import Api
from callwright.record import Json

OK, NO_FUNCTION, BAD_INPUT, FINAL_ANSWER, GAVE_UP, NO_RESPONSE = 0, 1, 2, 3, 4, 12
MAX_OBSERVATION = 1024
"""Characters of an observation that a model gets to see."""
_CODES = {
    "API not working error...": 6,
    "Unauthorized error...": 7,
    "Unsubscribed error...": 8,
    "Too many requests error...": 9,
    "Rate limit per minute error...": 10,
    "Message error...": 11,
}


class Response(NamedTuple):
    """An answer to a call: an empty `error` where it went well."""

    error: str
    response: Json
    code: int

    @property
    def text(self) -> str:
        """The response as the runner writes it, at full length."""
        return json.dumps({"error": self.error, "response": self.response})


def response_of(record: Json) -> Response:
    """Return what a record ``{"error", "response"}`` says; anything else is a response without error."""
    if isinstance(record, dict) and "response" in record:
        error = record.get("error", "")
        text = error if isinstance(error, str) else json.dumps(error)
        return Response(text, record["response"], _CODES.get(text, OK))
    return Response("", record, OK)


def observed(text: str) -> str:
    """Return as much of a response as a model gets to see."""
    return text if len(text) <= MAX_OBSERVATION else text[:MAX_OBSERVATION] + "..."


class Backend(Protocol):
    """Something that answers calls of APIs."""

    @property
    def name(self) -> str:
        """Return the name that conditions show."""
        ...

    def answer(self, api: Api, arguments: dict[str, Json]) -> Response | None:
        """Return the answer to a call; None where this back end has none."""
        ...
