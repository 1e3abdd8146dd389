"""Read calls out of a model's answer: text in one of three languages, or the calls of an interface.

The official harness decides by the handler of the model: a prompting handler decodes text, a function-calling
one wants ``[{name: "{…}"}, …]``, and text in its place fails to decode.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from callwright.evaluate.bfcl.data import Language, language_of
from callwright.evaluate.bfcl.decode import Calls, Undecodable, decode
from callwright.record import Json


def require_decoders(categories: Iterable[str]) -> None:
    """Raise ExtraMissing unless texts of all these categories can be decoded here."""
    for language in {language_of(category) for category in categories}:
        decode_text("", language)


def decode_text(text: str, language: Language = "python") -> Calls | Undecodable:
    """Return the calls in a text; raises only ExtraMissing, for Java and JavaScript without tree-sitter."""
    if language == "java":
        from callwright.evaluate.bfcl.java import decode_java

        return decode_java(text)
    if language == "javascript":
        from callwright.evaluate.bfcl.javascript import decode_javascript

        return decode_javascript(text)
    return decode(text)


def decode_function_calls(answer: Json) -> Calls | Undecodable:
    """Return the calls in ``[{name: "arguments as JSON"}, …]``; of an object with several names, the first.

    >>> decode_function_calls([{"area": '{"base": 10}'}])
    [{'area': {'base': 10}}]
    """
    calls: list[Any] = []
    try:
        for given in answer:
            name = next(iter(given.keys()))
            calls.append({name: json.loads(given[name])})
    except (AttributeError, TypeError, ValueError, StopIteration, RecursionError) as error:
        return Undecodable("not-function-calls", str(error) or type(error).__name__)
    return calls
