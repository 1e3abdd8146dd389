"""A conversation in which a model is the agent: the user wants what the blueprint says, the world answers.

The user is a script or a second model. Whether the agent did what the blueprint wants is not decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from callwright import formats
from callwright.record import Episode, Message, Task, Trajectory
from callwright.synthesize.asking import Ask, Question, asked_of
from callwright.synthesize.dialogue.blueprint import Blueprint
from callwright.synthesize.dialogue.rollout import calls_of, told
from callwright.synthesize.dialogue.users import ScriptedUser, says_done, user_question
from callwright.verify import Execute, is_error_shaped

MOST_REPLIES = 40
"""Replies of an agent before the user gives up."""
MOST_CALLS = 8
"""Calls that one reply may make."""
Who = Literal["agent", "user"]


class Played:
    """One conversation; asks for replies one at a time."""

    def __init__(self, blueprint: Blueprint, play: Execute, *, user_is_model: bool = False) -> None:
        self.blueprint = blueprint
        self.messages: list[Message] = []
        self.ending = ""
        """Why it ended, empty while it goes on; "done" if the user has nothing more to say."""
        self._play = play
        self._user = None if user_is_model else ScriptedUser(blueprint)
        if self._user is not None:
            self._say(self._user.first())

    @property
    def turn(self) -> Who:
        """Return who speaks next: the user at the beginning, and after words of the agent."""
        last = self.messages[-1] if self.messages else None
        return "user" if last is None or (last.role == "assistant" and not last.tool_calls) else "agent"

    def question(self) -> Question:
        """Return the question whose answer is what is said next."""
        name = f"{self.blueprint.id}/{self.turn}/{self._said(self.turn)}"
        if self.turn == "user":
            return user_question(name, self.blueprint, self.messages)
        row = Trajectory(
            id=self.blueprint.id,
            task=Task(instruction=self.blueprint.policy, kind="multi"),
            tools=self.blueprint.tools,
            messages=tuple(self.messages),
        )
        return asked_of(name, formats.plain_messages(row))

    def take(self, text: str | None) -> None:
        """Go on with what was said; None says that the conversation does not fit into a model's context."""
        if text is None:
            self.ending = "prompt-too-long"
        elif self.turn == "user":
            self._hear(text)
        else:
            self._reply(text)
        if not self.ending and self.turn == "agent" and self._said("agent") >= MOST_REPLIES:
            self.ending = "gave-up"

    def _hear(self, text: str) -> None:
        if says_done(text):
            self.ending = "done" if self.messages else "user-silent"
        elif not text.strip():
            self.ending = "user-silent"
        else:
            self._say(text.strip())

    def _reply(self, text: str) -> None:
        reply = formats.reply_message(text)
        if isinstance(reply, formats.Malformed):
            self.ending = "unreadable"
        elif len(reply.tool_calls) > MOST_CALLS:
            self.ending = "too-many-calls"
        elif reply.tool_calls:
            self._make(reply)
        else:
            self.messages.append(Message(role="assistant", content=reply.content))
            self._answer(reply.content)

    def _answer(self, text: str) -> None:
        """Let a scripted user answer; one that is a model is asked in its turn."""
        if self._user is None:
            return
        answer = self._user.answer(text)
        if answer is None:
            self.ending = "done"
        else:
            self._say(answer)

    def _make(self, reply: Message) -> None:
        """Make the calls of a reply, with all that came before."""
        before = calls_of(self.messages)
        calls = tuple(
            msgspec.structs.replace(call, id=f"call_{number}")
            for number, call in enumerate(reply.tool_calls, start=len(before) + 1)
        )
        played = self._play([Episode((*before, *calls), self.blueprint.state)])[0]
        seen = played.observations[len(before) :]
        # What the world refused is there for the turn that mends it, and not to be learned from.
        weight = 0.0 if any(not one.ok or is_error_shaped(one.value) for one in seen) else None
        self.messages.append(msgspec.structs.replace(reply, tool_calls=calls, reasoning=None, weight=weight))
        self.messages += [
            Message(role="tool", content=told(one), tool_call_id=call.id, name=call.name)
            for call, one in zip(calls, seen, strict=True)
        ]

    def _said(self, who: Who) -> int:
        """Return how often somebody spoke; the agent's calls count."""
        role = "assistant" if who == "agent" else "user"
        return sum(message.role == role for message in self.messages)

    def _say(self, text: str) -> None:
        self.messages.append(Message(role="user", content=text))


def together(talks: Sequence[Played], asks: Mapping[Who, Ask]) -> None:
    """Play conversations to their ends, all of them one reply at a time."""
    while live := [talk for talk in talks if not talk.ending]:
        for who, ask in asks.items():
            mine = [talk for talk in live if talk.turn == who and not talk.ending]
            answers = ask([talk.question() for talk in mine]) if mine else ()
            for talk, answer in zip(mine, answers, strict=True):
                talk.take(None if answer is None else answer.text)
