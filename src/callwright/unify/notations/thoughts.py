"""Runs in which a model thinks, acts and observes, where a thought may come before its action.

ToolBench and its kin log the thought as a turn or node of its own. Here it waits for the action that
follows and becomes that turn's reasoning; a thought that no action follows is what the assistant says.
"""

from __future__ import annotations

import re
from typing import Literal

from callwright.unify.conversation import Conversation
from callwright.unify.notations.calls import Call, call
from callwright.unify.rows import BadRow

_INPUT = "\nAction Input:"
_ACTION = "\nAction:"
_THOUGHT = re.compile(r"\A\s*Thought:\s*")


class Run:
    """A conversation that is written step by step."""

    def __init__(self, talk: Conversation) -> None:
        self.talk = talk
        self._thoughts: list[str] = []
        self._path = ""

    @property
    def kind(self) -> Literal["react"] | None:
        """What the task is, if the run has any step; a bare query otherwise."""
        return "react" if any(message.tool_calls for message in self.talk.messages) else None

    def think(self, text: str, path: str) -> None:
        """Remember a thought until it is known what follows it."""
        if text:
            self._thoughts.append(text)
            self._path = path

    def act(self, made: Call, thought: str = "") -> list[str]:
        """Add a call with the thoughts before it; return the ids of its calls."""
        thoughts = [*self._thoughts, thought] if thought else self._thoughts
        self._thoughts = []
        return self.talk.assistant("", [made], reasoning="\n".join(thoughts) or None)

    def speak(self) -> None:
        """Add waiting thoughts as a text of the assistant."""
        if self._thoughts:
            text = "\n".join(self._thoughts)
            self._thoughts = []
            self.talk.assistant(text, path=self._path)


def read_step(text: str, path: str) -> tuple[str, Call | None]:
    """Return thought and call of ``Thought: … Action: name Action Input: {…}``; the last pair counts.

    A model may name actions while it thinks, so an earlier pair belongs to the thought. Without any pair
    the text is plain; an action that lacks its input would be lost and raises `BadRow`.
    """
    whole = f"\n{text}"
    before, mark, written = whole.rpartition(_INPUT)
    if not mark:
        if _ACTION in whole:
            raise BadRow("calls-in-text", path, "an Action without Action Input")
        return _THOUGHT.sub("", text).strip(), None
    thought, mark, name = before.rpartition(_ACTION)
    if not mark or not name.strip() or "\n" in name.strip():
        raise BadRow("bad-calls", path, "an Action Input without the name of an Action")
    return _THOUGHT.sub("", thought).strip(), call(name.strip(), written.strip())
