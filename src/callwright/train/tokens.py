"""From a trajectory to token ids with labels: what exactly is learnt, and what is only read.

Rendering is `formats.segments`; this module only tokenizes, segment by segment, so that text in the data can
never become a control token, and so that a supervised span starts at a token boundary: the same boundary at
which generation starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import xxhash

from callwright.formats import PlainMessage, Segment, Unrenderable, plain_messages, segments
from callwright.models.local import encode
from callwright.record import Dropped, Message, Trajectory

IGNORED = -100


class Row(NamedTuple):
    """One training row; `labels` is `IGNORED` wherever the model only reads."""

    id: str
    input_ids: list[int]
    labels: list[int]
    start: bytes
    """A hash of the system text with its tools: rows where it is equal begin alike."""


class Pair(NamedTuple):
    """One preference pair that shares its prompt."""

    id: str
    prompt: list[int]
    chosen: list[int]
    rejected: list[int]


def tokenize_row(t: Trajectory, tokenizer: Any, *, max_length: int) -> Row | Dropped:
    """Return the row of a trajectory, every assistant turn supervised; Dropped if nothing would be learnt."""
    try:
        messages = plain_messages(t)
    except Unrenderable as error:
        return _dropped(t, "sft", "unrenderable", str(error))
    input_ids, labels = label(segments(messages), tokenizer)
    if len(input_ids) > max_length:
        return _dropped(t, "sft", "too-long", f"{len(input_ids)} tokens, at most {max_length}")
    if all(token == IGNORED for token in labels):
        return _dropped(t, "sft", "nothing-supervised", "no assistant turn carries loss")
    return Row(t.id, input_ids, labels, xxhash.xxh3_128_digest(messages[0].content.encode()))


def label(parts: Sequence[Segment], tokenizer: Any) -> tuple[list[int], list[int]]:
    """Return token ids and labels of rendered segments, both of the same length."""
    input_ids: list[int] = []
    labels: list[int] = []
    for run in _runs(parts):
        ids = encode(tokenizer, [(s.text, s.control) for s in run])
        input_ids += ids
        labels += ids if run[0].supervised else [IGNORED] * len(ids)
    return input_ids, labels


def _runs(parts: Sequence[Segment]) -> list[list[Segment]]:
    """Group neighbours that are supervised alike: they are tokenized together."""
    runs: list[list[Segment]] = []
    for part in parts:
        if runs and runs[-1][0].supervised == part.supervised:
            runs[-1].append(part)
        else:
            runs.append([part])
    return runs


def tokenize_pair(t: Trajectory, tokenizer: Any, *, max_length: int) -> Pair | Dropped:
    """Return the pair of a trajectory whose last message is the chosen answer."""
    if t.preference is None or not t.messages or t.messages[-1].role != "assistant":
        return _dropped(t, "dpo", "no-preference", "needs a rejected answer and a final assistant turn")
    try:
        prompt, chosen = _split_last(plain_messages(t))
        _, rejected = _split_last(plain_messages(_with_last(t, t.preference.rejected)))
    except Unrenderable as error:
        return _dropped(t, "dpo", "unrenderable", str(error))
    pair = Pair(
        t.id,
        encode(tokenizer, [(s.text, s.control) for s in segments(prompt, generation_prompt=True)]),
        _answer_ids(chosen, tokenizer),
        _answer_ids(rejected, tokenizer),
    )
    length = len(pair.prompt) + max(len(pair.chosen), len(pair.rejected))
    if length > max_length:
        return _dropped(t, "dpo", "too-long", f"{length} tokens, at most {max_length}")
    if pair.chosen == pair.rejected:
        return _dropped(t, "dpo", "same-answer", "chosen and rejected render alike")
    return pair


def _split_last(messages: list[PlainMessage]) -> tuple[list[PlainMessage], PlainMessage]:
    return messages[:-1], messages[-1]


def _with_last(t: Trajectory, message: Message) -> Trajectory:
    return msgspec.structs.replace(t, messages=(*t.messages[:-1], message))


def _answer_ids(message: PlainMessage, tokenizer: Any) -> list[int]:
    """Return the supervised ids of one assistant turn: its text and the end-of-turn token."""
    parts = [s for s in segments([message._replace(weight=1.0)]) if s.supervised]
    return encode(tokenizer, [(s.text, s.control) for s in parts])


def _dropped(t: Trajectory, stage: str, reason: str, detail: str) -> Dropped:
    return Dropped(id=t.id, stage=f"train-{stage}", reason=reason, detail=detail)
