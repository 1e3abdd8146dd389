"""The official client against a server of a real, random model: what the grammar promises, and what streams.

A random model says nothing sensible, which is the point: whatever it would like to write, calls are valid.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
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
from callwright.record import Tool
from callwright.schema import check
from callwright.serve.settings import Defaults, Limits

LIGHT = {
    "type": "object",
    "properties": {"on": {"type": "boolean"}, "room": {"enum": ["hall", "attic"]}},
    "required": ["on", "room"],
    "additionalProperties": False,
}
WAIT = {
    "type": "object",
    "properties": {"hours": {"type": "integer", "minimum": 1, "maximum": 9}},
    "required": ["hours"],
}
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "light", "description": "Switch.", "parameters": LIGHT}},
    {"type": "function", "function": {"name": "wait", "parameters": WAIT}},
]
SCHEMAS = {"light": LIGHT, "wait": WAIT}
ASKED: list[Any] = [{"role": "user", "content": "Light in the attic, please."}]


@pytest.fixture(scope="module")
def model(tiny_base: Path) -> LocalModel:
    return LocalModel(tiny_base, dtype="float32", name="tiny")


@pytest.fixture(scope="module")
def url(model: LocalModel) -> Iterator[str]:
    with serving(LocalWriter(model), limits=Limits(max_tokens=1000)) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0) as opened:
        yield opened


def ask(client: openai.OpenAI, **more: Any) -> Any:
    return client.chat.completions.create(model="tiny", messages=ASKED, **{"max_tokens": 200, **more})


def issues(schema: dict[str, Any], value: Any) -> list[Any]:
    return list(check(schema, value))


def valid(call: Any) -> bool:
    return not issues(SCHEMAS[call.function.name], json.loads(call.function.arguments))


@pytest.mark.parametrize("seed", range(8))
def test_a_required_call_is_made_and_follows_its_schema(client: openai.OpenAI, seed: int) -> None:
    [choice] = ask(client, tools=TOOLS, tool_choice="required", temperature=2.0, seed=seed).choices
    assert choice.message.content is None
    assert choice.message.tool_calls
    assert all(valid(call) for call in choice.message.tool_calls)
    assert choice.finish_reason == "tool_calls"


@pytest.mark.parametrize("name", ["light", "wait"])
def test_a_named_tool_is_called_once(client: openai.OpenAI, name: str) -> None:
    wanted = {"type": "function", "function": {"name": name}}
    for seed in range(4):
        [choice] = ask(client, tools=TOOLS, tool_choice=wanted, temperature=2.0, seed=seed).choices
        [call] = choice.message.tool_calls
        assert call.function.name == name
        assert valid(call)


def test_calls_in_parallel_can_be_forbidden(client: openai.OpenAI) -> None:
    def calls(seed: int, parallel: bool) -> int:
        more = {"tool_choice": "required", "temperature": 2.0, "seed": seed, "max_tokens": 400}
        [choice] = ask(client, tools=TOOLS, parallel_tool_calls=parallel, **more).choices
        return len(choice.message.tool_calls or ())

    with ThreadPoolExecutor(24) as threads:
        alone = threads.map(calls, range(12), [False] * 12)
        together = threads.map(calls, range(12), [True] * 12)
        assert list(alone) == [1] * 12
        counts = set(together)
    assert counts - {0, 1}, "the test is only worth something where the model would make several"


@pytest.mark.parametrize("how", ["strict", "constrain"])
def test_calls_that_nobody_asked_for_follow_their_schemas_too(
    client: openai.OpenAI, model: LocalModel, how: str
) -> None:
    def choices(client: openai.OpenAI, tools: list[Any]) -> list[Any]:
        with ThreadPoolExecutor(12) as threads:
            asked = [threads.submit(ask, client, tools=tools, temperature=2.0, seed=n) for n in range(12)]
            return [one.result().choices[0] for one in asked]

    if how == "strict":
        strict = [{**tool, "function": {**tool["function"], "strict": True}} for tool in TOOLS]
        found = choices(client, strict)
    else:
        with serving(LocalWriter(model), defaults=Defaults(constrain=True)) as address:
            held = openai.OpenAI(base_url=f"{address}/v1", api_key="unused")
            found = choices(held, TOOLS)
    calls = [call for choice in found for call in choice.message.tool_calls or ()]
    assert all(valid(call) for call in calls)
    assert all(
        "<" not in (choice.message.content or "") for choice in found if choice.finish_reason == "stop"
    )


def test_tools_of_the_server_are_offered_where_a_request_brings_none(model: LocalModel) -> None:
    defaults = Defaults(tools=(Tool(name="light", parameters=LIGHT),))
    with serving(LocalWriter(model), defaults=defaults) as address:
        client = openai.OpenAI(base_url=f"{address}/v1", api_key="unused")
        [choice] = ask(client, tool_choice="required", parallel_tool_calls=False).choices
        assert choice.message.tool_calls[0].function.name == "light"
        [choice] = ask(client, tools=TOOLS[1:], tool_choice="required", parallel_tool_calls=False).choices
        assert choice.message.tool_calls[0].function.name == "wait"


def test_an_answer_in_json_follows_its_schema(client: openai.OpenAI) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "light", "schema": LIGHT}}
    for seed in range(4):
        [choice] = ask(client, response_format=wanted, temperature=2.0, seed=seed).choices
        assert not issues(LIGHT, json.loads(choice.message.content))


def test_several_answers_are_those_that_come_alone(client: openai.OpenAI) -> None:
    asked = {"temperature": 1.5, "seed": 3, "max_tokens": 12}
    answer = ask(client, n=3, **asked)
    texts = [choice.message.content for choice in answer.choices]
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert len(set(texts)) == 3
    assert texts[0] == ask(client, **asked).choices[0].message.content
    assert ask(client, n=2, max_tokens=12).choices[0].message.content == (
        ask(client, n=2, max_tokens=12).choices[1].message.content
    ), "what is not drawn is the same each time"


def streamed(client: openai.OpenAI, **more: Any) -> tuple[dict[int, str], dict[int, str], list[Any]]:
    texts: dict[int, str] = {}
    finishes: dict[int, str] = {}
    events = list(ask(client, stream=True, **more))
    for event in events:
        for choice in event.choices:
            texts[choice.index] = texts.get(choice.index, "") + (choice.delta.content or "")
            if choice.finish_reason:
                finishes[choice.index] = choice.finish_reason
    return texts, finishes, events


def test_a_stream_says_what_a_whole_answer_says(client: openai.OpenAI) -> None:
    asked = {"temperature": 1.0, "seed": 5, "n": 3, "max_tokens": 30}
    whole = ask(client, **asked)
    texts, finishes, events = streamed(client, **asked, stream_options={"include_usage": True})
    assert texts == {choice.index: choice.message.content for choice in whole.choices}
    assert finishes == {choice.index: choice.finish_reason for choice in whole.choices}
    assert events[-1].choices == []
    assert events[-1].usage == whole.usage


def test_an_answer_ends_before_a_stop(client: openai.OpenAI) -> None:
    whole = ask(client, max_tokens=60).choices[0].message.content
    stop = whole[10:12]
    expected = whole[: whole.index(stop)]
    assert ask(client, max_tokens=60, stop=stop).choices[0].message.content == expected
    assert streamed(client, max_tokens=60, stop=[stop])[0] == {0: expected}


def test_log_probabilities_come_with_the_tokens(client: openai.OpenAI) -> None:
    answer = ask(client, logprobs=True, top_logprobs=2, max_tokens=6)
    content = answer.choices[0].logprobs.content
    assert len(content) == answer.usage.completion_tokens
    assert all(len(token.top_logprobs) == 2 for token in content)
    assert all(token.logprob == token.top_logprobs[0].logprob <= 0 for token in content)
    _, _, events = streamed(client, logprobs=True, top_logprobs=2, max_tokens=6)
    told = [t for e in events for c in e.choices if c.logprobs for t in c.logprobs.content]
    assert [t.logprob for t in told] == pytest.approx([t.logprob for t in content])
    assert ask(client, max_tokens=6).choices[0].logprobs is None


def test_many_clients_at_once_are_told_what_each_is_told_alone(url: str) -> None:
    async def all_of_them() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="unused") as client:
            asked = [
                client.chat.completions.create(
                    model="tiny", messages=[{"role": "user", "content": f"say {n}"}], max_tokens=16
                )
                for n in range(12)
            ]
            return [answer.choices[0].message.content or "" for answer in await asyncio.gather(*asked)]

    with openai.OpenAI(base_url=f"{url}/v1", api_key="unused") as client:
        alone = [
            client.chat.completions.create(
                model="tiny", messages=[{"role": "user", "content": f"say {n}"}], max_tokens=16
            )
            for n in range(12)
        ]
    assert asyncio.run(all_of_them()) == [answer.choices[0].message.content for answer in alone]


# --- the Responses API


def test_a_response_calls_and_goes_on(client: openai.OpenAI) -> None:
    tools = [{"type": "function", **tool["function"]} for tool in TOOLS]
    first = client.responses.create(
        model="tiny", input="Light!", tools=tools, tool_choice="required", parallel_tool_calls=False
    )
    [call] = first.output
    assert call.type == "function_call"
    assert not issues(SCHEMAS[call.name], json.loads(call.arguments))
    second = client.responses.create(
        model="tiny",
        instructions="Be short.",
        input=[
            {"role": "user", "content": "Light!"},
            *(item.model_dump(exclude_none=True) for item in first.output),
            {"type": "function_call_output", "call_id": call.call_id, "output": "done"},
        ],
        max_output_tokens=12,
    )
    assert isinstance(second.output_text, str)
    assert second.usage.output_tokens <= 12
    assert second.status in ("completed", "incomplete")


def test_the_events_of_a_response_add_up(client: openai.OpenAI) -> None:
    tools = [{"type": "function", **tool["function"]} for tool in TOOLS]
    for more in (
        {"tools": tools, "tool_choice": "required", "parallel_tool_calls": False},
        {"max_output_tokens": 20},
    ):
        with client.responses.stream(model="tiny", input="Light!", **more) as stream:
            events = list(stream)
        final = events[-1].response
        whole = client.responses.create(model="tiny", input="Light!", **more)
        assert [e.sequence_number for e in events] == list(range(len(events)))
        assert [i.type for i in final.output] == [i.type for i in whole.output]
        assert final.output_text == whole.output_text
        assert events[-1].type in ("response.completed", "response.incomplete")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ({"tool_choice": {"type": "file_search"}}, "tool_choice"),
    ],
)
def test_what_a_response_can_not_be_is_refused(url: str, more: dict[str, Any], expected: str) -> None:
    answer = httpx.post(f"{url}/v1/responses", json={"input": "x", **more})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(expected)


# --- what goes wrong


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"top_p": 0}, 400, "top_p"),
        ({"temperature": -1}, 400, "temperature"),
        ({"stop": ["a"] * 5}, 400, "stop"),
        ({"stop": ""}, 400, "stop"),
        ({"frequency_penalty": 1}, 400, "frequency_penalty"),
        ({"logit_bias": {"5": 1}}, 400, "logit_bias"),
        ({"top_logprobs": 21, "logprobs": True}, 400, "top_logprobs"),
        ({"tool_choice": {"type": "function", "function": {"name": "x"}}}, 400, "tool_choice"),
        ({"tools": TOOLS + TOOLS[:1]}, 400, "tools"),
        ({"response_format": {"type": "xml"}}, 400, "response_format"),
        ({"tools": TOOLS, "response_format": {"type": "json_object"}}, 400, "response_format"),
        ({"messages": [{"role": "user", "content": "x " * 4000}]}, 400, "fit into the context"),
        ({"max_tokens": 1001}, 400, "max_tokens"),
        ({"max_tokens": 0}, 400, "max_tokens"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_can_not_be_served_has_a_status_even_in_a_stream(
    url: str, body: dict[str, Any], status: int, expected: str, stream: bool
) -> None:
    answer = httpx.post(f"{url}/v1/chat/completions", json={"messages": ASKED, "stream": stream, **body})
    assert answer.status_code == status
    assert expected in answer.json()["error"]["message"]


def test_unknown_routes_and_methods_are_answered_in_the_same_shape(url: str) -> None:
    for method, path, status in (("GET", "/v1/embeddings", 404), ("GET", "/v1/chat/completions", 405)):
        answer = httpx.request(method, url + path)
        assert answer.status_code == status
        assert answer.json()["error"]["message"]


def test_whoever_hangs_up_leaves_the_model_to_the_others(url: str, model: LocalModel) -> None:
    endless = {"messages": ASKED, "max_tokens": 1000, "temperature": 2.0}
    with openai.OpenAI(base_url=f"{url}/v1", api_key="unused") as client:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{url}/v1/chat/completions", json=endless, timeout=0.3)
        with httpx.stream("POST", f"{url}/v1/chat/completions", json={**endless, "stream": True}) as answer:
            next(answer.iter_bytes())
        assert ask(client, max_tokens=4).usage.completion_tokens <= 4
    deadline = threading.Event()
    for _ in range(100):
        if httpx.get(f"{url}/health").json()["running"] == 0:
            break
        deadline.wait(0.05)
    assert httpx.get(f"{url}/health").json() == {"status": "ok", "waiting": 0, "running": 0}


def test_the_figures_can_be_scraped(url: str) -> None:
    httpx.post(f"{url}/v1/chat/completions", json={"messages": ASKED, "max_tokens": 3})
    httpx.post(f"{url}/v1/chat/completions", content=b"{")
    text = httpx.get(f"{url}/metrics").text
    assert 'callwright_requests_total{code="200",route="/v1/chat/completions"}' in text
    assert 'callwright_requests_total{code="400",route="/v1/chat/completions"}' in text
    assert 'callwright_tokens_total{kind="written"}' in text
    assert "callwright_answer_seconds_bucket" in text
    assert "callwright_running 0.0" in text


def test_a_stopped_server_ends_what_it_began(model: LocalModel) -> None:
    writer = LocalWriter(model)
    answers: list[int] = []

    def client(address: str) -> None:
        body = {"messages": ASKED, "max_tokens": 300, "temperature": 2.0}
        answers.append(httpx.post(f"{address}/v1/chat/completions", json=body, timeout=30).status_code)

    with serving(writer) as address:
        asking = threading.Thread(target=client, args=(address,))
        asking.start()
        while not writer.load.running:
            pass
    asking.join()
    assert answers == [200]
    with closing(writer):
        assert writer.load.running == 0
