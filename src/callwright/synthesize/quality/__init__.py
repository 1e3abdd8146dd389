"""Are tools described well enough to be called: names, texts, types, bounds, and what tells them apart?

Every finding has a stable code, a place and an edit. The checks read names as the grammar does, which is why
they live in this room: what they ask for is what a made-up value, and a model, has to go by.

>>> tool = Tool(name="get_forecast", description="Tell the weather of days to come.", parameters={
...     "type": "object", "properties": {"days": {"type": "integer", "description": "How many."}}})
>>> print(next(iter(findings([tool]))).text())
get_forecast.days  no-bounds  a number without bounds → "minimum": 1, "maximum": 30
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from callwright.record import Tool
from callwright.synthesize.quality.confusion import confusable
from callwright.synthesize.quality.defaults import contradictions, defaults
from callwright.synthesize.quality.descriptions import parameter_description, tool_description
from callwright.synthesize.quality.edits import Dialect, Edits
from callwright.synthesize.quality.findings import CODES, Code, Finding, about_tool
from callwright.synthesize.quality.names import names_of_their_own, parameter_name, tool_name
from callwright.synthesize.quality.places import Place, places
from callwright.synthesize.quality.shapes import shapes, size_of_set, size_of_tool
from callwright.synthesize.quality.values import values

__all__ = ["CODES", "Code", "Dialect", "Finding", "about_tool", "findings"]


def findings(tools: Sequence[Tool], dialect: Dialect = "json") -> Iterator[Finding]:
    """Yield what is wrong with tools, tool by tool; edits are for a Python file or for JSON."""
    edits = Edits(dialect)
    among: dict[int, list[Finding]] = {}
    for place, finding in (*names_of_their_own(tools, edits), *confusable(tools, edits)):
        among.setdefault(place, []).append(finding)
    for i, tool in enumerate(tools):
        found = [*_of_tool(tool, edits), *among.get(i, ())]
        yield from (_named(finding, tool).within(f"tools[{i}]") for finding in found)
    yield from size_of_set(tools)


def _of_tool(tool: Tool, edits: Edits) -> Iterator[Finding]:
    inside = tuple(places(tool))
    yield from tool_name(tool, edits)
    yield from tool_description(tool, inside, edits)
    yield from size_of_tool(tool, inside)
    for place in inside:
        yield from _of_place(place, tool, edits)


def _of_place(place: Place, tool: Tool, edits: Edits) -> Iterator[Finding]:
    yield from parameter_name(place, edits)
    yield from parameter_description(place, edits)
    yield from values(place, edits)
    yield from shapes(place, edits)
    yield from contradictions(place, edits)
    yield from defaults(place, tool.parameters, edits)


def _named(finding: Finding, tool: Tool) -> Finding:
    return Finding(tool.name, finding.parameter, finding.issue)
