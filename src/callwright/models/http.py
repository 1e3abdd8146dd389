"""A model behind any OpenAI-compatible server, with a journal so that no answer is paid for twice.

Requests run in threads, as many at a time as the server takes (`pacing`). What may pass (429, 5xx, lost
connections, bodies that are no completion) is asked again, after growing pauses or after the time that
`Retry-After` names. What still fails is an outage and raises `ModelError`: it is never an empty answer. With
a journal every answer is written the moment it arrives, so a run that was killed loses only the requests in
flight. The API key goes into no message, journal or report.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from callwright.errors import ConfigError, DataError
from callwright.models import Arrived, Completion, Prompt
from callwright.models.chat import Chat, Passing
from callwright.models.pacing import Outcome, Pace, pauses
from callwright.models.sampling import seed_of
from callwright.record import Json

Ask = Callable[[dict[str, Json]], Completion | Passing]
"""Asks a server once."""


class Sent(NamedTuple):
    """What really went to the server, answers from the journal not counted."""

    requests: int = 0
    """Requests that were answered."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    retried: int = 0
    """Attempts beyond the first of a request."""


class HttpModel:
    """Ask the model `name` at the base URL `url` (ending in ``/v1``) over the chat completions API.

    Messages go out as they are, but role tool goes out as user: the API wants ids with tool messages, and a
    prompt's calls and results are text. The prompt's tools are text as well, so no tools are sent along.
    At most `concurrency` requests are in flight, fewer where the server does not take so many; models behind
    one server may share a `pace`, whose limit then stands.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        api_key_env: str = "OPENAI_API_KEY",
        concurrency: int = 32,
        journal: Path | Journal | None = None,
        timeout: float = 120.0,
        retries: int = 6,
        pace: Pace | None = None,
    ) -> None:
        self.name = name
        self.url = url
        self.timeout = timeout
        self.retries = retries
        self.pace = pace or Pace(concurrency)
        self.sent = Sent()
        self._counting = threading.Lock()
        self._chat = Chat(name, shown(url), api_key_env)
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
        """Answer every prompt at its temperature, in the order given; `seed` is sent where one is sampled.

        Raises `ConfigError` if the server refuses the key or does not know the model, `ModelError` for every
        other failure that outlasts the retries; requests in flight end first and are journalled.
        """
        requests = [self._request(prompt, max_tokens, seed) for prompt in prompts]
        keys = self._keys(requests)
        known = self._journal.answers if self._journal else {}
        found = {key: known[key] for key in keys if key in known}
        places = {key: place for place, key in enumerate(keys)}

        def came(key: str, completion: Completion) -> None:
            found[key] = completion
            self._count(Sent(1, completion.prompt_tokens, completion.completion_tokens))
            if arrived:
                arrived(places[key], completion)

        if arrived:
            for key, completion in found.items():
                arrived(places[key], completion)
        missing = {key: request for key, request in zip(keys, requests, strict=True) if key not in found}
        if missing:
            self._ask_all(missing, came)
        return [found[key] for key in keys]

    def _request(self, prompt: Prompt, max_tokens: int, seed: int) -> dict[str, Json]:
        if not prompt.messages:
            raise DataError("a prompt without messages can not be sent to a server")
        if prompt.grammar:
            raise ConfigError("a server is not held to a grammar", place=shown(self.url))
        messages = [
            {"role": "user" if role == "tool" else role, "content": content}
            for role, content in prompt.messages
        ]
        # Journals know requests by these bytes: what is not sampled has a whole zero and no seed.
        request: dict[str, Json] = {"model": self.name, "messages": messages, "temperature": 0}
        if prompt.temperature:
            request |= {
                "temperature": float(prompt.temperature),
                "seed": seed_of(json.dumps(messages), prompt.sample, seed),
            }
        return {**request, "max_tokens": max_tokens}

    def _keys(self, requests: Sequence[dict[str, Json]]) -> list[str]:
        """Return one key a request; equal requests differ by how many came before."""
        seen: Counter[str] = Counter()
        keys = []
        for request in requests:
            text = json.dumps([shown(self.url), request], sort_keys=True)
            keys.append(hashlib.sha256(f"{text}#{seen[text]}".encode()).hexdigest()[:32])
            seen[text] += 1
        return keys

    def _count(self, more: Sent) -> None:
        with self._counting:
            self.sent = Sent(*(a + b for a, b in zip(self.sent, more, strict=True)))

    def _ask_all(self, requests: dict[str, dict[str, Json]], came: Callable[[str, Completion], None]) -> None:
        stopped = threading.Event()
        client = self._chat.client(self.url, self.timeout)
        with client, ThreadPoolExecutor(min(self.pace.most, len(requests))) as pool:
            ask = partial(self._chat.ask, client)
            asked = [pool.submit(self._answer, ask, key, each, stopped) for key, each in requests.items()]
            left = set(asked)
            try:
                for future in as_completed(asked):
                    left.discard(future)
                    came(*future.result())
            except BaseException:
                self.pace.stop(stopped)
                pool.shutdown(cancel_futures=True)
                # What was in flight has been answered, and paid for.
                for future in left:
                    if not future.cancelled() and future.exception() is None:
                        came(*future.result())
                raise

    def _answer(
        self, ask: Ask, key: str, request: dict[str, Json], stopped: threading.Event
    ) -> tuple[str, Completion]:
        """Ask until there is an answer, and journal it."""
        rests = pauses(key)
        said = self._try(ask, request, stopped, Sent())
        for _ in range(self.retries):
            if isinstance(said, Completion):
                break
            if not said.pause:  # else the pace keeps everyone waiting
                self.pace.rest(next(rests), stopped)
            said = self._try(ask, request, stopped, Sent(retried=1))
        if isinstance(said, Passing):
            tries = f", after {self.retries + 1} attempts" if self.retries else ""
            raise self._chat.outage(said.told + tries)
        if self._journal:
            self._journal.append(key, said)
        return key, said

    def _try(
        self, ask: Ask, request: dict[str, Json], stopped: threading.Event, count: Sent
    ) -> Completion | Passing:
        admission = self.pace.admit(stopped)
        outcome: Outcome = "failed"
        pause = 0.0
        try:
            self._count(count)
            said = ask(request)
            if isinstance(said, Completion):
                outcome = "answered"
            else:
                outcome, pause = "crowded" if said.crowded else "failed", said.pause
            return said
        finally:
            self.pace.done(admission, outcome, pause)


class Journal:
    """An append-only JSONL file of answers by request key. A line that a crash cut short is skipped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers: dict[str, Completion] = {}
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None
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
            try:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write("\n" + line if self._torn else line)
            except OSError as error:
                self._torn = True  # what is in flight may still find room, behind half of this line
                raise self._unwritable(error) from None
            self._torn = False
            self.answers[key] = completion

    def _unwritable(self, error: OSError) -> DataError:
        return DataError("can not be written", place=str(self.path), got=error.strerror or str(error))


def _answer(line: str) -> tuple[str, Completion] | None:
    """Return the key and the answer of a journal line, or None where it is not whole."""
    try:
        row = json.loads(line)
        return row["key"], Completion(
            row["text"], row["prompt_tokens"], row["completion_tokens"], row["finish"]
        )
    except (ValueError, KeyError, TypeError):
        return None


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
