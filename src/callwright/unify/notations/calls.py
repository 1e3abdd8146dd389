"""How data sets write a call: one reader per notation, shared by all sources.

Every reader returns `Call` values with the source's own name and id. Arguments that do not parse keep
their text and the parser's message, so that a later check can judge them; only a call whose name can not
be read makes the row unusable.

    >>> json_text('[{"name": "add", "arguments": {"a": 1}}]')[0].arguments
    {'a': 1}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from callwright.record import Json
from callwright.unify.rows import BadRow, decode

_NAME = re.compile(r"""["'](?:name|api|api_name)["']\s*:\s*["']([^"'\n]{1,200})["']""")
_IN_CALL = frozenset({"name", "arguments", "parameters", "id", "type", "index"})
_AROUND = frozenset({"function", "id", "type", "index"})
"""Fields of a call that are read, or that say no more than its place does."""
_MARKERS = re.compile(
    r"<tool_call>|<TOOLCALL>|<functioncall>|<function_call>|\[TOOL_CALLS\]|<call>\s*\[|<\|tool_call\|>"
)


class Call(msgspec.Struct, frozen=True, gc=False):
    """A call as the source has it."""

    name: str
    arguments: dict[str, Json] | None
    id: str | None = None
    raw: str | None = None
    parse_error: str | None = None
    depends_on: tuple[int, ...] = ()
    """Positions, within the same turn, of the calls whose results the arguments refer to."""
    alternatives: dict[str, list[Json]] | None = None
    """Argument name to its allowed values, where the source grades with several."""
    rest: tuple[str, dict[str, Json]] | None = None
    """Where the call stands, and what it carries there that the record has no place for."""

    def replace(self, **changes: Json) -> Call:
        """Return the call with some fields changed."""
        return msgspec.structs.replace(self, **changes)


_calls = msgspec.json.Decoder(list[Call])


def call(name: str, arguments: Json, id: str | None = None) -> Call:
    """Return the call whose arguments are an object, its JSON text, or nothing."""
    if isinstance(arguments, dict):
        return Call(name, arguments, id)
    if arguments is None or (isinstance(arguments, str) and not arguments.strip()):
        return Call(name, {}, id)
    raw = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
    try:
        value = decode(raw)
        if isinstance(value, str):  # encoded twice
            value = decode(value)
    except ValueError as error:
        return Call(name, None, id, raw, str(error))
    if value is None:
        return Call(name, {}, id)
    if not isinstance(value, dict):
        return Call(name, None, id, raw, f"expected an object, got {type(value).__name__}")
    return Call(name, value, id)


def json_object(value: Json, path: str) -> Call:
    """Read ``{"name": …, "arguments": …}``, where arguments may be called parameters."""
    if not isinstance(value, dict):
        raise BadRow("bad-calls", path, f"expected an object, got {type(value).__name__}")
    name = value.get("name")
    if not isinstance(name, str) or not name:
        raise BadRow("bad-calls", f"{path}.name", f"expected a name, got {name!r}")
    found = call(name, value.get("arguments", value.get("parameters")), _id(value))
    return found if value.keys() <= _IN_CALL else found.replace(rest=_rest(value, path))


def _rest(value: Mapping[str, Json], path: str) -> tuple[str, dict[str, Json]]:
    return path, {key: item for key, item in value.items() if key not in _IN_CALL}


def json_text(text: str, path: str = "calls") -> list[Call]:
    """Read the JSON text of a call or of a list of calls."""
    try:
        found = _calls.decode(text)
    except (ValueError, RecursionError):
        return _any_calls(text, path)
    outer = 0
    for made in found:
        if not made.name or made.arguments is None:
            return _any_calls(text, path)
        outer += 2 + len(made.arguments)
    # As many colons as keys: none is in a text, no key was there twice or is another, none of which this
    # parser would tell.
    colons = text.count(":")
    if colons == outer or colons == outer + sum(_inner_keys(made.arguments) for made in found):
        return found
    return _any_calls(text, path)


def _inner_keys(value: Json) -> int:
    """Count the keys of all objects inside a value, its own left out."""
    keys = 0
    inner: Iterable[Json] = value.values() if type(value) is dict else value
    for item in inner:
        if type(item) is dict:
            keys += len(item) + _inner_keys(item)
        elif type(item) is list:
            keys += _inner_keys(item)
    return keys


def _any_calls(text: str, path: str) -> list[Call]:
    try:
        value = decode(text)
    except ValueError as error:
        return [_unparsed(text, str(error), path)]
    if isinstance(value, dict):
        return [json_object(value, path)]
    if not isinstance(value, list):
        raise BadRow("bad-calls", path, f"expected calls, got {type(value).__name__}")
    return [json_object(item, f"{path}[{i}]") for i, item in enumerate(value)]


def _unparsed(text: str, error: str, path: str) -> Call:
    """Return the call of a text that is no JSON, if its name can be told and it is but one call."""
    names = _NAME.findall(text)
    if len(names) != 1:
        raise BadRow("bad-calls", path, f"{error}; {len(names)} names of calls in the text")
    return Call(names[0], None, None, text, error)


def openai(value: Json, path: str) -> Call:
    """Read an entry of OpenAI's `tool_calls`; arguments may be JSON text or an object."""
    if not isinstance(value, dict):
        raise BadRow("bad-calls", path, f"expected an object, got {type(value).__name__}")
    function = value.get("function")
    if not isinstance(function, dict):
        return json_object(value, path)
    found = json_object(function, f"{path}.function")
    rest = found.rest[1] if found.rest else {}
    around = {} if value.keys() <= _AROUND else {k: v for k, v in value.items() if k not in _AROUND}
    carried = {**around, "function": rest} if rest else around
    return found.replace(id=_id(value) or found.id, rest=(path, carried) if carried else None)


def _id(value: Mapping[str, Json]) -> str | None:
    found = value.get("id")
    return found if isinstance(found, str) and found else None


def split_thought(text: str) -> tuple[str | None, str]:
    """Return what was thought and what was said: calls count only after the last ``</think>``.

    >>> split_thought('<think>maybe <tool_call>…</tool_call></think> No.')
    ('maybe <tool_call>…</tool_call>', 'No.')
    """
    thought, end, said = text.rpartition("</think>")
    if not end:
        return None, text
    before, start, inner = thought.partition("<think>")
    if not start:  # a template wrote the opening tag into the prompt
        return thought.strip(), said.strip()
    return inner.strip(), f"{before}{said}".strip()


def strings(value: Json) -> Iterator[str]:
    """Yield every text inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def written_in(text: str) -> str:
    """Return the mark of a call that is written inside a text, such as ``<tool_call>``, or nothing."""
    found = _MARKERS.search(text)
    return found[0] if found else ""
