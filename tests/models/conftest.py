"""Tiny models that need no download: a random llama, a byte-level tokenizer, and a GGUF file of both."""

import os
from pathlib import Path
from typing import Any

import pytest

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def torch() -> Any:
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    return torch


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory, torch: Any) -> Path:
    """A GGUF file of a random two-layer llama: quantized and plain tensors, byte-level vocabulary."""
    gguf = pytest.importorskip("gguf")
    import numpy as np

    rng = np.random.default_rng(0)
    path: Path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    tokens, merges = vocabulary()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(512)
    writer.add_embedding_length(64)
    writer.add_block_count(2)
    writer.add_feed_forward_length(96)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3] * len(SPECIAL) + [1] * (len(tokens) - len(SPECIAL)))
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)

    def add(name: str, *shape: int, quantized: bool = True) -> None:
        data = rng.normal(0, 0.3, shape).astype(np.float32)
        if quantized and shape[-1] % 32 == 0:
            kind = gguf.GGMLQuantizationType.Q4_1
            writer.add_tensor(name, gguf.quantize(data, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, data)

    add("token_embd.weight", len(tokens), 64)
    add("output_norm.weight", 64, quantized=False)
    for block in range(2):
        add(f"blk.{block}.attn_norm.weight", 64, quantized=False)
        add(f"blk.{block}.ffn_norm.weight", 64, quantized=False)
        for name, rows, columns in (
            ("attn_q", 64, 64),
            ("attn_k", 32, 64),
            ("attn_v", 32, 64),
            ("attn_output", 64, 64),
            ("ffn_gate", 96, 64),
            ("ffn_up", 96, 64),
            ("ffn_down", 64, 96),
        ):
            add(f"blk.{block}.{name}.weight", rows, columns)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def vocabulary() -> tuple[list[str], list[str]]:
    """Return a byte-level vocabulary with a few merges, as (tokens, merges)."""
    from tokenizers import pre_tokenizers

    merges = ["Ġ Ġ", "h e", "l l", "he ll", "hell o", "< |", "| >", "i m"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    return [*SPECIAL, *alphabet, *(merge.replace(" ", "") for merge in merges)], merges


@pytest.fixture(scope="session")
def tiny_dir(tiny_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that converting `tiny_gguf` gives."""
    from callwright.models.convert import embedded_model_dir

    return embedded_model_dir(tiny_gguf, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def tokenizer(tiny_dir: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_dir)


@pytest.fixture(scope="session")
def embedded_dir() -> Path:
    """The real embedded model; tests that need it skip where the asset is not in the cache."""
    assets = pytest.importorskip("callwright.assets")
    if not assets.present(assets.EMBEDDED_MODEL):
        pytest.skip("the embedded model is not in the cache")
    from callwright.models.convert import embedded_model_dir

    return embedded_model_dir(assets.extract(assets.EMBEDDED_MODEL, ".gguf"), assets.cache_dir())
