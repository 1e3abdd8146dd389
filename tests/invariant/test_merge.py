"""A merged model says what the adapter says on its base, in both dtypes, after it was written and read."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from callwright.errors import ConfigError
from callwright.models.adapters import base_of
from callwright.train import Export, SftConfig, export_model, sft
from tiny_rows import trajectory, write


@pytest.fixture(scope="module")
def adapter(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sft")
    data = write(folder / "train.jsonl", [trajectory(i) for i in range(12)])
    config = SftConfig(lora_rank=4, batch_size=4, epochs=1.0, dtype="float32", learning_rate=5e-2)
    sft(config, base=tiny_base, data=data, out=folder / "run")
    return folder / "run" / "adapter"


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("bfloat16", 0.05)])
def test_the_merged_model_says_what_the_adapter_says(
    tiny_base: Path, adapter: Path, tmp_path: Path, dtype: str, tolerance: float
) -> None:
    from peft import PeftModel

    export_model(adapter, tmp_path / "model", Export(dtype=dtype))  # type: ignore[arg-type]
    base = AutoModelForCausalLM.from_pretrained(str(tiny_base), dtype=getattr(torch, dtype))
    ids = torch.tensor([[1, 40, 77, 130, 9, 2, 300, 41, 5]])
    plain = base(input_ids=ids).logits.float()
    adapted = PeftModel.from_pretrained(base, str(adapter))(input_ids=ids).logits.float()
    merged = AutoModelForCausalLM.from_pretrained(str(tmp_path / "model"))
    assert merged.dtype == getattr(torch, dtype)
    found = merged(input_ids=ids).logits.float()
    assert (found - adapted).abs().max() < tolerance
    assert (adapted - plain).abs().max() > 5 * tolerance, "the adapter does something"


def test_a_merged_model_needs_nothing_else(adapter: Path, tmp_path: Path) -> None:
    export_model(adapter, tmp_path / "model", Export())
    assert base_of(tmp_path / "model") == tmp_path / "model"
    template = AutoTokenizer.from_pretrained(str(tmp_path / "model")).chat_template
    assert template == AutoTokenizer.from_pretrained(str(adapter)).chat_template
    with pytest.raises(ConfigError, match="is there already"):
        export_model(adapter, tmp_path / "model", Export())
