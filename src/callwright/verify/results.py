"""Does the result of an executed call match what its tool says it returns?

A tool that breaks its own promise teaches a model wrong expectations, and is still the tool that there is: so
this is a warning. Members that the schema does not name are no breach.
"""

from __future__ import annotations

from collections.abc import Iterator

from callwright import schema
from callwright.record import Issue, Json, Tool

CODES = ()


def result_issues(tool: Tool, value: Json, path: str = "result") -> Iterator[Issue]:
    """Yield a warning per place where a result does not match the tool's `returns`."""
    if not tool.returns or schema.surely_valid(tool.returns, value):
        return
    try:
        found = list(schema.check(tool.returns, value, path))
    except (AttributeError, TypeError, ValueError, OverflowError, RecursionError) as error:
        found = [Issue(code="bad-schema", path=path, expected="a JSON Schema", got=repr(error)[:200])]
    for issue in found:
        if issue.code != "unknown-argument" or tool.returns.get("additionalProperties") is False:
            yield Issue(
                code="result-schema",
                path=issue.path,
                severity="warning",
                expected=f"a result that fits the tool's schema ({issue.expected})",
                got=issue.got,
            )
