"""How an agent is told about the shop, and how its replies are read.

Two interfaces: ``tool-calls``, where searching and clicking are tools and a reply is read in the model's own
output format, and ``text``, where a reply names its action as ``search[keywords]`` or ``click[element]``,
after any thoughts. The environment is the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from callwright import formats
from callwright.record import Message, Tool, ToolCall

Interface = Literal["tool-calls", "text"]
INTERFACES: tuple[Interface, ...] = ("tool-calls", "text")

_TASK = (
    "You are shopping in a web shop. Buy the product that the user asks for: the right kind of thing, with "
    "the attributes and options that are named, within the price. Search first, open a product from the "
    "results, click every option that the user named, then click the Buy Now button. Take one action at a "
    "time; after each one you are shown the page. "
)
INSTRUCTIONS: dict[Interface, str] = {
    "tool-calls": _TASK + "Act with the tools search and click only.",
    "text": _TASK + "Act by writing search[keywords] or click[element], for example click[Buy Now].",
}
"""The system text of each interface."""
_ARGUMENTS = {"search": "keywords", "click": "element"}
TOOLS = (
    Tool(
        name="search",
        description="Search the shop for products.",
        parameters={
            "type": "object",
            "properties": {"keywords": {"type": "string", "description": "what to search for"}},
            "required": ["keywords"],
        },
    ),
    Tool(
        name="click",
        description="Click an element of the page: a button, a product or an option.",
        parameters={
            "type": "object",
            "properties": {"element": {"type": "string", "description": "the text of the element"}},
            "required": ["element"],
        },
    ),
)
NO_ACTION = "No action was found in the reply."
_MARK = re.compile(r"action\s*:", re.IGNORECASE)
_FOUND = re.compile(r"(search|click)\s*\[((?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]", re.IGNORECASE)


class Action(NamedTuple):
    """What an agent wants to do."""

    name: str
    argument: str
    call: ToolCall | None = None
    """The call that asks for it, where the interface has calls."""

    def __str__(self) -> str:
        """Return the action as WebShop writes it."""
        return f"{self.name}[{self.argument}]"


def written(action: Action, interface: Interface, output_format: str = "") -> str:
    """Return the reply that asks for an action."""
    if interface == "text":
        return str(action)
    call = ToolCall(name=action.name, arguments={_ARGUMENTS[action.name]: action.argument})
    return formats.assistant_text(Message(role="assistant", tool_calls=(call,)), output_format)


def actions_in(reply: str, interface: Interface, output_format: str = "") -> tuple[Message, list[Action]]:
    """Return the turn that a reply is remembered as, and the actions it asks for; never raises.

    An action with an empty name is a call that the shop does not know, or one without its argument.
    """
    if interface == "text":
        action = _action_in(reply)
        said = Message(role="assistant", content=reply)
        return _sayable(said, "", formats.written_text), [action] if action else []
    message = formats.reply_message(reply, output_format)
    if isinstance(message, formats.Malformed):
        return _sayable(Message(role="assistant", content=reply), output_format), []
    message = _sayable(message, output_format)
    return message, [_action_of(call) for call in message.tool_calls]


def _action_in(reply: str) -> Action | None:
    """Return the action a text names: the first one after the last "Action:", else the first at all."""
    text = reply.rpartition("</think>")[2]
    marks = [mark.end() for mark in _MARK.finditer(text)]
    match = _FOUND.search(text, marks[-1] if marks else 0)
    return Action(match[1].lower(), match[2].strip()) if match else None


def _action_of(call: ToolCall) -> Action:
    argument = (call.arguments or {}).get(_ARGUMENTS.get(call.name, ""))
    if not isinstance(argument, str):
        return Action("", call.name, call)
    return Action(call.name, argument.strip(), call)


def _sayable(
    message: Message, output_format: str, write: Callable[[Message, str], str] = formats.assistant_text
) -> Message:
    """Return the message if it can be shown to the model again, else one that says nothing."""
    try:
        write(message, output_format)
    except formats.Unrenderable:
        return Message(role="assistant")
    return message


def shown(observation: str, clickables: Sequence[str], searchable: bool) -> str:
    """Return a page as an agent is shown it: what it says, and what can be done there."""
    can = ["You can search."] if searchable else []
    if clickables:
        can.append("You can click:\n" + "\n".join(clickables))
    return "\n\n".join([observation, *can])
