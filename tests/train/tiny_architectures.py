"""A tiny model of every architecture that can be trained, with what is peculiar to it switched on."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    MistralConfig,
    MixtralConfig,
    Qwen2Config,
    Qwen3Config,
)

SIZES: dict[str, Any] = {
    "vocab_size": 600, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 2048, "bos_token_id": 1,
    "eos_token_id": 2, "pad_token_id": 0,
}  # fmt: skip
LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 5e5, "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}  # fmt: skip
LINEAR = {"rope_type": "linear", "rope_theta": 1e5, "factor": 4.0}
YARN = {"rope_type": "yarn", "rope_theta": 1e6, "factor": 4.0, "original_max_position_embeddings": 64}
WINDOW = 24
"""Far fewer tokens than a row has, so that it cuts."""
LAYERS = ["sliding_attention", "full_attention"]

ARCHITECTURES: dict[str, Callable[[], Any]] = {
    "deepseek-coder-1.3b": lambda: LlamaConfig(**SIZES, rope_parameters=LINEAR),
    "deepseek-coder-7b-v1.5": lambda: LlamaConfig(**SIZES),
    "llama-3.2": lambda: LlamaConfig(**SIZES, rope_parameters=LLAMA3, tie_word_embeddings=True),
    "mistral": lambda: MistralConfig(**SIZES, sliding_window=None),
    "mistral with a window": lambda: MistralConfig(**SIZES, sliding_window=WINDOW),
    "mixtral": lambda: MixtralConfig(**SIZES, num_local_experts=4, sliding_window=None),
    "qwen2": lambda: Qwen2Config(**SIZES, rope_parameters=YARN, tie_word_embeddings=True),
    "qwen3": lambda: Qwen3Config(**SIZES, head_dim=16, tie_word_embeddings=True),
    "functiongemma": lambda: Gemma3TextConfig(
        **SIZES, head_dim=16, sliding_window=WINDOW, layer_types=LAYERS, query_pre_attn_scalar=16
    ),
    "gemma with capped logits": lambda: Gemma3TextConfig(
        **SIZES, head_dim=16, sliding_window=WINDOW, layer_types=LAYERS, final_logit_softcapping=3.0
    ),
}  # fmt: skip


def make(name: str, folder: Path, tokenizer_of: Path) -> Path:
    """Write a model with weights that make a difference, and the tokenizer of another directory."""
    folder.mkdir(parents=True)
    for file in tokenizer_of.glob("tokenizer*"):
        shutil.copy(file, folder)
    model = AutoModelForCausalLM.from_config(ARCHITECTURES[name]())
    generator = torch.Generator().manual_seed(3)
    for parameter in model.parameters():
        spread = 0.1 if parameter.ndim > 1 else 0.01  # vectors are norms: a little off what they are
        parameter.data += torch.randn(parameter.shape, generator=generator) * spread
    model.save_pretrained(str(folder))
    return folder
