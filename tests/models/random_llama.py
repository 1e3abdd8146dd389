"""A random two-layer llama, what it says to a prompt alone, and prompts for it."""

import random
from typing import Any

STOP = frozenset({3})
VOCABULARY = 24


def make_llama(attention: str) -> Any:
    """Return a model in float32 whose greedy answers vary and often stop."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        initializer_range=0.8,
        eos_token_id=3,
        pad_token_id=0,
        bos_token_id=1,
    )
    model = LlamaForCausalLM(config).eval()
    model.set_attn_implementation(attention)
    return model


def alone(model: Any, prompt: list[int], max_tokens: int) -> list[int]:
    """Return what transformers generates for the prompt with its own attention."""
    import torch

    attention = model.config._attn_implementation
    model.set_attn_implementation("sdpa")
    out = model.generate(
        input_ids=torch.tensor([prompt]),
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        max_new_tokens=max_tokens,
        do_sample=False,
    )
    model.set_attn_implementation(attention)
    return list(out[0, len(prompt) :].tolist())


def some_prompts(count: int, seed: int, *, longest: int = 60) -> list[list[int]]:
    """Return random prompts, half of which share a long prefix."""
    rng = random.Random(seed)
    prefix = [rng.randrange(4, VOCABULARY) for _ in range(40)]
    prompts = []
    for i in range(count):
        own = [rng.randrange(4, VOCABULARY) for _ in range(rng.randint(1, longest))]
        prompts.append(prefix + own if i % 2 else own)
    return prompts
