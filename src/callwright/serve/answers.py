"""From what a model writes to what a client is told: text once it is certain, calls once they are whole."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from callwright.errors import CallwrightError
from callwright.formats import Malformed
from callwright.formats.chat import THINK_CLOSE
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
    """What was thought; told as a whole at the end, since only then it is certain."""


@dataclass(frozen=True)
class Answer:
    """An answer that is over."""

    message: Message
    finish: Finish
    prompt_tokens: int
    completion_tokens: int
    tokens: tuple[Scored, ...] = ()


async def answer(
    writer: Writer, prompt: Prompt, wish: Wish, *, calls: bool
) -> AsyncGenerator[Delta | Answer]:
    """Yield how an answer goes on, and the whole at its end; calls are looked for if `calls` is set.

    Whoever stops reading gives the answer up. Raises what the writer says instead of an answer.
    """
    reply = _Reply(calls=calls)
    tokens: list[Scored] = []
    async with aclosing(_told(writer, prompt, wish)) as told:
        async for item in told:
            if isinstance(item, Piece):
                tokens += item.tokens
                text = reply.feed(item.text)
                if text or item.tokens:
                    yield Delta(text, tokens=item.tokens)
                continue
            last, message = reply.close()
            if last.text or last.calls or last.reasoning:
                yield last
            finish: Finish = "tool_calls" if message.tool_calls else item.finish
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

    def __init__(self, *, calls: bool) -> None:
        self._stream = ReplyStream(calls=calls)
        self._text = ""
        self._told = ""

    def feed(self, text: str) -> str:
        """Return how the content goes on."""
        self._text += text
        new = self._stream.feed(text)
        self._told += new
        return new

    def close(self) -> tuple[Delta, Message]:
        """Return the rest of the content with the calls, and the whole message."""
        message = self._stream.close()
        if isinstance(message, Malformed):
            # A broken call is shown as the text that it is, never as a guessed call.
            rest = self._rest()
            return Delta(rest), Message(role="assistant", content=self._told + rest)
        calls = tuple(
            msgspec.structs.replace(c, id=f"call_{uuid.uuid4().hex[:24]}") for c in message.tool_calls
        )
        rest = message.content[len(self._told) :]
        told = msgspec.structs.replace(message, tool_calls=calls)
        return Delta(rest, calls, reasoning=message.reasoning or ""), told

    def _rest(self) -> str:
        tail = self._text.rpartition(THINK_CLOSE)[2].lstrip()
        return tail[len(self._told) :] if self._told else self._text


def arguments_of(call: ToolCall) -> str:
    """Return the arguments of a call as JSON text."""
    return json.dumps(call.arguments, ensure_ascii=False)
