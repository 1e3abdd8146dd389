"""One episode: its calls, what they gave, and AgentBoard's score of them.

What AgentBoard does, down to its oddities, is kept: an episode is over as soon as an action that did not
raise holds "finish" or "Finish" anywhere, also in an argument; progress is not looked at after an observation
that holds "Invalid"; a list that can not be sorted is no answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from callwright.evaluate.results import Result
from callwright.evaluate.sessions import TOO_LONG, Turn
from callwright.evaluate.toolquery.actions import Action, Interface, said
from callwright.evaluate.toolquery.outcomes import ERROR, Domain, Outcome, raised, value
from callwright.evaluate.toolquery.prompts import Conversation, observed, question
from callwright.evaluate.toolquery.scoring import cleaned, matched
from callwright.evaluate.toolquery.tasks import Task
from callwright.evaluate.toolquery.toolspecs import CHECK, FINISH
from callwright.formats import PlainMessage
from callwright.record import Json

_ALIASES = {"neighborCheck": "neighbourCheck"}
"""Spellings that AgentBoard takes as well."""


class ToolQuerySession:
    """An episode of one task; all that changes is here."""

    def __init__(
        self,
        task: Task,
        domain: Domain,
        opening: Conversation,
        *,
        interface: Interface,
        output_format: str,
        max_steps: int,
        tell_date: bool,
        conditions: Mapping[str, Json],
    ) -> None:
        self.id = task.id
        self._task, self._domain = task, domain
        self._interface, self._output_format, self._max_steps = interface, output_format, max_steps
        self._conditions = conditions
        self._answer = domain.begin(task)
        self._said = opening.followed_by(question(task, tell_date=tell_date))
        self._turn: Turn | None = None
        self._found: list[Json] = []
        self._calls: list[Json] = []
        self._log: list[str] = []
        self._steps = self._grounded = self._misses = 0
        self._progress = 0.0
        self._final: Json = None
        self._answered = self._done = self._too_long = False

    def turn(self) -> Turn | None:
        """Return the prompt for the next reply, None if the episode is over."""
        if self._done or self._too_long or self._steps >= self._max_steps:
            return None
        if self._turn is None:
            self._turn = Turn("agent", self._said.prompt())
        return self._turn

    def take(self, reply: str | None) -> None:
        """Carry out the calls of a reply one after another; each is a step."""
        if self._done or self._too_long or self._steps >= self._max_steps:
            return
        if reply is TOO_LONG:
            self._too_long = True
            return
        self._turn = None
        meant = said(reply, self._interface, self._output_format)
        self._said.add(PlainMessage("assistant", meant.kept, 1.0))
        self._log.append(meant.kept)
        for action in meant.actions:
            observation = self._step(action)
            self._said.add(observed(observation, self._interface))
            self._log.append(f"Observation: {observation}")
            if self._done or self._steps >= self._max_steps:
                break

    def result(self) -> Result:
        """Return the verdict: right if the episode was ended and every subgoal was found."""
        right = self._done and self._progress == 1.0
        task = self._task
        return Result(
            id=task.id,
            column=task.domain,
            style=task.difficulty,
            correct=right,
            strict=right,
            error="" if right else self._error(),
            where="" if right else f"cache misses: {self._misses}" if self._misses else "",
            request=task.goal,
            gold={"subgoals": list(task.subgoals)},
            predicted={"calls": list(self._calls), "answer": plain(self._final)},
            text="\n".join(self._log),
            scores=self._scores(right),
            conditions=dict(self._conditions),
        )

    def _error(self) -> str:
        if self._too_long:
            return "prompt-too-long"
        return "wrong-answer" if self._done else "gave-up"

    def _scores(self, right: bool) -> dict[str, float]:
        scores = {
            "success": float(right),
            "progress": self._progress,
            "grounding": self._grounded / max(self._steps, 1),
            "answer": float(self._answered and self._final == self._task.answer),
            "steps": float(self._steps),
            "cache_misses": float(self._misses),
        }
        if not self._misses:
            scores |= {"success_without_miss": float(right), "progress_without_miss": self._progress}
        return scores

    def _step(self, action: Action) -> str:
        """Carry out one action and return what the model sees of it."""
        self._steps += 1
        if action.complaint:
            return action.complaint
        self._calls.append({"name": action.name, "arguments": plain(action.arguments)})
        outcome = self._outcome(action)
        if not outcome.text.startswith(ERROR):
            self._grounded += 1
        if outcome.kind == "missed":
            self._misses += 1
        elif outcome.kind != "raised":
            self._done = "finish" in action.text or "Finish" in action.text
            if "Invalid" not in outcome.text:
                found = matched(self._task.subgoals, self._found, self._domain.name)
                self._progress = max(self._progress, found / len(self._task.subgoals))
        return outcome.text

    def _outcome(self, action: Action) -> Outcome:
        """Return what an action gives; the subgoal that it may be is noted."""
        name = _ALIASES.get(action.name, action.name)
        parameters = self._domain.parameters
        try:
            if name not in parameters:
                return Outcome("failed", f"{ERROR}Invalid action: {action.name}.")
            if name == CHECK:
                return Outcome("failed", f"You can use following valid actions: {list(parameters)}")
            outcome = (
                self._finish(action.arguments) if name == FINISH else self._answer(name, action.arguments)
            )
        except Exception as error:  # a model's arguments may be anything, and so may be what they raise
            return raised(error)
        if outcome.kind == "value":
            self._found.append(cleaned(outcome.value, self._domain.name))
        elif outcome.kind == "failed":
            own = {each: action.arguments[each] for each in self._domain.parameters[name]}
            self._found.append(f"Calling {name} with {own} failed")
        return outcome

    def _finish(self, arguments: Json) -> Outcome:
        answer = arguments["answer"]
        outcome = value(sorted(answer) if type(answer) is list else answer)
        self._final, self._answered = outcome.value, True
        return outcome


def plain(item: Json) -> Json:
    """Return a value as JSON can hold it; what JSON has no notation for is shown as Python writes it."""
    if isinstance(item, dict):
        return {str(key): plain(part) for key, part in item.items()}
    if isinstance(item, list | tuple):
        return [plain(part) for part in item]
    if item is None or isinstance(item, bool | int | str):
        return item
    return item if isinstance(item, float) and item - item == 0 else repr(item)
