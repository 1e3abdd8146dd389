"""Run tools before anything is synthesized for them: do calls succeed, and what becomes of a call made twice?

The calls are those that a request would lead to, drawn by the grammar from both halves of its values, and the
examples that a tool brings along. `verify` judges them as it judges the calls of a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from callwright.record import Issue, Json, Message, Observation, Severity, Tool, ToolCall, Trajectory
from callwright.synthesize.quality.findings import Finding, about_tool
from callwright.synthesize.scenes import EMPTY, Scene, State
from callwright.synthesize.takes import Effect, Known, Plan, Take, plan_of
from callwright.toolbox.doctests import Example
from callwright.verify import Execute
from callwright.verify.execution import Run, run, weakest
from callwright.verify.results import result_issues

FEW = 0.5
"""Share of legal calls that succeed, below which the schema does not say what is legal."""
_FAILED = frozenset({"execution-failed", "oversize-result", "error-result"})
_EMPTY: tuple[Json, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of calling one tool."""

    tool: str
    calls: int = 0
    """Different calls with made-up arguments that were answered."""
    succeeded: int = 0
    """How many of them returned something that is no error."""
    examples: int = 0
    held: int = 0
    """Examples that succeeded, and with the result that is told, if it is."""
    deterministic: bool | None = None
    """Whether repeated calls gave the same; None where none was repeated or a stand-in answered."""
    effect: Effect = "unknown"
    level: str = ""
    """The weakest isolation, or where an HTTP answer is from; empty if nothing was called."""
    findings: tuple[Finding, ...] = ()

    @property
    def callable(self) -> bool:
        """Whether any call succeeded."""
        return self.succeeded > 0 or self.held > 0


def rehearse(
    tools: Sequence[Tool],
    play: Execute,
    *,
    tries: int = 8,
    seed: int = 7,
    known: Mapping[str, Known] = {},
    scene: Scene = EMPTY,
) -> list[Rehearsal]:
    """Call each tool `tries` times with made-up arguments and once per example, all of it twice.

    Every call finds the tools in the state of `scene`. Calls that a live server answered are not repeated.
    Everything follows from the seed and the tool.
    """
    knowledge = [known.get(tool.name, Known()) for tool in tools]
    plans = [
        plan_of(tool, tries, seed, about.examples, scene)
        for tool, about in zip(tools, knowledge, strict=True)
    ]
    rows = [
        _row(tool, take, scene.state) for tool, plan in zip(tools, plans, strict=True) for take in plan.takes
    ]
    runs = iter(run(rows, play) if rows else ())
    seen = [[_Seen.of(take, next(runs)) for take in plan.takes] for plan in plans]
    return [_Judge(*about).rehearsal() for about in zip(tools, plans, knowledge, seen, strict=True)]


def _row(tool: Tool, take: Take, state: State) -> Trajectory:
    # Without `returns`: a result that breaks its schema is judged here, and is to be repeated all the same.
    bare = msgspec.structs.replace(tool, returns=None)
    calls = (*take.before, ToolCall(name=tool.name, arguments=take.arguments))
    extra: dict[str, Json] = {} if state is None else {"state": state}
    messages = (Message(role="assistant", tool_calls=calls),)
    return Trajectory(id="", tools=(bare,), messages=messages, extra=extra)


class _Seen(NamedTuple):
    """What came of one take."""

    take: Take
    observation: Observation
    issues: tuple[Issue, ...]
    changed: bool

    @classmethod
    def of(cls, take: Take, run: Run) -> _Seen:
        """Return what came of the last call of a take; those before it only lead there."""
        path = f"messages[0].tool_calls[{len(take.before)}]"
        issues = tuple(issue for issue in run.issues if issue.path == path)
        return cls(take, run.observations[-1], issues, bool(run.changes))

    @property
    def codes(self) -> set[str]:
        return {issue.code for issue in self.issues}

    @property
    def failure(self) -> str:
        """What went wrong; empty for a result."""
        return next((issue.got for issue in self.issues if issue.code in _FAILED), "")

    @property
    def wrong(self) -> str:
        """What is wrong with an example; empty for nothing."""
        example, value = self.take.example, self.observation.value
        if self.failure:
            return f"ends with {self.failure}"
        if example is None or not example.told or value == example.result:
            return ""
        return f"says {_shown(example.result)}, gives {_shown(value)}"


class _Judge(NamedTuple):
    """Says what came of the calls of one tool."""

    tool: Tool
    plan: Plan
    known: Known
    all: Sequence[_Seen]

    def rehearsal(self) -> Rehearsal:
        answered = [s for s in self.all if "not-answered" not in s.codes]
        drawn = [s for s in answered if s.take.example is None]
        told = [s for s in answered if s.take.example is not None]
        fine = [s for s in answered if not s.failure]
        observations = tuple(s.observation for s in self.all)
        via = next((o.via for o in observations if o.via != "run"), "")
        repeated = [s for s in fine if s.codes <= {"nondeterministic"} and not via]
        return Rehearsal(
            tool=self.tool.name, calls=len(drawn), succeeded=sum(not s.failure for s in drawn),
            examples=len(told), held=sum(not s.wrong for s in told),
            deterministic=not any(s.codes for s in repeated) if repeated else None,
            effect=self._effect(answered), level=via or (weakest(observations) if observations else ""),
            findings=(
                *self._without_answer(answered), *self._failures(drawn, bool(fine)),
                *self._results(answered, fine), *self._examples(told),
            ),
        )  # fmt: skip

    def _effect(self, answered: Sequence[_Seen]) -> Effect:
        if any(s.changed for s in answered):
            return "write"
        looked = self.known.stateful and any(not s.failure for s in answered)
        return "read" if self.known.effect == "unknown" and looked else self.known.effect

    def _about(self, code: str, what: str, edit: str, severity: Severity | None = None) -> Finding:
        return about_tool(code, self.tool.name, what, edit, severity=severity)

    def _without_answer(self, answered: Sequence[_Seen]) -> Iterator[Finding]:
        if self.all and not answered:
            what = f"none of {len(self.all)} calls is answered: {self.all[0].observation.error}"
            yield self._about("not-answered", what, "let somebody answer: a server that runs, or a recording")
        name, why = self.plan.obstacle
        if why:
            found = self._about(
                "unsamplable", f"no arguments can be made up: {why}", _plainer(self.tool, name)
            )
            yield Finding(self.tool.name, name, found.issue)

    def _failures(self, drawn: Sequence[_Seen], any_fine: bool) -> Iterator[Finding]:
        failures = Counter(s.failure for s in drawn if s.failure)
        count = failures.total()
        if not count:
            return
        often = failures.most_common(1)[0][0]
        edit = "let the schema say what is legal (bounds, a pattern, a set), or mend the tool"
        severity: Severity | None = None
        if self.plan.found:
            edit = "show a call that succeeds as an example: its values may have to belong together"
            severity = "info"
        elif self.known.stateful:
            edit = "let a fresh instance hold something that calls can find"
            severity = "warning"
        if not any_fine:
            what = f"none of {len(drawn)} calls succeeds, most often: {often}"
            yield self._about("not-callable", what, edit, severity)
        elif len(drawn) - count < FEW * len(drawn):
            what = f"{count} of {len(drawn)} legal calls fail, most often: {often}"
            yield self._about("often-fails", what, edit, severity)

    def _results(self, answered: Sequence[_Seen], fine: Sequence[_Seen]) -> Iterator[Finding]:
        first = {issue.code: issue for seen in reversed(answered) for issue in seen.issues}
        if "error-result" in first:
            what = f"returns an error as if it were a result: {first['error-result'].got}"
            yield self._about("error-result", what, "raise an error instead: ValueError('…') in Python")
        if "nondeterministic" in first:
            issue = first["nondeterministic"]
            what = f"equal calls give {issue.expected}, then {issue.got}"
            yield self._about(
                "nondeterministic", what, "take time and chance as parameters, or leave them out"
            )
        values = [seen.observation.value for seen in fine]
        promised = self.tool.returns is None or self.tool.returns.get("type") != "null"
        if values and promised and all(value in _EMPTY for value in values):
            what = f"every result is empty: {_shown(values[0])}"
            yield self._about("empty-result", what, "return what was done, so that an answer can rest on it")
        breach = next((issue for value in values for issue in result_issues(self.tool, value)), None)
        if breach is not None:
            what = f"{breach.path} is not what it says it returns: {breach.got}"
            yield self._about("result-schema", what, "let the return type or response schema say what comes")

    def _examples(self, told: Sequence[_Seen]) -> Iterator[Finding]:
        for seen in told:
            if seen.wrong and (example := seen.take.example):
                what = f"{example.place}: {_call(self.tool, example)} {seen.wrong}"
                yield self._about("wrong-example", what, "mend the example, or the tool")


def _shown(value: Json) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 80 else f"{text[:79]}…"


def _call(tool: Tool, example: Example) -> str:
    arguments = ", ".join(f"{name}={_shown(value)}" for name, value in example.arguments.items())
    return f"{tool.name}({arguments})"


def _plainer(tool: Tool, name: str) -> str:
    """Return the edit by which values can be made up for a parameter."""
    spec = tool.parameters.get("properties", {}).get(name, {})
    if isinstance(spec, dict) and "pattern" in spec:
        return "a pattern without look-around and back references, or an enum"
    if isinstance(spec, dict) and spec.get("type") in ("object", "array"):
        return "fewer levels, each with its fields"
    return "bounds that leave room, a type, or an enum"
