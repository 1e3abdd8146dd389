"""Holding an answer to a grammar: at every token, only what can go on to a sentence of it is left to choose.

The grammars are llguidance's (a dialect of Lark with JSON Schemas in it), as `formats` writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from callwright.errors import DataError, ExtraMissing, ModelError

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLTokenizer

    from callwright.models.sampling import Picker


class Guide:
    """What is allowed next, for one answer; `picker` chooses among it, the best token if there is none."""

    def __init__(self, matcher: LLMatcher, picker: Picker | None = None) -> None:
        self._matcher = matcher
        self._picker = picker

    def pick(self, logits: Tensor) -> int:
        """Return a token of those that are allowed, and go on behind it; `logits` is (vocabulary,)."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        allowed = np.zeros(len(logits), np.bool_)
        known = np.unpackbits(bits, count=min(8 * len(bits), len(logits)), bitorder="little")
        allowed[: len(known)] = known
        mask = torch.from_numpy(allowed).to(logits.device)
        left = logits.float().masked_fill(~mask, -torch.inf)
        token = self._picker.pick(left) if self._picker else int(left.argmax())
        if not self._matcher.consume_token(token):
            raise ModelError("an answer can not be held to its grammar", got=self._matcher.get_error())
        return token


class Guides:
    """Makes guides for one model's tokens; opening takes a second."""

    def __init__(self, tokenizer: Any, stop: frozenset[int]) -> None:
        # Only so much of the tokenizer counts as is in its own file: neither padding nor truncation.
        told = tokenizer.backend_tokenizer.to_str()
        self._tokens: LLTokenizer = _library().LLTokenizer(told, eos_token=sorted(stop))

    def guide(self, grammar: str, picker: Picker | None = None) -> Guide:
        """Return a guide from the beginning of a grammar; raises DataError for one that is none."""
        matcher = _library().LLMatcher(self._tokens, grammar, log_level=0)
        if matcher.is_error():
            raise DataError("not a grammar", got=matcher.get_error().splitlines()[0])
        return Guide(matcher, picker)


def flaw(grammar: str) -> str:
    """Return why a grammar is none; empty when it is one."""
    failed, told = _library().LLMatcher.validate_grammar_with_warnings(grammar)
    return told[0].splitlines()[0] if failed else ""


def _library() -> Any:
    """Return llguidance; raises ExtraMissing where it is not installed."""
    try:
        import llguidance
    except ImportError as error:
        raise ExtraMissing(str(error), hint="pip install 'callwright[grammar]'") from None
    return llguidance
