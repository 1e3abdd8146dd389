"""Do the arguments of every call satisfy the tool's schema, without any coercion?

The judgement itself is `schema.check`; this file brings calls and tools together. Where a value refers to the
result of an earlier call (see `references`), its type is not known yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from callwright import schema
from callwright.record import Issue, Json, Trajectory
from callwright.verify.places import is_at
from callwright.verify.references import refers

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
    open_ended = [f"{path}.{name}" for name, value in arguments.items() if refers(value)]
    for issue in found:
        about_value = issue.code not in ("unknown-argument", "missing-argument")
        if not (about_value and any(is_at(issue.path, place) for place in open_ended)):
            yield issue


def _judge(parameters: dict[str, Json], arguments: dict[str, Json], path: str) -> Iterator[Issue]:
    try:
        yield from schema.check(parameters, arguments, path)
    except (AttributeError, TypeError, ValueError, OverflowError, RecursionError) as error:
        # Schemas found in the wild put lists where objects belong and nest without end.
        yield Issue(code="bad-schema", path=path, expected="a JSON Schema", got=repr(error)[:200])
