"""Do the arguments of every call satisfy the tool's schema, without any coercion?

The judgement itself is `schema.check`; this file only brings calls and tools together.
"""

from __future__ import annotations

from collections.abc import Iterator

from callwright import schema
from callwright.record import Issue, Json, Trajectory

CODES = schema.ISSUE_CODES


def check(t: Trajectory) -> Iterator[Issue]:
    """Yield what `schema.check` finds in each call of an offered function."""
    if not t.tools:
        return
    by_name = {tool.name: tool.parameters for tool in reversed(t.tools)}
    for i, message in enumerate(t.messages):
        for j, call in enumerate(message.tool_calls):
            parameters = by_name.get(call.name)
            if parameters is not None and isinstance(call.arguments, dict):
                yield from _judge(parameters, call.arguments, f"messages[{i}].tool_calls[{j}].arguments")


def _judge(parameters: dict[str, Json], arguments: dict[str, Json], path: str) -> Iterator[Issue]:
    try:
        yield from schema.check(parameters, arguments, path)
    except (AttributeError, TypeError, ValueError, OverflowError, RecursionError) as error:
        # Schemas found in the wild put lists where objects belong and nest without end.
        yield Issue(code="bad-schema", path=path, expected="a JSON Schema", got=repr(error)[:200])
