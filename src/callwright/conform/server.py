"""Our own server, asked by the official client over a real socket; what the model would write is played.

The player stands where the model stands: it is handed the prompt, makes tokens of it as the model does, and
hands back the answer token by token, decoded as they come. All around it is what `callwright serve` runs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from callwright.conform.requests import messages_of, tools_of
from callwright.conform.runtime import Runtime, Said, Written
from callwright.errors import ExtraMissing
from callwright.models import Completion, Prompt
from callwright.models.local import decode, encode, opening
from callwright.models.spelling import Spelling
from callwright.models.writing import Cancel, Load, Piece, Told, Wish
from callwright.record import Json
from callwright.serve.settings import Limits
from callwright.served import serving


@dataclass
class _Player:
    """A `Writer` that plays the answer of one case."""

    tokenizer: Any
    name: str = "played"
    answer: Sequence[int] = ()
    asked: list[int] = field(default_factory=list)
    """The tokens of the last prompt."""

    @property
    def load(self) -> Load:
        return Load(0, 0)

    def write(self, prompt: Prompt, wish: Wish, told: Told) -> Cancel:
        self.asked = [*opening(self.tokenizer), *encode(self.tokenizer, prompt.segments)]
        spelling = Spelling(partial(decode, self.tokenizer))
        *body, end = self.answer
        texts = [spelling.feed(token) for token in body] + [spelling.close()]
        for text in texts:
            if text:
                told(Piece(text))
        finish = "stop" if end == self.tokenizer.eos_token_id else "length"
        told(Completion("".join(texts), len(self.asked), len(body), finish))  # type: ignore[arg-type]
        return lambda: None

    def close(self) -> None: ...


def server(tokenizer: Any, version: str) -> Runtime:
    """Return the server, which runs until it is closed."""
    held = ExitStack()
    player = _Player(tokenizer)
    try:
        from openai import DefaultHttpxClient, OpenAI

        url = held.enter_context(serving(player, Limits(body_bytes=1 << 24, max_tokens=1 << 20)))
    except ImportError as error:
        raise ExtraMissing(str(error), hint="pip install 'callwright[serve]'") from None
    # A proxy, of which the environment may tell, does not reach this machine's own addresses.
    direct = DefaultHttpxClient(trust_env=False)
    client = held.enter_context(
        OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, http_client=direct)
    )
    asked = _Asked(client, player)
    return Runtime(
        "callwright serve", version, asked.prompt, asked.learnt, asked.calls, asked.streamed, held.close
    )


class _Asked:
    """What the client is told; a case is asked once for all that is looked at in its whole answer."""

    def __init__(self, client: Any, player: _Player) -> None:
        self._create = client.chat.completions.create
        self._player = player
        self._case: Written | None = None
        self._response: Any = None
        self._prompt: list[int] = []

    def prompt(self, case: Written) -> list[int]:
        self._answered(case)
        return self._prompt

    def learnt(self, case: Written) -> Json:
        found = self._answered(case)
        ended = found.choices[0].finish_reason in ("stop", "tool_calls")
        tokens = found.usage.completion_tokens
        return None if tokens == len(case.answer) - 1 and ended else {"told": tokens, "ended": ended}

    def calls(self, case: Written) -> Said:
        message = self._answered(case).choices[0].message
        made = [(call.function.name, call.function.arguments) for call in message.tool_calls or ()]
        return _said(message.content, made, getattr(message, "reasoning_content", None))

    def streamed(self, case: Written, cuts: Sequence[int]) -> Said:
        """The pieces are those of the tokens, whatever the cuts."""
        content, thought = "", ""
        made: dict[int, tuple[str, str]] = {}
        for event in self._create(**self._request(case), stream=True):
            delta = event.choices[0].delta
            content += delta.content or ""
            thought += getattr(delta, "reasoning_content", None) or ""
            for call in delta.tool_calls or ():
                name, arguments = made.get(call.index, ("", ""))
                more = call.function
                made[call.index] = (name + (more.name or ""), arguments + (more.arguments or ""))
        return _said(content, [made[index] for index in sorted(made)], thought)

    def _answered(self, case: Written) -> Any:
        if self._case is not case:
            self._response = self._create(**self._request(case))
            self._case, self._prompt = case, self._player.asked
        return self._response

    def _request(self, case: Written) -> dict[str, Any]:
        self._player.answer = case.answer
        messages = messages_of(case.case, arguments_as="text")[:-1]
        tools = tools_of(case.case)
        more = {"tools": tools} if tools else {}
        return {"model": "played", "messages": messages, "max_tokens": len(case.answer) + 1, **more}


def _said(content: str | None, calls: Sequence[tuple[str, str]], reasoning: str | None) -> Said:
    made = tuple((name, json.loads(arguments)) for name, arguments in calls)
    return Said(content or "", made, reasoning or "")
