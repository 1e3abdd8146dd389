"""What a model is shown of a conversation on back ends, and how its replies are read, in one of two styles.

*native*: the function documents become tools of this package's own system text, replies are read in an
output format of ours, results come back as tool messages. *official*: the prompting mode of the leaderboard
word for word, results come back as one user message, as its handler for OpenAI-compatible servers does.
The official sentences are read out of the pinned wheel.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, Protocol

from callwright import formats
from callwright.evaluate.bfcl.language_hints import hinted
from callwright.evaluate.bfcl.multi_turn.calls import Step, from_format, from_text
from callwright.evaluate.bfcl.official_prompts import system_prompt
from callwright.evaluate.bfcl.prompt import tool_of
from callwright.evaluate.bfcl.wheel_literals import literal
from callwright.evaluate.prompting import prompt_of
from callwright.models import Prompt
from callwright.record import Json, Message, Task, Tool, Trajectory

Style = Literal["native", "official"]
Docs = Sequence[Mapping[str, Json]]
_ANNOUNCEMENT = "DEFAULT_USER_PROMPT_FOR_ADDITIONAL_FUNCTION_FC"


class Dialogue(Protocol):
    """A conversation as the model sees it, growing from turn to turn."""

    def tell(self, messages: Iterable[Mapping[str, Json]]) -> None:
        """Add what the user says."""
        ...

    def announce(self, docs: Docs) -> None:
        """Tell that further functions can be called from now on."""
        ...

    def hear(self, reply: str) -> Step:
        """Add the model's reply and return its calls; none if there are none or it can not be read."""
        ...

    def observe(self, calls: Step, results: Sequence[str]) -> None:
        """Add the results of the last reply's calls."""
        ...

    def prompt(self) -> Prompt:
        """Return the prompt for the next reply."""
        ...


def opened(style: Style, docs: Docs, system: str = "", output_format: str = "") -> Dialogue:
    """Return a conversation that has not begun; `system` is what the benchmark itself tells the model."""
    return Official(docs, system) if style == "official" else Native(docs, system, output_format)


def words(reply: str, style: Style, output_format: str = "") -> str:
    """Return what a reply says to the user: in the native style without reasoning and calls."""
    message = reply if style == "official" else formats.reply_message(reply, output_format)
    return message.content if isinstance(message, Message) else reply


def sentence(name: str) -> Any:
    """Return one of the official prompts' sentences."""
    return literal("bfcl_eval/constants/default_prompts.py", name)


def _carried(text: str) -> str:
    """Return a text that every tokenizer and server can take: lone surrogates become question marks."""
    return text.encode("utf-8", "replace").decode()


class Native:
    """A conversation in this package's own prompt and output format."""

    def __init__(self, docs: Docs, system: str = "", output_format: str = "") -> None:
        self._tools = _tools(docs)
        self._opening = (Message(role="system", content=system),) if system else ()
        self._format = output_format
        self._system = self._opened()
        self._said: list[formats.PlainMessage] = []

    def tell(self, messages: Iterable[Mapping[str, Json]]) -> None:
        self._add(*(Message(role=m["role"], content=m["content"]) for m in messages))

    def announce(self, docs: Docs) -> None:
        self._tools += _tools(docs)
        self._system = self._opened()
        self._add(Message(role="user", content=sentence(_ANNOUNCEMENT)))

    def hear(self, reply: str) -> Step:
        # What the model wrote, not what was understood: the next prompt goes on where this one ended.
        self._said.append(formats.PlainMessage("assistant", _carried(reply).strip(), 0.0))
        return from_format(reply, self._format)

    def observe(self, calls: Step, results: Sequence[str]) -> None:
        self._add(*(Message(role="tool", content=_carried(result)) for result in results))

    def prompt(self) -> Prompt:
        return prompt_of([*self._system, *self._said])

    def _opened(self) -> list[formats.PlainMessage]:
        task = Task(output_format=self._format)
        return formats.plain_messages(Trajectory(id="", task=task, tools=self._tools, messages=self._opening))

    def _add(self, *messages: Message) -> None:
        self._said += formats.plain_messages(Trajectory(id="", messages=messages))[1:]


class Official:
    """A conversation in the leaderboard's prompting mode."""

    def __init__(self, docs: Docs, system: str = "") -> None:
        first = _official_system_text(json.dumps(docs))
        self._messages = [("system", f"{first}\n\n{system}" if system else first)]

    def tell(self, messages: Iterable[Mapping[str, Json]]) -> None:
        self._messages += [(m["role"], m["content"]) for m in messages]

    def announce(self, docs: Docs) -> None:
        self._messages.append(("user", f"{list(docs)}\n{sentence(_ANNOUNCEMENT)}"))

    def hear(self, reply: str) -> Step:
        self._messages.append(("assistant", _carried(reply)))
        return from_text(reply)

    def observe(self, calls: Step, results: Sequence[str]) -> None:
        pairs = zip(calls, results, strict=True)
        shown = [{"role": "tool", "name": call, "content": result} for call, result in pairs]
        self._messages.append(("user", _carried(repr(shown))))

    def prompt(self) -> Prompt:
        return prompt_of([formats.PlainMessage(role, text, 0.0) for role, text in self._messages])


@lru_cache(maxsize=256)
def _official_system_text(docs: str) -> str:
    """Return the official system prompt for documents, given as JSON: few sets of them serve many rows."""
    return system_prompt(hinted(json.loads(docs), "python"))


def _tools(docs: Sequence[Mapping[str, Json]]) -> tuple[Tool, ...]:
    return tuple(_tool(json.dumps(doc)) for doc in docs)


@lru_cache(maxsize=256)
def _tool(doc: str) -> Tool:
    return tool_of(json.loads(doc))
