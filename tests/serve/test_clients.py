"""Clients of other makers, unchanged, against a real server: the tool loop of each, to its end.

A script stands in for the model, because what is tested is the wire: a client has to send tools, get calls,
run them, send the results, and get an answer.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="serving needs callwright[serve]")

from running_server import serving

from callwright.models import Prompt
from callwright.models.scripted import ScriptedModel
from callwright.models.writing import WholeAnswers

CALLS = "\n".join(
    f"<tool_call>\n{json.dumps({'name': 'get_weather', 'arguments': {'city': city}})}\n</tool_call>"
    for city in ("Oslo", "Lima")
)


def get_weather(city: str) -> str:
    """Return the weather in a city."""
    return f"sunny in {city}"


def answers(prompt: Prompt) -> str:
    """Ask for the weather of two cities, then say what came back."""
    results = [content for role, content in prompt.messages if role == "tool"]
    assert "get_weather(city: string)" in prompt.messages[0][1]
    return CALLS if not results else " and ".join(result.split("\n")[1] for result in results)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(WholeAnswers(ScriptedModel(answers))) as address:
        yield f"{address}/v1"


SAID = "sunny in Oslo and sunny in Lima"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("api", ["responses", "chat"])
def test_the_loop_of_the_agents_sdk(url: str, api: str, streamed: bool) -> None:
    agents = pytest.importorskip("agents")
    import openai

    async def run() -> str:
        kind = agents.OpenAIResponsesModel if api == "responses" else agents.OpenAIChatCompletionsModel
        async with openai.AsyncOpenAI(base_url=url, api_key="unused") as client:
            model = kind(model="any", openai_client=client)
            agent = agents.Agent(name="helper", model=model, tools=[agents.function_tool(get_weather)])
            if not streamed:
                return str((await agents.Runner.run(agent, "How is the weather?")).final_output)
            running = agents.Runner.run_streamed(agent, "How is the weather?")
            async for _ in running.stream_events():
                pass
            return str(running.final_output)

    agents.set_tracing_disabled(True)
    assert asyncio.run(run()) == SAID


@pytest.mark.parametrize("streamed", [False, True])
def test_the_loop_of_langchain(url: str, streamed: bool) -> None:
    langchain_openai = pytest.importorskip("langchain_openai")
    from langchain_core.messages import HumanMessage, ToolMessage
    from langchain_core.tools import tool

    named = tool(get_weather)
    model: Any = langchain_openai.ChatOpenAI(base_url=url, api_key="unused", model="any").bind_tools([named])

    def say(messages: list[Any]) -> Any:
        if not streamed:
            return model.invoke(messages)
        first, *rest = list(model.stream(messages))
        for chunk in rest:
            first = first + chunk
        return first

    messages: list[Any] = [HumanMessage("How is the weather?")]
    said = say(messages)
    assert [call["args"] for call in said.tool_calls] == [{"city": "Oslo"}, {"city": "Lima"}]
    messages.append(said)
    messages += [ToolMessage(named.invoke(call["args"]), tool_call_id=call["id"]) for call in said.tool_calls]
    assert say(messages).content == SAID


def test_the_loop_of_litellm(url: str) -> None:
    litellm = pytest.importorskip("litellm")
    tools = [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "parameters": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}},
                    "required": ["city"],
                },
            },
        }
    ]
    messages: list[Any] = [{"role": "user", "content": "How is the weather?"}]

    def say() -> Any:
        answer = litellm.completion(
            model="openai/any", api_base=url, api_key="unused", messages=messages, tools=tools
        )
        return answer.choices[0].message

    said = say()
    messages.append(said.model_dump())
    for call in said.tool_calls:
        arguments = json.loads(call.function.arguments)
        messages.append({"role": "tool", "tool_call_id": call.id, "content": get_weather(**arguments)})
    assert say().content == SAID
