"""What the generated pages say and the code can not tell; `generate` holds these tables against the code."""

from __future__ import annotations

from typing import NamedTuple


class Verb(NamedTuple):
    """What one verb does, as files and as a question."""

    reads: str
    writes: str
    answers: str


VERBS: dict[str, Verb] = {
    "unify": Verb("raw files", "rows", "What does this data say, in one form?"),
    "lint": Verb("tools of any kind", "findings with edits", "Are tools described well, do they work?"),
    "synthesize": Verb("tools of any kind", "rows", "What could people ask of these tools?"),
    "converse": Verb("tools with a state", "rows of several turns", "What could people talk about?"),
    "verify": Verb("rows", "rows, the funnel", "Which rows hold, and why do the others not?"),
    "augment": Verb("rows", "rows", "How else can the same be put?"),
    "blend": Verb("files of rows", "`train.jsonl`, `valid.jsonl`", "What is trained on, what is kept out?"),
    "pair": Verb("rows, dropped ones, a model", "rows with a rejected answer", "What should a model not do?"),
    "export": Verb("rows or a model", "other layouts, a folder", "How do other tools read this?"),
    "train sft": Verb("rows", "an adapter or a model", "Can the model learn these answers?"),
    "train dpo": Verb("pairs, an SFT run", "an adapter", "Can it unlearn those mistakes?"),
    "evaluate": Verb("benchmarks or your suite", "results, summary", "How often is it right, and how sure?"),
    "compare": Verb("two results", "a table", "Which is better, and is that chance?"),
    "serve": Verb("a model", "an HTTP endpoint", "What does my program get from it?"),
    "conform": Verb("a model's folder", "a certificate", "Does every runtime see the same bytes?"),
    "view": Verb("rows, results, runs", "a page in your browser", "What is in there, and what was answered?"),
    "build": Verb("tools, raw files or both", "a run folder, `report.html`", "All of the above at once."),
    "demo": Verb("the bundled tools", "a run folder, `report.html`", "Does it work here?"),
    "study": Verb("tools or raw data", "models, scores, a table", "Which way of making a model is better?"),
    "doctor": Verb("this machine", "a diagnosis", "What is missing?"),
}  # fmt: skip

FIELDS: dict[str, str] = {
    # part.field → meaning, for the fields that say nothing about themselves in record.py
    "Trajectory.id": "Unique in its file; stages add to it (`#a1` a variant, `#r` other words, `#p` a pair).",
    "Trajectory.schema_version": "Version of this record; always written.",
    "Trajectory.source": "Where the row comes from.",
    "Trajectory.task": "What is asked, apart from the conversation.",
    "Trajectory.tools": "The tools on offer: null is unknown, `[]` is none.",
    "Trajectory.messages": "The conversation, in the order of OpenAI chat.",
    "Trajectory.outcome": "What the source says about success.",
    "Trajectory.preference": "The rejected answer, if the row is a preference pair.",
    "Trajectory.issues": "What checks found and let pass: warnings and notes.",
    "Task.instruction": "Task instruction, the first part of the system text.",
    "Task.format_instruction": "How to answer; empty means the format's own instruction.",
    "Task.few_shots": "Examples, as text.",
    "Task.kind": "One turn, many turns, ReAct steps, an environment, or a bare query.",
    "Task.expects": "What is right: a call, no call, a question back, an incomplete answer, or anything.",
    "Task.lang": "Language of the request.",
    "Tool.name": "A legal name: letters, digits and `_.-`.",
    "Tool.description": "What the tool does.",
    "Tool.kind": "How the tool comes to be called.",
    "Message.role": "system, user, assistant or tool.",
    "Message.content": "What is said; of a tool, its result as text.",
    "Message.reasoning": "What the assistant thought first.",
    "Message.tool_calls": "The calls of an assistant turn.",
    "Message.tool_call_id": "Of a result: the call that it answers.",
    "Message.name": "Of a result: the tool. Of a user: who.",
    "ToolCall.name": "The tool.",
    "ToolCall.arguments": "An object, never a JSON text.",
    "ToolCall.id": "Links the call to its result.",
    "ToolCall.parse_error": "Why the source's text did not parse.",
    "Outcome.reward": "A number, in the source's own scale.",
    "Outcome.success": "Yes or no.",
    "Outcome.metrics": "Anything else that was measured.",
    "Issue.code": "Stable name of the finding, see [checks](checks.md).",
    "Issue.severity": "error (the row is dropped), warning or info (it is kept).",
    "Issue.expected": "What should stand there.",
    "Issue.got": "What stands there.",
    "Source.dataset": "Name of the data set, or `synthesized`.",
    "Source.row": "Position in its file, from 0.",
    "Source.uri": "The file, relative to the folder that was given.",
    "Source.split": "Split of the data set, or which halves a synthesized row draws on.",
    "Source.revision": "Revision of the data set.",
    "Source.license": "Licence that the row came with; empty if unknown.",
    "Source.noncommercial": "The licence forbids commercial use.",
    "Source.adapter": "Which reader or generator made the row.",
    "Dropped.id": "Id of the row.",
    "Dropped.stage": "Stage that dropped it.",
    "Dropped.path": "JSON path of the finding.",
    "Dropped.detail": "What was expected, what was found.",
    "Observation.ok": "The tool returned.",
    "Observation.value": "What it returned.",
    "Observation.error": "What went wrong instead.",
    "Observation.kind": "How the call ended.",
    "Observation.isolation": "Under which isolation it ran.",
    "Observation.seconds": "How long it took.",
}  # fmt: skip
