"""ToolBench and StableToolBench (Apache-2.0): runs of a model over thousands of web APIs.

Three layouts. An answer file is one run: ``{"win", "tree" | "trys", "answer_generation": {"query",
"function": […], "train_messages": [[…], …]}}``. The released training file has rows ``{"id",
"conversations": [{"from": "system" | "user" | "assistant" | "function", "value"}]}`` with the tools as a
Python list in the system text and ``Thought: … Action: … Action Input: …`` in the assistant's; the rows of
one run are its beginnings of growing length. Converted predictions are ``{query_id: {"query",
"available_tools", "answer"}}``, where a row is one query.

Of an answer file the last list of `train_messages` counts: the path that ended the run. A run that gave up
has none; then it is the last attempt (of a search tree, the branch that was tried last), and
``extra["unify"]["branch"]`` says so. `win` is the success. `Finish`, which hands over the answer or gives
up, is an offered tool like the others. Thoughts become the reasoning of the call that follows. Texts that
the search puts into the user's mouth to get another attempt ("This is not the first time you try this
task, …") are no request: they are kept as ``extra["unify"]["search_prompts"]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from callwright.record import Json, Outcome, Trajectory
from callwright.unify import files
from callwright.unify.conversation import Conversation
from callwright.unify.notations.blocks import written
from callwright.unify.notations.calls import json_object
from callwright.unify.notations.literals import written_value
from callwright.unify.notations.search import add_attempt
from callwright.unify.notations.thoughts import Run, read_step
from callwright.unify.rows import BadRow, Element, File, Row, other_fields, shape
from callwright.unify.tools import toolset

LICENSES = {"": "Apache-2.0"}
FIELDS = ("answer_generation", "win", "tree", "trys", "conversations", "available_tools", "answer")
LOSES = "branches of a search that did not lead to its end; blanks around a query and Begin! behind it."
SEEN = "real"
_APIS = "Specifically, you have access to the following APIs:"
_FORMAT = re.compile(r" ?(Your output should follow this format:\nThought:\nAction:?\nAction Input:)\n?")
_RETRY = "This is not the first time you try this task"
_TURNS = ("system", "user", "assistant", "function")
_SEARCH = frozenset({"answer_generation", "win", "tree", "trys", "compare_candidates"})
_GENERATED = frozenset({"query", "function", "train_messages", "chain", "final_answer"})
_PREDICTED = frozenset({"query", "available_tools", "answer"})
_DETAILS = frozenset({"answer_details", "final_answer"})


class _Generated(msgspec.Struct):
    query: str
    function: list[Json]
    train_messages: list[list[Json]] = []
    final_answer: Json = None


class _Search(msgspec.Struct):
    answer_generation: Json
    win: bool | None = None
    tree: dict[str, Json] | None = None
    trys: list[dict[str, Json]] = []


class _Message(msgspec.Struct):
    role: str
    content: str | None = None
    function_call: Json = None
    name: str | None = None
    valid: bool | None = None


class _Turn(msgspec.Struct, rename={"origin": "from"}):
    origin: str
    value: str


class _Prediction(msgspec.Struct):
    query: str
    available_tools: list[Json]
    answer: dict[str, Json]


class _Detail(msgspec.Struct):
    role: str
    message: str | dict[str, Json]
    next: list[Json] = []


def detect(value: Mapping[str, Json]) -> str:
    """Recognise the run of an answer file, a training row, or predictions by query id."""
    if isinstance(value.get("answer_generation"), dict) and ("tree" in value or "trys" in value):
        return "answer_generation beside the search that led to it"
    turns = value.get("conversations")
    if isinstance(turns, list) and turns and isinstance(turns[0], dict):
        text = turns[0].get("value")
        if turns[0].get("from") == "system" and isinstance(text, str) and _APIS in text:
            return "turns whose system text lists ToolBench's APIs"
    if _are_predictions(value):
        return "predictions with available_tools and answer by query id"
    return ""


def _are_predictions(value: Mapping[str, Json]) -> bool:
    return bool(value) and all(isinstance(v, dict) and v.keys() >= _PREDICTED for v in value.values())


def rows(file: File) -> Iterator[Element]:
    """Yield a row per run, training row or prediction."""
    number = 0
    for element in files.elements(file.path):
        value = element.value
        if isinstance(value, dict) and _are_predictions(value):
            for query_id, prediction in value.items():
                yield Element(number, {"query_id": query_id, **prediction})
                number += 1
        else:
            yield Element(number, value, element.error)
            number += 1


def convert(row: Row) -> Trajectory:
    """Return the path that ended the run."""
    fields = shape(row.value, dict[str, Any])
    if "answer_generation" in fields:
        return _of_search(row)
    if "conversations" in fields:
        return _of_training(row, shape(fields["conversations"], list[Json], "conversations"))
    return _of_prediction(row)


def _of_search(row: Row) -> Trajectory:
    search = shape(row.value, _Search)
    run = shape(search.answer_generation, _Generated, "answer_generation")
    talk = Conversation(row, toolset(run.function, "answer_generation.function"))
    steps = Run(talk)
    if run.train_messages and run.train_messages[-1]:
        place = f"answer_generation.train_messages[{len(run.train_messages) - 1}]"
        for i, item in enumerate(run.train_messages[-1]):
            _add_message(steps, shape(item, _Message, f"{place}[{i}]"), f"{place}[{i}]")
            talk.keep(f"{place}[{i}]", item, frozenset(_Message.__struct_fields__))
    else:
        talk.user(run.query)
        if add_attempt(steps, search.tree, search.trys):
            talk.notes["branch"] = "last attempt"
    steps.speak()
    fields = other_fields(row.value, _SEARCH) | other_fields(search.answer_generation, _GENERATED)
    if run.final_answer and not any(c.name == "Finish" for m in talk.messages for c in m.tool_calls):
        fields["final_answer"] = run.final_answer
    outcome = None if search.win is None else Outcome(success=search.win)
    return talk.finish(fields=fields, outcome=outcome, kind=steps.kind)


def _add_message(run: Run, message: _Message, path: str) -> None:
    text = message.content or ""
    if message.role == "assistant":
        if message.function_call is None:
            run.think(text, path)
        else:
            run.act(json_object(message.function_call, f"{path}.function_call"), text)
        return
    run.speak()
    if message.role == "system":
        run.talk.system(text)
    elif message.role == "user":
        if message.valid is False or text.startswith(_RETRY):
            run.talk.notes.setdefault("search_prompts", {})[path] = text
        else:
            run.talk.user(text.strip().removesuffix("Begin!").rstrip())
    elif message.role == "function":
        run.talk.result(text, name=message.name)
    else:
        raise BadRow("unknown-role", f"{path}.role", f"expected one of {_TURNS}, got {message.role!r}")


def _of_training(row: Row, turns: list[Json]) -> Trajectory:
    texts = [shape(item, _Turn, f"conversations[{i}]") for i, item in enumerate(turns)]
    instruction, listed = "", None
    if texts and texts[0].origin == "system":
        instruction, mark, written = texts[0].value.partition(_APIS)
        listed = _listed(written.strip()) if mark else None
    talk = Conversation(row, toolset(listed, "conversations[0].value"))
    run = Run(talk)
    for i, turn in enumerate(texts):
        path = f"conversations[{i}]"
        if i == 0 and turn.origin == "system":
            _add_instruction(talk, instruction.rstrip())
        elif turn.origin == "assistant":
            thought, made = read_step(turn.value, f"{path}.value")
            if made:
                run.act(made, thought)
            else:
                run.think(thought, f"{path}.value")
        else:
            _add_message(run, _Message(role=turn.origin, content=turn.value), path)
        talk.keep(path, turns[i], frozenset({"from", "value"}))
    run.speak()
    return talk.finish(fields=other_fields(row.value, frozenset({"conversations"})), kind=run.kind)


@lru_cache(maxsize=256)
def _listed(text: str) -> Json:
    """Return the tools of a system text, which the steps of one run repeat."""
    try:
        return written_value(text)
    except ValueError as error:
        raise BadRow("bad-tools", "conversations[0].value", str(error)) from None


def _add_instruction(talk: Conversation, text: str) -> None:
    asked = _FORMAT.search(text)
    if asked:
        talk.format_instruction = asked[1]
        text = _FORMAT.sub("", text, count=1)
    talk.system(text)


def _of_prediction(row: Row) -> Trajectory:
    raw = shape(row.value, _Prediction)
    talk = Conversation(row, toolset(raw.available_tools, "available_tools"))
    talk.user(raw.query)
    run = Run(talk)
    details = shape(raw.answer.get("answer_details") or [], list[Json], "answer.answer_details")
    path = "answer.answer_details"
    while details:
        path = f"{path}[{len(details) - 1}]"
        detail = shape(details[-1], _Detail, path)
        _add_detail(run, detail, path)
        details, path = detail.next, f"{path}.next"
    run.speak()
    fields = other_fields(row.value, _PREDICTED) | other_fields(raw.answer, _DETAILS)
    if raw.answer.get("final_answer") and not any(m.tool_calls for m in talk.messages):
        fields["final_answer"] = raw.answer["final_answer"]
    return talk.finish(fields=fields, kind=run.kind)


def _add_detail(run: Run, detail: _Detail, path: str) -> None:
    message = detail.message
    if isinstance(message, dict):
        made = run.act(json_object(message, f"{path}.message").replace(rest=None))  # it is kept below
        response = message.get("response")
        if response:
            run.talk.result(written(response), call_id=made[0])
        run.talk.keep(f"{path}.message", message, frozenset({"name", "arguments", "response"}))
    elif detail.role == "assistant":
        run.think(message, path)
    elif message:
        _add_message(run, _Message(role=detail.role, content=message), path)
