"""The function documents as the official harness shows them: with a note on the language, per function.

Java and JavaScript parameters lose their types: all are strings, whose description tells the type.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence

from callwright.evaluate.bfcl.data import Language
from callwright.record import Json

_SYNTAX: dict[Language, str] = {"python": "Python 3", "java": "Java 8 SDK", "javascript": "JavaScript"}
_NAMES: dict[Language, str] = {"java": "Java", "javascript": "JavaScript"}
_LISTS: dict[Language, tuple[str, ...]] = {"java": ("ArrayList", "Array"), "javascript": ("array",)}


def hinted(docs: Sequence[dict[str, Json]], language: Language) -> list[dict[str, Json]]:
    """Return copies of the documents with the official notes."""
    noted = copy.deepcopy(list(docs))
    for doc in noted:
        doc["description"] += f" Note that the provided function is in {_SYNTAX[language]} syntax."
        if language != "python":
            for parameter in doc["parameters"]["properties"].values():
                _as_string(parameter, language)
    return noted


def _as_string(parameter: dict[str, Json], language: Language) -> None:
    name, kind = _NAMES[language], parameter["type"]
    if kind == "any":
        note = f" This parameter can be of any type of {name} object in string representation."
    else:
        note = f" This is {name} {kind} type parameter in string representation."
    if kind in _LISTS[language]:
        item = parameter.pop("items")["type"]
        note += f" The list elements are of type {item}; they are not in string representation."
    if kind == "dict" and language == "javascript" and "properties" in parameter:
        note += " The dictionary entries have the following schema; they are not in string representation. "
        note += json.dumps(parameter.pop("properties"))
    parameter["description"] += note
    parameter["type"] = "string"
