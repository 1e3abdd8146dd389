"""ReAct (Yao et al. 2022): `Thought:`, `Action:`, `Action Input:` as JSON, or `Final Answer:`.

    >>> parse('Thought: Look.\\nAction: now\\nAction Input: {}')
    Reply(text='Look.', calls=(ToolCall(name='now', arguments={}, …),))

Several calls are several pairs of action and input. A thought in front of a final answer is left out.
"""

from __future__ import annotations

import re

from callwright.formats.reply import (
    Format,
    Malformed,
    Reply,
    Unrenderable,
    require_encodable,
    require_names,
)
from callwright.formats.scan import Scanner, Unexpected, written_name
from callwright.formats.strict_json import BLANK, write
from callwright.record import ToolCall

_MARK = re.compile(r"(?:^|\n)[ \t]*(?:Thought|Action|Action Input|Final Answer):")
_THOUGHT, _ACTION, _INPUT, _FINAL = "Thought:", "Action:", "Action Input:", "Final Answer:"


def render(reply: Reply) -> str:
    """Return thought and actions, or the final answer."""
    require_names(reply.calls)
    require_encodable(reply.text)
    if _MARK.search(reply.text):
        raise Unrenderable("the text holds a marker of ReAct")
    if not reply.calls:
        return f"{_FINAL} {reply.text}"
    thought = [f"{_THOUGHT} {reply.text}"] if reply.text else []
    actions = (
        f"{_ACTION} {written_name(call.name)}\n{_INPUT} {write(call.arguments)}" for call in reply.calls
    )
    return "\n".join([*thought, *actions])


def parse(text: str) -> Reply | Malformed:
    """Return the thought and the actions, or the final answer."""
    scanner = Scanner(text)
    scanner.blanks()
    thought = ""
    if scanner.take(_THOUGHT):
        found = _MARK.search(text, scanner.position)
        end = found.start() if found else len(text)
        thought = text[scanner.position : end].removeprefix(" ")
        scanner.position = end
        scanner.blanks()
    if scanner.take(_FINAL):
        answer = text[scanner.position :].removeprefix(" ")
        if found := _MARK.search(answer):
            return Malformed("a marker in the final answer", len(text) - len(answer) + found.start())
        return Reply(answer, ())
    try:
        calls = _actions(scanner)
    except Unexpected as error:
        return error.malformed()
    if not calls or not scanner.over:
        return Malformed("expected Thought, Action or Final Answer", scanner.position)
    return Reply(thought, calls)


def begun(text: str) -> str:
    """Return the final answer up to its last line, which may yet become a marker."""
    head = text.lstrip(BLANK)
    if not head.startswith(_FINAL):
        return ""
    answer = head[len(_FINAL) :].removeprefix(" ")
    return answer[: answer.rfind("\n")] if "\n" in answer else answer


def _actions(scanner: Scanner) -> tuple[ToolCall, ...]:
    calls: list[ToolCall] = []
    while scanner.take(_ACTION):
        scanner.blanks()
        name = scanner.name("a function name") or scanner.fail("name is no text")
        scanner.blanks()
        scanner.expect(_INPUT)
        start = scanner.position
        arguments = scanner.json()
        if not isinstance(arguments, dict):
            scanner.fail("arguments is no object", start)
        calls.append(ToolCall(name=name, arguments=arguments))
        scanner.blanks()
    return tuple(calls)


REACT = Format(
    name="react",
    instruction=(
        "Write Thought: why, Action: tool name, Action Input: its arguments as JSON; "
        "or, if no tool fits or a value is missing, Final Answer: what to say."
    ),
    render=render,
    parse=parse,
    begun=begun,
)
