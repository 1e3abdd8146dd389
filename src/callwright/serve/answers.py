"""From what a model writes to what a client is told: text once it is certain, calls once they are whole."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from callwright.errors import CallwrightError
from callwright.formats import Malformed
from callwright.formats.reply import SURROGATE
from callwright.formats.streaming import ReplyStream
from callwright.models import Completion, Prompt
from callwright.models.writing import Cancel, Piece, Scored, Wish, Writer
from callwright.record import Message, ToolCall

Finish = Literal["stop", "length", "tool_calls"]


class Delta(NamedTuple):
    """How an answer goes on."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    tokens: tuple[Scored, ...] = ()
    reasoning: str = ""
    """What was thought; told as a whole and before anything else, as soon as it ends."""


@dataclass(frozen=True)
class Answer:
    """An answer that is over."""

    message: Message
    finish: Finish
    prompt_tokens: int
    completion_tokens: int
    tokens: tuple[Scored, ...] = ()


Valid = Callable[[ToolCall], bool]
"""Tells whether a call may be made."""


async def answer(
    writer: Writer, prompt: Prompt, wish: Wish, *, calls: bool, valid: Valid | None = None
) -> AsyncGenerator[Delta | Answer]:
    """Yield how an answer goes on, and the whole at its end; calls are looked for if `calls` is set.

    An answer with a call that is not `valid` is told as text, as one is that is no reply of the format.
    Whoever stops reading gives the answer up. Raises what the writer says instead of an answer.
    """
    reply = _Reply(calls=calls, valid=valid)
    tokens: list[Scored] = []
    async with aclosing(_told(writer, prompt, wish)) as told:
        async for item in told:
            if isinstance(item, Piece):
                tokens += item.tokens
                delta = reply.feed(item.text)._replace(tokens=item.tokens)
                if delta != Delta():
                    yield delta
                continue
            last, message = reply.close()
            if last != Delta():
                yield last
            # Calls that are cut off may not have been all.
            finish: Finish = "tool_calls" if message.tool_calls and item.finish == "stop" else item.finish
            yield Answer(message, finish, item.prompt_tokens, item.completion_tokens, tuple(tokens))


async def _told(writer: Writer, prompt: Prompt, wish: Wish) -> AsyncGenerator[Piece | Completion]:
    loop = asyncio.get_running_loop()
    heard: asyncio.Queue[Piece | Completion | CallwrightError] = asyncio.Queue()

    def told(item: Piece | Completion | CallwrightError) -> None:
        loop.call_soon_threadsafe(heard.put_nowait, item)

    # In a thread: reading a long prompt and compiling a grammar take their time.
    begun = asyncio.ensure_future(asyncio.to_thread(writer.write, prompt, wish, told))
    try:
        await asyncio.shield(begun)
        while True:
            item = await heard.get()
            if isinstance(item, CallwrightError):
                raise item
            yield item
            if isinstance(item, Completion):
                return
    finally:
        begun.add_done_callback(_give_up)


def _give_up(begun: asyncio.Future[Cancel]) -> None:
    """Let the writer know that nobody reads on, even if it begins only now."""
    if not begun.cancelled() and begun.exception() is None:
        begun.result()()


class _Reply:
    """Takes the text of an answer apart while it comes."""

    def __init__(self, *, calls: bool, valid: Valid | None) -> None:
        self._stream = ReplyStream(calls=calls)
        self._valid = valid
        self._has_thought = False

    def feed(self, text: str) -> Delta:
        """Return how the answer goes on: the thought once it has ended, then the content."""
        return Delta(self._stream.feed(text), reasoning=self._new_thought())

    def close(self) -> tuple[Delta, Message]:
        """Return the rest of the content with the calls, and the whole message."""
        stream, message = self._stream, self._stream.close()
        if isinstance(message, Malformed) or not all(map(self._makes, message.tool_calls)):
            # A broken call is shown as the text that it is, never as a guessed call.
            message = Message(role="assistant", content=stream.text, reasoning=stream.thought)
        calls = tuple(
            msgspec.structs.replace(c, id=f"call_{uuid.uuid4().hex[:24]}") for c in message.tool_calls
        )
        last = Delta(message.content[stream.told :], calls)
        return last, msgspec.structs.replace(message, tool_calls=calls)

    def _new_thought(self) -> str:
        """Return what was thought, once."""
        if self._has_thought or not self._stream.thought:
            return ""
        self._has_thought = True
        return self._stream.thought

    def _makes(self, call: ToolCall) -> bool:
        named = not SURROGATE.search(call.name)  # of which there can be no JSON
        return named and (self._valid is None or self._valid(call))


def arguments_of(call: ToolCall) -> str:
    """Return the arguments of a call as JSON text; half a character, which models do write, is escaped."""
    text = json.dumps(call.arguments, ensure_ascii=False)
    return json.dumps(call.arguments) if SURROGATE.search(text) else text
