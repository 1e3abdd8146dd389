"""Which calls of a tool are rehearsed: with made-up arguments as a request would have them, and its examples.

The arguments come from both halves of the grammar's values. Those that the schema refuses are drawn again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from callwright import schema
from callwright.record import Json, Tool, ToolCall
from callwright.store import row_seed
from callwright.synthesize.arguments import draw
from callwright.synthesize.scenes import Source
from callwright.synthesize.values import Unsamplable, sample
from callwright.synthesize.wording import Subject, subject_of
from callwright.toolbox.doctests import Example

Effect = Literal["read", "write", "unknown"]
_DRAWS = 4
"""Times that arguments are drawn for one call until some are legal."""


class Known(NamedTuple):
    """What is known of a tool before it is called."""

    effect: Effect = "unknown"
    """As its HTTP method or its server says."""
    stateful: bool = False
    """Whether changes of its state are seen."""
    examples: tuple[Example, ...] = ()
    """Beside those of its schema."""


class Take(NamedTuple):
    """One call to make."""

    arguments: dict[str, Json]
    example: Example | None = None
    """None for made-up arguments."""

    @property
    def before(self) -> tuple[ToolCall, ...]:
        """The calls that lead to it."""
        return self.example.before if self.example else ()


class Plan(NamedTuple):
    """The calls to make of one tool."""

    takes: list[Take]
    obstacle: tuple[str, str] = ("", "")
    """The parameter for which nothing could be made up, and why."""


def plan_of(tool: Tool, tries: int, seed: int, examples: Sequence[Example] = ()) -> Plan:
    """Return at most `tries` different calls with made-up arguments, and those of all examples."""
    subject = subject_of(tool)
    takes: dict[bytes, Take] = {}
    obstacle = ("", "")
    for i in range(tries):
        rng = random.Random(row_seed(seed, f"{tool.name}/{i}"))
        try:
            arguments = _drawn(subject, rng, i)
            takes.setdefault(msgspec.json.encode(arguments, order="sorted"), Take(arguments))
        except Unsamplable as error:
            obstacle = obstacle if obstacle[1] else (_culprit(subject, rng), str(error))
    told = [Take(e.arguments, e) for e in (*examples, *_schema_examples(tool))]
    return Plan([*takes.values(), *told], ("", "") if takes else obstacle)


def _drawn(subject: Subject, rng: random.Random, index: int) -> dict[str, Json]:
    """Return legal arguments, of one half of the values or the other; raises `Unsamplable`."""
    why = ""
    for _ in range(_DRAWS):
        said = draw(subject, Source("train" if index % 2 == 0 else "test"), rng)
        arguments = {name: value.value for name, value in said.items()}
        issue = next(schema.check(subject.tool.parameters, arguments), None)
        if issue is None:
            return arguments
        why = f"{issue.path.removeprefix('arguments.')}: {issue.got}"
    raise Unsamplable(why)


def _culprit(subject: Subject, rng: random.Random) -> str:
    for param in subject.params:
        if param.required:
            try:
                sample(param, rng, "train")
            except Unsamplable:
                return param.name
    return ""


def _schema_examples(tool: Tool) -> Iterator[Example]:
    """Yield the calls that the examples in a tool's schema make up."""
    for whole in tool.parameters.get("examples", ()):
        if isinstance(whole, dict):
            yield Example(whole)
    properties = tool.parameters.get("properties", {})
    given = {
        name: s["examples"] for name, s in properties.items() if isinstance(s, dict) and s.get("examples")
    }
    if given and given.keys() >= set(tool.parameters.get("required", ())):
        for i in range(max(map(len, given.values()))):
            yield Example({name: values[min(i, len(values) - 1)] for name, values in given.items()})
