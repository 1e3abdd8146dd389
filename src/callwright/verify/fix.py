"""Repair what is safely repairable in the calls of a row, and say so (xLAM §3.3: wrong types are cast).

Names that differ from a declared one only in case and separators are mended, values are cast to what the
schema wants (`casts`), and nulls that stand for nothing are left out. A repair stays only where the check
that failed passes afterwards. Nothing is invented, nothing that says something is dropped; a row without a
flaw comes back as the same object.

    >>> repaired = repair(row)                                    # doctest: +SKIP
    >>> [issue.path for issue in repaired.repairs]                # doctest: +SKIP
    ['messages[1].tool_calls[0].arguments.days']
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from callwright.record import Issue, Json, Message, Tool, ToolCall, Trajectory
from callwright.verify import arguments, offered, parsing
from callwright.verify.casts import LEFT_OUT, cast, read_value, says_nothing
from callwright.verify.duplicates import canonical
from callwright.verify.places import is_at

_PASSES = 4
"""A repair may make another one possible; more than a few rounds are no repair any more."""


class Repaired(NamedTuple):
    """A row after repair."""

    trajectory: Trajectory
    """The row; the very same object where nothing was repaired."""
    repairs: tuple[Issue, ...] = ()
    """One note per repair, with the new value as `expected` and the old one as `got`, both as JSON."""


def repair(t: Trajectory) -> Repaired:
    """Return the row with its calls repaired as far as that is safe; never raises for what the row holds."""
    repairs: list[Issue] = []
    try:
        for _ in range(_PASSES):
            made = _once(t) if _is_flawed(t) else Repaired(t)
            if not made.repairs:
                break
            t = made.trajectory
            repairs += made.repairs
    except (AttributeError, TypeError, ValueError, KeyError, OverflowError, RecursionError):
        pass  # a row that no reader should have let in; the checks say what is wrong with it
    return Repaired(t, tuple(repairs))


def _is_flawed(t: Trajectory) -> bool:
    if not t.tools:
        return False
    checks = (parsing.check, offered.check, arguments.check)
    return any(issue.severity == "error" for check in checks for issue in check(t))


def _once(t: Trajectory) -> Repaired:
    tools = {tool.name: tool for tool in reversed(t.tools or ())}
    messages = list(t.messages)
    repairs: list[Issue] = []
    for i, message in enumerate(t.messages):
        calls = list(message.tool_calls)
        found = []
        for j, call in enumerate(calls):
            calls[j], issues = _call(call, tools, f"messages[{i}].tool_calls[{j}]")
            found += issues
        if found:
            _rename_results(messages, i, message.tool_calls, calls)
            messages[i] = replace(message, tool_calls=tuple(calls))
            repairs += found
    if not repairs:
        return Repaired(t)
    # The fingerprint was that of other messages.
    return Repaired(replace(t, messages=tuple(messages), fingerprint=None), tuple(repairs))


def _rename_results(messages: list[Message], i: int, old: tuple[ToolCall, ...], new: list[ToolCall]) -> None:
    """Give the results of renamed calls the new name too."""
    names = {a.name: b.name for a, b in zip(old, new, strict=True) if a.name != b.name}
    for k in range(i + 1, len(messages) if names else 0):
        if messages[k].role != "tool":
            return
        name = messages[k].name
        if name in names:
            messages[k] = replace(messages[k], name=names[name])


def _call(call: ToolCall, tools: dict[str, Tool], path: str) -> tuple[ToolCall, list[Issue]]:
    """Return the call, repaired step by step, and what was done."""
    repairs: list[Issue] = []
    if call.name not in tools:
        name = _only_like(call.name, tools)
        if name is None:
            return call, []
        repairs.append(_repaired(f"{path}.name", call.name, name))
        call = replace(call, name=name)
    tool = tools[call.name]
    if call.arguments is None and call.raw:
        read = _from_text(call, tool)
        if read is None:
            return call, repairs
        repairs.append(_repaired(f"{path}.arguments", call.raw, read.arguments))
        call = read
    if not isinstance(call.arguments, dict) or not _issues(call, tool):
        return call, repairs
    for change in (_renamed, _cast):
        call, issues = change(call, tool, path)
        repairs += issues
    return call, repairs


def _from_text(call: ToolCall, tool: Tool) -> ToolCall | None:
    """Return the call with the arguments that its text holds, if they are the tool's own."""
    value = read_value(call.raw or "")
    if not isinstance(value, dict):
        return None
    read = replace(call, arguments=value, raw=None, parse_error=None)
    foreign = any(code in ("unknown-argument", "missing-argument") for code, _ in _issues(read, tool))
    return None if foreign else read


def _renamed(call: ToolCall, tool: Tool, path: str) -> tuple[ToolCall, list[Issue]]:
    """Give arguments the declared name that theirs differs from only in case and separators."""
    declared = tool.parameters.get("properties")
    given = call.arguments or {}
    if not isinstance(declared, dict):
        return call, []
    wrong = {
        where.removeprefix(f"{_ARGUMENTS}.")
        for code, where in _issues(call, tool)
        if code == "unknown-argument"
    }
    names: dict[str, str] = {}
    for name in given:
        free = {other: about for other, about in declared.items() if other not in given}
        other = _only_like(name, free) if name in wrong else None
        if other is not None and other not in names.values():
            names[name] = other
    for name, other in list(names.items()):
        if sum(_plain(known) == _plain(other) for known in given) > 1:
            del names[name]  # two spellings of one name: which one counts?
    if not names:
        return call, []
    alternatives = call.alternatives
    if alternatives is not None:
        alternatives = {names.get(name, name): allowed for name, allowed in alternatives.items()}
    made = {names.get(name, name): value for name, value in given.items()}
    repairs = [_repaired(f"{path}.arguments.{other}", name, other) for name, other in names.items()]
    return replace(call, arguments=made, alternatives=alternatives), repairs


def _cast(call: ToolCall, tool: Tool, path: str) -> tuple[ToolCall, list[Issue]]:
    """Cast each argument that the schema refuses, and keep what the schema then accepts."""
    properties, required = tool.parameters.get("properties"), tool.parameters.get("required")
    if not isinstance(properties, dict):
        return call, []
    repairs = []
    places = [where for _, where in _issues(call, tool)]
    for name, value in (call.arguments or {}).items():
        if name not in properties or not any(is_at(where, f"{_ARGUMENTS}.{name}") for where in places):
            continue
        new = LEFT_OUT if says_nothing(name, value, properties, required) else cast(value, properties[name])
        if new is value:
            continue
        others = {k: v if k != name else new for k, v in (call.arguments or {}).items()}
        tried = replace(call, arguments={k: v for k, v in others.items() if v is not LEFT_OUT})
        if not any(is_at(where, f"{_ARGUMENTS}.{name}") for _, where in _issues(tried, tool)):
            call = tried
            repairs.append(_repaired(f"{path}.arguments.{name}", value, new))
    return call, repairs


_ARGUMENTS = "messages[0].tool_calls[0].arguments"


def _issues(call: ToolCall, tool: Tool) -> list[tuple[str, str]]:
    """Return code and path of what the schema check finds in one call of a tool."""
    alone = Trajectory(id="", tools=(tool,), messages=(Message(role="assistant", tool_calls=(call,)),))
    return [(issue.code, issue.path) for issue in arguments.check(alone)]


def _plain(name: str) -> str:
    """Return a name without case and separators."""
    return "".join(c for c in name.casefold() if c.isalnum())


def _only_like(name: str, known: dict[str, Tool] | dict[str, Json]) -> str | None:
    """Return the one known name that is the same but for case and separators."""
    alike = [other for other in known if _plain(other) == _plain(name)] if _plain(name) else []
    return alike[0] if len(alike) == 1 else None


def _repaired(path: str, old: Json, new: Json) -> Issue:
    return Issue(
        code="repaired",
        path=path,
        severity="info",
        expected="" if new is LEFT_OUT else _as_json(new),
        got=_as_json(old),
    )


def _as_json(value: Json) -> str:
    return canonical(value).decode("utf-8", "replace")
