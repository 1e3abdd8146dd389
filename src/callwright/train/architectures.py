"""Which models can be trained here: those whose packed forward was proven to be that of the plain model.

A pack shows a model rows side by side (see `branches`). That is right where everything but attention looks at
single tokens and positions are only told by `position_ids`, and a model may break it silently: a cap on its
scores, rotary angles that depend on the length of what is read, attention to both sides. So architectures are
let in one by one, each with a tiny model in `tests/train/test_architectures.py`, and others are refused.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from callwright.errors import ConfigError


class Proven(NamedTuple):
    """An architecture whose rows can be packed."""

    models: str
    """Whose it is."""
    off: tuple[str, ...] = ()
    """Settings of its configuration that have to be off."""


PACKED: dict[str, Proven] = {
    # by `model_type`
    "llama": Proven("DeepSeek-Coder, Llama 2 and 3, SmolLM2"),
    "mistral": Proven("Mistral-7B, with a window (v0.1) and without"),
    "mixtral": Proven("Mixtral-8x7B, Mixtral-8x22B", ("router_jitter_noise",)),
    "qwen2": Proven("Qwen2, Qwen2.5, xLAM-2"),
    "qwen3": Proven("Qwen3, dense"),
    "gemma3_text": Proven("Gemma 3 (text), FunctionGemma", ("use_bidirectional_attention",)),
}
ROTARY = ("default", "linear", "llama3", "yarn")
"""Kinds of rotary positions whose angles do not depend on how much is read at once."""


def refuse_unproven(config: Any, place: str) -> None:
    """Raise `ConfigError` for a model whose rows can not be packed, or of which nobody has shown it."""
    kind = config.model_type
    if kind not in PACKED:
        raise ConfigError(
            "this architecture has not been proven here", place=place, expected=" | ".join(PACKED), got=kind
        )
    told = config.to_dict()
    for name in PACKED[kind].off:
        if told.get(name):
            raise ConfigError(f"can not be trained with {name}", place=place, got=str(told[name]))
    for rotary in _rotary_kinds(told.get("rope_parameters") or {}):
        if rotary not in ROTARY:
            raise ConfigError(
                "can not be trained with these rotary positions",
                place=place,
                expected=" | ".join(ROTARY),
                got=rotary,
            )


def _rotary_kinds(parameters: dict[str, Any]) -> set[str]:
    """Return the kinds of rotary positions, of which layers may have their own."""
    if "rope_type" in parameters:
        return {parameters["rope_type"]}
    return {each["rope_type"] for each in parameters.values() if isinstance(each, dict)}


def experts(model: Any) -> list[str]:
    """Return how the weights of a model's experts are called, without the layer; PEFT sees no layers."""
    return sorted({_within_layer(name) for name, p in model.named_parameters() if p.ndim == 3})


def routers(model: Any) -> list[str]:
    """Return how the weights that choose experts are called, without the layer."""
    folders = {name.rpartition(".experts.")[0] for name in experts(model)}
    return sorted(f"{folder}.gate.weight" for folder in folders)


def _within_layer(name: str) -> str:
    return name.partition(".layers.")[2].partition(".")[2]
