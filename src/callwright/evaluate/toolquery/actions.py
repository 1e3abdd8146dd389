"""From a reply's text to the calls it means, in AgentBoard's text form and in the model's own tool-call form.

AgentBoard reads `Action: name with Action Input: arguments` and evaluates the arguments as Python. Here they
are a Python or JSON literal; expressions are refused, as AgentBoard refuses what it can not evaluate.

>>> read_text('Action: finish with Action Input: {"answer": 4}')[0].arguments
{'answer': 4}
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import Literal, NamedTuple, NoReturn

from callwright.evaluate.toolquery.outcomes import ERROR
from callwright.formats import Malformed, Reply, format_named, reply_message
from callwright.record import Json, ToolCall

Interface = Literal["react", "unified"]

BAD_FORMAT = (
    'Format error, please response in the format of  "Action: [your action] with Action Input: '
    "[your action input]"
)
"""AgentBoard's words; the quotation mark that does not close is in its source."""
BAD_INPUT = f"{ERROR}Exception(Parameters in action input are not valid, please change your action input.)"
NO_CALL = "Format error: a reply has to call a tool."

_BETWEEN = re.compile(r"with\s*Action Input:")
_MAX_INPUT = 100_000
"""Characters of an action input; more is no answer but a runaway."""
_MAX_DEPTH, _MAX_BITS = 64, 13_000
"""Nesting and size of numbers, under the limits of Python's own reader and writer."""


class Action(NamedTuple):
    """A call as the model gave it; or why it is none."""

    name: str = ""
    arguments: Json = None
    """An object, if the model did as it was told; in text anything that a literal can be."""
    text: str = ""
    """The action as it was written, in which AgentBoard looks for the word that ends an episode."""
    complaint: str = ""
    """The observation for what could not be read; empty for a call."""


class Said(NamedTuple):
    """What a reply means."""

    actions: tuple[Action, ...]
    """At least one."""
    kept: str
    """The part of the reply that stays in the conversation."""


def read_text(reply: str) -> tuple[Action, str]:
    """Return the first action in a reply in text form, and the reply up to the end of that action.

    AgentBoard stops a model at the end of the line; what stands behind the action is ignored here.
    """
    lines = reply.strip().split("\n")
    for number, line in enumerate(lines):
        if found := _BETWEEN.search(line):
            name = line[: found.start()].rpartition("Action:")[2].strip()
            kept = "\n".join(lines[: number + 1])
            try:
                return Action(name, _literal(line[found.end() :]), line), kept
            except _NotALiteral:
                return Action(name, complaint=BAD_INPUT), kept
    return Action(complaint=BAD_FORMAT), reply.strip()


def read_calls(reply: str, output_format: str) -> tuple[Action, ...]:
    """Return the calls in a reply in a model's output format, or one action that says why there is none."""
    message = reply_message(reply, output_format)
    if isinstance(message, Malformed):
        return (Action(complaint=f"Format error: {message.reason} at character {message.position}."),)
    if not message.tool_calls:
        return (Action(complaint=NO_CALL),)
    return tuple(
        Action(call.name, call.arguments, f"{call.name} {call.arguments}")
        if _bounded(call.arguments)
        else Action(call.name, complaint=BAD_INPUT)
        for call in message.tool_calls
    )


def said(reply: str, interface: Interface, output_format: str) -> Said:
    """Return what a reply means; never raises."""
    if interface == "react":
        action, kept = read_text(reply)
        return Said((action,), kept)
    return Said(read_calls(reply, output_format), reply.strip())


def written(name: str, arguments: dict[str, Json], interface: Interface, output_format: str) -> str:
    """Return what a model has to say for a call."""
    if interface == "react":
        return f"Action: {name} with Action Input: {json.dumps(arguments, ensure_ascii=False)}"
    call = ToolCall(name=name, arguments=arguments)
    return format_named(output_format).render(Reply("", (call,)))


class _NotALiteral(Exception):
    pass


def _literal(text: str) -> Json:
    """Return the value that a Python or JSON literal denotes."""
    text = text.strip()
    if len(text) > _MAX_INPUT:
        raise _NotALiteral
    for read in (_python, _json):
        try:
            found = read(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
        if _bounded(found):
            return found
    raise _NotALiteral


def _python(text: str) -> Json:
    if "\\" not in text:
        return ast.literal_eval(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the model's escapes, which are not our business
        return ast.literal_eval(text)


def _json(text: str) -> Json:
    return json.loads(text, parse_constant=_refuse)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _bounded(value: Json) -> bool:
    """Tell whether a value can be written, compared and kept without running into Python's limits."""
    stack: list[tuple[Json, int]] = [(value, 1)]
    while stack:
        item, depth = stack.pop()
        if depth > _MAX_DEPTH or (isinstance(item, int) and item.bit_length() > _MAX_BITS):
            return False
        if isinstance(item, dict):
            stack.extend((part, depth + 1) for pair in item.items() for part in pair)
        elif isinstance(item, list | tuple | set | frozenset):
            stack.extend((part, depth + 1) for part in item)
    return True
