"""Do the arguments of every call satisfy the tool's schema, without any coercion?

The judgement itself is `schema.check`; this file brings calls and tools together. Where a value refers to the
result of an earlier call (`$var1.id$`, `${id from search}`, `API_call_0`), its type is not known yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from callwright import schema
from callwright.record import Issue, Json, Trajectory

_REFERENCE = re.compile(r"\$\{[^}]*\}|\$\w+(?:[.\[][^$]*)?\$|^API_call_\d+$")
CODES = schema.ISSUE_CODES


def check(t: Trajectory) -> Iterator[Issue]:
    """Yield what `schema.check` finds in each call of an offered function."""
    if not t.tools:
        return
    by_name = {tool.name: tool.parameters for tool in reversed(t.tools)}
    for i, message in enumerate(t.messages):
        for j, call in enumerate(message.tool_calls):
            parameters = by_name.get(call.name)
            if parameters is None or schema.surely_valid(parameters, call.arguments):
                continue
            if isinstance(call.arguments, dict):
                path = f"messages[{i}].tool_calls[{j}].arguments"
                found = _judge(parameters, call.arguments, path)
                yield from _of_known_values(found, call.arguments, path) if call.depends_on else found


def _of_known_values(found: Iterator[Issue], arguments: dict[str, Json], path: str) -> Iterator[Issue]:
    """Leave out what is said about the values of arguments that refer to a result."""
    open_ended = [f"{path}.{name}" for name, value in arguments.items() if _refers(value)]
    for issue in found:
        about_value = issue.code not in ("unknown-argument", "missing-argument")
        if not (about_value and any(issue.path.startswith(place) for place in open_ended)):
            yield issue


def _refers(value: Json) -> bool:
    if isinstance(value, str):
        return bool(_REFERENCE.search(value))
    if isinstance(value, dict):
        return any(map(_refers, value.values()))
    return isinstance(value, list) and any(map(_refers, value))


def _judge(parameters: dict[str, Json], arguments: dict[str, Json], path: str) -> Iterator[Issue]:
    try:
        yield from schema.check(parameters, arguments, path)
    except (AttributeError, TypeError, ValueError, OverflowError, RecursionError) as error:
        # Schemas found in the wild put lists where objects belong and nest without end.
        yield Issue(code="bad-schema", path=path, expected="a JSON Schema", got=repr(error)[:200])
