"""Where weights are looked for, and what an SFT run left behind."""

import json
from pathlib import Path

import pytest

from callwright.errors import AssetError, ConfigError
from callwright.finetuning import tuned
from callwright.train import SftConfig
from callwright.weights import base_directory, start_of


def model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(b"")
    return folder


def adapter(run: Path, base: str, told: dict[str, str] | None = None) -> Path:
    folder = run / "adapter"
    folder.mkdir(parents=True)
    config = json.dumps({"base_model_name_or_path": base})
    (folder / "adapter_config.json").write_text(config, encoding="utf-8")
    if told is not None:
        (run / "config.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


def test_a_base_is_a_directory_or_a_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert base_directory(str(model(tmp_path / "base"))) == tmp_path / "base"
    monkeypatch.setenv("CALLWRIGHT_HUB_OFFLINE", "1")
    pytest.importorskip("huggingface_hub")
    with pytest.raises(AssetError, match="nobody/nothing is neither a directory nor"):
        base_directory("nobody/nothing")


@pytest.mark.parametrize("name", ["nothing", "a/b/c", "/a/b", "../a", "./a/b"])
def test_what_can_be_neither_is_one_line(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="no such base model: expected smollm2-135m, a directory"):
        base_directory(name)


def test_preferences_start_from_the_adapter_and_the_base_that_it_names(tmp_path: Path) -> None:
    base, run = model(tmp_path / "base"), tmp_path / "run"
    left = adapter(run, str(base))
    assert start_of(run, None) == start_of(left, None) == (base, left)


def test_a_base_that_is_told_wins(tmp_path: Path) -> None:
    other = model(tmp_path / "other")
    left = adapter(tmp_path / "run", str(model(tmp_path / "base")))
    assert start_of(tmp_path / "run", str(other)) == (other, left)


def test_a_base_that_has_moved_is_the_one_that_the_run_was_told(tmp_path: Path) -> None:
    base, run = model(tmp_path / "base"), tmp_path / "run"
    left = adapter(run, "/somewhere/else", {"base": str(base)})
    assert start_of(run, None) == (base, left)
    with pytest.raises(ConfigError, match="the adapter's base model is not there"):
        start_of(adapter(tmp_path / "alone", "/somewhere/else"), None)


def test_preferences_start_from_a_whole_model_without_an_adapter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    left = model(run / "model")
    monkeypatch.chdir(tmp_path)
    assert start_of(Path("run"), None) == start_of(left, None) == (left, None)  # to be found from anywhere


def test_a_run_that_has_not_ended_has_no_weights_yet(tmp_path: Path) -> None:
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="the training run in this directory has not ended"):
        start_of(tmp_path / "run", None)


def test_a_run_remembers_its_base_by_the_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model(tmp_path / "base")
    monkeypatch.chdir(tmp_path)
    config = tuned(SftConfig(base="base"), full=True, qlora=False)
    assert (config.base, config.tuning) == (str(tmp_path / "base"), "full")
    assert tuned(SftConfig(), full=False, qlora=False) == SftConfig()
