"""A thousand requests, many of them meant badly: each gets its status, and the server stays as it was."""

import asyncio
import json
import random
import resource
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="serving needs callwright[serve]")
pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("llguidance")

import httpx
import openai
from running_server import serving

from callwright.models.local import LocalModel
from callwright.models.writer import LocalWriter
from callwright.serve.settings import Limits

ASKED: list[Any] = [{"role": "user", "content": "Light in the attic, please."}]


@pytest.fixture(scope="module")
def url(tiny_base: Path) -> Iterator[str]:
    model = LocalModel(tiny_base, dtype="float32", name="tiny")
    with serving(
        LocalWriter(model, remember=4 << 20), limits=Limits(open=1000, body_bytes=100_000)
    ) as address:
        yield address


def tool(parameters: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "bomb", "parameters": parameters}}


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


LAUGHS = {f"l{i}": {"anyOf": [{"$ref": f"#/$defs/l{i + 1}"}] * 10} for i in range(12)}
BOMBS: dict[str, Any] = {
    "deep": nested(400),
    "deeper than json": "[" * 20_000,
    "itself": {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    "a billion laughs": {"$defs": {**LAUGHS, "l12": {"type": "string"}}, "$ref": "#/$defs/l0"},
    "a pattern that backtracks": {
        "type": "object",
        "properties": {"a": {"type": "string", "pattern": "(a+)+$"}},
    },
    "a large counter": {
        "type": "object",
        "properties": {"a": {"type": "string", "pattern": "(a{1000}){1000}"}},
    },
    "many properties": {"type": "object", "properties": {f"p{i}": {"type": "string"} for i in range(2000)}},
    "many values": {"type": "object", "properties": {"a": {"enum": [f"v{i}" for i in range(5000)]}}},
    "a foreign reference": {"$ref": "https://example.org/schema.json"},
    "no schema": {"type": 7, "properties": [1, 2]},
    "unusual": {"type": "object", "properties": {"a": {"not": {"type": "string"}, "if": {}, "then": False}}},
}


@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_schema_that_is_meant_badly_gets_an_answer_or_a_400(url: str, name: str, constrained: bool) -> None:
    bomb = BOMBS[name]
    body: Any = {"messages": ASKED, "max_tokens": 8, "tools": [tool({} if isinstance(bomb, str) else bomb)]}
    if constrained:
        body["tool_choice"] = "required"
    content = json.dumps(body)
    if isinstance(bomb, str):
        content = content.replace('"parameters": {}', f'"parameters": {bomb}')
    answer = httpx.post(f"{url}/v1/chat/completions", content=content, timeout=60)
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        assert answer.json()["error"]["message"]
    assert httpx.get(f"{url}/health").status_code == 200


BROKEN = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"\xff\xfe",
    b'{"messages": 7}',
    b'{"messages": [{"role": "user"}',
    b"[" * 50_000,
)


async def one(client: openai.AsyncOpenAI, web: httpx.AsyncClient, rng: random.Random) -> str:
    """Send a request of some kind; return what came of it."""
    route = rng.choice(("/v1/chat/completions", "/v1/responses"))
    match rng.choice(
        ("plain", "plain", "stream", "call", "hang up", "hang up in a stream", "broken", "large")
    ):
        case "plain":
            answer = await client.chat.completions.create(
                model="m", messages=ASKED, max_tokens=rng.randint(1, 12)
            )
            return f"answered {answer.choices[0].finish_reason}"
        case "stream":
            events = await client.chat.completions.create(
                model="m",
                messages=ASKED,
                max_tokens=12,
                stream=True,
                temperature=1.0,
                seed=rng.randint(0, 99),
            )
            return f"streamed {[e.choices[0].finish_reason async for e in events][-1]}"
        case "call":
            schema = {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}
            answer = await client.chat.completions.create(
                model="m", messages=ASKED, max_tokens=100, tools=[tool(schema)],  # type: ignore[list-item]
                tool_choice="required", parallel_tool_calls=False,
            )  # fmt: skip
            [call] = answer.choices[0].message.tool_calls or []
            return f"called with {sorted(json.loads(call.function.arguments))}"  # type: ignore[union-attr]
        case "hang up":
            body = {"messages": ASKED, "input": "x", "max_tokens": 400, "temperature": 2.0}
            try:
                await web.post(route, json=body, timeout=rng.random() / 5)
            except httpx.TimeoutException:
                return "hung up"
            return "was faster"
        case "hang up in a stream":
            body = {"messages": ASKED, "input": "x", "max_tokens": 400, "temperature": 2.0, "stream": True}
            async with web.stream("POST", route, json=body) as response:
                async for _ in response.aiter_raw():
                    if rng.random() < 0.3:
                        break
            return "hung up"
        case "broken":
            response = await web.post(route, content=rng.choice(BROKEN))
            return f"broken {response.status_code}"
        case _:
            response = await web.post(route, content=b'{"messages": "' + b"x" * 200_000)
            return f"large {response.status_code}"


def memory() -> float:
    """Return the resident size of this process, in MiB: the server is a thread of it."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * resource.getpagesize() / (1 << 20)


@pytest.mark.slow
def test_a_thousand_requests_leave_the_server_as_it_was(url: str) -> None:
    async def some(count: int, seed: int) -> Counter[str]:
        gate = asyncio.Semaphore(32)
        async with (
            openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0, timeout=120) as client,
            httpx.AsyncClient(base_url=url, timeout=120) as web,
        ):

            async def gated(number: int) -> str:
                async with gate:
                    return await one(client, web, random.Random(seed * 10_000 + number))

            return Counter(await asyncio.gather(*(gated(number) for number in range(count))))

    asyncio.run(some(250, 1))
    before = memory()
    found = asyncio.run(some(1000, 2))
    assert sum(found.values()) == 1000
    expected = ("answered length", "answered stop", "streamed length", "streamed stop", "called with ['on']")
    assert set(found) <= {*expected, "hung up", "was faster", "broken 400", "large 413"}, found
    assert found["hung up"] > 100
    assert found["broken 400"] > 50
    assert found["large 413"] > 50
    assert found["called with ['on']"] > 50
    assert memory() - before < 60
    for _ in range(100):
        health = httpx.get(f"{url}/health").json()
        if health == {"status": "ok", "waiting": 0, "running": 0}:
            break
    else:
        raise AssertionError(health)
