"""Stands in for the APIs: answers made from their schemas, the same for the same seed, API and arguments.

Where the catalogue has a skeleton of the response (`template_response`), its type names are replaced by
values; a field that is called like an argument repeats the argument. Missing, unknown and mistyped
parameters come back as errors. What the values say is invented: a run on them shows whether calls are well
formed and end in an answer, not whether the answer is true.
"""

from __future__ import annotations

import json
import re
from random import Random

import jiter

from callwright.evaluate.toolbench.apis import Api, Parameter
from callwright.evaluate.toolbench.names import plain_name
from callwright.evaluate.toolbench.responses import BAD_INPUT, OK, Response
from callwright.record import Json

MOST_ITEMS = 3
"""Elements of a list, whatever length the skeleton tells: what follows is cut off anyway."""
_MAX_DEPTH = 20
_LIST = re.compile(r"list of (\w+) with length (\d+)")
_WORDS = (
    "amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "harbor", "indigo", "juniper", "kestrel",
    "lagoon", "meadow", "nimbus", "orchid", "pebble", "quartz", "ridge", "saffron", "tundra",
)  # fmt: skip


class Simulator:
    """Answers every call of every API."""

    name = "simulator"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def answer(self, api: Api, arguments: dict[str, Json]) -> Response:
        """Return an invented response, or the error that the arguments deserve."""
        if wrong := complaint(api, arguments):
            return Response(wrong, "", BAD_INPUT)
        called = json.dumps(arguments, sort_keys=True, default=str)
        rng = Random(f"{self.seed}\0{api.category}\0{api.tool}\0{api.name}\0{called}")
        filled = _filled(skeleton(api), rng, "", arguments, 0)
        return Response("", filled, OK)


def complaint(api: Api, arguments: dict[str, Json]) -> str:
    """Return what an API would say against the arguments; empty where it would answer."""
    if api.parameters is None:
        return ""
    known = {plain_name(parameter.name): parameter for parameter in api.parameters}
    for parameter in api.parameters:
        if parameter.required and plain_name(parameter.name) not in arguments:
            return f"missing required parameter '{plain_name(parameter.name)}'"
    for name, value in arguments.items():
        if name not in known:
            return f"unexpected parameter '{name}'"
        if not _readable(value, known[name]):
            return f"parameter '{name}' must be of type {known[name].json_type}"
    return ""


def skeleton(api: Api) -> Json:
    """Return the skeleton of an API's response, a plain one where the catalogue has none.

    The catalogue holds long skeletons as text that is cut after 1,000 characters: what is whole counts.
    """
    template = api.template
    if isinstance(template, str):
        try:
            template = jiter.from_json(template.encode("utf-8", "replace"), partial_mode=True)
        except ValueError:
            template = None
    if template is None or template in ({}, []):
        names = {
            plain_name(parameter.name): "str" for parameter in api.parameters or () if parameter.required
        }
        return {"status": "ok", **names, "result": "str"}
    return template


def _readable(value: Json, parameter: Parameter) -> bool:
    """Tell whether a web API could read the value: everything arrives there as text."""
    if parameter.json_type == "integer":
        return not isinstance(value, bool) and _number(value)
    if parameter.json_type == "boolean":
        return isinstance(value, bool) or str(value).lower() in ("true", "false", "0", "1")
    return value is not None


def _number(value: Json) -> bool:
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _filled(part: Json, rng: Random, name: str, arguments: dict[str, Json], depth: int) -> Json:
    if depth > _MAX_DEPTH:
        return None
    if isinstance(part, dict):
        return {
            key: _filled(value, rng, key, arguments, depth + 1)
            for key, value in part.items()
            if key != "_list_length"
        }
    if isinstance(part, list):
        return _items(part, rng, name, arguments, depth)
    if not isinstance(part, str):
        return part
    if name in arguments and part in ("str", "int", "float", "bool"):
        return arguments[name]
    return _value(part, rng, name)


def _items(part: list[Json], rng: Random, name: str, arguments: dict[str, Json], depth: int) -> Json:
    if len(part) == 1 and isinstance(part[0], str) and (found := _LIST.fullmatch(part[0])):
        kind = found[1] if found[1] != "list" else "NoneType"
        return [_value(kind, rng, name) for _ in range(min(int(found[2]), MOST_ITEMS))]
    if part == ["empty list"]:
        return []
    if len(part) == 1 and isinstance(part[0], dict) and isinstance(part[0].get("_list_length"), int):
        part = part * max(0, min(part[0]["_list_length"], MOST_ITEMS))
    return [_filled(each, rng, name, arguments, depth + 1) for each in part[: 10 * MOST_ITEMS]]


def _value(kind: str, rng: Random, name: str) -> Json:
    if kind == "int":
        return rng.randint(1, 9999)
    if kind == "float":
        return round(rng.uniform(0, 1000), 2)
    if kind == "bool":
        return rng.random() < 0.5
    if kind == "NoneType":
        return None
    if kind == "empty list":
        return []
    if found := _LIST.fullmatch(kind):
        return [_value(found[1], rng, name) for _ in range(min(int(found[2]), MOST_ITEMS))]
    return _text(rng, name.lower()) if kind in ("str", "string") else kind


def _text(rng: Random, name: str) -> str:
    """Return a text that suits the name of its field."""
    word, number = rng.choice(_WORDS), rng.randint(1, 9999)
    if any(part in name for part in ("url", "link", "image", "website", "logo")):
        return f"https://example.org/{word}/{number}"
    if "date" in name or name.endswith(("_at", "time")):
        return f"20{rng.randint(10, 24)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    if "mail" in name:
        return f"{word}{number}@example.org"
    if name == "id" or name.endswith(("_id", "id")):
        return str(number)
    if any(part in name for part in ("price", "amount", "count", "total", "score", "rate")):
        return str(number)
    return f"{word} {rng.choice(_WORDS)}"
