"""BFCL's multi-turn categories as a world of episodes.

>>> world = MultiTurnWorld(("multi_turn_base",))                                # doctest: +SKIP
>>> recite(world.reset(world.tasks[0]), world.gold(world.tasks[0])).correct     # doctest: +SKIP
True
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
from collections.abc import Iterator, Sequence
from functools import cached_property

from callwright import assets, formats
from callwright.evaluate.bfcl.backends import backend
from callwright.evaluate.bfcl.multi_turn.calls import Read, Step, from_arguments, from_official
from callwright.evaluate.bfcl.multi_turn.check import Verdict, check, check_result
from callwright.evaluate.bfcl.multi_turn.course import MAX_STEPS, Course
from callwright.evaluate.bfcl.multi_turn.dialogue import Style, opened
from callwright.evaluate.bfcl.multi_turn.rows import CATEGORIES, Row, load, offer
from callwright.evaluate.bfcl.multi_turn.stage import stage_of
from callwright.evaluate.results import Result
from callwright.evaluate.sessions import Turn
from callwright.record import Json, ToolCall

VARIANT = "bfcl-v4-multi-turn"
DONE = "I have done what you asked for."
"""What the reference says at the end of a turn."""


class MultiTurnWorld:
    """All conversations of some categories, asked in one style."""

    def __init__(
        self, categories: Sequence[str] = CATEGORIES, *, style: Style = "native", output_format: str = ""
    ) -> None:
        """Read the rows; raises ConfigError for an unknown category, ExtraMissing without mpmath."""
        questions = load(categories)
        self.tasks = questions.rows
        self.style: Style = style
        self.output_format = output_format
        self._sha256 = questions.sha256
        for name in {name for row in self.tasks for name in row.involved_classes}:
            backend(name)  # what is missing for one is said before anything is asked

    @cached_property
    def conditions(self) -> dict[str, Json]:
        """Return what a score depends on."""
        return {
            "variant": f"{VARIANT}/{self.style}",
            "wheel_sha256": assets.BFCL.sha256,
            "data_sha256": dict(self._sha256),
            "output_format": self.output_format or formats.DEFAULT_FORMAT if self.style == "native" else "",
            "max_steps": MAX_STEPS,
            "prompt_sha256": self._prompt_sha256(),
        }

    def reset(self, task: Row) -> MultiTurnSession:
        """Return a new session of a row."""
        return MultiTurnSession(task, self.course(task), self.conditions)

    def gold(self, task: Row) -> Iterator[str]:
        """Yield the reference calls of each turn as one reply, and a closing reply after them."""
        for calls in reference_calls(task):
            if calls:
                yield written(calls, self.style, self.output_format)
            yield DONE

    def course(self, task: Row) -> Course:
        """Return a row's conversation at its beginning, on fresh back ends."""
        docs = offer(task)
        dialogue = opened(self.style, docs.first, output_format=self.output_format)
        return Course(task.question, docs.later, dialogue, stage_of(task))

    def _prompt_sha256(self) -> str:
        """Return the hash of the first task's first prompt, which stands for how all are worded."""
        prompt = self.course(self.tasks[0]).prompt()
        return hashlib.sha256(json.dumps(prompt.messages if prompt else ()).encode()).hexdigest()


class MultiTurnSession:
    """One conversation with a user who says what the row says."""

    def __init__(self, row: Row, course: Course, conditions: dict[str, Json]) -> None:
        self.id = row.id
        self._row = row
        self._course = course
        self._conditions = conditions

    def turn(self) -> Turn | None:
        """Return the prompt for the model's next reply, None if the conversation is over."""
        prompt = self._course.prompt()
        return None if prompt is None else Turn("agent", prompt)

    def take(self, reply: str | None) -> None:
        """Go on with the model's reply."""
        self._course.take(reply)

    def result(self) -> Result:
        """Return the official verdict, replayed on back ends of its own."""
        course = self._course
        steps = course.steps[: course.done]
        verdict = Verdict(False, "prompt-too-long") if course.too_long else check(self._row, steps)
        said = json.dumps(course.replies[: course.done])
        return _result(self._row, verdict, course.steps, course.done, said, self._conditions)


def replayed(row: Row, result: Json, conditions: dict[str, Json], read: Read = from_official) -> Result:
    """Return the verdict on the `result` of an official result file."""
    turns = result if isinstance(result, list) else []
    steps = [[read(step) for step in turn] if isinstance(turn, list) else [] for turn in turns]
    verdict = check_result(row, result, read)
    made = [[step for step in turn if step] for turn in steps]
    return _result(row, verdict, made, len(turns), json.dumps(result), conditions)


def _result(
    row: Row, verdict: Verdict, steps: list[list[Step]], turns: int, text: str, conditions: dict[str, Json]
) -> Result:
    right = len(row.reference) if verdict.valid else verdict.turn or 0
    return Result(
        id=row.id, column=row.category, correct=verdict.valid, strict=verdict.valid,
        error=verdict.error_type, where=where(verdict),
        request="\n".join(str(m["content"]) for turn in row.question for m in turn),
        gold=[list(calls) for calls in row.reference], predicted=steps, text=text,
        scores={
            "turns": float(turns),
            "steps": float(sum(map(len, steps))),
            "progress": right / len(row.reference),
        },
        conditions=conditions,
    )  # fmt: skip


def where(verdict: Verdict) -> str:
    """Return which turn is wrong and what about it."""
    place = "" if verdict.turn is None else f"turn {verdict.turn}"
    return ": ".join(part for part in (place, verdict.detail) if part)


def reference_calls(row: Row) -> list[list[ToolCall]]:
    """Return the reference calls of each turn, every argument by its name."""
    return [[_call(text, row) for text in calls] for calls in row.reference]


def _call(text: str, row: Row) -> ToolCall:
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    arguments = {str(k.arg): ast.literal_eval(k.value) for k in node.keywords}
    if node.args:
        name = node.func.id
        owner = next(backend(c) for c in reversed(row.involved_classes) if hasattr(backend(c), name))
        names = list(inspect.signature(getattr(owner, name)).parameters)[1:]
        arguments |= dict(zip(names, map(ast.literal_eval, node.args), strict=False))
    return ToolCall(name=node.func.id, arguments=arguments)


def written(calls: Sequence[ToolCall], style: Style, output_format: str = "") -> str:
    """Return a reply that makes `calls`, as a model would write it in a style."""
    if style == "official":
        return f"[{', '.join(from_arguments((c.name, c.arguments or {}) for c in calls))}]"
    return formats.format_named(output_format).render(formats.Reply("", tuple(calls)))
