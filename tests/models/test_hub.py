"""Models by their hub id: from the user's cache, else fetched aloud, else one line; never a pickle."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from callwright.errors import AssetError
from callwright.models.hub import hub_directory

constants = pytest.importorskip("huggingface_hub.constants")

NAME = "someone/tiny-model"
COMMIT = "a" * 40
FILES = {
    "config.json": b"{}",
    "model.safetensors": b"weights",
    "tokenizer.json": b"{}",
    "pytorch_model.bin": b"a pickle",
    "consolidated.safetensors": b"the same again",
}


class Hub(BaseHTTPRequestHandler):
    """The few answers of the Hugging Face Hub that fetching a model takes."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.startswith(f"/api/models/{NAME}/tree/"):
            listed = [{"type": "file", "path": p, "size": len(b), "oid": p} for p, b in FILES.items()]
            return self.answer(json.dumps(listed).encode(), "application/json")
        if path.startswith(f"/api/models/{NAME}"):
            told = {"id": NAME, "sha": COMMIT, "siblings": [{"rfilename": p} for p in FILES]}
            return self.answer(json.dumps(told).encode(), "application/json")
        file = path.rpartition("/")[2]
        if path == f"/{NAME}/resolve/{COMMIT}/{file}" and file in FILES:
            return self.answer(FILES[file], "application/octet-stream")
        self.send_error(404)
        return None

    def answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        headers = {
            "Content-Type": kind,
            "Content-Length": len(body),
            "X-Repo-Commit": COMMIT,
            "ETag": f'"{hash(body)}"',
        }
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


def at(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache and a hub that can not be reached; the library keeps both as constants."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    at(monkeypatch, "http://127.0.0.1:9")
    for name in ("HF_HUB_OFFLINE", "CALLWRIGHT_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


@pytest.fixture
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=server.serve_forever, daemon=True).start()
    at(monkeypatch, f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    server.server_close()


def silent(text: str) -> None:
    raise AssertionError(f"said {text!r}")


def looked_up(cache: Path, *files: str) -> Path:
    folder = cache / "models--someone--tiny-model"
    snapshot = folder / "snapshots" / COMMIT
    for place in (folder / "refs", snapshot):
        place.mkdir(parents=True)
    (folder / "refs" / "main").write_text(COMMIT, encoding="utf-8")
    for name in files:
        (snapshot / name).write_bytes(b"{}")
    return snapshot


def test_what_lies_in_the_cache_is_taken_without_a_word(cache: Path) -> None:
    snapshot = looked_up(cache, "config.json", "model.safetensors")
    assert hub_directory(NAME, silent) == snapshot


@pytest.mark.usefixtures("hub")
def test_a_model_of_which_only_the_configuration_was_looked_up_is_fetched(cache: Path) -> None:
    snapshot = looked_up(cache, "config.json")
    assert hub_directory(NAME, lambda text: None) == snapshot
    assert (snapshot / "model.safetensors").is_file()


@pytest.mark.usefixtures("hub")
def test_what_is_not_is_fetched_aloud_and_only_once_and_without_pickles() -> None:
    said: list[str] = []
    folder = hub_directory(NAME, said.append)
    assert said == [f"  fetching {NAME} from {constants.ENDPOINT}"]
    assert {p.name for p in folder.iterdir()} == {"config.json", "model.safetensors", "tokenizer.json"}
    assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert hub_directory(NAME, silent) == folder


@pytest.mark.usefixtures("hub")
def test_a_user_who_is_offline_is_not_taken_online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLWRIGHT_HUB_OFFLINE", "1")
    with pytest.raises(AssetError) as caught:
        hub_directory(NAME, silent)
    assert str(caught.value) == (
        f"{NAME} is neither a directory nor in the Hugging Face cache, and can not be fetched: "
        f"got HF_HUB_OFFLINE is set (on a connected machine run `hf download {NAME}`, or name a directory)"
    )


@pytest.mark.usefixtures("hub")
def test_libraries_stay_offline_after_a_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("CALLWRIGHT_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hub_directory(NAME, lambda text: None)
    assert constants.HF_HUB_OFFLINE is True


@pytest.mark.usefixtures("hub")
def test_a_model_that_the_hub_does_not_have_is_one_line() -> None:
    with pytest.raises(AssetError) as caught:
        hub_directory("someone/nothing", lambda text: None)
    assert "someone/nothing is neither a directory nor" in str(caught.value)
    assert "404" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("cache")
def test_a_hub_that_can_not_be_reached_is_one_line() -> None:
    with pytest.raises(AssetError) as caught:
        hub_directory(NAME, lambda text: None)
    assert "can not be fetched: got " in str(caught.value)
    assert "\n" not in str(caught.value)
