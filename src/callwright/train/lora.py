"""The model that is trained: an adapter on a frozen base, on a base in four bits, or all of its weights.

An adapter keeps the base's number format: float32 adapters on a bfloat16 base cost a third of the speed. What
rounding would lose is kept by the optimiser (see `optimizer`).
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoConfig, AutoTokenizer, BitsAndBytesConfig
from transformers.integrations.liger import apply_liger_kernel
from transformers.utils import is_bitsandbytes_available, is_liger_kernel_available

from callwright.errors import ConfigError, ExtraMissing
from callwright.models.local import best_dtype, fitted, silence
from callwright.models.pretrained import read_adapter, read_model, readable
from callwright.train.architectures import experts, refuse_unproven, routers
from callwright.train.attention import ATTENTION
from callwright.train.branches import answer_with_logps
from callwright.train.compiled import compiled
from callwright.train.config import CONFIG, Details, DpoConfig, SftConfig
from callwright.train.control_tokens import keep_only_used
from callwright.train.directory import whole
from callwright.train.passes import fewer_passes
from callwright.train.processes import by_deepspeed, size_of

DType = Literal["auto", "bfloat16", "float32"]
CHECKPOINTED = 3_000_000_000
"""Weights from which a GPU computes activations again rather than keeping them, unless it is told."""
LIGER = {"cross_entropy": False, "fused_linear_cross_entropy": False}
"""Of Liger's kernels, those inside the layers are taken where they are installed; the head is ours."""
USUAL = Details()
ATTENTION_LAYERS = ["q_proj", "k_proj", "v_proj", "o_proj"]


def load_tokenizer(base: Path) -> Any:
    """Return the tokenizer of a model directory."""
    silence()
    return AutoTokenizer.from_pretrained(str(base))


def for_sft(base: Path, config: SftConfig) -> Any:
    """Return the model of `base`, ready for what `config.tuning` trains."""
    model = load_base(base, config.dtype, four_bit=config.tuning == "qlora")
    if config.tuning == "full":
        model = free_all(model)
    else:
        model = add_lora(model, config.lora_rank, config.details, config.seed)
    return lightened(checkpointed(model, config.details), config.details)


def for_dpo(base: Path, adapter: Path | None, config: DpoConfig) -> Any:
    """Return `base` with the adapter of an SFT run, or with a fresh one, which as a reference is the base."""
    model = load_base(base, config.dtype, four_bit=adapter is not None and in_four_bits(adapter))
    if adapter is None:
        model = add_lora(model, config.lora_rank, config.details, config.seed)
    else:
        model = load_adapter(model, adapter)
    return lightened(checkpointed(model, config.details), config.details)


def load_base(base: Path, dtype: DType, *, four_bit: bool = False) -> Any:
    """Return the base model in `dtype`; auto takes bfloat16 where the hardware multiplies it fast.

    Raises `ConfigError` for a model that can not be loaded or whose architecture is not proven.
    """
    silence()
    chosen = best_dtype() if dtype == "auto" else getattr(torch, dtype)
    with readable(base):
        told = AutoConfig.from_pretrained(str(base), local_files_only=True)
    refuse_unproven(told, str(base))
    quantized = {"quantization_config": _four_bits(told, chosen)} if four_bit else {}
    model = read_model(base, dtype=chosen, attn_implementation=ATTENTION, **quantized)
    model.config.use_cache = False
    model.requires_grad_(False)
    if torch.cuda.is_available() and is_liger_kernel_available():
        apply_liger_kernel(model, LIGER)
    answer_with_logps(model)
    return model


def _four_bits(config: Any, compute: torch.dtype) -> BitsAndBytesConfig:
    """Return the quantization of Dettmers et al. (arXiv 2305.14314): NF4, its scales quantized as well."""
    if config.to_dict().get("num_local_experts"):
        raise ConfigError("experts can not be held in 4 bits", expected="--tuning lora")
    if not is_bitsandbytes_available():
        raise ExtraMissing("4-bit weights need bitsandbytes", hint="pip install 'callwright[qlora]'")
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute,
    )


def add_lora(model: Any, rank: int, details: Details = USUAL, seed: int = 7) -> Any:
    """Return `model` with a fresh adapter on what `details.lora_targets` says, never on the head.

    Experts are whole parameters, not layers, and get theirs by name. Their router stays as it is unless asked
    for: its balance is that of the pretraining, so no auxiliary loss is needed to keep it.
    """
    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank,
        lora_alpha=details.lora_alpha or 2 * rank,
        lora_dropout=details.lora_dropout,
        task_type="CAUSAL_LM",
        **_targets(model, details),
    )
    return _unchanged_when_loaded(get_peft_model(model, config, autocast_adapter_dtype=False))


def _targets(model: Any, details: Details) -> dict[str, Any]:
    if details.lora_targets == "attention":
        return {"target_modules": ATTENTION_LAYERS}
    parameters = experts(model)
    if not parameters:
        return {"target_modules": "all-linear"}
    if details.lora_dropout:
        raise ConfigError("details.lora_dropout: the adapter of an expert can have none", expected="0")
    if details.lora_targets == "all-and-router":
        parameters += routers(model)
    # By name, since PEFT takes "all-linear" of such a model to mean the router, too.
    return {"target_modules": ATTENTION_LAYERS, "target_parameters": parameters}


def free_all(model: Any) -> Any:
    """Return `model` with all of its weights trained but the routers of experts (see `add_lora`)."""
    frozen = tuple(routers(model))
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not (frozen and name.endswith(frozen)))
    return model


def checkpointed(model: Any, details: Details) -> Any:
    """Return `model`, told to compute activations twice where `details` or its size on a GPU says so."""
    large = torch.cuda.is_available() and sum(p.numel() for p in model.parameters()) >= CHECKPOINTED
    if details.gradient_checkpointing == "on" or (details.gradient_checkpointing == "auto" and large):
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return model


def lightened(model: Any, details: Details = USUAL) -> Any:
    """Return `model`, told to go less often through memory where that is what takes the time."""
    if details.compile:
        return compiled(model)
    return model if torch.cuda.is_available() or by_deepspeed() else fewer_passes(model)


def load_adapter(model: Any, adapter: Path) -> Any:
    """Return `model` with the adapter of a finished run, ready to be trained further."""
    loaded = read_adapter(model, adapter, is_trainable=True, autocast_adapter_dtype=False)
    return _unchanged_when_loaded(loaded)


def _unchanged_when_loaded(model: Any) -> Any:
    """Return `model`, told that adapters of a checkpoint keep the base's number format, too.

    A trainer that goes on loads them into the model; PEFT would make float32 of them, which is another
    training, and none where an adapter is added inside its product.
    """
    model.load_adapter = partial(model.load_adapter, autocast_adapter_dtype=False)
    return model


def in_four_bits(adapter: Path) -> bool:
    """Tell whether the run that left an adapter trained it on a base in four bits."""
    told = adapter.parent / CONFIG
    return told.is_file() and json.loads(told.read_text(encoding="utf-8")).get("tuning") == "qlora"


def folder_of(model: Any) -> str:
    """Return what the folder is called that a run leaves: "adapter", or "model" where all was trained."""
    return "adapter" if isinstance(model, PeftModel) else "model"


def save(
    model: Any, weights: dict[str, torch.Tensor] | None, tokenizer: Any, folder: Path, chat_template: str
) -> None:
    """Write what was trained with tokenizer and chat template, which is what `LocalModel` opens.

    `weights` are those of the model where it has only a shard of them.
    """
    chosen = {"selected_adapters": ["default"]} if isinstance(model, PeftModel) else {}
    tokenizer.chat_template = fitted(tokenizer, chat_template)
    with whole(folder) as part:
        model.save_pretrained(str(part), state_dict=weights, **chosen)
        tokenizer.save_pretrained(str(part))
        keep_only_used(part, tokenizer)


def trainable_parameters(model: Any) -> int:
    """Return how many parameters receive gradients."""
    return sum(size_of(p) for p in model.parameters() if p.requires_grad)
