"""Calls as rules of a grammar in llguidance's dialect of Lark: one rule a tool, its arguments by schema.

>>> call_rules([Tool(name="now"), Tool(name="today")]).splitlines()[0]
'call: call_0 | call_1'
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from callwright.formats.strict_json import write
from callwright.record import Json, Tool

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

    Arguments that a schema does not name are left out unless it asks for them.
    """
    schemas = ({"additionalProperties": False, **tool.parameters, "type": "object"} for tool in tools)
    return "\n".join(f"arguments_{number}: {by_schema(schema)}" for number, schema in enumerate(schemas))


def by_schema(schema: Json) -> str:
    """Return the right side of a rule: JSON that follows a schema."""
    return f"%json {json.dumps({**schema, 'x-guidance': _WRITTEN})}"
