"""What a client is told of whatever a model writes: the same whole and streamed, and fit to be sent back."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("uvicorn", reason="serving needs callwright[serve]")

import httpx
import openai
from running_server import serving

from callwright.models import Completion, Prompt
from callwright.models.writing import Cancel, Load, Piece, Told, Wish
from callwright.serve.settings import Defaults, Limits

PARAMETERS = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
TOOL: Any = {"type": "function", "function": {"name": "f", "parameters": PARAMETERS}}
ASKED: Any = [{"role": "user", "content": "hi"}]
CALL = '<tool_call>\n{"name": "f", "arguments": {"a": "x"}}\n</tool_call>'


class Dictated:
    """Writes the given pieces, whatever it is asked."""

    name = "dictated"
    load = Load(0, 0)

    def __init__(self, pieces: Sequence[str], finish: Any = "stop", pause: float = 0.0) -> None:
        self._pieces, self._finish, self._pause = pieces, finish, pause
        self.prompts: list[Prompt] = []
        self.given_up = threading.Event()

    def write(self, prompt: Prompt, wish: Wish, told: Told) -> Cancel:
        self.prompts.append(prompt)
        self.given_up = threading.Event()
        threading.Thread(target=self._write, args=(told, self.given_up), daemon=True).start()
        return self.given_up.set

    def _write(self, told: Told, given_up: threading.Event) -> None:
        for piece in self._pieces:
            told(Piece(piece))
            if given_up.wait(self._pause):
                return
        told(Completion("".join(self._pieces), 5, len(self._pieces), self._finish))

    def close(self) -> None:
        pass


@contextmanager
def client_of(writer: Dictated, **how: Any) -> Iterator[openai.OpenAI]:
    with (
        serving(writer, **how) as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0) as client,
    ):
        yield client


def streamed(client: openai.OpenAI, **more: Any) -> tuple[str, str, str]:
    """Return content, thought and how the answer ended; what was told after what is checked on the way."""
    content, thought, finish = "", "", ""
    for event in client.chat.completions.create(model="m", messages=ASKED, stream=True, **more):
        [choice] = event.choices
        more_thought = getattr(choice.delta, "reasoning_content", None) or ""
        assert not (more_thought and content), "a thought comes before what is said"
        content += choice.delta.content or ""
        thought += more_thought
        finish = choice.finish_reason or finish
    return content, thought, finish


@pytest.mark.parametrize(
    ("pieces", "content", "thought"),
    [
        (
            ["Aloud, so ", "Paris", "</think>", "\n\nIt is Paris."],
            "Aloud, so Paris</think>\n\nIt is Paris.",
            "",
        ),
        (
            ["<think>", "plan", "</think>", " The tag ", "</think>", " ends."],
            "The tag </think> ends.",
            "plan",
        ),
        (["<thi", "nk>never ", "ends"], "<think>never ends", ""),
        (["<think>hm</think>", '<tool_call>\n{"name"'], '<tool_call>\n{"name"', "hm"),
    ],
)
def test_a_stream_tells_what_the_whole_tells(pieces: list[str], content: str, thought: str) -> None:
    with client_of(Dictated(pieces)) as client:
        whole = client.chat.completions.create(model="m", messages=ASKED, tools=[TOOL]).choices[0].message
        assert (whole.content, getattr(whole, "reasoning_content", "")) == (content, thought)
        assert streamed(client, tools=[TOOL])[:2] == (content, thought)


@pytest.mark.parametrize(
    "written",
    [
        '<tool_call>\n{"name": "f", "arguments": {"a": ',
        "<think>never ends",
        "<think>so</think><tool_call>{}",
        "</tool_call>",
    ],
)
def test_an_answer_can_be_sent_back_whatever_it_was(written: str) -> None:
    writer = Dictated([written], "length")
    with client_of(writer) as client:
        answer = client.chat.completions.create(model="m", messages=ASKED, tools=[TOOL]).choices[0].message
        history = [*ASKED, answer.model_dump(exclude_none=True), {"role": "user", "content": "go on"}]
        client.chat.completions.create(model="m", messages=history, tools=[TOOL])
        assert written.removeprefix("<think>so</think>").strip() in writer.prompts[-1].messages[2][1]
        client.responses.create(model="m", input=[*ASKED, {"role": "assistant", "content": answer.content}])
        assert writer.prompts[-1].messages[2][0] == "assistant"


def test_calls_that_are_cut_off_are_told_as_such() -> None:
    """The model may have had more to call for."""
    with client_of(Dictated([CALL], "length")) as client:
        [choice] = client.chat.completions.create(model="m", messages=ASKED, tools=[TOOL]).choices
        assert choice.finish_reason == "length"
        assert choice.message.tool_calls
        flat: Any = {"type": "function", **TOOL["function"]}
        assert client.responses.create(model="m", input="hi", tools=[flat]).status == "incomplete"
    with client_of(Dictated([CALL])) as client:
        [choice] = client.chat.completions.create(model="m", messages=ASKED, tools=[TOOL]).choices
        assert choice.finish_reason == "tool_calls"


def test_half_a_character_in_an_argument_arrives_as_it_was() -> None:
    with client_of(Dictated([CALL.replace('"x"', r'"\ud83d"')])) as client:
        [choice] = client.chat.completions.create(model="m", messages=ASKED, tools=[TOOL]).choices
        [call] = choice.message.tool_calls or []
        assert json.loads(call.function.arguments) == {"a": "\ud83d"}  # type: ignore[union-attr]
        assert streamed(client, tools=[TOOL])[2] == "tool_calls"


def test_half_a_character_in_a_name_is_no_call() -> None:
    written = CALL.replace('"f"', r'"\ud83d"')
    with client_of(Dictated([written])) as client:
        [choice] = client.chat.completions.create(model="m", messages=ASKED, tools=[TOOL]).choices
        assert (choice.message.content, choice.message.tool_calls) == (written, None)


UNIQUE = {
    **PARAMETERS,
    "properties": {"a": {"type": "array", "items": {"type": "string"}, "uniqueItems": True}},
}


@pytest.mark.parametrize(("value", "called"), [('["x", "y"]', True), ('["x", "x"]', False)])
def test_a_call_that_does_not_validate_is_text_where_calls_always_do(value: str, called: bool) -> None:
    """The grammar knows nothing of values that have to differ."""
    written = CALL.replace('"x"', value)
    tool: Any = {"type": "function", "function": {"name": "f", "parameters": UNIQUE}}
    with client_of(Dictated([written]), defaults=Defaults(constrain=True)) as client:
        message = client.chat.completions.create(model="m", messages=ASKED, tools=[tool]).choices[0].message
        assert bool(message.tool_calls) == called
        assert (message.content == written) != called
    with client_of(Dictated([written])) as client:
        message = client.chat.completions.create(model="m", messages=ASKED, tools=[tool]).choices[0].message
        assert message.tool_calls


def test_the_time_for_an_answer_ends_a_stream_that_has_begun() -> None:
    writer = Dictated(["one "] * 200, pause=0.05)
    with client_of(writer, limits=Limits(seconds=0.5)) as client:
        began = time.monotonic()
        with pytest.raises(openai.APIError, match="time for an answer"):
            streamed(client)
        assert time.monotonic() - began < 8
        assert writer.given_up.wait(5), "the model is left to others"
        with pytest.raises(openai.APIStatusError) as error:
            client.chat.completions.create(model="m", messages=ASKED)
        assert error.value.status_code == 504


REFUSED: dict[str, Any] = {
    "functions": [{"name": "f", "parameters": PARAMETERS}],
    "function_call": {"name": "f"},
    "modalities": ["text", "audio"],
    "audio": {"voice": "alloy", "format": "wav"},
    "web_search_options": {},
    "repetition_penalty": 1.1,
    "top_k": 5,
    "min_p": 0.1,
    "best_of": 2,
    "guided_json": {"type": "object"},
    "frequency_penalty": 0.5,
    "logit_bias": {"5": 1},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_change_the_answer_is_refused_by_its_name(name: str) -> None:
    with serving(Dictated(["x"])) as url:
        body = {"messages": ASKED, name: REFUSED[name]}
        answer = httpx.post(f"{url}/v1/chat/completions", json=body)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, name)


def test_what_changes_nothing_is_taken() -> None:
    neutral = {
        "frequency_penalty": 0,
        "modalities": ["text"],
        "repetition_penalty": 1.0,
        "top_k": -1,
        "best_of": 1,
    }
    with serving(Dictated(["x"])) as url:
        body = {"messages": ASKED, "logit_bias": {}, "functions": [], **neutral}
        assert httpx.post(f"{url}/v1/chat/completions", json=body).status_code == 200


def test_a_call_of_the_old_kind_in_the_history_is_refused() -> None:
    said = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}
    with serving(Dictated(["x"])) as url:
        answer = httpx.post(f"{url}/v1/chat/completions", json={"messages": [*ASKED, said]})
        assert answer.json()["error"]["param"] == "messages[1].function_call"


@pytest.mark.parametrize(("name", "value"), [("prompt", {"id": "p"}), ("top_logprobs", 3)])
def test_what_a_response_can_not_have_is_refused_by_its_name(name: str, value: Any) -> None:
    with serving(Dictated(["x"])) as url:
        answer = httpx.post(f"{url}/v1/responses", json={"input": "hi", name: value})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, name)


def test_json_is_answered_although_the_server_has_tools_of_its_own() -> None:
    from callwright.record import Tool

    writer = Dictated(["{}"])
    with client_of(writer, defaults=Defaults(tools=(Tool(name="f"),))) as client:
        form: Any = {"type": "json_object"}
        answer = client.chat.completions.create(model="m", messages=ASKED, response_format=form)
        assert answer.choices[0].message.content == "{}"
        assert writer.prompts[0].grammar


def test_a_response_tells_its_thought_and_takes_it_back() -> None:
    writer = Dictated(["<think>plan", " it</think>", " Answer."])
    with client_of(writer) as client:
        response = client.responses.create(model="m", input="hi")
        assert [item.type for item in response.output] == ["reasoning", "message"]
        thought: Any = response.output[0]
        assert thought.content[0].text == "plan it"
        assert response.output_text == "Answer."
        items = [*ASKED, *(item.model_dump(exclude_none=True) for item in response.output)]
        client.responses.create(model="m", input=[*items, {"role": "user", "content": "on"}])
    assert writer.prompts[-1].messages[2] == ("assistant", "<think>\nplan it\n</think>\n\nAnswer.")


def test_the_events_of_a_response_tell_the_thought_first() -> None:
    pieces = ["<think>plan</think>", "Look: ", CALL]
    flat: Any = {"type": "function", **TOOL["function"]}
    with client_of(Dictated(pieces)) as client:
        events = list(client.responses.create(model="m", input="hi", tools=[flat], stream=True))
    done: list[Any] = [event for event in events if event.type == "response.output_item.done"]
    assert [(event.output_index, event.item.type) for event in done] == [
        (0, "reasoning"), (1, "message"), (2, "function_call")
    ]  # fmt: skip
    last: Any = events[-1]
    assert [item.type for item in last.response.output] == ["reasoning", "message", "function_call"]
    told = "".join(e.delta for e in events if e.type == "response.reasoning_text.delta")
    assert told == "plan"
