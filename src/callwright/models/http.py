"""A model behind any OpenAI-compatible server, with a journal so that no answer is paid for twice.

Requests run in threads; the official client retries what may pass (429, 5xx, lost connections) with growing
pauses, or after the time that `Retry-After` names. What still fails is an outage and raises `ModelError`: it
is never an empty answer. With a journal every answer is written the moment it arrives, so a run that was
killed loses only the requests in flight. The API key goes into no message, journal or report.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from callwright.errors import ConfigError, DataError, ExtraMissing, ModelError
from callwright.models import Arrived, Completion, Prompt
from callwright.record import Json

if TYPE_CHECKING:
    import openai

NO_KEY = "none"
"""Sent where the environment holds no key; local servers ask for none."""


class Sent(NamedTuple):
    """What really went to the server, answers from the journal not counted."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class HttpModel:
    """Ask the model `name` at the base URL `url` (ending in ``/v1``) over the chat completions API.

    Messages go out as they are, but role tool goes out as user: the API wants ids with tool messages, and a
    prompt's calls and results are text. The prompt's tools are text as well, so no tools are sent along.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        api_key_env: str = "OPENAI_API_KEY",
        concurrency: int = 8,
        journal: Path | Journal | None = None,
        timeout: float = 120.0,
        retries: int = 6,
    ) -> None:
        self.name = name
        self.url = url
        self.concurrency = concurrency
        self.timeout = timeout
        self.retries = retries
        self._api_key_env = api_key_env
        self.sent = Sent()
        self._journal = Journal(journal) if isinstance(journal, Path) else journal

    def fits(self, prompt: Prompt, max_tokens: int) -> bool:
        """Return True: only the server knows its model's context, and answers with an error beyond it."""
        return True

    def complete(
        self,
        prompts: Sequence[Prompt],
        *,
        max_tokens: int,
        seed: int = 0,
        arrived: Arrived | None = None,
    ) -> list[Completion]:
        """Answer every prompt at temperature 0, in the order given; `seed` is not sent.

        Raises `ConfigError` if the server refuses the key or does not know the model, `ModelError` for every
        other failure that outlasts the retries; requests in flight end first and are journalled.
        """
        requests = [self._request(prompt, max_tokens) for prompt in prompts]
        keys = self._keys(requests)
        known = self._journal.answers if self._journal else {}
        found = {key: known[key] for key in keys if key in known}
        places = {key: place for place, key in enumerate(keys)}

        def came(key: str, completion: Completion) -> None:
            found[key] = completion
            if arrived:
                arrived(places[key], completion)

        if arrived:
            for key, completion in found.items():
                arrived(places[key], completion)
        missing = {key: request for key, request in zip(keys, requests, strict=True) if key not in found}
        if missing:
            self._ask_all(missing, came)
            answers = [found[key] for key in missing]
            self.sent = Sent(
                self.sent.requests + len(answers),
                self.sent.prompt_tokens + sum(answer.prompt_tokens for answer in answers),
                self.sent.completion_tokens + sum(answer.completion_tokens for answer in answers),
            )
        return [found[key] for key in keys]

    def _request(self, prompt: Prompt, max_tokens: int) -> dict[str, Json]:
        if not prompt.messages:
            raise DataError("a prompt without messages can not be sent to a server")
        if prompt.grammar:
            raise ConfigError("a server is not held to a grammar", place=shown(self.url))
        messages = [
            {"role": "user" if role == "tool" else role, "content": content}
            for role, content in prompt.messages
        ]
        return {"model": self.name, "messages": messages, "temperature": 0, "max_tokens": max_tokens}

    def _keys(self, requests: Sequence[dict[str, Json]]) -> list[str]:
        """Return one key a request; equal requests differ by how many came before."""
        seen: Counter[str] = Counter()
        keys = []
        for request in requests:
            text = json.dumps([shown(self.url), request], sort_keys=True)
            keys.append(hashlib.sha256(f"{text}#{seen[text]}".encode()).hexdigest()[:32])
            seen[text] += 1
        return keys

    def _ask_all(self, requests: dict[str, dict[str, Json]], came: Callable[[str, Completion], None]) -> None:
        with self._client() as client, ThreadPoolExecutor(self.concurrency) as pool:
            waiting = {pool.submit(self._ask, client, key, request) for key, request in requests.items()}
            try:
                while waiting:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    _hand_over(done, came)
            except ModelError:
                pool.shutdown(cancel_futures=True)
                # What was in flight when one failed has been answered, and paid for.
                for future in waiting:
                    if not future.cancelled() and future.exception() is None:
                        came(*future.result())
                raise
            finally:
                pool.shutdown(cancel_futures=True)

    def _client(self) -> openai.OpenAI:
        try:
            from openai import OpenAI
        except ImportError as error:
            raise ExtraMissing(str(error), hint="pip install openai") from None
        key = os.environ.get(self._api_key_env) or NO_KEY
        return OpenAI(base_url=self.url, api_key=key, max_retries=self.retries, timeout=self.timeout)

    def _ask(self, client: openai.OpenAI, key: str, request: dict[str, Any]) -> tuple[str, Completion]:
        import openai

        try:
            response: object = client.chat.completions.create(**request)
        except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
            raise ConfigError(
                f"the server refused the request ({error.status_code})",
                place=shown(self.url),
                got=self._without_key(str(error)),
                hint=f"check the model name {self.name!r} and the key in ${self._api_key_env}",
            ) from None
        except (openai.OpenAIError, ValueError) as error:
            raise ModelError(
                f"{self.name} did not answer",
                place=shown(self.url),
                got=f"{type(error).__name__}: {self._without_key(str(error))}",
            ) from None
        completion = self._read(response)
        if self._journal:
            self._journal.append(key, completion)
        return key, completion

    def _without_key(self, text: str) -> str:
        key = os.environ.get(self._api_key_env)
        return (text.replace(key, "***") if key else text)[:500]

    def _read(self, response: object) -> Completion:
        """Return the completion in a response, whatever a server may have put there instead."""
        from openai.types.chat import ChatCompletion

        place = shown(self.url)
        if not isinstance(response, ChatCompletion) or not response.choices:
            raise ModelError(f"{self.name} did not answer", place=place, got="a response without choices")
        choice, usage = response.choices[0], response.usage
        if choice.message is None:
            raise ModelError(f"{self.name} did not answer", place=place, got="a choice without a message")
        if choice.message.tool_calls:
            raise ModelError(
                f"{self.name} answered with parsed tool calls where their text is wanted",
                place=place,
                hint="start the server without its tool-call parser",
            )
        return Completion(
            choice.message.content or "",
            usage.prompt_tokens if usage else 0,
            usage.completion_tokens if usage else 0,
            "length" if choice.finish_reason == "length" else "stop",
        )


class Journal:
    """An append-only JSONL file of answers by request key. A line that a crash cut short is skipped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers: dict[str, Completion] = {}
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        except OSError as error:
            raise DataError("the journal can not be read", place=str(path), got=str(error)) from None
        for line in text.split("\n"):
            answer = _answer(line)
            if answer:
                self.answers[answer[0]] = answer[1]
        self._torn = bool(text) and not text.endswith("\n")

    def append(self, key: str, completion: Completion) -> None:
        """Write one answer and hand it to the operating system before returning."""
        line = json.dumps({"key": key, **completion._asdict()}) + "\n"
        with self._lock:
            with self.path.open("a", encoding="utf-8") as file:
                file.write("\n" + line if self._torn else line)
            self._torn = False
            self.answers[key] = completion


def _answer(line: str) -> tuple[str, Completion] | None:
    """Return the key and the answer of a journal line, or None where it is not whole."""
    try:
        row = json.loads(line)
        return row["key"], Completion(
            row["text"], row["prompt_tokens"], row["completion_tokens"], row["finish"]
        )
    except (ValueError, KeyError, TypeError):
        return None


def _hand_over(done: set[Future[tuple[str, Completion]]], came: Callable[[str, Completion], None]) -> None:
    """Hand over the answers; then raise the failure, if there is one among them."""
    for future in sorted(done, key=lambda future: future.exception() is not None):
        came(*future.result())


def url_and_name(spec: str) -> tuple[str, str]:
    """Return the base URL and the model of ``URL#NAME`` or ``URL:NAME``.

    In the second form the name begins after the first colon of the URL's path, so that ports stay ports and
    names such as ``llama3:8b`` stay whole. Raises `ConfigError` where host or name is missing.

    >>> url_and_name("http://localhost:11434/v1:llama3:8b")
    ('http://localhost:11434/v1', 'llama3:8b')
    """
    url, hash_sign, name = spec.partition("#")
    if not hash_sign:
        scheme, _, rest = spec.partition("://")
        host, slash, path = rest.partition("/")
        path, _, name = path.partition(":")
        url = f"{scheme}://{host}{slash}{path}"
    try:
        place, host = shown(url), urlsplit(url).hostname or ""
    except ValueError:  # a port that is none, a bracket without its fellow; the text may hold a password
        place, host = "the URL", ""
    if not host or not name.strip():
        what = "the URL names no model" if host else "not a URL with a host"
        raise ConfigError(what, place=place, expected="http://host/v1#name or http://host/v1:name")
    return url, name.strip()


def shown_spec(spec: str) -> str:
    """Return a model's spec fit for files and messages: of a URL no user, password or query."""
    if not spec.startswith(("http://", "https://")):
        return spec
    url, name = url_and_name(spec)
    return f"{shown(url)}#{name}"


def shown(url: str) -> str:
    """Return `url` without user, password and query, fit for messages and keys."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"
