"""docs/migrate-openai.md, run: the page's file and more like it, its commands, its client code as it is."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from command_line import callwright, start

PAGE = (Path(__file__).parent.parent / "docs" / "migrate-openai.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.slow


def fences(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def training_file(path: Path) -> Path:
    """Write the row of the page, and others that ask of other cities."""
    (row,) = fences("json")
    cities = ["Oslo", *(f"{name} {i}" for i in range(8) for name in ("Rome", "Cairo", "Quito", "Hanoi"))]
    path.write_text("".join(row.replace("Oslo", city) for city in cities), encoding="utf-8")
    return path


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    training_file(tmp_path / "training.jsonl")
    making, serving, setting = fences("sh")
    for line in making.splitlines():
        words = shlex.split(line)
        assert words.pop(0) == "callwright"
        if words[:2] == ["train", "sft"]:  # half an hour is the page's, a third of a minute is the test's
            words = [*words[: words.index("--minutes")], "--minutes", "0.3"]
        done = callwright(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "verified.report.json").read_text("utf-8"))
    assert told["kept"] == 33, "every row of the file is understood and holds"
    port = free_port()
    command = shlex.split(serving.replace("8000", str(port)))
    server = start(*command[1:], cwd=tmp_path)
    try:
        wait_for(f"http://127.0.0.1:{port}/health")
        exported = dict(re.findall(r"export (\w+)=(\S+)", setting.replace("8000", str(port))))
        (client,) = fences("python")
        done = subprocess.run(
            [sys.executable, "-c", client], env={**os.environ, **exported}, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        for line in done.stdout.splitlines():
            name, _, arguments = line.partition(" ")
            assert name == "get_weather"
            assert "'city'" in arguments
        assert done.stdout
    finally:
        server.terminate()
        server.communicate(timeout=60)


def wait_for(address: str) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(300):
        try:
            direct.open(address, timeout=5).read()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server did not start")
