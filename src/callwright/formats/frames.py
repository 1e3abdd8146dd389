"""How families of models frame a conversation: what is control, what is learnt, and what no text may spell.

    >>> [piece.text for piece in segments([PlainMessage("user", "Hi", 0.0)]) if piece.control]
    ['<|im_start|>', '<|im_end|>']

`templates/` holds the same frames in Jinja, for everybody else's runtime. Our own tokenizer never makes a
control token of text; others read it in whatever stands there. So a mark of the frame in a message is written
with a blank behind its first character, here and there alike. Calls are not changed by that: no format spells
a mark of any family (`strict_json.escape`).
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from callwright.errors import ConfigError


class PlainMessage(NamedTuple):
    """A message as text only."""

    role: str
    content: str
    weight: float
    """Loss weight; 0 means that the message is not supervised."""


class Segment(NamedTuple):
    """A run of characters that are all treated alike."""

    text: str
    control: bool
    """Whether special tokens are meant. Other text must be tokenized with special tokens split."""
    weight: float
    """Of the loss on it; 0 where it is only read."""

    @property
    def supervised(self) -> bool:
        """Whether a model has to learn to write it."""
        return self.weight > 0


class Family(NamedTuple):
    """A way to frame conversations that several models share."""

    name: str
    models: str
    """Whose it is."""
    marks: tuple[str, ...]
    """What no text may spell."""
    pieces: Callable[[Sequence[PlainMessage], bool], Iterator[Segment]]
    """Frame messages, and open an assistant turn at the end where the second argument says so."""

    def safe(self, text: str) -> str:
        """Return a text that spells no mark."""
        for mark in self.marks:
            text = text.replace(mark, f"{mark[0]} {mark[1:]}")
        return text


def segments(
    messages: Sequence[PlainMessage], *, generation_prompt: bool = False, family: str = "chatml"
) -> list[Segment]:
    """Return the text of a conversation, cut where the treatment of characters changes.

    Supervised is what a model has to write: the content of assistant messages of positive weight, and the
    token that ends its turn. `generation_prompt` opens an assistant turn at the end. Raises `ConfigError` for
    an unknown family.
    """
    frame = family_named(family)
    safe = [message._replace(content=frame.safe(message.content)) for message in messages]
    merged: list[Segment] = []
    for segment in frame.pieces(safe, generation_prompt):
        last = merged[-1] if merged else None
        if last and last[1:] == segment[1:]:
            merged[-1] = last._replace(text=last.text + segment.text)
        elif segment.text:
            merged.append(segment)
    return merged


def chat_template(family: str = "chatml") -> str:
    """Return the Hugging Face chat template that writes the same bytes (default format, signatures).

    What a model has to write stands between ``generation`` tags. Raises `ConfigError` for an unknown family.
    """
    folder = importlib.resources.files("callwright.formats").joinpath("templates")
    names = ("shared", family_named(family).name)
    return "".join(folder.joinpath(f"{name}.jinja").read_text("utf-8") for name in names)


def family_named(name: str = "chatml") -> Family:
    """Return the family of that name, by default the one that training, evaluation and serving use.

    Raises `ConfigError` if there is none.
    """
    try:
        return FAMILIES[name]
    except KeyError:
        raise ConfigError("no such family of chat models", expected=" | ".join(FAMILIES), got=name) from None


def _control(text: str, *, weight: float = 0.0) -> Segment:
    return Segment(text, True, weight)


def _plain(text: str, *, weight: float = 0.0) -> Segment:
    return Segment(text, False, weight)


def _weight_of(message: PlainMessage) -> float:
    return message.weight if message.role == "assistant" else 0.0


def _chatml(messages: Sequence[PlainMessage], prompt: bool) -> Iterator[Segment]:
    for message in messages:
        weight = _weight_of(message)
        yield _control("<|im_start|>")
        yield _plain(f"{message.role}\n")
        yield _plain(message.content, weight=weight)
        yield _control("<|im_end|>", weight=weight)
        yield _plain("\n")
    if prompt:
        yield _control("<|im_start|>")
        yield _plain("assistant\n")


def _qwen(messages: Sequence[PlainMessage], prompt: bool) -> Iterator[Segment]:
    """Frame results of tools as one turn of the user, as Qwen does."""
    turns: list[PlainMessage] = []
    for is_result, group in groupby(messages, lambda message: message.role == "tool"):
        if is_result:
            turns.append(PlainMessage("user", "\n".join(message.content for message in group), 0.0))
        else:
            turns += group
    return _chatml(turns, prompt)


def _llama3(messages: Sequence[PlainMessage], prompt: bool) -> Iterator[Segment]:
    yield _control("<|begin_of_text|>")
    for message in messages:
        weight = _weight_of(message)
        yield from _header("ipython" if message.role == "tool" else message.role)
        yield _plain(message.content, weight=weight)
        yield _control("<|eot_id|>", weight=weight)
    if prompt:
        yield from _header("assistant")


def _header(role: str) -> Iterator[Segment]:
    yield _control("<|start_header_id|>")
    yield _plain(role)
    yield _control("<|end_header_id|>")
    yield _plain("\n\n")


def _mistral(messages: Sequence[PlainMessage], prompt: bool) -> Iterator[Segment]:
    """Frame everything between two turns of the assistant as one instruction; there is no other role."""
    yield _control("<s>")
    for is_answer, group in groupby(messages, lambda message: message.role == "assistant"):
        if not is_answer:
            yield _control("[INST]")
            yield _plain(" " + "\n\n".join(message.content for message in group))
            yield _control("[/INST]")
            continue
        for message in group:
            yield _plain(f" {message.content}", weight=_weight_of(message))
            yield _control("</s>", weight=_weight_of(message))


def _deepseek(messages: Sequence[PlainMessage], prompt: bool) -> Iterator[Segment]:
    yield _control("<｜begin▁of▁sentence｜>")
    for message in messages:
        weight = _weight_of(message)
        if message.role == "assistant":
            yield _plain("### Response:\n")
            yield _plain(f"{message.content}\n", weight=weight)
            yield _control("<|EOT|>", weight=weight)
            yield _plain("\n")
        elif message.role == "system":
            yield _plain(f"{message.content}\n")
        else:
            yield _plain(f"### Instruction:\n{message.content}\n")
    if prompt:
        yield _plain("### Response:\n")


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("chatml", "SmolLM2 and other models that read ChatML", ("<|",), _chatml),
        Family("qwen", "Qwen 2.5 and 3", ("<|",), _qwen),
        Family("llama3", "Llama 3 to 3.3", ("<|",), _llama3),
        Family(
            "mistral", "Mistral and Mixtral, tokenizer v3", ("<s>", "</s>", "[INST]", "[/INST]"), _mistral
        ),
        Family(
            "deepseek",
            "DeepSeek-Coder Instruct",
            ("<|", "<｜", "### Instruction:", "### Response:"),
            _deepseek,
        ),
    )
}
"""The families by name."""
