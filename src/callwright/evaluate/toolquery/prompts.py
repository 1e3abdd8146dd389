"""What a model is told: the task, the tools, the form of an answer, and the conversation so far."""

from __future__ import annotations

from collections.abc import Sequence

from callwright.evaluate.toolquery.actions import Interface
from callwright.evaluate.toolquery.outcomes import Domain
from callwright.evaluate.toolquery.tasks import Task
from callwright.formats import PlainMessage, Segment, plain_messages, segments, tools_text
from callwright.models import Prompt
from callwright.record import Message, Trajectory
from callwright.record import Task as Instructions

_ROLE = (
    "Answer the user's question with the help of the tools. Call one tool at a time and read what it returns "
    "before you go on. When you know the answer, call finish with the answer alone, in the form that the "
    "question asks for; nothing else ends the task."
)
_TEXT_FORM = (
    "Think first if it helps. End every reply with one line of this form, the input being a JSON object:\n"
    "Action: [name of the tool] with Action Input: [its arguments]"
)


def opening(domain: Domain, interface: Interface, output_format: str) -> tuple[PlainMessage, ...]:
    """Return the system message of a domain: the same for all of its tasks."""
    instruction = f"{_ROLE} {domain.hint}".strip()
    if interface == "react":
        tools = "# Tools\n" + tools_text(domain.tools)
        return (PlainMessage("system", f"{instruction}\n\n{tools}\n\n{_TEXT_FORM}", 0.0),)
    about = Instructions(instruction=instruction, kind="query", output_format=output_format)
    return tuple(plain_messages(Trajectory(id=domain.name, task=about, tools=domain.tools)))


def question(task: Task, *, tell_date: bool) -> PlainMessage:
    """Return the user's message; with `tell_date` also when and where it is asked, where the row tells."""
    text = task.goal
    if tell_date and task.date:
        text += f"\n\nToday is {task.date}, and the user is in {task.location}."
    return PlainMessage("user", text, 0.0)


def observed(text: str, interface: Interface) -> PlainMessage:
    """Return the message that shows a model what came of its action."""
    if interface == "react":
        return PlainMessage("user", f"Observation: {text}", 0.0)
    return plain_messages(Trajectory(id="", messages=(Message(role="tool", content=text),)))[-1]


class Conversation:
    """What was said so far, as a prompt that grows: a message is framed once, however often it is shown."""

    def __init__(self, messages: Sequence[PlainMessage]) -> None:
        self._messages: list[tuple[str, str]] = []
        self._segments: list[tuple[str, bool]] = []
        for message in messages:
            self.add(message)

    def followed_by(self, message: PlainMessage) -> Conversation:
        """Return a conversation of its own that begins as this one."""
        other = Conversation(())
        other._messages, other._segments = list(self._messages), list(self._segments)
        other.add(message)
        return other

    def add(self, message: PlainMessage) -> None:
        """Put a message at the end."""
        self._messages.append((message.role, message.content))
        self._segments += _shown(segments([message]))

    def prompt(self) -> Prompt:
        """Return the prompt that asks for the next reply."""
        return Prompt(messages=tuple(self._messages), segments=(*self._segments, *_NEXT))


def _shown(cut: Sequence[Segment]) -> list[tuple[str, bool]]:
    return [(segment.text, segment.control) for segment in cut]


_NEXT = _shown(segments([], generation_prompt=True))
