"""What models are told: the task, that another way is wanted, and how to stand in for an API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from callwright import formats
from callwright.evaluate.prompting import prompt_of
from callwright.evaluate.toolbench.apis import Api
from callwright.evaluate.toolbench.simulator import skeleton
from callwright.models import Prompt
from callwright.record import Json
from callwright.store import sha256_text

TASK = """\
Answer the user's request with the help of the functions below, which stand for web APIs.
- Think in at most five short sentences, then call exactly one function. You are shown what it returned; go on from there.
- Call functions by the names given here, and only with the parameters that they have.
- The last call is always Finish. With return_type "give_answer" its final_answer is all that the user gets to see, so put everything they asked for into it.
- Where the request can not be met from here, or calls keep failing, call Finish with return_type "give_up_and_restart"."""  # noqa: E501

_ANOTHER_WAY = """\
This point was reached before, and none of the attempts from here led to an answer. These actions were taken:
{attempts}
{observation}Look at where you are and at these actions, then take one that differs from all of them."""

_STAND_IN = """\
You stand in for a web API. Answer the call below as the API would: in keeping with its documentation, consistent with the arguments, concrete, in at most 200 words.
Write one JSON object and nothing else: {{"error": "", "response": …}}. Leave "error" empty.

API: {name} of {tool} ({category})
Documentation: {documentation}
Parameters: {parameters}
Shape of a response: {shape}
{examples}Arguments: {arguments}"""  # noqa: E501
_MOST_EXAMPLE_TEXT = 2048
SHA256 = sha256_text("\0".join((TASK, _ANOTHER_WAY, _STAND_IN)))
"""Names the wording: scores under different wordings are different scores."""


class Attempt(NamedTuple):
    """An action that was taken from a state, and what came back."""

    name: str
    arguments: str
    observation: str


def another_way(attempts: Sequence[Attempt], observation: str) -> str:
    """Return the message that asks for an action unlike those of earlier branches."""
    listed = json.dumps([attempt._asdict() for attempt in attempts], indent=2)
    seen = f"The last result you saw was: {observation}\n" if observation else ""
    return _ANOTHER_WAY.format(attempts=listed, observation=seen)


def stand_in(api: Api, arguments: dict[str, Json], examples: Sequence[tuple[str, Json]] = ()) -> Prompt:
    """Return the prompt by which a model answers a call in an API's place."""
    shown = json.dumps(list(examples))[:_MOST_EXAMPLE_TEXT]
    text = _STAND_IN.format(
        name=api.name,
        tool=api.tool,
        category=api.category,
        documentation=api.description or "none",
        parameters=json.dumps([parameter._asdict() for parameter in api.parameters or ()]),
        shape=json.dumps(skeleton(api))[:_MOST_EXAMPLE_TEXT],
        examples=f"Calls recorded earlier: {shown}\n" if examples else "",
        arguments=json.dumps(arguments),
    )
    return question(text)


def question(text: str) -> Prompt:
    """Return a prompt of one message, for servers and for local models."""
    return prompt_of([formats.PlainMessage("user", text, 0.0)])
