"""What every runtime is held to: a case as our renderer, tokenizer and loss mask write it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from callwright.conform.cases import Case
from callwright.conform.runtime import Runtime, Said, Written
from callwright.formats import Malformed, ReplyStream, plain_messages, reply_message, segments
from callwright.formats.frames import family_named
from callwright.models.local import encode, opening
from callwright.record import Json, Message
from callwright.train.tokens import weighted_ids

FRAME = "chatml"
"""The family whose frame training, evaluation and serving use."""


def written(case: Case, tokenizer: Any) -> Written:
    """Return a case as tokens and text."""
    plain = plain_messages(case.row)
    prompt = _prompt(case, tokenizer, len(case.row.messages) - 1)
    only_last = [m._replace(weight=0.0) for m in plain[:-1]] + [plain[-1]._replace(weight=1.0)]
    whole, weights = weighted_ids(segments(only_last), tokenizer)
    safe = family_named(FRAME).safe
    return Written(
        case=case,
        prompt=prompt,
        answer=[token for token, weight in zip(whole, weights, strict=True) if weight],
        whole=whole,
        learnt=[weight > 0 for weight in weights],
        text=safe(plain[-1].content),
        said=_said(case.answer, safe),
        control=sum(part.control for part in _frame(case)) + len(opening(tokenizer)),
    )


def _frame(case: Case) -> Sequence[Any]:
    # One segment may hold several marks where they touch, which no two of this frame do.
    before = msgspec.structs.replace(case.row, messages=case.row.messages[:-1])
    return segments(plain_messages(before), generation_prompt=True)


def _prompt(case: Case, tokenizer: Any, end: int) -> list[int]:
    """Return the tokens of what is said before the message at `end`, an answer begun."""
    before = msgspec.structs.replace(case.row, messages=case.row.messages[:end])
    parts = segments(plain_messages(before), generation_prompt=True)
    return [*opening(tokenizer), *encode(tokenizer, [(part.text, part.control) for part in parts])]


def _said(answer: Message, safe: Any) -> Said:
    calls = tuple((call.name, call.arguments or {}) for call in answer.tool_calls)
    return Said(safe(answer.content.strip()), calls, safe((answer.reasoning or "").strip()))


def ours(tokenizer: Any, version: str) -> Runtime:
    """Return our own renderer and parser, which are held to their own laws."""

    def prompt(case: Written) -> list[int]:
        return case.prompt

    def learnt(case: Written) -> Json:
        """Every answer of the row, not the last alone: what follows its prompt is what is supervised."""
        row = case.case.row
        whole, weights = weighted_ids(segments(plain_messages(row)), tokenizer)
        expected = [False] * len(whole)
        for place, message in enumerate(row.messages):
            if message.role != "assistant":
                continue
            start = len(_prompt(case.case, tokenizer, place))
            end = start + len(_answer(case.case, tokenizer, place))
            expected[start:end] = [True] * (end - start)
        found = [weight > 0 for weight in weights]
        return None if found == expected else {"supervised": sum(found), "generated": sum(expected)}

    def calls(case: Written) -> Said:
        return _read(reply_message(case.text))

    def streamed(case: Written, cuts: Sequence[int]) -> Said:
        stream = ReplyStream()
        told = "".join(stream.feed(piece) for piece in pieces(case.text, cuts))
        message = stream.close()
        found = _read(message)
        return found if found.content.startswith(told) else found._replace(content=f"told: {told}")

    return Runtime("callwright", version, prompt, learnt, calls, streamed)


def _answer(case: Case, tokenizer: Any, place: int) -> list[int]:
    """Return what a model has to write behind the prompt of the answer at `place`."""
    row = msgspec.structs.replace(case.row, messages=case.row.messages[: place + 1])
    plain = plain_messages(row)[-1]._replace(weight=1.0)
    parts = [(part.text, part.control) for part in segments([plain]) if part.supervised]
    return encode(tokenizer, parts)


def _read(message: Message | Malformed) -> Said:
    if isinstance(message, Malformed):
        return Said(f"malformed: {message.reason}", ())
    calls = tuple((call.name, call.arguments or {}) for call in message.tool_calls)
    return Said(message.content, calls, message.reasoning or "")


def pieces(text: str, cuts: Sequence[int]) -> list[str]:
    """Return a text cut at places.

    >>> pieces("abcd", [1, 3])
    ['a', 'bc', 'd']
    """
    ends = [*cuts, len(text)]
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
