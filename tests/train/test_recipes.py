"""The shipped recipes: what they say can be told, the paper's are the paper's, every base can be trained."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tiny_architectures import ARCHITECTURES

from callwright.options import merge, recipes
from callwright.settings import BlendSettings
from callwright.train import DpoConfig, SftConfig
from callwright.weights import HUB_ID

SETTINGS: dict[str, type[Any]] = {"blend": BlendSettings, "sft": SftConfig, "dpo": DpoConfig}
PAPER = {
    # name → base, all weights or an adapter, shares of the blend: Table 1 and sections 3.5 and 4.1
    "xlam-1b-fc-r": ("deepseek-ai/deepseek-coder-1.3b-instruct", "full", "calls=0.5"),
    "xlam-7b-fc-r": ("deepseek-ai/deepseek-coder-7b-instruct-v1.5", "full", "calls=0.5"),
    "xlam-7b-r": ("mistralai/Mistral-7B-Instruct-v0.2", "full", "general=0.25"),
    "xlam-8x7b-r": ("mistralai/Mixtral-8x7B-Instruct-v0.1", "full", "general=0.25"),
    "xlam-8x22b-r": ("mistralai/Mixtral-8x22B-Instruct-v0.1", "lora", "general=0.25"),
}
TRIED = {
    # base → the tiny model of its architecture in test_architectures
    "deepseek-coder-1.3b": "deepseek-coder-1.3b",
    "deepseek-coder-7b": "deepseek-coder-7b-v1.5",
    "Mistral-7B": "mistral",
    "Mixtral-8x": "mixtral",
    "Qwen3": "qwen3",
    "Llama-3.2": "llama-3.2",
    "SmolLM2": "deepseek-coder-7b-v1.5",  # a plain Llama as well
    "smollm2-135m": "deepseek-coder-7b-v1.5",
    "functiongemma": "functiongemma",
}
every_recipe = pytest.mark.parametrize("name", recipes())


def text_of(name: str) -> str:
    return recipes()[name].read_text(encoding="utf-8")


def test_there_is_a_recipe_for_each_model_of_the_paper_and_for_small_ones() -> None:
    small = {
        "qwen3-0.6b", "qwen3-1.7b", "llama-3.2-1b", "smollm2-135m", "smollm2-360m", "smollm2-1.7b",
        "functiongemma-270m",
    }  # fmt: skip
    assert set(recipes()) == PAPER.keys() | small


@every_recipe
@pytest.mark.parametrize("verb", SETTINGS)
def test_every_table_can_be_told_to_its_verb(name: str, verb: str) -> None:
    merge(SETTINGS[verb], Path(name), {}, verb)
    assert set(tomllib.loads(text_of(name))) == SETTINGS.keys()


@every_recipe
def test_every_base_is_the_embedded_model_or_on_the_hub_and_of_a_proven_architecture(name: str) -> None:
    base = merge(SftConfig, Path(name), {}, "sft").base
    assert base == "smollm2-135m" or HUB_ID.fullmatch(base)
    (tried,) = {tiny for part, tiny in TRIED.items() if part in base}
    assert tried in ARCHITECTURES


@pytest.mark.parametrize("name", PAPER)
def test_the_recipes_of_the_paper_say_what_it_says(name: str) -> None:
    base, tuning, weights = PAPER[name]
    blend = merge(BlendSettings, Path(name), {}, "blend")
    stages = [merge(SETTINGS[verb], Path(name), {}, verb) for verb in ("sft", "dpo")]
    assert (stages[0].base, stages[0].tuning, blend.weights) == (base, tuning, weights)
    assert [stage.details.warmup_steps for stage in stages] == [100, 100]
    assert stages[0].epochs > 1


@pytest.mark.parametrize("name", PAPER)
def test_every_value_of_a_recipe_of_the_paper_has_a_source_or_is_called_ours(name: str) -> None:
    values = [line for line in text_of(name).splitlines() if " = " in line and not line.startswith("#")]
    assert len(values) > 12
    for line in values:
        source = line.partition("  # ")[2]
        assert "[P " in source or source.startswith("n.f.; "), line


@every_recipe
def test_no_recipe_gives_experts_what_they_can_not_have(name: str) -> None:
    config = merge(SftConfig, Path(name), {}, "sft")
    if "Mixtral" in config.base:
        assert config.details.lora_dropout == 0
