"""A model whose files lack weights is refused in one line: none is ever drawn at random in their place."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from callwright.errors import ConfigError

pytest.importorskip("torch")
pytest.importorskip("peft")

from callwright.models.local import load, silence
from callwright.models.pretrained import read_adapter, read_model


def configured(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | changes), encoding="utf-8")


def cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])


BROKEN: dict[str, Callable[[Path], object]] = {
    "more layers than the file": lambda folder: configured(folder, num_hidden_layers=3),
    "another architecture": lambda folder: configured(folder, model_type="bert"),
    "another width": lambda folder: configured(folder, hidden_size=96, head_dim=24),
    "an unknown architecture": lambda folder: configured(folder, model_type="nonsense"),
    "half of the file": cut,
    "an empty file": lambda folder: (folder / "model.safetensors").write_bytes(b""),
    "no file": lambda folder: (folder / "model.safetensors").unlink(),
    "no tokenizer": lambda folder: [file.unlink() for file in folder.glob("tokenizer*")],
    "half a tokenizer": lambda folder: (folder / "tokenizer.json").write_text("{", encoding="utf-8"),
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN)
def test_a_broken_model_is_refused_in_one_line(
    damage: Callable[[Path], object], tiny_dir: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_dir, tmp_path / "model"))
    damage(folder)
    with pytest.raises(ConfigError) as error:
        load(folder)
    assert "\n" not in str(error.value)


def test_a_whole_model_is_read_whole(tiny_dir: Path) -> None:
    silence()
    model = read_model(tiny_dir)
    assert all(parameter.isfinite().all() for parameter in model.parameters())


@pytest.fixture
def adapter(tiny_dir: Path, tmp_path: Path) -> Path:
    import peft

    config = peft.LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    peft.get_peft_model(read_model(tiny_dir), config).save_pretrained(tmp_path / "adapter")
    return tmp_path / "adapter"


def test_an_adapter_is_read(tiny_dir: Path, adapter: Path) -> None:
    assert read_adapter(read_model(tiny_dir), adapter).peft_config["default"].r == 2


def test_an_adapter_whose_weights_are_of_other_layers_is_refused(tiny_dir: Path, adapter: Path) -> None:
    """It would change nothing, and the base would be measured and served as the model that was trained."""
    from safetensors.torch import load_file, save_file

    file = adapter / "adapter_model.safetensors"
    save_file(
        {name.replace("self_attn", "attention"): value for name, value in load_file(file).items()}, file
    )
    with pytest.raises(ConfigError, match="does not hold all weights"):
        read_adapter(read_model(tiny_dir), adapter)


@pytest.mark.parametrize("change", [{"r": 4}, {"target_modules": ["nothing"]}, {"peft_type": "NOPE"}])
def test_an_adapter_of_another_shape_is_refused(
    tiny_dir: Path, adapter: Path, change: dict[str, Any]
) -> None:
    told = adapter / "adapter_config.json"
    told.write_text(json.dumps(json.loads(told.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(ConfigError):
        read_adapter(read_model(tiny_dir), adapter)


def test_half_an_adapter_is_refused(tiny_dir: Path, adapter: Path) -> None:
    file = adapter / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ConfigError, match="can not be loaded"):
        read_adapter(read_model(tiny_dir), adapter)
