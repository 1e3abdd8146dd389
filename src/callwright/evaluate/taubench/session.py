"""An agent at work: it talks to the user and calls tools, one thing at a time, until somebody ends it.

As in the official loop, a reply that calls tools makes its first call only, and its text is heard by nobody;
a reply without a call, or one in which no call can be read, goes to the user as it is. A conversation ends
when the user says so or the agent hands over to a human; one that does not end within the agent's steps
gets no reward, whatever the database looks like.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from callwright import formats
from callwright.evaluate.prompting import prompt_of
from callwright.evaluate.results import Result
from callwright.evaluate.sessions import Turn
from callwright.evaluate.taubench.database import Database
from callwright.evaluate.taubench.domain import ENDS, Domain, TauTask
from callwright.evaluate.taubench.reward import Difference, reference, reward
from callwright.evaluate.taubench.tools import call
from callwright.evaluate.taubench.users import GREETING, ROLE, STOP, prompt_for_user, scripted
from callwright.formats import PlainMessage
from callwright.models import Prompt
from callwright.record import Json, Message, Task, ToolCall, Trajectory
from callwright.store import sha256_text

MAX_STEPS = 30
"""Replies of the agent, as in the official runner."""
User = Literal["scripted", "model"]
Ending = Literal["", "stopped", "handed-over", "prompt-too-long", "user-prompt-too-long"]


@dataclass(frozen=True)
class TauWorld:
    """A domain's tasks under fixed conditions; `trial` tells apart several runs over the same tasks."""

    domain: Domain
    user: User = "scripted"
    user_name: str = ""
    """Which model plays the user."""
    max_steps: int = MAX_STEPS
    output_format: str = ""
    trial: int = 0

    @property
    def tasks(self) -> tuple[TauTask, ...]:
        """Return the tasks in the official order."""
        return self.domain.tasks

    @cached_property
    def system(self) -> PlainMessage:
        """Return what every conversation begins with: policy, tools and output format."""
        task = Task(instruction=self.domain.policy, output_format=self.output_format)
        return formats.plain_messages(Trajectory(id="", task=task, tools=self.domain.offered))[0]

    @cached_property
    def conditions(self) -> dict[str, Json]:
        """Return what a score depends on."""
        played = self.user if self.user == "scripted" else f"model {self.user_name}".strip()
        return {
            "variant": f"{self.domain.variant}/{self.user}-user",
            "data_sha256": self.domain.sha256,
            "user": played,
            "user_prompt_sha256": sha256_text(ROLE) if self.user == "model" else None,
            "prompt_sha256": sha256_text(self.system.content),
            "output_format": self.output_format or formats.DEFAULT_FORMAT,
            "max_steps": self.max_steps,
            "calls_per_reply": 1,
            "trial": self.trial,
        }

    @cached_property
    def _references(self) -> dict[str, Difference]:
        return {}

    def reference(self, task: TauTask) -> Difference:
        """Return how the reference solution of a task leaves the database; found out once."""
        if task.id not in self._references:
            self._references[task.id] = reference(self.domain, task)
        return self._references[task.id]

    def reset(self, task: TauTask) -> TauSession:
        """Return a new conversation, in which the user speaks first."""
        return TauSession(self, task)

    def gold(self, task: TauTask) -> Iterator[str]:
        """Yield the reference actions, then what the user has to be told, twice: repetition ends the talk.

        An action that hands over to a human comes last, because it ends the conversation.
        """
        last = [action for action in task.actions if action.name in ENDS]
        told = "Done. " + ", ".join(task.outputs)
        for action in task.actions:
            if action.name not in ENDS:
                yield self.written(action.name, action.kwargs)
        if task.outputs or not last:
            yield told
        yield self.written(last[0].name, last[0].kwargs) if last else told

    def written(self, name: str, arguments: dict[str, Json]) -> str:
        """Return a reply that makes one call, in the world's output format."""
        message = Message(role="assistant", tool_calls=(ToolCall(name=name, arguments=arguments),))
        return formats.assistant_text(message, self.output_format)


class TauSession:
    """One conversation; implements `sessions.Session`."""

    def __init__(self, world: TauWorld, task: TauTask) -> None:
        self._world = world
        self._task = task
        self._db: Database = world.domain.database
        self._messages: list[PlainMessage] = [world.system]
        self._heard: list[str] = [GREETING]
        """By the user."""
        self._said: list[str] = []
        """By the user."""
        self._calls: list[tuple[str, dict[str, Json]]] = []
        self._steps = self._unreadable = self._left_out = self._refused = 0
        self._ending: Ending = ""
        self._waits_for: Literal["agent", "user"] = "user"
        self._turn: Turn | None = None
        self._last = ""
        self._hear_script()

    @property
    def id(self) -> str:
        """Return the task's id; from the second trial on with the trial's number."""
        trial = self._world.trial
        return self._task.id + (f"~{trial}" if trial else "")

    def turn(self) -> Turn | None:
        """Return whose reply is wanted, None if the conversation is over."""
        if self._ending or (self._waits_for == "agent" and self._steps >= self._world.max_steps):
            return None
        if self._turn is None:
            self._turn = Turn(self._waits_for, self._prompt())
        return self._turn

    def take(self, reply: str | None) -> None:
        """Go on with a reply of the agent, or of the model that plays the user."""
        if self.turn() is None:
            return
        self._turn = None
        if reply is None:
            self._ending = "prompt-too-long" if self._waits_for == "agent" else "user-prompt-too-long"
            return
        # A lone surrogate, which no file and no tokenizer can carry, is made visible.
        text = reply.encode("utf-8", "backslashreplace").decode()
        if self._waits_for == "user":
            self._hear_user(text)
        else:
            self._hear_agent(text)

    def result(self) -> Result:
        """Return the verdict: the official reward."""
        task, world = self._task, self._world
        found = reward(world.reference(task), task.outputs, self._db, self._heard[1:])
        ended = self._ending in ("stopped", "handed-over")
        value = found.value if ended else 0.0
        error = "" if value else self._mistake(bool(found.astray))
        astray = found.astray or found.untold
        return Result(
            id=self.id,
            column=world.domain.name,
            correct=value == 1.0,
            strict=value == 1.0,
            error=error,
            where=astray[0] if error in ("wrong-state", "wrong-answer") else "",
            request=task.instruction,
            gold=[{"name": each.name, "arguments": each.kwargs} for each in task.actions],
            predicted=[{"name": name, "arguments": arguments} for name, arguments in self._calls],
            text=self._last,
            scores={
                "reward": value,
                "state": float(not found.astray),
                "told": float(not found.untold),
                "steps": float(self._steps),
                "refused_calls": float(self._refused),
                "calls_left_out": float(self._left_out),
                "unreadable_replies": float(self._unreadable),
            },
            conditions={**world.conditions, "task": task.id},
        )

    def _mistake(self, astray: bool) -> str:
        if self._ending in ("prompt-too-long", "user-prompt-too-long"):
            return self._ending
        if not self._ending:
            return "gave-up"
        return "wrong-state" if astray else "wrong-answer"

    def _prompt(self) -> Prompt:
        if self._waits_for == "user":
            return prompt_for_user(self._task.instruction, self._heard, self._said)
        return prompt_of(self._messages)

    def _hear_script(self) -> None:
        """Let the script speak where it is the user's turn and a script plays the user."""
        if self._world.user == "scripted" and self._waits_for == "user":
            self._hear_user(scripted(self._task.instruction, self._heard))

    def _hear_user(self, text: str) -> None:
        self._said.append(text)
        self._messages.append(PlainMessage("user", text, 0.0))
        self._waits_for = "agent"
        if STOP in text:
            self._ending = "stopped"

    def _hear_agent(self, text: str) -> None:
        self._steps += 1
        self._last = text
        message = formats.reply_message(text, self._world.output_format)
        if isinstance(message, formats.Malformed):
            self._unreadable += 1
            self._messages.append(PlainMessage("assistant", text.strip(), 0.0))
            self._tell_user(text.strip())
        elif message.tool_calls:
            self._make(message.content, message.tool_calls)
        else:
            self._remember(Message(role="assistant", content=message.content))
            self._tell_user(message.content)

    def _tell_user(self, text: str) -> None:
        self._heard.append(text)
        self._waits_for = "user"
        self._hear_script()

    def _make(self, content: str, calls: Sequence[ToolCall]) -> None:
        """Make the first call of a reply; what it shows is the next message."""
        first, arguments = calls[0], calls[0].arguments or {}
        self._left_out += len(calls) - 1
        self._calls.append((first.name, arguments))
        answer = call(self._world.domain.functions, self._db, first.name, arguments)
        self._db = self._db.changed(answer.changes)
        self._refused += answer.text.startswith(("Error: ", "Unknown action "))
        self._remember(
            Message(role="assistant", content=content, tool_calls=(first,)),
            Message(role="tool", content=answer.text),
        )
        if first.name in ENDS:
            self._ending = "handed-over"

    def _remember(self, *messages: Message) -> None:
        """Add messages to what the agent is shown; its reasoning is not shown again."""
        task = Task(output_format=self._world.output_format)
        self._messages += formats.plain_messages(Trajectory(id="", task=task, messages=messages))[1:]
