"""Can every argument value be traced to something that was said?

A value is traced to the user's words, the system text, earlier observations, the tool's own defaults or its
enum, after number, unit, date, spelling and abbreviation normalisation. This is the deterministic half of
xLAM's second hallucination type (§3.3: values that neither query nor observations support). It never rejects:
on curated data some correct values remain untraceable (world knowledge, date arithmetic), so findings are
warnings, and the score is there to route a row to a judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from callwright.record import Issue, Json, Trajectory
from callwright.verify.evidence import Evidence
from callwright.verify.references import refers
from callwright.verify.traces import trace

CODES = ("ungrounded-value",)

_MAX_VALUES = 2000
"""Values looked at per row; a longer one is judged by its first ones."""


class Grounding(NamedTuple):
    """How well the argument values of a row can be traced."""

    score: float | None
    """Mean over all values of 1 (traced), 0.5 (weakly) and 0 (not); None where there is no value."""
    issues: tuple[Issue, ...]


def check(t: Trajectory) -> Iterator[Issue]:
    """Yield a warning per argument value that nothing said so far supports."""
    yield from ground(t).issues


def ground(t: Trajectory) -> Grounding:
    """Trace every argument value of every call against what was said before it."""
    evidence = Evidence()
    evidence.add(t.task.instruction)
    tools = {tool.name: tool for tool in t.tools or ()}
    total, count = 0.0, 0
    issues: list[Issue] = []
    for i, message in enumerate(t.messages):
        for j, call in enumerate(message.tool_calls):
            tool = tools.get(call.name)
            if not isinstance(call.arguments, dict) or (tool is not None and tool.kind == "code"):
                continue
            properties = tool.parameters.get("properties") if tool is not None else None
            for path, value, schema, name in _leaves(call.arguments, properties, ""):
                if count >= _MAX_VALUES:
                    break
                if call.depends_on and refers(value):
                    continue  # it stands for the result of another call
                trust = trace(value, schema, name, evidence)
                total += trust
                count += 1
                if not trust:
                    issues.append(_ungrounded(f"messages[{i}].tool_calls[{j}].arguments{path}", value))
        evidence.add(message.content)
    return Grounding(round(total / count, 4) if count else None, tuple(issues))


def _ungrounded(path: str, value: Json) -> Issue:
    return Issue(
        code="ungrounded-value",
        path=path,
        severity="warning",
        expected="a value that the conversation supports",
        got=repr(value)[:200],
    )


_Leaf = tuple[str, Json, dict[str, Json], str]
"""Path, value, schema and name of one scalar."""


def _leaves(arguments: dict[str, Json], properties: Json, path: str) -> Iterator[_Leaf]:
    """Yield every scalar of an object; a list or object that equals its default stays whole."""
    known = properties if isinstance(properties, dict) else {}
    for name, value in arguments.items():
        schema = known.get(name)
        if not isinstance(schema, dict):
            schema = {}
        if isinstance(value, list | dict):
            yield from _below(f"{path}.{name}", value, schema, str(name))
        else:
            yield f"{path}.{name}", value, schema, str(name)


def _below(path: str, value: Json, schema: dict[str, Json], name: str) -> Iterator[_Leaf]:
    if not isinstance(value, list | dict) or not value or schema.get("default") == value:
        yield path, value, schema, name
    elif isinstance(value, dict):
        yield from _leaves(value, schema.get("properties"), path)
    else:
        items = schema.get("items")
        known = items if isinstance(items, dict) else {}
        for k, item in enumerate(value):
            yield from _below(f"{path}[{k}]", item, known, name)
