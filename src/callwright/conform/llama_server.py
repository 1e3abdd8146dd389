"""llama.cpp's own server, where it is on the path: its template engine on the template in a GGUF file.

It is a program of its own: it is started on a port of this machine with the file of the folder, and asked.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from callwright.conform.cases import Case
from callwright.conform.requests import messages_of, tools_of
from callwright.conform.runtime import Limit, Runtime, Written
from callwright.errors import RunError
from callwright.record import Json

PROGRAM = "llama-server"
SECONDS = 120
"""Until it has read its file."""


def llama_server(folder: Path) -> Runtime | None:
    """Return the server with the GGUF file of a folder; None where either is missing."""
    program, files = shutil.which(PROGRAM), sorted(folder.glob("*.gguf"))
    if program is None or not files:
        return None
    port = _free_port()
    command = [program, "-m", str(files[0]), "--jinja", "--host", "127.0.0.1", "--port", str(port)]
    running = subprocess.Popen(
        [*command, "-c", "512", "--no-warmup"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    client = Client(port)
    try:
        client.wait(running)
        ends = client.ask("/tokenize", {"content": client.eos, "parse_special": True})["tokens"]
    except BaseException:
        running.kill()
        running.wait()
        raise

    def prompt(case: Written) -> list[int]:
        asked = {"messages": messages_of(case.case, arguments_as="text")[:-1], "tools": tools_of(case.case)}
        text = client.ask("/apply-template", {key: value for key, value in asked.items() if value})["prompt"]
        wanted = {"content": text, "add_special": False, "parse_special": True}
        ids: list[int] = client.ask("/tokenize", wanted)["tokens"]
        return ids

    def learnt(case: Written) -> Json:
        """What the model has to write reads as the answer, and ends where llama.cpp stops."""
        *body, last = case.answer
        text = client.ask("/detokenize", {"tokens": body})["content"] if body else ""
        return None if text == case.text and [last] == ends else {"text": text[:200], "ends": [last] == ends}

    def close() -> None:
        running.terminate()
        running.wait()

    limit = Limit("integers of 64 bits and more, and numbers that six decimals do not tell", holds_odd_number)
    return Runtime(PROGRAM, client.build, prompt, learnt, close=close, limit=limit)


def holds_odd_number(case: Case) -> bool:
    """Tell whether tools or calls hold a number that llama.cpp's template engine writes otherwise."""
    calls = [call.arguments for message in case.row.messages for call in message.tool_calls]
    return any(map(_is_odd, _numbers([[tool.parameters for tool in case.row.tools or ()], calls])))


def _numbers(value: Json) -> Iterator[int | float]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _numbers(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def _is_odd(number: int | float) -> bool:
    """Tell whether the template, in llama.cpp's arithmetic, does not write what JSON does.

    As of 2026 that engine holds integers in 64 bits, shows floats with six decimals at most, and writes the
    very large and very small ones, for which the template asks for JSON, with six digits.
    """
    if isinstance(number, int):
        return not -(2**63) <= number < 2**63
    plain = number == 0 or 1e-4 <= abs(number) < 1e16
    shown = f"{number:.6f}".rstrip("0") if plain else f"{number:g}"
    return shown + "0" * shown.endswith(".") != json.dumps(number)


class Client:
    """Asks one server, over one connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        self.build = ""
        self.eos = ""

    def ask(self, path: str, body: Json = None) -> Any:
        """Return what the server answers; raises `RunError` for a refusal.

        A server ends a connection that was quiet for some seconds: then it is asked once more over a new one.
        """
        try:
            return self._asked(path, body)
        except (ConnectionError, HTTPException):
            self._connection.close()
            return self._asked(path, body)

    def _asked(self, path: str, body: Json) -> Any:
        method, sent = ("GET", None) if body is None else ("POST", json.dumps(body))
        self._connection.request(method, path, sent, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        told = response.read()
        if response.status != 200:
            raise RunError(f"{PROGRAM} refused {path}", got=told.decode("utf-8", "replace")[:300])
        return json.loads(told)

    def wait(self, running: subprocess.Popen[bytes]) -> None:
        """Wait until the server has read its file; raises `RunError` if it ends before."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and running.poll() is None:
            try:
                if self.ask("/health").get("status") == "ok":
                    props = self.ask("/props")
                    self.build, self.eos = str(props.get("build_info", "?")), props["eos_token"]
                    return
            except (OSError, HTTPException, RunError):
                self._connection.close()
                time.sleep(0.2)
        raise RunError(f"{PROGRAM} did not start", place=f"127.0.0.1:{self._port}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
