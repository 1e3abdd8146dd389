"""Steps that a model writes as text: a thought, and an action of one of several notations.

A label opens a section: ``Thought:``, ``Action:`` (``Act:``), ``Observation:``. `read` takes one turn of an
assistant apart, `sections` a whole run that stands in one text. What an action means depends on the
environment (see `environments`); `generic` reads the notations that need no grammar. Other ways to write
a call have readers of their own: `fenced` a code block, `tagged` a pair of tags, `function_tags` the XML
style ``<function=name><parameter=key>value</parameter></function>``.

    >>> read("Thought: I should look it up.\\nAction: search[Oslo]")
    Step(thought='I should look it up.', actions=('search[Oslo]',), said='')
    >>> generic("search[Oslo]")
    Call(name='search', arguments={'input': 'Oslo'}, ...)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from callwright.formats.python_calls import parse
from callwright.formats.reply import Malformed
from callwright.record import Json
from callwright.unify.notations.calls import Call, call, split_thought
from callwright.unify.notations.literals import python_value
from callwright.unify.rows import decode
from callwright.unify.tools import Toolset

Kind = Literal["said", "thought", "action", "observation"]

ACTION = r"(?:Action|ACTION|Act)[ \t]*:"
"""What opens an action, where an environment does not say otherwise."""

_LABEL = (
    r"^[ \t]*(?:(?P<thought>(?:Thoughts?|THOUGHT|Think)[ \t]*:)"
    r"|(?P<observation>Observation[ \t]*:)|(?P<action>{}))"
)
_INPUT = re.compile(r"(?P<name>[^\n]{0,199}?\S)\s+(?:with\s+)?Action Input:(?P<input>.*)", re.S)
_BRACKETS = re.compile(r"(?P<name>[A-Za-z_][\w.-]{0,99})\[(?P<input>.*)\]", re.S)
_PARENTHESES = re.compile(r"(?P<name>[A-Za-z_][\w.-]{0,99})\((?P<input>.*)\)", re.S)
_KEYWORD = re.compile(r"\s*[A-Za-z_]\w*\s*=[^=]")
_BARE = re.compile(r"[A-Za-z_][\w.-]{0,99}")
_FENCE = re.compile(r"^```[^\n`]*$", re.M)
_FUNCTION = re.compile(r"<function=([^>\n]{1,200})>\n?(.*?)</function>", re.S)
_PARAMETER = re.compile(r"<parameter=([^>\n]{1,200})>(.*?)</parameter>", re.S)
_JSON_TYPES = {"integer", "number", "boolean", "array", "object"}


class Section(NamedTuple):
    """A stretch of text behind one label, or before the first one."""

    kind: Kind
    text: str


class Step(NamedTuple):
    """One turn of an assistant."""

    thought: str | None
    actions: tuple[str, ...]
    """The text of each action, without its label."""
    said: str
    """What stands outside of thought and action."""


def labels(action: str = ACTION) -> re.Pattern[str]:
    """Return what recognises the labels, given the pattern of the one that opens an action."""
    return re.compile(_LABEL.format(action), re.M)


_USUAL = labels()


def sections(text: str, label: re.Pattern[str] = _USUAL) -> Iterator[Section]:
    """Yield the sections of a text in order; what stands before the first label is said."""
    kind: Kind = "said"
    start = 0
    for found in label.finditer(text):
        if body := text[start : found.start()].strip():
            yield Section(kind, body)
        kind = "thought" if found["thought"] else "observation" if found["observation"] else "action"
        start = found.end()
    if body := text[start:].strip():
        yield Section(kind, body)


def read(text: str, label: re.Pattern[str] = _USUAL) -> Step:
    """Return the step that a turn says; actions count only after the last ``</think>``."""
    inner, rest = split_thought(text)
    thoughts = [inner] if inner else []
    actions, said = [], []
    for kind, body in sections(rest, label):
        if kind == "thought":
            thoughts.append(body)
        elif kind == "action":
            actions.append(body)
        else:
            said.append(body if kind == "said" else f"Observation: {body}")
    return Step("\n\n".join(thoughts) or None, tuple(actions), "\n\n".join(said))


def generic(action: str) -> Call | None:
    """Return the call of an action whose tool is not known, or None where not even its name can be told.

    Read are ``name`` with ``Action Input: …``, ``name[input]``, ``name(key=value)`` and a bare ``name``. An
    input that is no object becomes the argument ``input``.
    """
    if made := with_input(action):
        return made
    if found := _BRACKETS.fullmatch(action):
        return Call(found["name"], {"input": found["input"]})
    if found := _PARENTHESES.fullmatch(action):
        return _python(found["name"], found["input"], action)
    return Call(action, {}) if _BARE.fullmatch(action) else None


def with_input(action: str) -> Call | None:
    """Return the call of ``name`` and ``Action Input: …``, on one line or on two."""
    found = _INPUT.fullmatch(action)
    if not found:
        return None
    value = found["input"].strip()
    if value[:1] == "{" or not value:
        return _object(found["name"], value)
    return Call(found["name"], {"input": value})


def _object(name: str, text: str) -> Call:
    """Return the call of a JSON object or, failing that, of a Python dict."""
    made = call(name, text)
    if made.arguments is None:
        try:
            value = python_value(text)
        except ValueError:
            return made
        if isinstance(value, dict):
            return Call(name, value)
    return made


def _python(name: str, inside: str, action: str) -> Call:
    """Return the call of keyword arguments, or of one input that stays text."""
    if not inside.strip():
        return Call(name, {})
    if not _KEYWORD.match(inside):
        return Call(name, {"input": inside})
    reply = parse(f"[{action}]")
    if isinstance(reply, Malformed) or len(reply.calls) != 1:
        reason = reply.reason if isinstance(reply, Malformed) else "more than one call"
        return Call(name, None, None, action, reason)
    return Call(name, reply.calls[0].arguments)


def fenced(text: str) -> tuple[str, str, str] | None:
    """Return what stands before the last code block, the code, and what follows; None without a block.

    A block inside a block belongs to the code of the outer one.
    """
    opened: list[re.Match[str]] = []
    last: tuple[re.Match[str], re.Match[str]] | None = None
    for fence in _FENCE.finditer(text):
        if opened and fence[0] == "```":
            start = opened.pop()
            if not opened:
                last = start, fence
        else:
            opened.append(fence)
    if last is None:
        return None
    start, end = last
    return text[: start.start()].strip(), text[start.end() + 1 : end.start()].rstrip("\n"), text[end.end() :]


def tagged(text: str, tag: str) -> tuple[str, str, str] | None:
    """Return what stands before ``<tag>…</tag>``, what stands inside, and what follows; None without it."""
    before, opening, rest = text.partition(f"<{tag}>")
    inside, closing, after = rest.partition(f"</{tag}>")
    if not opening or not closing:
        return None
    return before.strip(), inside.strip("\n"), after


def function_tags(text: str, tools: Toolset | None = None) -> tuple[str, list[Call]]:
    """Return what stands outside of the function tags, and the calls.

    Parameters are text; where the tool says that one is a number, a list or the like, it is read as that.
    """
    if "</function>" not in text:
        return text.strip(), []
    calls = [_tags(name.strip(), body, tools) for name, body in _FUNCTION.findall(text)]
    return _FUNCTION.sub("", text).strip(), calls


def _tags(name: str, body: str, tools: Toolset | None) -> Call:
    properties = _properties(name, tools)
    arguments: dict[str, Json] = {}
    for key, value in _PARAMETER.findall(body):
        arguments[key] = _typed(value, properties.get(key))
    rest = _PARAMETER.sub("", body).strip()
    if rest:
        return Call(name, None, None, body, f"expected parameters, got {rest[:60]!r}")
    return Call(name, arguments)


def _properties(name: str, tools: Toolset | None) -> Mapping[str, Json]:
    legal = tools.names.get(name) if tools else None
    for tool in tools.tools if tools else ():
        if tool.name == legal:
            properties = tool.parameters.get("properties")
            return properties if isinstance(properties, dict) else {}
    return {}


def _typed(value: str, schema: Json) -> Json:
    if isinstance(schema, dict) and schema.get("type") in _JSON_TYPES:
        try:
            return decode(value.strip())
        except ValueError:
            return value
    return value
