"""A two-layer random model and a tokenizer trained on the spot: real components, milliseconds a step.

Nothing heavy is imported before `make_base` is called, so collecting the tests needs no torch.
"""

from pathlib import Path
from typing import Any

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def make_base(folder: Path) -> Path:
    """Write a model directory with 2 layers, 64 dimensions and a tokenizer of 600 tokens."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=SPECIAL, initial_alphabet=alphabet)
    raw.train_from_iterator([_text(i) for i in range(200)], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<|im_start|>", eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    tokenizer.save_pretrained(str(folder))
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=96, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=2048, tie_word_embeddings=True,
        bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(str(folder))
    return folder


def stirred(model: Any) -> Any:
    """Give every adapter of a model something to do, the same in every call: B starts at zero."""
    import torch

    generator = torch.Generator().manual_seed(1)
    for name, parameter in sorted(model.named_parameters()):
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.1, generator=generator)
    return model


def _text(i: int) -> str:
    city = ["Oslo", "Rome", "Lima", "Cairo", "New York"][i % 5] + f" {i}"
    question = f"What is the weather in {city} for the next {i} days?" + " Please." * (i % 7)
    return question + '{"name": "get_weather"}'
