"""The real openai client against the real server; a scripted model stands behind it."""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

pytest.importorskip("uvicorn", reason="serving needs callwright[serve]")

import httpx
import openai
from running_server import serving

from callwright.errors import ConfigError, ModelError
from callwright.models import Completion, Prompt
from callwright.models.writing import WholeAnswers
from callwright.serve import check_address
from callwright.serve.settings import Limits

CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Köln", "days": 2}}\n</tool_call>'
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city"],
        },
    },
}


class Parrot:
    """Calls the weather tool when it is offered and asked about weather; else repeats the last message."""

    name = "parrot"
    seen: list[Prompt]

    def __init__(self) -> None:
        self.seen = []

    def fits(self, prompt: Prompt, max_tokens: int) -> bool:
        return len(str(prompt.messages)) + max_tokens < 5000

    def _text(self, prompt: Prompt) -> str:
        self.seen.append(prompt)
        role, last = prompt.messages[-1]
        if last == "crash":
            raise ModelError("the model is out")
        if role == "tool":
            return "It will be sunny."
        return CALL if "get_weather" in prompt.messages[0][1] and "weather" in last else last

    def complete(self, prompts: Sequence[Prompt], *, max_tokens: int, **more: object) -> list[Completion]:
        if prompts[0].messages[-1][1] == "slow":
            time.sleep(1.5)
        return [Completion(self._text(p), 10, 5, "stop") for p in prompts]


@contextlib.contextmanager
def running(limits: Limits | None = None, token: str | None = None) -> Iterator[tuple[str, Parrot]]:
    parrot = Parrot()
    with serving(WholeAnswers(parrot), limits=limits, token=token) as url:
        yield url, parrot


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, Parrot]]:
    with running() as started:
        yield started


@pytest.fixture
def client(server: tuple[str, Parrot]) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server[0]}/v1", api_key="unused", max_retries=0) as opened:
        yield opened


def test_a_request_with_tools_comes_back_as_a_tool_call(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="parrot", messages=[{"role": "user", "content": "weather in Köln?"}], tools=[TOOL]
    )
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls[0].function.name == "get_weather"
    assert choice.message.tool_calls[0].function.arguments == '{"city": "Köln", "days": 2}'
    assert answer.usage.total_tokens == 15


def test_the_tool_loop_closes(client: openai.OpenAI, server: tuple[str, Parrot]) -> None:
    messages = [{"role": "user", "content": "weather in Köln?"}]
    first = client.chat.completions.create(model="parrot", messages=messages, tools=[TOOL])
    call = first.choices[0].message.tool_calls[0]
    messages += [
        first.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": '{"sky": "sunny"}'},
    ]
    second = client.chat.completions.create(model="parrot", messages=messages, tools=[TOOL])
    assert second.choices[0].message.content == "It will be sunny."
    assert second.choices[0].finish_reason == "stop"
    roles = [role for role, _ in server[1].seen[-1].messages]
    assert roles == ["system", "user", "assistant", "tool"]
    assert server[1].seen[-1].messages[2][1] == CALL


def test_streaming_gives_the_same_call_and_the_same_text(client: openai.OpenAI) -> None:
    def collect(**extra: object) -> tuple[str, str, str]:
        text = name = arguments = ""
        with client.chat.completions.create(
            model="parrot", messages=[{"role": "user", "content": "weather?"}], stream=True, **extra
        ) as stream:
            for event in stream:
                delta = event.choices[0].delta
                text += delta.content or ""
                for call in delta.tool_calls or ():
                    name += call.function.name or ""
                    arguments += call.function.arguments or ""
        return text, name, arguments

    assert collect(tools=[TOOL]) == ("", "get_weather", '{"city": "Köln", "days": 2}')
    assert collect() == ("weather?", "", "")


def test_tool_choice_none_hides_the_tools(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="parrot",
        messages=[{"role": "user", "content": "weather?"}],
        tools=[TOOL],
        tool_choice="none",
    )
    assert answer.choices[0].message.tool_calls is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "wizard"),
        ({"messages": [{"role": "user", "content": "x"}], "n": 99}, "n: expected 1 to 8, got 99"),
        ({"messages": [{"role": "user", "content": "x"}], "tool_choice": "required"}, "tool_choice"),
        ({"messages": [{"role": "user", "content": "x"}], "max_tokens": 100000}, "max_tokens"),
        ({"messages": [{"role": "user", "content": "x" * 9000}]}, "context"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "image_url"),
        (
            {
                "messages": [
                    {
                        "role": "assistant",
                        "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{"}}],
                    }
                ]
            },
            "arguments",
        ),
    ],
)
def test_a_bad_request_is_answered_with_what_is_wrong(
    server: tuple[str, Parrot], body: dict[str, object], expected: str
) -> None:
    answer = httpx.post(f"{server[0]}/v1/chat/completions", json=body)
    assert answer.status_code == 400
    assert expected in answer.json()["error"]["message"]


def test_garbage_and_oversize_bodies_are_refused(server: tuple[str, Parrot]) -> None:
    url = f"{server[0]}/v1/chat/completions"
    assert httpx.post(url, content=b"\xff{").status_code == 400
    assert httpx.post(url, content=b"[" * 100_000).status_code == 400
    assert httpx.post(url, content=b" " * (2 << 20)).status_code == 413


def test_an_outage_is_a_503_and_not_an_empty_answer(server: tuple[str, Parrot]) -> None:
    body = {"messages": [{"role": "user", "content": "crash"}]}
    answer = httpx.post(f"{server[0]}/v1/chat/completions", json=body)
    assert answer.status_code == 503
    assert "out" in answer.json()["error"]["message"]


def test_an_outage_in_a_stream_is_an_error_event(client: openai.OpenAI) -> None:
    with (
        pytest.raises(openai.APIError, match="out"),
        client.chat.completions.create(
            model="parrot", messages=[{"role": "user", "content": "crash"}], stream=True
        ) as stream,
    ):
        list(stream)


def test_a_token_is_asked_for_and_compared() -> None:
    with running(token="s3cret") as (url, _):
        assert httpx.get(f"{url}/v1/models").status_code == 401
        assert httpx.get(f"{url}/v1/models", headers={"Authorization": "Bearer no"}).status_code == 401
        good = httpx.get(f"{url}/v1/models", headers={"Authorization": "Bearer s3cret"})
        assert good.json()["data"][0]["id"] == "parrot"
        assert httpx.get(f"{url}/health").json()["status"] == "ok"


def test_waiting_is_bounded_and_slow_answers_time_out() -> None:
    body = {"messages": [{"role": "user", "content": "slow"}]}
    with running(limits=Limits(open=1, seconds=0.5)) as (url, _):
        codes: list[int] = []

        def ask() -> None:
            codes.append(httpx.post(f"{url}/v1/chat/completions", json=body, timeout=10).status_code)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
            time.sleep(0.1)
        for thread in threads:
            thread.join()
        assert sorted(codes) == [429, 504]


def test_an_address_that_others_reach_needs_a_token() -> None:
    check_address("127.0.0.1", None)
    check_address("0.0.0.0", "token")
    with pytest.raises(ConfigError, match="token"):
        check_address("0.0.0.0", None)
