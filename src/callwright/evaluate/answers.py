"""Ask a model many prompts and keep every answer in a journal, so that nothing is asked twice.

The journal is JSONL, appended answer by answer. An answer is found again by row, prompt, model and limit, so
a killed run loses only what was in flight, and a changed prompt or a retrained model is asked anew. An outage
(`ModelError`) ends the run with the journal intact; it never becomes an answer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

import msgspec

from callwright.errors import DataError, ModelError, RunError
from callwright.models import Completion, Model, Prompt
from callwright.models.adapters import left_in
from callwright.models.http import shown_spec
from callwright.store import sha256_file, sha256_text
from callwright.store.files import sync, try_lock, write_error

DEFAULT_MAX_TOKENS = 512


class Request(NamedTuple):
    """A prompt and the id of the row that it belongs to."""

    id: str
    prompt: Prompt


class Answer(msgspec.Struct, frozen=True):
    """One line of the journal."""

    id: str
    key: str
    """sha256 of prompt, model fingerprint and token limit."""
    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish: Literal["stop", "length", "too-long"] = "stop"
    """`too-long`: the prompt does not fit into the model's context, so nothing was asked."""


class Asker:
    """Asks a model, unless the journal holds the answer; `opened` makes one."""

    def __init__(self, model: Model, book: Book, *, max_tokens: int, fingerprint: str) -> None:
        self.model = model
        self._book = book
        self._max_tokens = max_tokens
        self._fingerprint = fingerprint or model.name

    def ask(
        self, requests: Sequence[Request], progress: Callable[[int, int], None] | None = None
    ) -> dict[str, Answer]:
        """Return the answers by the id of their request; raises ModelError for an outage."""
        keys = _keys(requests, self._fingerprint, self._max_tokens)
        answers = self._book.recorded(keys)
        missing = [request for request in requests if request.id not in answers]
        # The longest first: prompts of like length share a batch, and memory shows its limit at once.
        missing.sort(key=lambda request: -sum(len(text) for text, _ in request.prompt.segments))
        if progress:
            progress(len(answers), len(requests))

        def keep(request: Request, text: str, *told: Any) -> None:
            # A lone surrogate can not be written to any file; it is made visible instead.
            legible = text.encode("utf-8", "backslashreplace").decode()
            answers[request.id] = Answer(request.id, keys[request.id], legible, *told)
            self._book.append(answers[request.id])
            if progress:
                progress(len(answers), len(requests))

        fitting = []
        for request in missing:
            if self.model.fits(request.prompt, self._max_tokens):
                fitting.append(request)
            else:
                keep(request, "", 0, 0, "too-long")
        if fitting:
            self._complete(fitting, keep)
        if missing:
            self._book.sync()
        return {request.id: answers[request.id] for request in requests}

    def _complete(self, requests: Sequence[Request], keep: Callable[..., None]) -> None:
        """Ask, and keep every answer once, be it told of when it comes or only at the end."""
        kept: set[int] = set()

        def arrived(place: int, done: Completion) -> None:
            kept.add(place)
            keep(requests[place], *done)

        prompts = [request.prompt for request in requests]
        completions = self.model.complete(prompts, max_tokens=self._max_tokens, arrived=arrived)
        if len(completions) != len(requests):
            raise ModelError(
                "wrong number of answers", expected=str(len(requests)), got=str(len(completions))
            )
        for place, done in enumerate(completions):
            if place not in kept:
                arrived(place, done)


def answer(
    model: Model,
    requests: Sequence[Request],
    journal: Path,
    *,
    max_tokens: int = DEFAULT_MAX_TOKENS,
    fingerprint: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Answer]:
    """Return the answer to each request by id, asking only for what `journal` does not hold.

    `fingerprint` identifies the model's weights (see `fingerprint_of`); its name stands in if empty.
    `progress` is called with (answered, total). Raises ModelError for an outage.
    """
    with opened(journal) as book:
        asker = Asker(model, book, max_tokens=max_tokens, fingerprint=fingerprint)
        return asker.ask(requests, progress)


def asking(
    model: Model,
    out: Path,
    *,
    max_tokens: int,
    fingerprint: str,
    progress: Callable[[int, int], None] | None,
) -> Callable[[Sequence[Request]], dict[str, Answer]]:
    """Return what asks `model` and keeps the answers in the journal of the run folder `out`; see `answer`."""
    journal = out / "answers.jsonl"
    return lambda requests: answer(
        model, requests, journal, max_tokens=max_tokens, fingerprint=fingerprint, progress=progress
    )


def fingerprint_of(spec: str) -> str:
    """Return what identifies a model's weights: of a directory, a hash of its files; else the spec itself.

    Of a training run's directory the files are those that it left; to the spec of a script belongs its hash.
    """
    kind, _, script = spec.partition(":")
    if kind == "scripted" and Path(script).is_file():
        return f"{spec} {sha256_file(Path(script))}"
    if not Path(spec).is_dir():
        return shown_spec(spec)
    folder = left_in(Path(spec))
    files = sorted(p for p in folder.iterdir() if p.suffix in (".safetensors", ".json", ".txt", ".model"))
    return sha256_text("\n".join(f"{path.name} {sha256_file(path)}" for path in files))


def _keys(requests: Sequence[Request], fingerprint: str, max_tokens: int) -> dict[str, str]:
    keys: dict[str, str] = {}
    for request in requests:
        if request.id in keys:
            raise DataError("two rows have the same id", got=repr(request.id))
        keys[request.id] = sha256_text(f"{fingerprint}\0{max_tokens}\0{request.prompt!r}")
    return keys


class Book:
    """The journal of a run, open and locked: the answers that it holds, and the place to add more."""

    def __init__(self, stream: BinaryIO, journal: Path) -> None:
        self._stream = stream
        self._journal = journal
        self._answers = _read(stream, journal)

    def recorded(self, keys: dict[str, str]) -> dict[str, Answer]:
        """Return what is known of the rows with these ids and keys."""
        found = ((row_id, self._answers.get((row_id, key))) for row_id, key in keys.items())
        return {row_id: known for row_id, known in found if known is not None}

    def append(self, answer: Answer) -> None:
        """Hand an answer to the operating system: from then on a kill does not lose it."""
        try:
            self._stream.write(msgspec.json.encode(answer) + b"\n")
            self._stream.flush()
        except OSError as error:
            raise write_error(self._journal, error) from None
        self._answers[answer.id, answer.key] = answer

    def sync(self) -> None:
        """Wait until all answers are on the disk."""
        try:
            sync(self._stream)
        except OSError as error:
            raise write_error(self._journal, error) from None


@contextmanager
def opened(journal: Path) -> Iterator[Book]:
    """Open a journal for one run; raises RunError while another process writes it."""
    try:
        journal.parent.mkdir(parents=True, exist_ok=True)
        stream = os.fdopen(os.open(journal, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
    except OSError as error:
        raise write_error(journal, error) from None
    try:
        if not try_lock(stream.fileno()):
            raise RunError("another process is writing this journal", place=str(journal))
        yield Book(stream, journal)
    finally:
        with suppress(OSError):  # an answer that could not be written was told of when it came
            stream.close()


def _read(stream: BinaryIO, journal: Path) -> dict[tuple[str, str], Answer]:
    """Return the recorded answers by id and key, and leave the stream after the last whole line."""
    data = stream.read()
    whole = data.rfind(b"\n") + 1
    answers: dict[tuple[str, str], Answer] = {}
    decoder = msgspec.json.Decoder(Answer)
    for number, line in enumerate(data[:whole].splitlines(), start=1):
        try:
            entry = decoder.decode(line)
        except ValueError as error:
            hint = "remove the line; its row is then asked again"
            place = f"{journal}:{number}"
            raise DataError("not an answer", place=place, got=str(error), hint=hint) from None
        answers[entry.id, entry.key] = entry
    # A process killed while writing leaves half a line behind.
    stream.truncate(whole)
    stream.seek(whole)
    return answers
