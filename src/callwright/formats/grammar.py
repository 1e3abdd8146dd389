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
    """Return the rule ``call`` and what it needs; every tool's schema stays a document of its own.

    Arguments that a schema does not name are left out unless it asks for them.
    """
    rules = ["call: " + " | ".join(f"call_{number}" for number in range(len(tools)))]
    for number, tool in enumerate(tools):
        head = f'{{"name": {write(tool.name)}, "arguments": '
        schema = {"additionalProperties": False, **tool.parameters, "type": "object", "x-guidance": _WRITTEN}
        rules.append(f'call_{number}: {json.dumps(head)} arguments_{number} "}}"')
        rules.append(f"arguments_{number}: %json {json.dumps(schema)}")
    return "\n".join(rules)
