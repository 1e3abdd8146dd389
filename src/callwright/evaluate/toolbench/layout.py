"""Runs in the layout of ToolBench's converted answers.

A file is ``{query_id: {"query", "available_tools", "answer"}}``; ``answer`` is ``{"method", "total_steps",
"final_answer", "answer_details"}``, and its details are nodes ``{"role", "message", "next": […]}`` from the
system text on. A call is ``{"name", "arguments", "response"}``, in some files as Python writes a dict. The
final answer is the input of the Finish call. Own runs are written this way and those made elsewhere are read,
so both are measured by the same functions.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from callwright.errors import DataError
from callwright.evaluate.toolbench.apis import FINISH, GIVE_ANSWER, GIVE_UP, document
from callwright.evaluate.toolbench.search import Node
from callwright.record import Json, Tool

_MOST_STEPS = 10_000
_ERROR = re.compile(r"""\s*\{\s*["']error["']\s*:\s*(["'])(?P<text>.*?)\1\s*[,}]""", re.DOTALL)


class Call(NamedTuple):
    """One call of a run and what came back, as text."""

    name: str
    arguments: str
    response: str

    @property
    def object(self) -> dict[str, Json] | None:
        """The arguments, None where they are no JSON object."""
        try:
            read = json.loads(self.arguments, strict=False)
        except (ValueError, RecursionError):
            return None
        return read if isinstance(read, dict) else None


class Run(NamedTuple):
    """What an agent did for one query: the path to its end."""

    query: str
    tools: list[Json]
    """The documents of the functions that were offered, Finish among them."""
    answer: dict[str, Json]
    """The answer as it stands in the file."""
    calls: tuple[Call, ...]
    """The calls in order, Finish included."""

    @property
    def final_answer(self) -> str:
        """The input of the Finish call; empty where nothing was handed over."""
        final = self.answer.get("final_answer", "")
        return final if isinstance(final, str) else json.dumps(final)

    @property
    def finished(self) -> bool:
        """Whether the last call is one of Finish, whatever it says."""
        return bool(self.calls) and self.calls[-1].name == FINISH

    @property
    def given_answer(self) -> str | None:
        """What the user gets to see, None where no answer was given."""
        if not self.finished or not self.final_answer:
            return None
        text = self.final_answer
        read = Call(FINISH, text, "").object
        if read is None:
            return None if GIVE_UP in text or GIVE_ANSWER not in text else _after_key(text)
        if read.get("return_type") != GIVE_ANSWER or "final_answer" not in read:
            return None
        said = read["final_answer"]
        return said if isinstance(said, str) else json.dumps(said)


class _Prediction(msgspec.Struct):
    query: str
    available_tools: list[Json]
    answer: dict[str, Json]


def run_from(query: str, tools: Sequence[Tool], method: str, end: Node | None, final: str) -> Run:
    """Return the run that led to a node of a search.

    As in ToolBench's converter, a thought that came with a call is left out where the run has an end.
    """
    path = [node for node in (end.path() if end is not None else []) if not (final and node.with_call)]
    calls = []
    details: list[Json] = []
    for node in reversed(path):
        if node.kind == "Thought":
            details = [{"role": "assistant", "message": node.text, "next": details}]
        elif node.kind == "Action Input" and node.parent is not None:
            seen = "" if node.parent.text == FINISH else node.observation
            calls.append(Call(node.parent.text, node.text, seen))
            details = [{"role": "tool", "message": calls[-1]._asdict(), "next": details}]
    for role in ("user", "system"):
        details = [{"role": role, "message": "", "next": details}]
    answer: dict[str, Json] = {
        "method": method,
        "total_steps": 2 + sum(node.kind != "Action" for node in path),
        "final_answer": final,
        "answer_details": details,
    }
    return Run(query, [document(tool) for tool in tools], answer, tuple(reversed(calls)))


def prediction(run: Run) -> dict[str, Json]:
    """Return a run as an entry of an answer file."""
    return {"query": run.query, "available_tools": run.tools, "answer": run.answer}


def run_of(value: Json, place: str) -> Run:
    """Return the run in an entry of an answer file; raises DataError with `place` for anything else."""
    try:
        read = msgspec.convert(value, _Prediction)
    except (ValueError, RecursionError) as error:
        raise DataError("not an entry of converted answers", place=place, got=str(error)) from None
    return Run(read.query, read.available_tools, read.answer, tuple(_calls(read.answer)))


def read_runs(path: Path) -> dict[str, Run]:
    """Return the runs in a file of converted answers by query id."""
    try:
        entries = json.loads(path.read_bytes())
    except OSError as error:
        raise DataError("the file can not be read", place=str(path), got=error.strerror or "") from None
    except (ValueError, RecursionError) as error:
        raise DataError("not JSON", place=str(path), got=str(error)) from None
    if not isinstance(entries, dict):
        raise DataError("not converted answers", place=str(path), expected='{query_id: {"query", …}}')
    return {key: run_of(value, f"{path}: {key}") for key, value in entries.items()}


def tree_of(node: Node) -> dict[str, Json]:
    """Return a node with all below it, as ToolBench's answer files hold trees."""
    told: dict[str, Json] = {
        "is_terminal": node.terminal,
        "pruned": node.pruned,
        "finished": node.finished,
        "depth": node.depth,
        "node_type": node.kind,
        "description": node.text,
        "expand_num": node.visit,
        "child_count": len(node.children),
    }
    if node.kind == "Action Input" and node.parent is not None:
        told |= {"observation": node.observation, "observation_code": node.code}
    return {**told, "children": [tree_of(child) for child in node.children]}


def went_well(call: Call) -> bool:
    """Tell whether a response says that nothing went wrong: its ``error`` is empty. It may be cut short."""
    found = _ERROR.match(call.response)
    if found is None:
        return bool(call.response) and "error" not in call.response[:40].lower()
    return not found["text"]


def _calls(answer: Mapping[str, Json]) -> list[Call]:
    """Return the calls on the path that takes the first branch everywhere, as ToolEval reads it."""
    found = []
    nodes = answer.get("answer_details")
    for _ in range(_MOST_STEPS):
        if isinstance(nodes, list):
            nodes = nodes[0] if nodes else None
        if not isinstance(nodes, dict):
            break
        if nodes.get("role") == "tool" and (call := _call(nodes.get("message"))):
            found.append(call)
        nodes = nodes.get("next")
    return found


def _call(message: Json) -> Call | None:
    if isinstance(message, str):
        try:
            message = ast.literal_eval(message)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    if not isinstance(message, dict) or not isinstance(message.get("name"), str):
        return None
    texts = [message.get(key, "") for key in ("arguments", "response")]
    shown = [text if isinstance(text, str) else json.dumps(text, default=str) for text in texts]
    return Call(message["name"], *shown)


def _after_key(text: str) -> str:
    """Return what stands behind ``"final_answer":`` in an input that is no JSON."""
    return text.partition('"final_answer"')[2].strip(' :"}\n') or text
