"""Which calls of a tool are rehearsed: with made-up arguments as a request would have them, and its examples.

The arguments are facts of the state that the tools are found in, where some fit, such as the ids of what is
there; else they come from both halves of the grammar's values. Those that the schema refuses are drawn again.
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
from callwright.synthesize.bindings import Bindings
from callwright.synthesize.params import Param
from callwright.synthesize.pools import Half
from callwright.synthesize.scenes import EMPTY, Scene, Source, said
from callwright.synthesize.values import Said, Unsamplable, sample
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
    found: bool = False
    """Whether arguments are facts of a state, which may have to belong together for a call to succeed."""


class _Found(Source):
    """Draws what is known in the state of a scene where it fits, else what the grammar makes up."""

    def __init__(self, values: Half, scene: Scene) -> None:
        super().__init__(values)
        self._known = scene.known
        self._fitting = Bindings()
        self.found = False
        """Whether any fact fitted."""

    def draw(self, tool: str, param: Param, rng: random.Random) -> Said:
        """Return a fact, or what is made up."""
        fact = self._fitting.draw(tool, param, self._known, rng)
        if fact is None:
            return super().draw(tool, param, rng)
        self.found = True
        return said(param, fact)


def plan_of(
    tool: Tool, tries: int, seed: int, examples: Sequence[Example] = (), scene: Scene = EMPTY
) -> Plan:
    """Return at most `tries` different calls with made-up arguments, and those of all examples."""
    subject = subject_of(tool)
    sources = (_Found("train", scene), _Found("test", scene))
    takes: dict[bytes, Take] = {}
    obstacle = ("", "")
    for i in range(tries):
        rng = random.Random(row_seed(seed, f"{tool.name}/{i}"))
        try:
            arguments = _drawn(subject, rng, sources[i % 2])
            takes.setdefault(msgspec.json.encode(arguments, order="sorted"), Take(arguments))
        except Unsamplable as error:
            obstacle = obstacle if obstacle[1] else (_culprit(subject, rng), str(error))
    told = [Take(e.arguments, e) for e in (*examples, *_schema_examples(tool))]
    found = any(source.found for source in sources)
    return Plan([*takes.values(), *told], ("", "") if takes else obstacle, found)


def _drawn(subject: Subject, rng: random.Random, source: Source) -> dict[str, Json]:
    """Return legal arguments; raises `Unsamplable`."""
    why = ""
    for _ in range(_DRAWS):
        arguments = {name: value.value for name, value in draw(subject, source, rng).items()}
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
