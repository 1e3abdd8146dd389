"""FireAct's evaluation runs on HotpotQA (MIT): a file is one object, ``{id: {"traj", "gt", "pred", …}}``.

A row is one entry. `traj` is a list of chat messages, or one text with the prompt in front of it (a
template of two lines, ``### Instruction:``, the question, ``### Response:``). The run is read like
`react_text`; `reward` is the outcome, `em` and `f1` its metrics. The template is the format instruction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from callwright.record import Json, Outcome, Trajectory
from callwright.unify import files
from callwright.unify.conversation import Conversation
from callwright.unify.notations.dialogue import Turn, turns
from callwright.unify.notations.episode import Episode
from callwright.unify.rows import BadRow, Element, File, Row, other_fields, shape
from callwright.unify.sources import react_text

LICENSES = {"": "MIT"}
FIELDS = ("traj", "gt", "pred", "em", "f1", "reward")
LOSES = "labels such as Thought: and the blanks around them; the copy of the run in traj_by_line."
SEEN = "real"
_KNOWN = frozenset({"traj", "reward", "em", "f1"})
_PROMPT = re.compile(r"(?P<template>.*?)### Instruction:\n(?P<asked>.*?)\n### Response:\n(?P<run>.*)", re.S)


class _Row(msgspec.Struct):
    traj: str | list[Json]
    gt: str
    pred: str | None = None
    reward: bool | float | None = None
    em: bool | float | None = None
    f1: float | None = None


def detect(value: Mapping[str, Json]) -> str:
    """Recognise entries that have a trajectory, the right answer and the given one."""
    entries = list(value.values())[:8]
    if entries and all(isinstance(e, dict) and {"traj", "gt", "pred"} <= e.keys() for e in entries):
        return "entries with traj, gt and pred"
    return ""


def rows(file: File) -> Iterator[Element]:
    """Yield a row per entry, numbered through the file."""
    return files.entries(file, "id")


def convert(row: Row) -> Trajectory:
    """Return the run."""
    raw = shape(row.value, _Row)
    template = ""
    if isinstance(raw.traj, list):
        said = turns(raw.traj, "traj")
    else:
        found = _PROMPT.fullmatch(raw.traj)
        if not found:
            raise BadRow("wrong-type", "traj", "expected ### Instruction: and ### Response:")
        template = found["template"].strip()
        said = react_text.run(found["asked"].strip(), found["run"], "traj")
    return _converse(row, raw, said, template)


def _converse(row: Row, raw: _Row, said: list[Turn], template: str) -> Trajectory:
    env = react_text.environment(said)
    episode = Episode(Conversation(row, env.tools), env)
    episode.talk.format_instruction = template
    if said and episode.ends(said[-1].text):
        said = said[:-1]
    episode.play(said)
    metrics = {key: row.value[key] for key in ("em", "f1") if row.value.get(key) is not None}
    told = (
        Outcome(metrics=metrics)
        if episode.outcome is None
        else msgspec.structs.replace(episode.outcome, metrics=metrics)
    )
    if raw.reward is not None:
        told = msgspec.structs.replace(told, reward=float(raw.reward), success=raw.reward == 1)
    fields = other_fields(row.value, _KNOWN)
    if isinstance(raw.traj, str) and fields.get("traj_by_line") == raw.traj.split("\n"):
        del fields["traj_by_line"]
    return episode.talk.finish(fields=fields, outcome=told, kind="react")
