"""Seconds per BFCL prompt with the embedded model: ours beside plain transformers, in one run.

The prompts are BFCL rows as `evaluate bfcl` asks them, evenly spread over its categories, answered greedily
in the same number format with the same limit of tokens. Plain is `model.generate` with the library's own
attention and left padding, once prompt by prompt and once 16 at a time in the order of the rows. The three
alternate. Tokens may differ where bfloat16 rounds differently in another shape; how many answers are equal is
printed, and tests hold that in float32 all are. With `conversations`, four rounds of growing prompts are
answered as a benchmark of several turns asks them, with and without what was read before.

    python bench/generate.py [rows, 48 unless told] [repeats, 1 unless told] [conversations]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from callwright.evaluate.bfcl.data import load
from callwright.evaluate.bfcl.prompt import trajectory_of
from callwright.evaluate.prompting import prompt_for
from callwright.models import EMBEDDED, Prompt
from callwright.models.local import LocalModel, best_dtype, encode
from callwright.weights import base_directory

MAX_TOKENS = 64
Answers = list[list[int]]


def prompts_of(count: int) -> list[Prompt]:
    """Return `count` prompts, evenly spread over the rows of the five Python categories."""
    rows = load().rows
    return [prompt_for(trajectory_of(rows[i * len(rows) // count])) for i in range(count)]


class Plain:
    """transformers as its manual uses it."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        self.model: Any = AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=best_dtype("cpu"), local_files_only=True
        ).eval()

    def answer(self, encoded: list[list[int]], batch: int) -> Answers:
        """Return the new tokens of every prompt."""
        import torch

        pad, answers = self.tokenizer.pad_token_id, []
        for start in range(0, len(encoded), batch):
            part = encoded[start : start + batch]
            width = max(map(len, part))
            with torch.inference_mode():
                out = self.model.generate(
                    input_ids=torch.tensor([[pad] * (width - len(ids)) + ids for ids in part]),
                    attention_mask=torch.tensor([[0] * (width - len(ids)) + [1] * len(ids) for ids in part]),
                    max_new_tokens=MAX_TOKENS,
                    do_sample=False,
                )
            answers += [self._ended(tokens) for tokens in out[:, width:].tolist()]
        return answers

    def _ended(self, tokens: list[int]) -> list[int]:
        stop = self.model.generation_config.eos_token_id
        return tokens[: tokens.index(stop)] if stop in tokens else tokens


def timed(do: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    done = do()
    return time.perf_counter() - start, done


def single_turn(count: int, repeats: int) -> None:
    """Print seconds a prompt of the three, and the ratios."""
    folder = base_directory(EMBEDDED)
    ours, plain = LocalModel(folder), Plain(folder)
    prompts = prompts_of(count)
    encoded = [encode(ours.tokenizer, prompt.segments) for prompt in prompts]
    ours.complete(prompts[:2], max_tokens=2)  # what is set up on first use
    seconds: dict[str, list[float]] = {"ours": [], "plain, one at a time": [], "plain, 16 at a time": []}
    same = {1: 0, 16: 0}
    for _ in range(repeats):
        spent, completions = timed(partial(ours.complete, prompts, max_tokens=MAX_TOKENS))
        seconds["ours"].append(spent / count)
        for batch, name in ((16, "plain, 16 at a time"), (1, "plain, one at a time")):
            spent, answers = timed(partial(plain.answer, encoded, batch))
            seconds[name].append(spent / count)
            texts = [plain.tokenizer.decode(tokens) for tokens in answers]
            same[batch] = sum(text == c.text for text, c in zip(texts, completions, strict=True))
    mean = sum(map(len, encoded)) / count
    written = sum(c.completion_tokens for c in completions) / count
    print(f"{count} prompts of {mean:.0f} tokens, answers of {written:.0f} tokens, at most {MAX_TOKENS}")
    median = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in median.items():
        times = "" if name == "ours" else f"   ours is {value / median['ours']:.2f} times as fast"
        print(f"{name:<22} {value:6.3f} s a prompt{times}")
    print(f"equal answers: {same[1]} of {count} one at a time, {same[16]} of {count} 16 at a time")


def conversations(count: int) -> None:
    """Print what four rounds of growing conversations take with and without what was read before."""
    folder = base_directory(EMBEDDED)
    for name, remember in (("read anew", 0), ("only what is new", 4 << 30)):
        model = LocalModel(folder, remember=remember)
        talks = [prompt.segments for prompt in prompts_of(count)]
        model.complete([Prompt(segments=talks[0])], max_tokens=2)
        start = time.perf_counter()
        for round_number in range(4):
            done = model.complete([Prompt(segments=talk) for talk in talks], max_tokens=32)
            result = f"<|im_end|>\n<|im_start|>user\nResult {round_number}: 42. Go on.<|im_end|>\n"
            talks = [
                (*talk, (c.text, False), (result + "<|im_start|>assistant\n", True))
                for talk, c in zip(talks, done, strict=True)
            ]
        print(f"{count} conversations, 4 rounds, {name:<18} {time.perf_counter() - start:7.1f} s")


if __name__ == "__main__":
    told = [int(word) for word in sys.argv[1:] if word.isdigit()]
    rows, repeats = (told + [48, 1][len(told) :])[:2]
    if "conversations" in sys.argv:
        conversations(rows)
    else:
        single_turn(rows, repeats)
