"""Our own server, asked by the official client over a real socket; what the model would write is played.

The player stands where the model stands: it is handed the prompt, makes tokens of it as the model does, and
hands back the answer token by token, decoded as they come. All around it is what `callwright serve` runs.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from callwright.conform.requests import messages_of, tools_of
from callwright.conform.runtime import Runtime, Said, Written
from callwright.errors import ExtraMissing
from callwright.models import Completion, Prompt
from callwright.models.local import encode, opening
from callwright.models.spelling import Spelling
from callwright.models.writing import Cancel, Load, Piece, Told, Wish
from callwright.record import Json


@dataclass
class _Player:
    """A `Writer` that plays the answer of one case."""

    tokenizer: Any
    name: str = "played"
    answer: Sequence[int] = ()
    cuts: Sequence[int] = ()
    asked: Sequence[int] = ()
    """The tokens of the last prompt."""

    @property
    def load(self) -> Load:
        return Load(0, 0)

    def write(self, prompt: Prompt, wish: Wish, told: Told) -> Cancel:
        self.asked = [*opening(self.tokenizer), *encode(self.tokenizer, prompt.segments)]
        spelling = Spelling(self._text)
        *body, end = self.answer
        texts = [spelling.feed(token) for token in body] + [spelling.close()]
        for text in texts:
            if text:
                told(Piece(text))
        finish = "stop" if end == self.tokenizer.eos_token_id else "length"
        told(Completion("".join(texts), len(self.asked), len(body), finish))  # type: ignore[arg-type]
        return lambda: None

    def close(self) -> None: ...

    def _text(self, tokens: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(
            list(tokens), skip_special_tokens=False, clean_up_tokenization_spaces=False
        )
        return text


def server(tokenizer: Any, version: str) -> Runtime:
    """Return the server, which runs until it is closed."""
    try:
        import uvicorn
        from openai import OpenAI

        from callwright.serve.app import create_app
        from callwright.serve.settings import Limits
    except ImportError as error:
        raise ExtraMissing(str(error), hint="pip install 'callwright[serve]'") from None
    player = _Player(tokenizer)
    limits = Limits(body_bytes=1 << 24, max_tokens=1 << 20)
    config = uvicorn.Config(create_app(player, limits=limits), log_level="error", lifespan="off")
    running = uvicorn.Server(config)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    client = OpenAI(base_url=url, api_key="none", max_retries=0)
    last: dict[str, Any] = {}

    def request(case: Written) -> dict[str, Any]:
        player.answer = case.answer
        messages = messages_of(case.case, arguments_as="text")[:-1]
        tools = tools_of(case.case)
        more = {"tools": tools} if tools else {}
        return {"model": "played", "messages": messages, "max_tokens": len(case.answer) + 1, **more}

    def answered(case: Written) -> Any:
        """Return the response to a case, asked once for all that is looked at in it."""
        if last.get("case") is not case:
            last.update(case=case, response=client.chat.completions.create(**request(case)))
            last["prompt"] = list(player.asked)
        return last["response"]

    def prompt(case: Written) -> list[int]:
        answered(case)
        ids: list[int] = last["prompt"]
        return ids

    def learnt(case: Written) -> Json:
        found = answered(case)
        ended = found.choices[0].finish_reason in ("stop", "tool_calls")
        tokens = found.usage.completion_tokens
        return None if tokens == len(case.answer) - 1 and ended else {"told": tokens, "ended": ended}

    def calls(case: Written) -> Said:
        message = answered(case).choices[0].message
        made = [(call.function.name, call.function.arguments) for call in message.tool_calls or ()]
        return _said(message.content, made, getattr(message, "reasoning_content", None))

    def streamed(case: Written, cuts: Sequence[int]) -> Said:
        content, thought = "", ""
        made: dict[int, tuple[str, str]] = {}
        for event in client.chat.completions.create(**request(case), stream=True):
            delta = event.choices[0].delta
            content += delta.content or ""
            thought += getattr(delta, "reasoning_content", None) or ""
            for call in delta.tool_calls or ():
                name, arguments = made.get(call.index, ("", ""))
                made[call.index] = (
                    name + (call.function.name or ""),
                    arguments + (call.function.arguments or ""),
                )
        return _said(content, [made[index] for index in sorted(made)], thought)

    def close() -> None:
        client.close()
        running.should_exit = True
        thread.join()
        listener.close()

    return Runtime("callwright serve", version, prompt, learnt, calls, streamed, close)


def _said(content: str | None, calls: Sequence[tuple[str, str]], reasoning: str | None) -> Said:
    made = tuple((name, json.loads(arguments)) for name, arguments in calls)
    return Said(content or "", made, reasoning or "")
