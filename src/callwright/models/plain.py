"""Decoding without the batched loop: for architectures that it does not take, and for one prompt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from callwright.models.batching import Finished
from callwright.models.prefixes import best

if TYPE_CHECKING:
    from callwright.models.sampling import Picker


@torch.inference_mode()
def generate(
    model: Any,
    prompts: Sequence[list[int]],
    *,
    max_tokens: int,
    stop: frozenset[int],
    slots: int,
    pickers: Mapping[int, Picker] | None = None,
    finished: Finished = lambda place, tokens: None,
) -> list[list[int]]:
    """Do what `batching.decode` does with transformers' own loop, where `can_decode` says no.

    That loop has one generator for all rows, so what is drawn is written alone.
    """
    answers: list[list[int]] = [[] for _ in prompts]
    pad = min(stop)
    for i, picker in (pickers or {}).items():
        tokens = list(decode_one(model, prompts[i], max_tokens=max_tokens, stop=stop, picker=picker))
        answers[i] = tokens if len(tokens) == max_tokens else [*tokens, pad]
        finished(i, answers[i])
    order = sorted(set(range(len(prompts))) - set(pickers or ()), key=lambda i: len(prompts[i]))
    for start in range(0, len(order), slots):
        batch = order[start : start + slots]
        width = len(prompts[batch[-1]])
        ids = torch.tensor([[pad] * (width - len(prompts[i])) + prompts[i] for i in batch])
        mask = torch.tensor([[0] * (width - len(prompts[i])) + [1] * len(prompts[i]) for i in batch])
        out = model.generate(
            input_ids=ids.to(model.device),
            attention_mask=mask.to(model.device),
            max_new_tokens=max_tokens,
            do_sample=False,
            eos_token_id=sorted(stop),
            pad_token_id=pad,
        )
        for i, tokens in zip(batch, out[:, width:].tolist(), strict=True):
            answers[i] = _until_stop(tokens, stop)
            finished(i, answers[i])
    return answers


def _until_stop(tokens: list[int], stop: frozenset[int]) -> list[int]:
    end = next((i + 1 for i, token in enumerate(tokens) if token in stop), len(tokens))
    return tokens[:end]


def decode_one(
    model: Any, ids: list[int], *, max_tokens: int, stop: frozenset[int], picker: Picker | None = None
) -> Iterator[int]:
    """Yield the continuation of one prompt, token by token, without the stop token."""
    cache: Any = None
    pending = ids
    for _ in range(max_tokens):
        # A generator may be resumed on any thread, and inference mode belongs to one: enter it for each step.
        with torch.inference_mode():
            out = model(
                input_ids=torch.tensor([pending], device=model.device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
        token = best(out.logits, [picker])[0]
        if token in stop:
            return
        cache, pending = out.past_key_values, [token]
        yield token
