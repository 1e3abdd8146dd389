"""A converted directory holds the weights and the tokens of the GGUF file, whole or not at all."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import AssetError

pytest.importorskip("torch")
pytest.importorskip("gguf")

from callwright.models import convert
from callwright.models.convert import MARKER, embedded_model_dir


def reference(gguf: Path) -> Any:
    """Return the model that transformers itself makes of the file."""
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    return AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
    )


def assert_equal_weights(directory: Path, gguf: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    ours = AutoModelForCausalLM.from_pretrained(directory).state_dict()
    theirs = reference(gguf).state_dict()
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    assert {weight.dtype for weight in ours.values()} == {torch.bfloat16}


@pytest.mark.slow
def test_every_weight_equals_the_one_that_transformers_converts(tiny_dir: Path, tiny_gguf: Path) -> None:
    assert_equal_weights(tiny_dir, tiny_gguf)


def test_config_is_clean_and_says_what_training_needs(tiny_dir: Path) -> None:
    from transformers import AutoConfig

    raw = json.loads((tiny_dir / "config.json").read_text(encoding="utf-8"))
    assert "quantization_config" not in raw
    assert (raw["eos_token_id"], raw["pad_token_id"]) == (2, 0)
    config = AutoConfig.from_pretrained(tiny_dir)
    assert config.tie_word_embeddings
    assert config.rms_norm_eps == 1e-5
    assert json.loads((tiny_dir / "generation_config.json").read_text(encoding="utf-8"))["do_sample"] is False


def test_padding_is_never_the_stop_token(tokenizer: Any) -> None:
    assert (tokenizer.pad_token, tokenizer.pad_token_id) == ("<|endoftext|>", 0)
    assert (tokenizer.eos_token, tokenizer.eos_token_id) == ("<|im_end|>", 2)
    assert tokenizer.model_max_length == 512


@given(st.text())
def test_text_survives_the_tokenizer(tokenizer: Any, text: str) -> None:
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False) == text


def test_digits_are_isolated_before_spaces_are_joined(tokenizer: Any) -> None:
    """Two spaces before a digit are one token for this model; without the digit step they would be two."""
    assert tokenizer.convert_ids_to_tokens(tokenizer.encode("a  7")) == ["a", "ĠĠ", "7"]


def test_a_second_call_converts_nothing(
    tiny_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = embedded_model_dir(tiny_gguf, tmp_path)
    monkeypatch.setattr(convert, "convert", lambda *_: pytest.fail("converted again"))
    assert embedded_model_dir(tiny_gguf, tmp_path) == first


def test_an_unfinished_directory_is_replaced(tiny_gguf: Path, tmp_path: Path) -> None:
    target = embedded_model_dir(tiny_gguf, tmp_path)
    (target / MARKER).unlink()
    (target / "model.safetensors").write_bytes(b"half")
    assert embedded_model_dir(tiny_gguf, tmp_path) == target
    assert (target / MARKER).is_file()
    assert (target / "model.safetensors").stat().st_size > 4


def test_a_failed_conversion_leaves_nothing_behind(
    tiny_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path, out: Path) -> None:
        (out / "config.json").write_text("{}", encoding="utf-8")
        raise AssetError("disk full")

    monkeypatch.setattr(convert, "convert", fail)
    with pytest.raises(AssetError):
        embedded_model_dir(tiny_gguf, tmp_path)
    assert list((tmp_path / "models").iterdir()) == []


def test_the_slower_of_two_conversions_gives_way(
    tiny_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def while_another_process_finishes(_: Path, out: Path) -> None:
        monkeypatch.undo()
        shutil.copytree(embedded_model_dir(tiny_gguf, tmp_path), out, dirs_exist_ok=True)

    monkeypatch.setattr(convert, "convert", while_another_process_finishes)
    target = embedded_model_dir(tiny_gguf, tmp_path)
    assert [path.name for path in (tmp_path / "models").iterdir()] == [target.name]


@pytest.mark.parametrize("content", [b"", b"not a model", b"GGUF\xff\xff\xff\xff"])
def test_a_file_that_is_no_gguf_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(content)
    with pytest.raises(AssetError, match=r"x\.gguf"):
        embedded_model_dir(path, tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="can not be read"):
        embedded_model_dir(tmp_path / "none.gguf", tmp_path)


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    import gguf

    path = tmp_path / "other.gguf"
    writer = gguf.GGUFWriter(path, "mamba")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(AssetError, match="expected llama, got mamba"):
        embedded_model_dir(path, tmp_path)


@pytest.mark.slow
def test_the_embedded_model_converts_exactly(embedded_dir: Path) -> None:
    from callwright import assets

    assert_equal_weights(embedded_dir, assets.extract(assets.EMBEDDED_MODEL, ".gguf"))
