"""From a trajectory to token ids with labels: what exactly is learnt, and what is only read.

Rendering is `formats.segments`; this module only tokenizes, segment by segment, so that text in the data can
never become a control token, and so that a supervised span starts at a token boundary: the same boundary at
which generation starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import xxhash

from callwright.formats import (
    PlainMessage,
    Segment,
    Unrenderable,
    plain_messages,
    rejected_text,
    segments,
)
from callwright.models.local import encode, opening
from callwright.record import Dropped, Trajectory

IGNORED = -100


class Row(NamedTuple):
    """One training row."""

    id: str
    input_ids: list[int]
    weights: list[float]
    """Of the loss on each token, that of its message; 0 where the model only reads."""
    start: bytes
    """A hash of the system text with its tools: rows where it is equal begin alike."""
    group: bytes
    """A hash of what the user asks for first."""
    calls: bool = True
    """Whether the row calls anything."""

    @property
    def labels(self) -> list[int]:
        """The ids again, `IGNORED` wherever the model only reads: what other trainers take."""
        return [t if weight else IGNORED for t, weight in zip(self.input_ids, self.weights, strict=True)]

    @property
    def supervised(self) -> int:
        """How many tokens are learnt."""
        return sum(weight > 0 for weight in self.weights)


class Pair(NamedTuple):
    """One preference pair that shares its prompt."""

    id: str
    prompt: list[int]
    chosen: list[int]
    rejected: list[int]
    group: bytes
    """A hash of what the user asks for first."""
    calls: bool = True
    """Whether the chosen answer calls anything."""

    @property
    def tokens(self) -> int:
        """How many tokens go through the model."""
        return len(self.prompt) + self.supervised

    @property
    def supervised(self) -> int:
        """How many tokens the answers have."""
        return len(self.chosen) + len(self.rejected)


def tokenize_row(
    t: Trajectory, tokenizer: Any, *, max_length: int, final_turn_only: bool = False
) -> Row | Dropped:
    """Return the row of a trajectory, every assistant turn supervised; Dropped if nothing would be learnt."""
    try:
        messages = plain_messages(t)
        if final_turn_only:
            messages = only_last_supervised(messages)
    except Unrenderable as error:
        return _dropped(t, "sft", "unrenderable", str(error))
    input_ids, weights = weighted_ids(segments(messages), tokenizer)
    if len(input_ids) > max_length:
        return _dropped(t, "sft", "too-long", f"{len(input_ids)} tokens, at most {max_length}")
    if not any(weights):
        return _dropped(t, "sft", "nothing-supervised", "no assistant turn carries loss")
    calls = any(m.tool_calls for m in t.messages)
    return Row(t.id, input_ids, weights, _hash(messages[0].content), _group(t), calls)


def only_last_supervised(messages: Sequence[PlainMessage]) -> list[PlainMessage]:
    """Return messages of which none but the last assistant turn carries loss."""
    last = max((i for i, m in enumerate(messages) if m.role == "assistant"), default=-1)
    return [m if i == last else m._replace(weight=0.0) for i, m in enumerate(messages)]


def weighted_ids(parts: Sequence[Segment], tokenizer: Any) -> tuple[list[int], list[float]]:
    """Return the token ids of rendered segments, and the weight of each."""
    input_ids = opening(tokenizer)
    weights = [0.0] * len(input_ids)
    # Neighbours that are learnt alike are tokenized together.
    for weight, run in groupby(parts, lambda part: max(part.weight, 0.0)):
        ids = encode(tokenizer, [(s.text, s.control) for s in run])
        input_ids += ids
        weights += [weight] * len(ids)
    return input_ids, weights


def tokenize_pair(t: Trajectory, tokenizer: Any, *, max_length: int) -> Pair | Dropped:
    """Return the pair of a trajectory whose last message is the chosen answer."""
    if t.preference is None or not t.messages or t.messages[-1].role != "assistant":
        return _dropped(t, "dpo", "no-preference", "needs a rejected answer and a final assistant turn")
    try:
        *prompt, chosen = plain_messages(t)
        text = rejected_text(t.preference.rejected, t.task.output_format)
    except Unrenderable as error:
        return _dropped(t, "dpo", "unrenderable", str(error))
    pair = Pair(
        t.id,
        prompt_ids(prompt, tokenizer),
        answer_ids(chosen, tokenizer),
        answer_ids(PlainMessage("assistant", text, 1.0), tokenizer),
        _group(t),
        bool(t.messages[-1].tool_calls),
    )
    length = len(pair.prompt) + max(len(pair.chosen), len(pair.rejected))
    if length > max_length:
        return _dropped(t, "dpo", "too-long", f"{length} tokens, at most {max_length}")
    if pair.chosen == pair.rejected:
        return _dropped(t, "dpo", "same-answer", "chosen and rejected render alike")
    return pair


def prompt_ids(messages: Sequence[PlainMessage], tokenizer: Any) -> list[int]:
    """Return the ids of what is read before an answer, its turn opened."""
    parts = segments(messages, generation_prompt=True)
    return [*opening(tokenizer), *encode(tokenizer, [(s.text, s.control) for s in parts])]


def answer_ids(message: PlainMessage, tokenizer: Any) -> list[int]:
    """Return the supervised ids of one assistant turn: its text and the end-of-turn token."""
    parts = [s for s in segments([message._replace(weight=1.0)]) if s.supervised]
    return encode(tokenizer, [(s.text, s.control) for s in parts])


def _dropped(t: Trajectory, stage: str, reason: str, detail: str) -> Dropped:
    return Dropped(id=t.id, stage=f"train-{stage}", reason=reason, detail=detail)


def _group(t: Trajectory) -> bytes:
    asked = next((m.content for m in t.messages if m.role == "user"), "")
    return _hash(" ".join(asked.casefold().split()))


def _hash(text: str) -> bytes:
    return xxhash.xxh3_128_digest(text.encode("utf-8", "surrogatepass"))
