"""The questions and prerequisite conversations of BFCL's memory category, read out of the pinned wheel.

>>> len(load().questions)      # doctest: +SKIP
155
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import msgspec

from callwright import assets
from callwright.errors import DataError
from callwright.record import Json

CATEGORY, BACKEND = "memory_kv", "MemoryAPI_kv"
SCENARIOS = ("student", "customer", "finance", "healthcare", "notetaker")
NOT_RUN = {
    "memory_vector": "its back end downloads a sentence-embedding model and needs faiss",
    "memory_rec_sum": "only the key-value back end is run here",
    "web_search_base": "it searches the live web through a paid service",
    "web_search_no_snippet": "it searches the live web through a paid service",
}
"""Agentic categories of BFCL v4 that are reported as not run, and why."""


class Conversation(msgspec.Struct, frozen=True):
    """What a user says in one sitting: a question, or a conversation that tells what is asked for later."""

    id: str
    scenario: str
    question: tuple[tuple[dict[str, Json], ...], ...]
    answer: tuple[str, ...] = ()
    """Any of these in the last reply is right; none for a prerequisite."""


class Scenario(NamedTuple):
    """The conversations that the questions of a scenario presuppose, in order."""

    name: str
    conversations: tuple[Conversation, ...]


class Memory(NamedTuple):
    """All questions and scenarios in the official order, and the sha256 of their files."""

    questions: tuple[Conversation, ...]
    scenarios: tuple[Scenario, ...]
    sha256: str


class _Answer(msgspec.Struct):
    id: str
    ground_truth: tuple[str, ...]


def load() -> Memory:
    """Return the category as its key-value variant."""
    data = "bfcl_eval/data"
    questions = assets.member(assets.BFCL, f"{data}/BFCL_v4_memory.json")
    answers = assets.member(assets.BFCL, f"{data}/possible_answer/BFCL_v4_memory.json")
    told = [
        assets.member(assets.BFCL, f"{data}/memory_prereq_conversation/memory_{name}.json")
        for name in SCENARIOS
    ]
    allowed = {a.id: a.ground_truth for a in msgspec.json.Decoder(_Answer).decode_lines(answers)}
    rows = msgspec.json.Decoder(Conversation).decode_lines(questions)
    if any(row.id not in allowed or row.scenario not in SCENARIOS for row in rows):
        raise DataError("a question has no possible answer or no scenario", place="BFCL_v4_memory.json")
    return Memory(
        tuple(_named(row, allowed[row.id]) for row in rows),
        tuple(
            Scenario(name, tuple(_named(c) for c in msgspec.json.Decoder(Conversation).decode_lines(text)))
            for name, text in zip(SCENARIOS, told, strict=True)
        ),
        hashlib.sha256(b"".join([questions, answers, *told])).hexdigest(),
    )


def _named(row: Conversation, answer: tuple[str, ...] = ()) -> Conversation:
    """Return a conversation under the id that it has on this back end."""
    return msgspec.structs.replace(row, id=row.id.replace("memory", CATEGORY, 1), answer=answer)
