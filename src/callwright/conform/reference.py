"""What every runtime is held to: a case as our renderer, tokenizer and loss mask write it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from callwright.conform.cases import Case
from callwright.conform.runtime import Runtime, Said, Written
from callwright.formats import Malformed, ReplyStream, plain_messages, reply_message, segments
from callwright.formats.frames import family_named
from callwright.models.local import opening
from callwright.record import Json, Message
from callwright.train.tokens import answer_ids, only_last_supervised, prompt_ids, weighted_ids


def written(case: Case, tokenizer: Any) -> Written:
    """Return a case as tokens and text."""
    *before, last = plain = plain_messages(case.row)
    whole, weights = weighted_ids(segments(only_last_supervised(plain)), tokenizer)
    # One segment may hold several marks where they touch, which no two of this frame do.
    marks = sum(part.control for part in segments(before, generation_prompt=True))
    safe = family_named().safe
    return Written(
        case=case,
        prompt=prompt_ids(before, tokenizer),
        answer=[token for token, weight in zip(whole, weights, strict=True) if weight],
        whole=whole,
        learnt=[weight > 0 for weight in weights],
        text=safe(last.content),
        said=_said(case.answer, safe),
        control=marks + len(opening(tokenizer)),
    )


def _said(answer: Message, safe: Any) -> Said:
    calls = tuple((call.name, call.arguments or {}) for call in answer.tool_calls)
    return Said(safe(answer.content.strip()), calls, safe((answer.reasoning or "").strip()))


def ours(tokenizer: Any, version: str) -> Runtime:
    """Return our own renderer and parser, which are held to their own laws."""

    def prompt(case: Written) -> list[int]:
        return case.prompt

    def learnt(case: Written) -> Json:
        """Every answer of the row, not the last alone: what follows its prompt is what is supervised."""
        plain = plain_messages(case.case.row)
        whole, weights = weighted_ids(segments(plain), tokenizer)
        expected = [False] * len(whole)
        for place, message in enumerate(plain):
            if message.role == "assistant":
                start = len(prompt_ids(plain[:place], tokenizer))
                end = start + len(answer_ids(message, tokenizer))
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
