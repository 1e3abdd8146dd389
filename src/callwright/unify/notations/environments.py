"""Text environments: the actions that one offers as tools, and how the text of an action becomes a call.

A grammar is a list of actions, each with the forms in which it may be written: ``go to {receptacle}``. From
it follow both the tools (kind "env", one string parameter per slot) and the reader. What a slot may hold:
``{x}`` any text, ``{x:+}`` the same but as much as possible, ``{n:integer}`` digits, ``{x:left|right}`` a
word (the schema has the enum), ``{x:letters}`` single letters, ``{x:code}`` a fenced block,
``{x:json}`` a JSON value.

An action that fits no form is kept. Where its first words are those of an action of the grammar, it becomes
that call without arguments, with its text and why it does not fit; where its own notation names a tool
that the environment does not have, it becomes a call of that name; otherwise there is no call.

    >>> web = Environment("shop", actions=(Action("click", "Click on a button.", "click[{value}]"),))
    >>> web.call("click[Buy Now]")
    Call(name='click', arguments={'value': 'Buy Now'}, ...)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from callwright.record import Json
from callwright.unify.notations import react
from callwright.unify.notations.calls import Call
from callwright.unify.rows import decode
from callwright.unify.tools import Toolset, assemble, make_tool

_SLOT = re.compile(r"\{(\w+)(?::([^{}]+))?\}")
_LONGEST = 2000
"""Characters of an action with several slots; none that was seen has 500."""
_WORD = r"[^ \n]+"
_CODE = r"```(?:\w*[ \t]*\n|(?:sql|bash|python)\s+)?(?P<{0}>.*?)```"


class Action:
    """One action of a grammar: the tool's name, what it does, and the forms in which it is written."""

    def __init__(self, name: str, about: str, *forms: str) -> None:
        self.name = name
        self.about = about
        self.forms = tuple(Form(text) for text in forms)

    def schema(self) -> dict[str, Json]:
        """Return the schema of the arguments; required is what every form asks for."""
        properties: dict[str, Json] = {}
        for form in self.forms:
            for slot, kind in form.slots:
                properties.setdefault(slot, _slot_schema(kind))
        required = [p for p in properties if all(p in dict(form.slots) for form in self.forms)]
        schema: dict[str, Json] = {"type": "object", "properties": properties}
        return {**schema, "required": required} if required else schema


class Form:
    """One way to write an action."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.slots = [(found[1], found[2] or "") for found in _SLOT.finditer(text)]
        self.head = text[: text.index("{")].rstrip(" [(") if self.slots else text
        self._pattern = _pattern(text)

    def read(self, action: str) -> dict[str, Json] | None:
        """Return the arguments of an action in this form, None for any other; raises `ValueError`."""
        if len(self.slots) > 1 and len(action) > _LONGEST:
            return None  # where one slot ends and the next begins is tried at every place
        found = self._pattern.fullmatch(action)
        if not found:
            return None
        return {slot: _value(found[slot], kind) for slot, kind in self.slots}

    def begins(self, action: str) -> bool:
        """Tell whether the action starts with the words of this form."""
        head = self.head.lower()
        following = action[len(head) : len(head) + 1]
        return action.lower().startswith(head) and not (head and following.isalnum())


class Environment(NamedTuple):
    """A text environment, and how prompts of the data sets speak about it."""

    name: str
    actions: tuple[Action, ...] = ()
    """Empty: the prompt describes the tools, each action is ``name with Action Input: {json}``."""
    marks: tuple[str, ...] = ()
    """What its prompts say and no other prompt does."""
    opens: str = react.ACTION
    """Pattern of what opens an action."""
    formats: tuple[str, ...] = ()
    """Patterns of the stretches of a prompt that tell how to write an answer."""
    query: str = ""
    """Pattern of what stands between the rules and the task, where one turn holds both."""
    again: str = ""
    """Pattern of what opens the real task behind a worked example."""

    @property
    def tools(self) -> Toolset | None:
        """The actions as tools, or None where the prompt describes them."""
        return _tools(self.actions) if self.actions else None

    def call(self, action: str) -> Call | None:
        """Return the call that an action means, or None where not even its name can be told."""
        action = action.strip()
        if not self.actions:
            return react.with_input(action)
        for item in self.actions:
            for form in item.forms:
                try:
                    arguments = form.read(action)
                except ValueError as error:
                    return Call(item.name, None, None, action, str(error))
                if arguments is not None:
                    return Call(item.name, arguments)
        return None

    def misfit(self, action: str) -> Call | None:
        """Return an action that fits no form as a call that keeps its text, if its name can be told."""
        action = action.strip()
        only = len(self.actions) == 1  # then a form without words of its own can mean nothing else
        forms = [(form, item.name) for item in self.actions for form in item.forms if form.head or only]
        fitting = [(form, name) for form, name in forms if action and form.begins(action)]
        if fitting:
            form, name = max(fitting, key=lambda pair: len(pair[0].head))
            return Call(name, None, None, action, f"does not fit the form {form.text}")
        found = react.generic(action)
        return found if found and found.name != action else None

    def step(self, text: str) -> tuple[react.Step, list[Call], list[str]]:
        """Return a turn taken apart, the calls that it makes, and the actions that are none.

        Where the lines of an action are actions themselves, each is a call; where only the first is one, the
        lines behind it are said.
        """
        step = react.read(text, _label(self.opens))
        calls: list[Call] = []
        lost, said = [], [step.said] if step.said else []
        for action in step.actions:
            made, rest = self._calls(action)
            calls += made
            if rest:
                said.append(rest)
            if not made:
                lost.append(action)
        return step._replace(said="\n\n".join(said)), calls, lost

    def _calls(self, action: str) -> tuple[list[Call], str]:
        whole = self.call(action)
        lines = [] if whole else [line for line in action.splitlines() if line.strip()]
        each = [self.call(line) for line in lines]
        if len(each) > 1 and each[0]:
            made = [call for call in each if call]
            return (made, "") if len(made) == len(each) else (made[:1], "\n".join(lines[1:]).strip())
        whole = whole or self.misfit(action)
        return [whole] if whole else [], ""

    def fits(self, actions: Sequence[str]) -> bool:
        """Tell whether every one of these actions is written as the grammar says."""
        return bool(actions) and all(self.call(action) for action in actions)


@lru_cache(maxsize=64)
def _label(opens: str) -> re.Pattern[str]:
    return react.labels(opens)


@lru_cache(maxsize=64)
def _tools(actions: tuple[Action, ...]) -> Toolset:
    return assemble([make_tool(a.name, a.about, a.schema(), kind="env") for a in actions])


def _slot_schema(kind: str) -> dict[str, Json]:
    if kind == "integer":
        return {"type": "integer"}
    if kind == "json":
        return {}
    if kind == "letters":
        return {"type": "string", "pattern": "^[a-z]( [a-z])*$"}
    if "|" in kind:
        return {"type": "string", "enum": kind.split("|")}
    return {"type": "string"}


def _value(text: str, kind: str) -> Json:
    if kind == "integer":
        return int(text)
    if kind == "json":
        return decode(text)
    return text.strip("\n").rstrip() if kind == "code" else text.strip()


def _pattern(text: str) -> re.Pattern[str]:
    """Return the pattern of a form; inside of brackets a slot may be empty and have several lines."""
    closed = bool(re.search(r"[\[(]\{", text))
    least, most = (r"(?s:.*?)", r"(?s:.*)") if closed else (r"[^\n]+?", r"[^\n]+")
    kinds = {"integer": r"\d{1,9}", "+": most, "json": r"(?s:.*)", "letters": r"[a-z](?: [a-z])*"}
    parts, end = [], 0
    for slot in _SLOT.finditer(text):
        name, kind = slot[1], slot[2] or ""
        parts.append(_literal(text[end : slot.start()]))
        if kind == "code":
            parts.append(f"(?s:{_CODE.format(name)})")
        else:
            parts.append(f"(?P<{name}>{_WORD if '|' in kind else kinds.get(kind, least)})")
        end = slot.end()
    parts.append(_literal(text[end:]))
    return re.compile("".join(parts), re.I)


def _literal(text: str) -> str:
    """Return the pattern of fixed words: blanks stand for any blanks, a comma for one with or without."""
    words = re.split(r"(\s+)", text)
    pattern = "".join(r"\s+" if word.isspace() else re.escape(word) for word in words if word)
    return pattern.replace(r",\s+", r",\s*")
