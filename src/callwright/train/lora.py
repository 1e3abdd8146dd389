"""The model that is trained: a frozen base in the dtype this machine is fast at, and a LoRA adapter."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Literal

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from callwright.models.local import best_dtype, silence
from callwright.train.branches import ATTENTION

DType = Literal["auto", "bfloat16", "float32"]


def load_tokenizer(base: Path) -> Any:
    """Return the tokenizer of a model directory."""
    silence()
    return AutoTokenizer.from_pretrained(str(base))


def load_base(base: Path, dtype: DType) -> Any:
    """Return the frozen base model in `dtype`; auto takes bfloat16 where the hardware multiplies it fast."""
    chosen = best_dtype() if dtype == "auto" else getattr(torch, dtype)
    model = AutoModelForCausalLM.from_pretrained(str(base), dtype=chosen, attn_implementation=ATTENTION)
    model.config.use_cache = False
    return model


def add_lora(model: Any, rank: int) -> Any:
    """Return `model` with a fresh adapter on every linear layer but the head.

    The adapter keeps the base's dtype: float32 adapters on a bfloat16 base cost a third of the speed.
    """
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")
    return get_peft_model(model, config, autocast_adapter_dtype=False)


def load_adapter(model: Any, adapter: Path) -> Any:
    """Return `model` with the adapter of a finished run, ready to be trained further."""
    return PeftModel.from_pretrained(model, str(adapter), is_trainable=True, autocast_adapter_dtype=False)


def save_adapter(model: Any, tokenizer: Any, folder: Path, chat_template: str) -> None:
    """Write adapter, tokenizer and chat template; the folder appears whole or not at all."""
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(str(part), selected_adapters=["default"])
    tokenizer.chat_template = chat_template
    tokenizer.save_pretrained(str(part))
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def trainable_parameters(model: Any) -> int:
    """Return how many parameters receive gradients."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)
