"""A transformers model on this machine: batched, on the device and in the number format that suit.

`encode` is the one place where text becomes tokens, for training and for inference alike. Threads are torch's
(`OMP_NUM_THREADS`); where other processes are busy on the same cores, set `OMP_WAIT_POLICY=PASSIVE` before
the start, or torch's threads spin against them.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from callwright.errors import ConfigError, DataError, ExtraMissing
from callwright.models import Arrived, Completion, Prompt
from callwright.models.adapters import base_of, left_in
from callwright.models.pretrained import merge_adapter, read_model, readable
from callwright.models.sampling import Picker, Sampler, seed_of

if TYPE_CHECKING:
    import torch

    from callwright.models.constrained import Guides

SLOTS = 32
"""Prompts that are answered side by side on a CPU, unless a number is given."""
GPU_SLOTS = 128
"""The same on a GPU, where a step of many rows takes no longer than one of few."""
CACHE = 4 << 30
"""Bytes that their keys and values may take."""
DType = Literal["auto", "bfloat16", "float32"]
TURN_END = "<|im_end|>"
"""What our frame ends a turn with."""
_ENCODING = threading.Lock()
"""Transformers keeps in the tokenizer whether special tokens are split: of two threads that encode at once
each would get what the other asked for, and a text could become control tokens."""


def encode(tokenizer: Any, segments: Iterable[tuple[str, bool] | tuple[str, bool, bool]]) -> list[int]:
    """Return the token ids of `segments`, each tokenized on its own.

    Special tokens are recognised in control text only: ``<|im_end|>`` inside a user's message is ten plain
    characters and can not end the turn. `segments` are (text, control) or `formats.Segment` tuples. A turn
    ends with what `turn_end` says.
    """
    ids: list[int] = []
    end = turn_end(tokenizer)
    with _ENCODING:
        for segment in segments:
            text = segment[0].replace(TURN_END, end) if segment[1] else segment[0]
            ids += tokenizer.encode(
                text, add_special_tokens=False, split_special_tokens=not segment[1], verbose=False
            )
    return ids


def decode(tokenizer: Any, tokens: Sequence[int]) -> str:
    """Return the text of tokens, control tokens included."""
    text: str = tokenizer.decode(list(tokens), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return text


def opening(tokenizer: Any) -> list[int]:
    """Return the token for the beginning of a text, where the tokenizer puts one before every text.

    Llama, Mistral and Gemma were trained with one before every text, and answer badly without.
    """
    with _ENCODING:
        put: list[int] = tokenizer.encode("", add_special_tokens=True)
    return put[:1] if tokenizer.bos_token_id in put[:1] else []


def fitted(tokenizer: Any, template: str) -> str:
    """Return a chat template of ours with the beginning and the end of turn of this tokenizer."""
    begin = "{{- bos_token -}}" if opening(tokenizer) else ""
    return begin + template.replace(TURN_END, turn_end(tokenizer))


def turn_end(tokenizer: Any) -> str:
    """Return ``<|im_end|>``, or, where that is no token, what the model ends with, so that it can stop."""
    known = tokenizer.convert_tokens_to_ids(TURN_END) not in (None, tokenizer.unk_token_id)
    return TURN_END if known else tokenizer.eos_token or TURN_END


class LocalModel:
    """Answer prompts with the model in a directory: a transformers model, a LoRA adapter, or a run's.

    `batch_size` prompts are answered side by side; if it is not given, as many as `SLOTS`, on a GPU
    `GPU_SLOTS`, and `CACHE` allow. `remember` bytes of what was read and written are kept for prompts that go
    on from earlier ones; the embedded model takes 23 KB a token. Raises `ConfigError` for a directory that
    holds neither, `ExtraMissing` where torch is not installed.
    """

    def __init__(
        self,
        path: Path,
        *,
        batch_size: int | None = None,
        dtype: DType = "auto",
        name: str | None = None,
        remember: int = 0,
    ) -> None:
        self.name = name or path.name
        self.batch_size = batch_size
        self.model, self.tokenizer = load(path, dtype)
        from callwright.models.prefixes import Prefixes  # needs torch, which `load` asked for

        self.context: int = self.model.config.get_text_config().max_position_embeddings
        self.stop = _stop_ids(self.model, self.tokenizer)
        self._prefixes = Prefixes(remember) if remember else None
        self._guides: Guides | None = None

    def fits(self, prompt: Prompt, max_tokens: int) -> bool:
        """Tell whether the prompt and an answer of `max_tokens` fit into the model's context."""
        return len(self._ids(prompt)) + max_tokens <= self.context

    def read(self, prompt: Prompt, max_tokens: int, what: str = "the prompt") -> list[int]:
        """Return the tokens of a prompt; raises `DataError` if no answer of `max_tokens` fits behind them."""
        if max_tokens < 1:
            raise ConfigError("max_tokens must be positive", got=str(max_tokens))
        ids = self._ids(prompt)
        if not ids:
            raise DataError(f"{what} is empty")
        if len(ids) + max_tokens > self.context:
            raise DataError(
                f"{what} does not fit into the context of {self.name}",
                expected=f"at most {self.context - max_tokens} tokens",
                got=f"{len(ids)}",
            )
        return ids

    def _ids(self, prompt: Prompt) -> list[int]:
        return [*opening(self.tokenizer), *encode(self.tokenizer, prompt.segments)]

    def complete(
        self,
        prompts: Sequence[Prompt],
        *,
        max_tokens: int,
        seed: int = 0,
        arrived: Arrived | None = None,
    ) -> list[Completion]:
        """Answer every prompt at its temperature, in the order given.

        What is drawn depends on the prompt's text, its `sample` and `seed`, not on the other prompts.
        Raises `DataError` with the index of the first prompt that does not fit, before anything is generated.
        """
        from callwright.models.batching import can_decode, decode
        from callwright.models.plain import generate

        encoded = [self.read(prompt, max_tokens, f"prompt {i}") for i, prompt in enumerate(prompts)]
        pickers = {i: picker for i, prompt in enumerate(prompts) if (picker := self.picker(prompt, seed))}
        own = partial(decode, prefixes=self._prefixes, settled=partial(self._settled, prompts))
        answer = own if can_decode(self.model) else generate
        done: dict[int, Completion] = {}

        def finished(place: int, tokens: list[int]) -> None:
            done[place] = self._completion(encoded[place], tokens, max_tokens)
            if arrived:
                arrived(place, done[place])

        answer(
            self.model,
            encoded,
            max_tokens=max_tokens,
            stop=self.stop,
            slots=self.batch_size or self.slots(max(map(len, encoded), default=1) + max_tokens),
            pickers=pickers,
            finished=finished,
        )
        return [done[place] for place in range(len(encoded))]

    def slots(self, longest: int) -> int:
        """Return how many prompts are answered side by side: more are faster, but every slot is a cache."""
        config = self.model.config.get_text_config()
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        token: int = 2 * config.num_hidden_layers * heads * size * self.model.dtype.itemsize
        most = SLOTS if self.model.device.type == "cpu" else GPU_SLOTS
        return max(1, min(most, CACHE // (token * longest)))

    def picker(self, prompt: Prompt, seed: int = 0, top_p: float = 1.0) -> Picker | None:
        """Return what chooses the tokens of an answer; None where it is always the best one."""
        sampler = None
        if prompt.temperature:
            text = "".join(segment for segment, _ in prompt.segments)
            sampler = Sampler(prompt.temperature, seed_of(text, prompt.sample, seed), top_p)
        if not prompt.grammar:
            return sampler
        from callwright.models.batching import can_decode
        from callwright.models.constrained import Guides

        if not can_decode(self.model):
            raise ConfigError("this architecture can not be held to a grammar", place=self.name)
        if self._guides is None:
            self._guides = Guides(self.tokenizer, self.stop)
        return self._guides.guide(prompt.grammar, sampler)

    def _settled(self, prompts: Sequence[Prompt], index: int, tokens: list[int]) -> bool:
        settled = prompts[index].settled
        return settled is not None and settled(self.text(tokens))

    def _completion(self, ids: list[int], tokens: list[int], max_tokens: int) -> Completion:
        kept = tokens[:-1] if tokens[-1] in self.stop else tokens
        return Completion(
            self.text(kept), len(ids), len(kept), "stop" if len(kept) < max_tokens else "length"
        )

    def text(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens, control tokens included."""
        return decode(self.tokenizer, tokens)


def load(path: Path, dtype: DType = "auto") -> tuple[Any, Any]:
    """Return (model, tokenizer) of the directory of a model, an adapter or a run, ready for inference.

    An adapter is merged into its base in memory. Weights are read from safetensors only, never from pickles.
    """
    try:
        import torch
        from transformers import AutoTokenizer

        from callwright.models.attention import ATTENTION
        from callwright.models.batching import can_decode
        from callwright.models.packing import pack
    except ImportError as error:
        raise ExtraMissing(str(error), hint="pip install 'callwright[train]'") from None
    silence()
    path = left_in(path)
    base = base_of(path)
    device = best_device()
    chosen = best_dtype(device) if dtype == "auto" else {"bfloat16": torch.bfloat16}.get(dtype, torch.float32)
    model = read_model(base, dtype=chosen)
    if base != path:
        model = merge_adapter(model, path)
    told = path if (path / "tokenizer_config.json").is_file() else base
    with readable(told):
        tokenizer = AutoTokenizer.from_pretrained(str(told), local_files_only=True)
    model = model.to(device).eval()
    if device == "cpu" and can_decode(model):
        model.set_attn_implementation(ATTENTION)
        pack(model)
    return model, tokenizer


def silence() -> None:
    """Keep the libraries' bars and deprecations off the terminal, and keep them from reporting its use home.

    TRL's trainers tell the Hub that they were made, unless it is offline or was told not to.
    """
    from huggingface_hub import constants
    from transformers.utils import logging

    constants.HF_HUB_DISABLE_TELEMETRY = True
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    checkpointing = ".*gradient_checkpointing.* is deprecated"
    warnings.filterwarnings("ignore", message=checkpointing, category=FutureWarning)


def _stop_ids(model: Any, tokenizer: Any) -> frozenset[int]:
    """Return every token that ends an answer, according to the generation config and the tokenizer."""
    configured = model.generation_config.eos_token_id
    ids = configured if isinstance(configured, list) else [configured]
    stop = frozenset(i for i in [*ids, tokenizer.eos_token_id] if i is not None)
    if not stop:
        raise ConfigError("neither the model nor its tokenizer names a stop token")
    return stop


def best_device() -> str:
    """Return the torch device to use: cuda, mps or cpu."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def best_dtype(device: str | None = None) -> torch.dtype:
    """Return bfloat16 where the hardware multiplies it natively, else float32.

    On a CPU without such instructions bfloat16 is emulated and slower than float32.
    """
    import torch

    device = device or best_device()
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if device == "cpu" and _cpu_has_bfloat16() else torch.float32


def _cpu_has_bfloat16() -> bool:
    if sys.platform != "linux":
        return False
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(flags))
