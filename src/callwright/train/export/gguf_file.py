"""A directory that transformers loads, as one GGUF file: weights, tokenizer and chat template.

What is understood are dense models of the Llama family and its like, with byte-level BPE tokenizers whose
splitting llama.cpp knows by a name; anything else is refused rather than guessed. Facts of the format: the
GGUF specification and llama.cpp's names, as the package `gguf` has them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gguf
import numpy as np
from safetensors import safe_open

from callwright.errors import ConfigError
from callwright.train.export.config import Quantization
from callwright.train.export.vocabulary import Vocabulary, vocabulary_of

_FILE_TYPES = {"f16": gguf.LlamaFileType.MOSTLY_F16, "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}


class Architecture(NamedTuple):
    """What llama.cpp calls a model type of transformers."""

    arch: gguf.MODEL_ARCH
    interleaved: bool
    """The rotary pairs of a head lie beside each other, where transformers has them in two halves."""


ARCHITECTURES = {
    "llama": Architecture(gguf.MODEL_ARCH.LLAMA, True),
    "mistral": Architecture(gguf.MODEL_ARCH.LLAMA, True),
    "qwen2": Architecture(gguf.MODEL_ARCH.QWEN2, False),
    "qwen3": Architecture(gguf.MODEL_ARCH.QWEN3, False),
}


def write(
    model: Path, tokenizer: Path, out: Path, quantization: Quantization, *, template: str, name: str
) -> None:
    """Write the model of one directory with the tokenizer of another to the file `out`.

    Raises `ConfigError` for what is not understood.
    """
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    architecture = _architecture(config, model)
    vocabulary = vocabulary_of(tokenizer, config["vocab_size"])
    writer = gguf.GGUFWriter(out, gguf.MODEL_ARCH_NAMES[architecture.arch])
    writer.add_name(name)
    writer.add_file_type(_FILE_TYPES[quantization])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    _add_shape(writer, config)
    _add_vocabulary(writer, vocabulary, template)
    for tensor_name, data in _tensors(model, config, architecture):
        _add_tensor(writer, tensor_name, data, quantization)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _architecture(config: dict[str, Any], model: Path) -> Architecture:
    kind = config.get("model_type")
    if kind not in ARCHITECTURES:
        raise ConfigError(
            "no GGUF file can be written of this architecture",
            place=str(model),
            expected=" | ".join(ARCHITECTURES),
            got=str(kind),
            hint="--to safetensors, then llama.cpp's own converter",
        )
    return ARCHITECTURES[kind]


def _head_size(config: dict[str, Any]) -> int:
    size: int = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    return size


def _add_shape(writer: gguf.GGUFWriter, config: dict[str, Any]) -> None:
    size = _head_size(config)
    rope = config.get("rope_parameters") or {"rope_theta": config.get("rope_theta", 10000.0)}
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config.get("num_key_value_heads") or config["num_attention_heads"])
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_rope_dimension_count(size)
    writer.add_rope_freq_base(float(rope.get("rope_theta", 10000.0)))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    if (window := config.get("sliding_window")) and config.get("use_sliding_window", True):
        writer.add_sliding_window(window)
    kind = rope.get("rope_type", "default")
    if kind == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(float(rope["factor"]))
    elif kind not in ("default", "llama3"):
        raise ConfigError("this scaling of rotary positions is not understood", got=kind)


def _add_vocabulary(writer: gguf.GGUFWriter, vocabulary: Vocabulary, template: str) -> None:
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types([gguf.TokenType[kind] for kind in vocabulary.kinds])
    writer.add_token_merges(vocabulary.merges)
    for add, number in (
        (writer.add_bos_token_id, vocabulary.bos), (writer.add_eos_token_id, vocabulary.eos),
        (writer.add_pad_token_id, vocabulary.pad),
    ):  # fmt: skip
        if number is not None:
            add(number)
    writer.add_add_bos_token(False)  # the template begins with one where the model has to see it
    writer.add_chat_template(template)


def _tensors(
    model: Path, config: dict[str, Any], architecture: Architecture
) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Yield (name, float32 values) of every tensor that llama.cpp reads."""
    names = gguf.get_tensor_name_map(architecture.arch, config["num_hidden_layers"])
    heads = config["num_attention_heads"]
    key_heads = config.get("num_key_value_heads") or heads
    rotated = {"q_proj": heads, "k_proj": key_heads} if architecture.interleaved else {}
    for name, data in _read(model):
        if name == "lm_head.weight" and config.get("tie_word_embeddings"):
            continue
        told = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if told is None:
            raise ConfigError("a tensor that llama.cpp does not know", place=str(model), got=name)
        part = name.rsplit(".", 2)[-2]
        yield told, _interleaved(data, rotated[part]) if part in rotated else data
    rope = config.get("rope_parameters") or {}
    if rope.get("rope_type") == "llama3":
        yield "rope_freqs.weight", _llama3_factors(rope, _head_size(config))


def _read(model: Path) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    files = sorted(model.glob("*.safetensors"))
    if not files:
        raise ConfigError("no safetensors in this directory", place=str(model))
    for file in files:
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118  # no dictionary
                yield name, opened.get_tensor(name).float().numpy()


def _interleaved(data: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Return query or key rows with rotary pairs side by side; transformers has two halves of a head."""
    rows = data.shape[0]
    pairs = data.reshape(heads, 2, rows // heads // 2, *data.shape[1:])
    return pairs.swapaxes(1, 2).reshape(data.shape)


def _llama3_factors(rope: dict[str, Any], size: int) -> np.ndarray[Any, Any]:
    """Return by what each rotary frequency is divided: Llama 3's way to read further than it was trained."""
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    context = rope["original_max_position_embeddings"]
    found = []
    for place in range(0, size, 2):
        wavelength = 2 * math.pi * rope["rope_theta"] ** (place / size)
        share = (context / wavelength - low) / (high - low)
        share = min(1.0, max(0.0, share))
        found.append(1 / ((1 - share) / rope["factor"] + share))
    return np.array(found, np.float32)


def _add_tensor(
    writer: gguf.GGUFWriter, name: str, data: np.ndarray[Any, Any], quantization: Quantization
) -> None:
    """Add a tensor; vectors stay in float32, and rows that are not whole blocks of 32 in float16."""
    if data.ndim == 1:
        writer.add_tensor(name, data.astype(np.float32))
    elif quantization == "q8_0" and data.shape[-1] % 32 == 0:
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, gguf.quants.quantize(data, kind), raw_dtype=kind)
    else:
        writer.add_tensor(name, data.astype(np.float16))
