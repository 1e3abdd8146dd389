"""An OpenAI-compatible server for testing clients: its answers are written down and its faults are planned.

    >>> with ScriptedServer(lambda request: "hello", faults=Faults.parse("429:0.1,cut")) as server:
    ...     server.url.startswith("http://127.0.0.1:")  # the third attempt at any request is answered
    True

From the shell: ``python -m callwright.models.scripted_server script.jsonl --port 8000 --faults 429=0.1``. It
listens on this machine only. Tokens are counted as words.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from callwright.errors import ConfigError, UserError
from callwright.models import Completion, Prompt
from callwright.models.faults import Fault, Faults
from callwright.models.scripted import ScriptedModel, read_script
from callwright.models.scripted_wire import Asked, Reply, Wire, broken, completion, refusal

REMEMBERED = 100_000
"""The last requests that are kept to be looked at."""

Answers = ScriptedModel | Callable[[dict[str, Any]], str | Reply]
"""What answers: a script, or a function of the request's body, called in many threads at once. A `Reply` in
place of a text goes out as it is."""


class Seen(NamedTuple):
    """A request that came in."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    """Their names are in lower case."""


class ScriptedServer:
    """Answer chat completions, plain and streamed, at `url` while the block of ``with`` runs.

    What goes wrong with a request depends on the plan in `faults`, on the request's body and on how often
    that body came before; it does not depend on time. Beyond `capacity` requests at a time it answers 429.
    """

    def __init__(
        self,
        answers: Answers,
        *,
        faults: Faults | None = None,
        capacity: int | None = None,
        port: int = 0,
        name: str = "scripted",
    ) -> None:
        self.answers = answers
        self.url = ""
        self.served = 0
        """Answers that were sent, whole and with status 200."""
        self.faults: Counter[str] = Counter()
        """How often each kind of fault took place; `capacity` are the requests beyond it."""
        self.most_in_flight = 0
        """Requests that were being answered at the same time, at most."""
        self.requests: deque[Seen] = deque(maxlen=REMEMBERED)
        self._plan = faults or Faults()
        self._capacity = capacity
        self._port = port
        self._name = name
        self._lock = threading.Lock()
        self._in_flight = 0
        self._sequences: dict[str, Iterator[Fault | None]] = {}
        self._held: dict[str, Reply] = {}
        self._closing = threading.Event()

    def __enter__(self) -> Self:
        try:
            self._wire = Wire(self._port, self._respond)
        except (OSError, OverflowError) as error:
            raise ConfigError("can not listen", place=f"port {self._port}", got=str(error)) from None
        self.url = f"http://127.0.0.1:{self._wire.server_port}/v1"
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._wire.end()

    def _respond(self, asked: Asked) -> Reply:
        if asked.path == "/v1/models" and not asked.body:
            model = {"id": self._name, "object": "model", "created": 0, "owned_by": "callwright"}
            return Reply(json.dumps({"object": "list", "data": [model]}).encode())
        if asked.path != "/v1/chat/completions":
            return refusal(404, f"nothing at {asked.path}")
        try:
            request = _read(asked.body)
        except ValueError as error:
            return refusal(400, str(error))
        with self._flight() as fits:
            return self._chat(request, asked.headers, fits)

    @contextmanager
    def _flight(self) -> Iterator[bool]:
        """Count a request while it is answered; yield whether there is room for it."""
        with self._lock:
            fits = self._capacity is None or self._in_flight < self._capacity
            self._in_flight += fits
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            yield fits
        finally:
            with self._lock:
                self._in_flight -= fits

    def _chat(self, request: dict[str, Any], headers: Mapping[str, str], fits: bool) -> Reply:
        body = json.dumps(request, sort_keys=True)
        with self._lock:
            self.requests.append(Seen(request, headers))
            if not fits:
                self.faults["capacity"] += 1
                return refusal(429, f"more than {self._capacity} requests at a time")
            fault = next(self._sequences.setdefault(body, self._plan.sequence(body)))
            if fault:
                self.faults[fault.kind] += 1
        kind = fault.kind if fault else ""
        if fault and kind == "slow":
            self._closing.wait(fault.seconds)
        elif fault and kind != "cut":
            return broken(request, fault, body)
        with self._lock:
            held = self._held.pop(body, None)
        reply = held or self._answer(request)
        with self._lock:
            if kind == "cut":
                # A script answers each of its lines once: what did not arrive is for the next attempt.
                self._held[body] = reply
                return reply._replace(cut=True)
            self.served += reply.status == 200
        return reply

    def _answer(self, request: dict[str, Any]) -> Reply:
        try:
            messages = tuple((message["role"], _text(message)) for message in request["messages"])
            if isinstance(self.answers, ScriptedModel):
                temperature, sample = request.get("temperature") or 0.0, request.get("seed") or 0
                prompt = Prompt(messages=messages, temperature=temperature, sample=sample)
                text: str | Reply = self.answers.complete([prompt], max_tokens=1)[0].text
            else:
                text = self.answers(request)
            if isinstance(text, Reply):
                return text
            asked, said = sum(len(content.split()) for _, content in messages), len(text.split())
            most = request.get("max_completion_tokens") or request.get("max_tokens") or said
            return completion(request, Completion(text, asked, said, "length" if said > most else "stop"))
        except Exception as error:  # whatever a script does, the client is told
            return refusal(400, f"{type(error).__name__}: {error}")


def _read(body: bytes) -> dict[str, Any]:
    """Return a request; raises `ValueError` for what is none."""
    request = json.loads(body)
    messages = request.get("messages") if isinstance(request, dict) else None
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        raise ValueError("a request needs messages")
    return dict(request)


def _text(message: Mapping[str, Any]) -> str:
    """Return the text of a message, whose content may be a list of parts."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve a script until Ctrl-C or `kill`, and then say what was done."""
    parser = argparse.ArgumentParser(prog="python -m callwright.models.scripted_server", allow_abbrev=False)
    parser.add_argument("script", type=Path, help='JSONL: {"match": …, "text": …} or {"text": …}')
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--faults", default="", help="429=0.1,slow:2=0.05 drawn, or cut,ok,500 in this order")
    parser.add_argument("--attempts", type=int, default=3, help="drawn faults in a row at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--capacity", type=int, help="requests at a time; more get 429")
    told = parser.parse_args(arguments)
    try:
        plan = Faults.parse(told.faults, attempts=told.attempts, seed=told.seed)
        script = read_script(told.script)
        with ScriptedServer(
            script, faults=plan, capacity=told.capacity, port=told.port, name=script.name
        ) as server:
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            sys.stdout.write(f"{server.url}\n")
            sys.stdout.flush()
            try:
                threading.Event().wait()
            except KeyboardInterrupt:
                faults = "".join(f", {count} {kind}" for kind, count in sorted(server.faults.items()))
                sys.stderr.write(f"{server.served} answered{faults}\n")
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
