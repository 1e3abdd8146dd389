"""Serving on this machine: ours beside `transformers serve`: same model, requests and clients, in one run.

Eight clients of the official library send requests of about 500 tokens, each with its own tools, and read
answers of up to 48 tokens; every fourth request goes on with the conversation before it. Both servers run
in processes of their own, one after the other, with the embedded model in the same number format; the first
eight requests warm up and do not count. The peer needs `pip install 'transformers[serving]'`.

    python bench/serve.py [repeats] [requests a client]
"""

import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

CLIENTS = 8
TOKENS = 512
ANSWER = 48


def model_directory(folder: Path) -> Path:
    """Write the embedded model with our chat template, so that both servers make the same prompts."""
    from callwright.formats import chat_template
    from callwright.weights import base_directory

    shutil.copytree(base_directory("smollm2-135m"), folder / "model")
    (folder / "model" / "chat_template.jinja").write_text(chat_template(), encoding="utf-8")
    return folder / "model"


def requests_of(model: Path, count: int) -> list[dict[str, Any]]:
    """Return bodies of chat completions."""
    from _training_rows import rows_of

    from callwright.train import lora

    rows = rows_of(lora.load_tokenizer(model), tokens=TOKENS, count=count, alike=1)
    bodies: list[dict[str, Any]] = []
    for place, row in enumerate(rows):
        tools = [
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
            }
            for t in row.tools or ()
        ]
        messages = [{"role": "user", "content": row.messages[0].content}]
        if place % 4 == 3:
            last = bodies[-1]
            said = {"role": "assistant", "content": "I have looked into it."}
            messages, tools = [*last["messages"], said, *messages], last["tools"]
        bodies.append({"messages": messages, "tools": tools, "max_tokens": ANSWER, "temperature": 0})
    return bodies


@contextmanager
def serving(side: str, model: Path) -> Iterator[str]:
    """Run a server; yield its address once it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    scripts = Path(sys.executable).parent
    commands = {
        "ours": [str(scripts / "callwright"), "serve", str(model), "--port", port],
        "transformers": [
            str(scripts / "transformers"),
            "serve",
            str(model),
            "--port",
            port,
            "--dtype",
            "bfloat16",
        ],
    }
    settings = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000", "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryFile() as said:
        server = subprocess.Popen(commands[side], stdout=said, stderr=said, env={**os.environ, **settings})
        try:
            _wait_for(port, server, said)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait(60)


def _wait_for(port: str, server: subprocess.Popen[bytes], said: BinaryIO) -> None:
    for _ in range(600):
        if server.poll() is not None:
            said.seek(0)
            last = said.read().decode().strip().splitlines()[-1:]
            sys.exit(f"the server ended with {server.returncode}: {''.join(last)}")
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", int(port))):
                return
        time.sleep(0.2)
    sys.exit("the server does not answer")


async def asked(url: str, model: str, bodies: list[dict[str, Any]]) -> tuple[float, int, list[float]]:
    """Return the seconds that all requests took, the tokens that came back, and the seconds of each."""
    import openai

    waiting = iter(bodies)
    tokens = 0
    each: list[float] = []
    async with openai.AsyncOpenAI(base_url=url, api_key="unused", max_retries=0, timeout=600) as client:

        async def one_client() -> None:
            nonlocal tokens
            for body in waiting:
                started = time.perf_counter()
                answer = await client.chat.completions.create(model=model, **body)
                each.append(time.perf_counter() - started)
                tokens += answer.usage.completion_tokens if answer.usage else 0

        started = time.perf_counter()
        await asyncio.gather(*(one_client() for _ in range(CLIENTS)))
        return time.perf_counter() - started, tokens, each


def measure(side: str, model: Path, bodies: list[dict[str, Any]]) -> dict[str, float]:
    """Return requests and tokens a second of one server."""
    with serving(side, model) as url:
        asyncio.run(asked(url, str(model), bodies[:CLIENTS]))
        seconds, tokens, each = asyncio.run(asked(url, str(model), bodies[CLIENTS:]))
    return {
        "requests": len(each) / seconds,
        "tokens": tokens / seconds,
        "median": statistics.median(each),
        "longest": max(each),
    }


def main(repeats: int, count: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        model = model_directory(Path(temporary))
        bodies = requests_of(model, CLIENTS * (count + 1))
        found: dict[str, list[dict[str, float]]] = {"ours": [], "transformers": []}
        for _ in range(repeats):
            for side, all_of in found.items():
                all_of.append(measure(side, model, bodies))
                print(side, json.dumps({k: round(v, 3) for k, v in all_of[-1].items()}), file=sys.stderr)
    ratios = [
        a["requests"] / b["requests"] for a, b in zip(found["ours"], found["transformers"], strict=True)
    ]
    for side, all_of in found.items():
        middle = {key: statistics.median(one[key] for one in all_of) for key in all_of[0]}
        print(
            f"{side:<13}{middle['requests']:6.2f} requests/s{middle['tokens']:7.1f} tokens/s   an answer "
            f"{middle['median']:.1f} s, the slowest {middle['longest']:.1f} s"
        )
    print(f"ours: {statistics.median(ratios):.2f} times ({min(ratios):.2f} … {max(ratios):.2f})")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    main(numbers[0] if numbers else 3, numbers[1] if len(numbers) > 1 else 6)
