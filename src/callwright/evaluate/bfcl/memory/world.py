"""BFCL's memory category as two worlds of episodes: first what is told, then what is asked.

>>> told = PrerequisiteWorld()                                                           # doctest: +SKIP
>>> results = [recite(told.reset(task), told.gold(task)) for task in told.tasks]         # doctest: +SKIP
>>> asked = MemoryWorld(snapshots(results))                                              # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from callwright import assets, formats
from callwright.errors import ConfigError
from callwright.evaluate.bfcl.backends import backend, copied, function_docs
from callwright.evaluate.bfcl.memory.check import check_answer, check_result
from callwright.evaluate.bfcl.memory.rows import BACKEND, CATEGORY, SCENARIOS, Conversation, Scenario, load
from callwright.evaluate.bfcl.multi_turn.calls import Read, Step, from_official
from callwright.evaluate.bfcl.multi_turn.check import Verdict
from callwright.evaluate.bfcl.multi_turn.course import MAX_STEPS, Course
from callwright.evaluate.bfcl.multi_turn.dialogue import Style, opened, sentence, words
from callwright.evaluate.bfcl.multi_turn.stage import Stage
from callwright.evaluate.results import Result
from callwright.evaluate.sessions import Turn
from callwright.record import Json

Snapshot = Mapping[str, Mapping[str, str]]
"""What is remembered: key → text, in ``core_memory`` and ``archival_memory``."""
EMPTY: Snapshot = {"core_memory": {}, "archival_memory": {}}
TOLD = f"{CATEGORY}_prereq"
"""The column of prerequisite conversations; they are no questions and have no score."""
NOTED = "I have taken note of that."


class PrerequisiteWorld:
    """The conversations that come before the questions; one episode a scenario."""

    def __init__(self, *, style: Style = "native", output_format: str = "") -> None:
        memory = load()
        self.tasks = memory.scenarios
        self.style: Style = style
        self.output_format = output_format
        self.conditions = _conditions(memory.sha256, style, output_format)

    def reset(self, task: Scenario) -> PrerequisiteSession:
        """Return a new session of a scenario, with nothing remembered yet."""
        return PrerequisiteSession(task, self.style, self.output_format, self.conditions)

    def gold(self, task: Scenario) -> Iterator[str]:
        """Yield replies that remember nothing: the data hold no reference of what to write down."""
        for conversation in task.conversations:
            yield from [NOTED] * len(conversation.question)


class PrerequisiteSession:
    """All conversations of a scenario in order, each of which sees the memory that the last one left."""

    def __init__(self, task: Scenario, style: Style, output_format: str, conditions: dict[str, Json]) -> None:
        self.id = f"{TOLD}-{task.name}"
        self._task, self._style, self._format, self._conditions = task, style, output_format, conditions
        self._courses: list[Course] = []
        self._snapshot = EMPTY
        self._instance = remembering(EMPTY)
        self._begin()

    def turn(self) -> Turn | None:
        """Return the prompt for the model's next reply, None once all conversations are over."""
        prompt = self._courses[-1].prompt()
        return None if prompt is None else Turn("agent", prompt)

    def take(self, reply: str | None) -> None:
        """Go on with the model's reply; a conversation whose prompt got too long leaves no memory."""
        course = self._courses[-1]
        course.take(reply)
        if course.over:
            if course.too_long:
                self._instance = remembering(self._snapshot)
            self._snapshot = snapshot_of(self._instance)
            if len(self._courses) < len(self._task.conversations):
                self._begin()

    def result(self) -> Result:
        """Return what is remembered, as `predicted`; `correct` tells that no conversation was cut short."""
        courses = self._courses
        complete = len(courses) == len(self._task.conversations)
        whole = complete and all(c.over and not c.forced and not c.too_long for c in courses)
        return Result(
            id=self.id, column=TOLD, correct=whole, strict=whole, error="" if whole else "cut-short",
            predicted=copied(dict(self._snapshot)),
            scores={
                "turns": float(sum(c.done for c in courses)),
                "steps": float(sum(len(turn) for c in courses for turn in c.steps)),
                "entries": float(sum(map(len, self._snapshot.values()))),
            },
            conditions=self._conditions,
        )  # fmt: skip

    def _begin(self) -> None:
        conversation = self._task.conversations[len(self._courses)]
        self._courses.append(_course(conversation, self._instance, self._style, self._format))


class MemoryWorld:
    """The 155 questions, each asked of a model that remembers what it wrote down before."""

    def __init__(
        self, remembered: Mapping[str, Snapshot], *, style: Style = "native", output_format: str = ""
    ) -> None:
        """Take what is remembered in each scenario; raises ConfigError where one is missing."""
        missing = [name for name in SCENARIOS if name not in remembered]
        if missing:
            raise ConfigError(
                "BFCL's memory questions need the memory of every scenario",
                expected=", ".join(SCENARIOS), got=f"nothing for {', '.join(missing)}",
                hint="play the prerequisite conversations first",
            )  # fmt: skip
        memory = load()
        self.tasks = memory.questions
        self.style: Style = style
        self.output_format = output_format
        self._remembered = remembered
        state = json.dumps({name: remembered[name] for name in SCENARIOS}, sort_keys=True)
        self.conditions = {
            **_conditions(memory.sha256, style, output_format),
            "memory_sha256": hashlib.sha256(state.encode()).hexdigest(),
        }

    def reset(self, task: Conversation) -> QuestionSession:
        """Return a new session of a question, with a memory of its own."""
        instance = remembering(self._remembered[task.scenario])
        course = _course(task, instance, self.style, self.output_format)
        return QuestionSession(task, course, self)

    def gold(self, task: Conversation) -> Iterator[str]:
        """Yield the first allowed answer, in the form that is asked for."""
        yield str({"answer": task.answer[0], "context": "The user told me so."})


class QuestionSession:
    """One question about what was told."""

    def __init__(self, task: Conversation, course: Course, world: MemoryWorld) -> None:
        self.id = task.id
        self._task, self._course, self._world = task, course, world

    def turn(self) -> Turn | None:
        """Return the prompt for the model's next reply, None once it has answered."""
        prompt = self._course.prompt()
        return None if prompt is None else Turn("agent", prompt)

    def take(self, reply: str | None) -> None:
        """Go on with the model's reply."""
        self._course.take(reply)

    def result(self) -> Result:
        """Return the official verdict on the last reply without calls."""
        course, world = self._course, self._world
        verdict = Verdict(False, "agentic:inference_error")
        if course.too_long:
            verdict = Verdict(False, "prompt-too-long")
        elif course.over:
            # A reply without calls ends the turn, so only the last one can be without.
            silent = len(course.replies[-1]) > len(course.steps[-1])
            last = words(course.replies[-1][-1], world.style, world.output_format) if silent else None
            verdict = check_answer(last, self._task.answer)
        return _result(self._task, verdict, course.steps, json.dumps(course.replies), world.conditions)


def replayed(
    task: Conversation, result: Json, conditions: dict[str, Json], read: Read = from_official
) -> Result:
    """Return the verdict on the `result` of an official result file."""
    turns = result if isinstance(result, list) else []
    steps = [[read(step) for step in turn] if isinstance(turn, list) else [] for turn in turns]
    made = [[step for step in turn if step] for turn in steps]
    return _result(task, check_result(result, task.answer, read), made, json.dumps(result), conditions)


def _result(
    task: Conversation, verdict: Verdict, steps: list[list[Step]], text: str, conditions: dict[str, Json]
) -> Result:
    return Result(
        id=task.id, column=CATEGORY, style=task.scenario,
        correct=verdict.valid, strict=verdict.valid, error=verdict.error_type,
        request=str(task.question[0][-1]["content"]), gold=list(task.answer), predicted=steps, text=text,
        scores={"steps": float(sum(map(len, steps)))}, conditions=conditions,
    )  # fmt: skip


def snapshots(results: Iterable[Result]) -> dict[str, Snapshot]:
    """Return what is remembered in each scenario, out of the results of a `PrerequisiteWorld`."""
    return {
        result.id.removeprefix(f"{TOLD}-"): result.predicted
        for result in results
        if result.column == TOLD and isinstance(result.predicted, dict)
    }


def remembering(snapshot: Snapshot) -> Any:
    """Return a fresh back end with a copy of what is remembered."""
    made: Any = backend(BACKEND)()
    made.core_memory = dict(snapshot["core_memory"])
    made.archival_memory = dict(snapshot["archival_memory"])
    return made


def snapshot_of(instance: Any) -> Snapshot:
    """Return a copy of what a back end remembers."""
    return {"core_memory": dict(instance.core_memory), "archival_memory": dict(instance.archival_memory)}


def _course(conversation: Conversation, instance: Any, style: Style, output_format: str) -> Course:
    system: str = sentence("MEMORY_BACKEND_INSTRUCTION_CORE_ARCHIVAL").format(
        scenario_setting=sentence("MEMORY_AGENT_SETTINGS")[conversation.scenario],
        memory_content=instance._dump_core_memory_to_context(),
    )
    if conversation.answer:
        system += "\n\n" + sentence("ADDITIONAL_SYSTEM_PROMPT_FOR_AGENTIC_RESPONSE_FORMAT")
    dialogue = opened(style, function_docs(BACKEND), system, output_format)
    return Course(conversation.question, {}, dialogue, Stage({BACKEND: instance}))


def _conditions(sha256: str, style: Style, output_format: str) -> dict[str, Json]:
    settings = sentence("MEMORY_AGENT_SETTINGS")
    asked: Sequence[object] = (style, sorted(settings.items()), function_docs(BACKEND))
    return {
        "variant": f"bfcl-v4-memory-kv/{style}",
        "wheel_sha256": assets.BFCL.sha256,
        "data_sha256": sha256,
        "output_format": output_format or formats.DEFAULT_FORMAT if style == "native" else "",
        "max_steps": MAX_STEPS,
        "prompt_sha256": hashlib.sha256(json.dumps(asked).encode()).hexdigest(),
    }
