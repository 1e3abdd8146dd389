"""One question to an OpenAI-compatible server: what came back, or whether asking again may help.

A server is believed nothing that it does not say in the shape of a completion: what is cut, is no JSON or
lacks a choice, or was broken off, is a failure that may pass, never an empty answer; what a provider's filter
left of one is that provider's answer. The API key goes into no message.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from callwright.errors import ConfigError, ExtraMissing, ModelError
from callwright.models import Completion
from callwright.models.pacing import LONGEST_WAIT, retry_after

if TYPE_CHECKING:
    import openai

NO_KEY = "none"
"""Sent where the environment holds no key; local servers ask for none."""
CROWDED = frozenset({429, 503, 529})
"""The statuses that say that a server has too much to do."""
PASSING = frozenset({408, 409, *CROWDED})
"""The statuses below 500, and the crowded ones, after which asking again may help."""

BROKEN_OFF = frozenset({"error", "abort"})
"""How vLLM and routers end an answer that the model did not end."""


class Passing(NamedTuple):
    """A failure after which asking again may help."""

    told: str
    crowded: bool = False
    """Whether it says that the server has too much to do."""
    pause: float = 0.0
    """For how many seconds the server asks to be left alone."""


class _Message(msgspec.Struct):
    content: str | None = None
    tool_calls: list[Any] | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None

    @property
    def text(self) -> str:
        """What the model wrote, but for a thought that the server told apart.

        Templates of some models open the thought in the prompt: of their text, only the end tells of it.
        """
        text = self.content or ""
        unopened = "</think>" in text and not text.lstrip().startswith("<think>")
        return f"<think>\n{text}" if unopened and not (self.reasoning_content or self.reasoning) else text


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Body(msgspec.Struct):
    """What is read of a completion."""

    choices: list[_Choice]
    usage: _Usage | None = None


class Chat:
    """A model behind a server, which messages call `place`; `api_key_env` names the variable with its key."""

    def __init__(self, name: str, place: str, api_key_env: str) -> None:
        self.name = name
        self._place = place
        self._api_key_env = api_key_env

    def client(self, url: str, timeout: float) -> openai.OpenAI:
        """Return a client that repeats nothing by itself."""
        try:
            from openai import OpenAI
        except ImportError as error:
            raise ExtraMissing(str(error), hint="pip install openai") from None
        key = os.environ.get(self._api_key_env) or NO_KEY
        return OpenAI(base_url=url, api_key=key, max_retries=0, timeout=timeout)

    def ask(self, client: openai.OpenAI, request: dict[str, Any]) -> Completion | Passing:
        """Ask once. Raises `ConfigError` and `ModelError` for failures that stay, however often one asks."""
        import openai

        try:
            response = client.chat.completions.with_raw_response.create(**request)
        except openai.APIStatusError as error:
            return self._refused(error)
        except openai.APIConnectionError as error:
            # Refused, not lost on the way: only the cause tells, whose class is httpx's or httpx2's.
            refused = type(error.__cause__).__name__ == "ConnectError"
            return Passing(self._told(error), crowded=refused or isinstance(error, openai.APITimeoutError))
        except (openai.OpenAIError, ValueError) as error:
            raise self.outage(self._told(error)) from None
        return self._read(response.http_response.content)

    def outage(self, told: str) -> ModelError:
        """Return the error that says that there is no answer to be had."""
        return ModelError(f"{self.name} did not answer", place=self._place, got=told)

    def _refused(self, error: openai.APIStatusError) -> Passing:
        status, headers = error.status_code, error.response.headers
        if status in (401, 403, 404):
            raise ConfigError(
                f"the server refused the request ({status})",
                place=self._place,
                got=self._without_key(str(error)),
                hint=f"check the model name {self.name!r} and the key in ${self._api_key_env}",
            ) from None
        # OpenAI says so itself where it knows better, for example of a quota that is used up.
        passing = {"true": True, "false": False}.get(
            headers.get("x-should-retry", ""), status in PASSING or status >= 500
        )
        if not passing:
            raise self.outage(self._told(error)) from None
        pause = retry_after(headers, time.time())
        if pause > LONGEST_WAIT:
            asked = f"status {status}, Retry-After {pause:.0f} s; at most {LONGEST_WAIT:.0f} s are waited"
            raise self.outage(asked) from None
        return Passing(self._told(error), status in CROWDED, pause)

    def _read(self, content: bytes) -> Completion | Passing:
        """Return the completion in the body of a response, whatever a server may have put there instead."""
        try:
            # Not by msgspec: half a surrogate pair is no error here, since models do write them.
            body = msgspec.convert(json.loads(content), _Body)
        except msgspec.ValidationError as error:
            return Passing(f"a response that is no completion: {self._without_key(str(error))}")
        except (ValueError, RecursionError):
            return Passing("a response that is not JSON")
        if not body.choices:
            return Passing("a response without choices")
        choice, usage = body.choices[0], body.usage or _Usage()
        if choice.finish_reason in BROKEN_OFF:
            return Passing(f"an answer that was broken off ({choice.finish_reason})")
        if choice.finish_reason is None and choice.message.content is None:
            return Passing("a response without an answer")
        if choice.message.tool_calls:
            raise ModelError(
                f"{self.name} answered with parsed tool calls where their text is wanted",
                place=self._place,
                hint="start the server without its tool-call parser",
            )
        return Completion(
            choice.message.text,
            usage.prompt_tokens,
            usage.completion_tokens,
            "length" if choice.finish_reason == "length" else "stop",
        )

    def _told(self, error: Exception) -> str:
        return f"{type(error).__name__}: {self._without_key(str(error))}"

    def _without_key(self, text: str) -> str:
        key = os.environ.get(self._api_key_env)
        return (text.replace(key, "***") if key else text)[:500]
