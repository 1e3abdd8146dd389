"""Rows in which no call is right, made of rows in which one was: the tool is gone, or a value is.

The request stays what somebody asked for; only what is offered, or what is told, becomes less. Both kinds
exist for rows that begin with one request and an answer that calls.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import msgspec

from callwright.augment.distractors import DRAWN, called_tools
from callwright.augment.likeness import unlike
from callwright.record import Json, Message, Tool, Trajectory

_NO_TOOL = (
    "None of the tools can do that.",
    "I have no tool for this request.",
    "The tools that I can use do not cover this.",
    "Sorry, that is not possible with the tools at hand.",
    "No available tool fits this request, so I can not do it.",
)
_ASKING = (
    "What is the {name}?",
    "Which {name} should I use?",
    "I still need the {name}. Could you tell me?",
    "Please tell me the {name} first.",
    "The {name} is missing. What should it be?",
)
_LEAD_IN = r"(?:\s*,)?(?:\s+(?:for|at|on|in|to|from|of|by|with|under|named|called|titled|about|until))?"
_DANGLING = re.compile(
    r"\b(?:the|a|an|my|this|that|of|and|or|is|as|than|for|to|in|at|from|with)\s*(?:[.,;:!?]|$)"
    r"|\b(?:id|ids|number|code|key|no)\s+(?:in|for|of|from|to|on|at|and|with|is)\b",
    re.IGNORECASE,
)
_SPACES = re.compile(r"[ \t]{2,}")
_BEFORE_MARK = re.compile(r"\s+([,.;:!?])")
_FEWEST_WORDS = 3
_OFFERED = 3
"""Tools of other rows that stand in for those that are taken away."""
_SHORTEST = 2
"""Characters of a value that can be told from the letters around it."""


def irrelevant(t: Trajectory, rng: random.Random, pool: Sequence[Tool]) -> Trajectory:
    """Return the request with other tools than those that serve it; unchanged where there are none."""
    place = _first_call(t)
    called = called_tools(t)
    if place is None or not called or any(_mentions(t, tool.name) for tool in called):
        return t
    names = {tool.name for tool in called}
    left = unlike((tool for tool in t.tools or () if tool.name not in names), called)
    if not left:
        drawn = rng.sample(pool, min(DRAWN, len(pool)))
        others = {tool.name: tool for tool in unlike(drawn, called) if tool.name not in names}
        left = [*others.values()][:_OFFERED]
    if not left:
        return t
    return _answered(t, place, rng.choice(_NO_TOOL), "no_call", tools=tuple(left))


def unclear(t: Trajectory, rng: random.Random) -> Trajectory:
    """Return the request without a value that its call needs; unchanged where none can be left out."""
    place = _first_call(t)
    if place is None or len(t.messages[place].tool_calls) != 1 or t.messages[place - 1].role != "user":
        return t
    call = t.messages[place].tool_calls[0]
    tool = next((tool for tool in t.tools or () if tool.name == call.name), None)
    names = [name for name in _required(tool) if name in (call.arguments or {})] if tool else []
    rng.shuffle(names)
    for name in names:
        text = _without((call.arguments or {})[name], t.messages[place - 1].content)
        if text is not None:
            asked = rng.choice(_ASKING).format(name=_spoken(name))
            request = msgspec.structs.replace(t.messages[place - 1], content=text)
            messages = (*t.messages[: place - 1], request)
            return _answered(msgspec.structs.replace(t, messages=messages), place, asked, "clarify")
    return t


def _first_call(t: Trajectory) -> int | None:
    """Return the place of the first answer if it calls and one request stands before it, else None."""
    place = next((i for i, message in enumerate(t.messages) if message.role == "assistant"), None)
    if place is None or not t.messages[place].tool_calls or t.task.few_shots:
        return None
    if t.task.kind not in ("single", "multi"):  # an agent at work answers and ends by calls, too
        return None
    asked = [message for message in t.messages[:place] if message.role == "user"]
    return place if len(asked) == 1 and t.task.expects in ("call", "any") else None


def _mentions(t: Trajectory, name: str) -> bool:
    return any(name in message.content for message in t.messages if message.role in ("system", "user"))


def _required(tool: Tool) -> list[str]:
    required, properties = tool.parameters.get("required"), tool.parameters.get("properties")
    if not isinstance(required, list) or not isinstance(properties, dict):
        return []
    return [name for name in required if isinstance(name, str) and _has_no_default(properties.get(name))]


def _has_no_default(schema: Json) -> bool:
    return isinstance(schema, dict) and "default" not in schema


def _without(value: Json, text: str) -> str | None:
    """Return a text without the one place that tells a value; None where it has none, or several."""
    if (
        isinstance(value, bool)
        or not isinstance(value, str | int | float)
        or len(str(value).strip()) < _SHORTEST
    ):
        return None
    plain = rf"(?<![\w.]){re.escape(str(value))}(?![\w]|\.\w)"
    if len(re.findall(plain, text, re.IGNORECASE)) != 1:
        return None
    # A number in front of what it counts leaves alone: "for 14 people" becomes "for people".
    counts = isinstance(value, int | float) and re.search(rf"{plain}\s+[^\W\d]", text)
    told = re.compile(plain if counts else rf"{_LEAD_IN}\s*[\"'“‘]?{plain}[\"'”’]?", re.IGNORECASE)
    rest = _BEFORE_MARK.sub(r"\1", _SPACES.sub(" ", told.sub("", text))).strip()
    left_hanging = len(_DANGLING.findall(rest)) > len(_DANGLING.findall(text))
    return rest if len(rest.split()) >= _FEWEST_WORDS and rest[0].isalnum() and not left_hanging else None


def _spoken(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").replace("-", " ").lower().strip()


def _answered(
    t: Trajectory, place: int, answer: str, expects: str, tools: tuple[Tool, ...] | None = None
) -> Trajectory:
    """Return the conversation up to the first answer, which becomes `answer`."""
    return msgspec.structs.replace(
        t,
        messages=(*t.messages[:place], Message(role="assistant", content=answer)),
        task=msgspec.structs.replace(t.task, expects=expects),
        tools=t.tools if tools is None else tools,
        preference=None,
        outcome=None,
        issues=(),
        fingerprint=None,
    )
