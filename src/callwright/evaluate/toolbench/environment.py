"""Takes calls: of Finish by itself, of APIs through the back ends in their order, and counts who answered.

A step is a generator, because a model may have to stand in for an API: it asks for that reply on its way.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator
from typing import Literal, NamedTuple, TypeVar

from callwright.evaluate.sessions import Turn
from callwright.evaluate.toolbench.apis import FINISH, GIVE_ANSWER, GIVE_UP, Api, Offer
from callwright.evaluate.toolbench.cache import Cache
from callwright.evaluate.toolbench.prompts import stand_in
from callwright.evaluate.toolbench.responses import (
    BAD_INPUT,
    FINAL_ANSWER,
    GAVE_UP,
    NO_FUNCTION,
    NO_RESPONSE,
    OK,
    Backend,
    Response,
    observed,
    response_of,
)
from callwright.evaluate.toolbench.simulator import complaint
from callwright.record import Json

T = TypeVar("T")
Steps = Generator[Turn, str | None, T]
"""Asks for replies on its way to a value."""
ModelFor = Literal["nothing", "gaps", "all"]
"""Which calls that the cache does not know a model answers: none, those without a skeleton, or all."""


class Observed(NamedTuple):
    """What a call gives back: the text for the model and the status code."""

    text: str
    code: int


class Environment:
    """The tools of one episode."""

    def __init__(
        self,
        offer: Offer,
        *,
        cache: Cache | None,
        backend: Backend,
        model_for: ModelFor = "nothing",
    ) -> None:
        self.offer = offer
        self.counts: Counter[str] = Counter()
        """cache_hits, cache_misses, simulated_calls and model_calls so far."""
        self._cache = cache
        self._backend = backend
        self._model_for = model_for

    def step(self, name: str, arguments: dict[str, Json]) -> Steps[Observed]:
        """Take a call and return what came of it."""
        if name == FINISH:
            return finish(arguments)
        api = self.offer.named(name)
        if api is None:
            missing = Response(f"No such function name: {name}", "", NO_FUNCTION)
            return Observed(observed(missing.text), missing.code)
        response = yield from self._answered(api, arguments)
        return Observed(observed(response.text), response.code)

    def _answered(self, api: Api, arguments: dict[str, Json]) -> Steps[Response]:
        if self._cache is not None:
            recorded = self._cache.answer(api, arguments)
            self.counts["cache_misses" if recorded is None else "cache_hits"] += 1
            if recorded is not None:
                return recorded
        if wrong := complaint(api, arguments):
            self.counts["simulated_calls"] += 1
            return Response(wrong, "", BAD_INPUT)
        if self._model_for == "all" or (self._model_for == "gaps" and not api.template):
            self.counts["model_calls"] += 1
            examples = self._cache.examples(api) if self._cache is not None else ()
            reply = yield Turn("tools", stand_in(api, arguments, examples))
            return stood_in(reply)
        self.counts["simulated_calls" if self._backend.name == "simulator" else "executed_calls"] += 1
        made = self._backend.answer(api, arguments)
        return made if made is not None else Response("no response", "", NO_RESPONSE)


def finish(arguments: dict[str, Json]) -> Observed:
    """Take a call of Finish."""
    kind = arguments.get("return_type")
    if kind == GIVE_UP:
        return Observed('{"response":"gave up; the task starts again"}', GAVE_UP)
    if kind == GIVE_ANSWER and "final_answer" in arguments:
        return Observed('{"response":"the final answer was taken"}', FINAL_ANSWER)
    wrong = "return_type" if kind is None else "final_answer" if kind == GIVE_ANSWER else ""
    told = f"{wrong} is missing" if wrong else f"return_type must be {GIVE_ANSWER} or {GIVE_UP}"
    return Observed(json.dumps({"error": told}), BAD_INPUT)


def stood_in(reply: str | None) -> Response:
    """Return the response in the reply of a model that stands in for an API, whatever it wrote."""
    text = reply or ""
    start, end = text.find("{"), text.rfind("}")
    try:
        record = json.loads(text[start : end + 1]) if start >= 0 else None
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        return Response("the model that stands in for the API gave no JSON", "", NO_RESPONSE)
    read = response_of(record)
    try:
        json.dumps(read.response, allow_nan=False)
    except (ValueError, RecursionError):
        return Response("the model that stands in for the API gave no JSON", "", NO_RESPONSE)
    return read if read.code or not read.error else read._replace(code=OK)
