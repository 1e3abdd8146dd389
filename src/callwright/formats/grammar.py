"""Calls as rules of a grammar in llguidance's dialect of Lark: one rule a tool, its arguments by schema.

>>> call_rules([Tool(name="now"), Tool(name="today")]).splitlines()[0]
'call: call_0 | call_1'
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from callwright.formats.strict_json import write
from callwright.record import Json, Tool

_ELSEWHERE = frozenset({"$ref", "$dynamicRef", "anyOf", "oneOf", "allOf", "if"})
"""Words by which properties are named in other places than ``properties``."""
_UNKNOWN = re.compile(r"\(\?(?:[=!>#(]|<[=!])|\\[1-9bBkZG]")
"""In a regular expression: looks ahead and behind, atomic groups, references, borders of words."""
_DATA = frozenset({"enum", "const", "default", "examples"})
_WRITTEN: Json = {
    "item_separator": ", ",
    "key_separator": ": ",
    "whitespace_flexible": False,
    "lenient": True,
}
"""Blanks as `strict_json.write` writes them; what the library does not know of JSON Schema is left free."""


def call_rules(tools: Sequence[Tool]) -> str:
    """Return the rule ``call``, a JSON object with name and arguments, and what it needs."""
    rules = ["call: " + " | ".join(f"call_{number}" for number in range(len(tools)))]
    for number, tool in enumerate(tools):
        head = f'{{"name": {write(tool.name)}, "arguments": '
        rules.append(f'call_{number}: {json.dumps(head)} arguments_{number} "}}"')
    return "\n".join([*rules, argument_rules(tools)])


def argument_rules(tools: Sequence[Tool]) -> str:
    """Return the rules ``arguments_0``, ``arguments_1`` and so on; every schema stays a document of its own.

    Arguments that a schema does not name are left out, unless it asks for them or names them elsewhere.
    """
    rules = []
    for number, tool in enumerate(tools):
        elsewhere = _ELSEWHERE.intersection(tool.parameters)
        closed = {} if elsewhere else {"additionalProperties": False}
        schema = {**closed, **tool.parameters, "type": "object"}
        rules.append(f"arguments_{number}: {by_schema(schema)}")
    return "\n".join(rules)


def by_schema(schema: dict[str, Json]) -> str:
    """Return the right side of a rule: JSON that follows a schema, but for patterns that llguidance lacks."""
    written = json.dumps({**schema, "x-guidance": _WRITTEN})
    if _UNKNOWN.search(written):
        written = json.dumps({**_with_known_patterns(schema), "x-guidance": _WRITTEN})
    return f"%json {written}"


def _with_known_patterns(part: Any) -> Any:
    """Return a part of a schema without the patterns for which every request would fail."""
    if isinstance(part, list):
        return [_with_known_patterns(each) for each in part]
    if not isinstance(part, dict):
        return part
    pattern = part.get("pattern")
    unknown = isinstance(pattern, str) and _UNKNOWN.search(pattern)
    return {
        key: each if key in _DATA else _with_known_patterns(each)
        for key, each in part.items()
        if not (unknown and key == "pattern")
    }
