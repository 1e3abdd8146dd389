"""The lint verb put together: what is declared is read for its quality, what can be called is rehearsed.

Tools elsewhere, behind an address or on a live server, are called only if they are declared to read.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from callwright.record import Json, Tool
from callwright.settings import LintSettings
from callwright.synthesize.quality import Dialect, Finding, about_tool, findings
from callwright.synthesize.rehearsal import Rehearsal, rehearse
from callwright.synthesize.scenes import Scenes
from callwright.synthesize.takes import Effect, Known
from callwright.toolbox import Toolbox, Tools
from callwright.toolbox.doctests import doctests
from callwright.verification import limits_of
from callwright.verify.table import aligned
from callwright.worlds import World, open_world

SEVERITIES = ("error", "warning", "info")
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_ELSEWHERE = ("live", "record:")
_COLUMNS = ("tool", "calls", "examples", "deterministic", "effect", "isolation")
_WIDEST = 40


@dataclass(frozen=True)
class Lint:
    """What was found out about tools."""

    source: str
    sha256: str
    tools: tuple[Tool, ...]
    findings: tuple[Finding, ...]
    rehearsals: tuple[Rehearsal, ...]
    """One per tool, in their order; of a tool that was not called, an empty one."""

    @property
    def counts(self) -> Counter[str]:
        """Findings per severity."""
        return Counter(finding.issue.severity for finding in self.findings)

    def fails(self, strict: bool) -> bool:
        """Tell whether there is an error, or, if warnings count, a warning."""
        return self.counts["error"] > 0 or (strict and self.counts["warning"] > 0)


def lint(source: str, settings: LintSettings) -> Lint:
    """Return what is wrong with the tools that `source` names; raises ToolsError where there are none."""
    world = open_world(source, isolation=settings.isolation)
    dialect: Dialect = "python" if isinstance(world.box, Toolbox) else "json"
    rehearsals = _rehearsed(world, settings)
    by_tool = {r.tool: r.findings for r in rehearsals}
    found: list[Finding] = [*_skipped(world.box)]
    by_place: dict[str, list[Finding]] = {}
    for finding in findings(world.tools, dialect):
        by_place.setdefault(finding.issue.path.partition(".")[0] if finding.tool else "", []).append(finding)
    for i, tool in enumerate(world.tools):
        found += by_place.get(f"tools[{i}]", ())
        found += (finding.within(f"tools[{i}]") for finding in by_tool.get(tool.name, ()))
    found += by_place.get("", ())
    return Lint(source, world.sha256, world.tools, tuple(found), rehearsals)


def _rehearsed(world: World, settings: LintSettings) -> tuple[Rehearsal, ...]:
    if not world.executable or not settings.tries:
        return tuple(Rehearsal(tool.name) for tool in world.tools)
    known = _known(world)
    careful = _is_elsewhere(world.box, settings)
    called = [tool for tool in world.tools if not careful or known[tool.name].effect == "read"]
    scene = Scenes(world.states[:1], world.data).draw(random.Random(settings.seed))
    with world.caller(limits_of(settings)) as calls:
        made = rehearse(
            called, calls.play, tries=settings.tries, seed=settings.seed, known=known, scene=scene
        )
    by_name = {rehearsal.tool: rehearsal for rehearsal in made}
    return tuple(
        by_name.get(tool.name, Rehearsal(tool.name, effect=known[tool.name].effect)) for tool in world.tools
    )


def _is_elsewhere(box: Tools | None, settings: LintSettings) -> bool:
    from callwright.toolbox.mcp.server import McpServer
    from callwright.toolbox.openapi import Api

    if isinstance(box, Api):
        return settings.http.startswith(_ELSEWHERE)
    return isinstance(box, McpServer) and box.is_elsewhere


def _known(world: World) -> dict[str, Known]:
    """Return what is known of tools before they are called."""
    from callwright.toolbox.mcp.server import McpServer
    from callwright.toolbox.openapi import Api

    box = world.box
    if box is None:  # worlds of our own, which tell what a call changed
        return {t.name: Known(stateful=True) for t in world.tools}
    if isinstance(box, Toolbox):
        stateful = {name for names in box.classes.values() for name in names}
        examples = doctests(box)
        return {t.name: Known("unknown", t.name in stateful, examples.get(t.name, ())) for t in box.tools}
    if isinstance(box, Api):
        methods = {name: operation.method for name, operation in box.operations.items()}
        return {t.name: Known("read" if methods[t.name] in _READING else "write") for t in box.tools}
    hints = box.hints if isinstance(box, McpServer) else {}
    return {t.name: Known(_hinted(hints.get(t.name, {}))) for t in box.tools}


def _hinted(hints: Mapping[str, Json]) -> Effect:
    if hints.get("readOnlyHint") is True:
        return "read"
    return (
        "write" if hints.get("readOnlyHint") is False or hints.get("destructiveHint") is True else "unknown"
    )


def _skipped(box: Tools | None) -> Iterator[Finding]:
    from callwright.toolbox.openapi import Api

    for line in box.skipped if isinstance(box, Api) else ():
        place, _, why = line.partition(" can not be described: ")
        yield about_tool("skipped-operation", place, f"is no tool: {why}", "")


def report(found: Lint, notes: bool) -> str:
    """Return the findings, one a line, and the table of the tools, unless none was called."""
    shown = [f for f in found.findings if notes or f.issue.severity != "info"]
    lines = [f"{'note' if f.issue.severity == 'info' else f.issue.severity:<7}  {f.text()}" for f in shown]
    text = "".join(f"{line}\n" for line in lines)
    if any(rehearsal.level for rehearsal in found.rehearsals):
        rows = [_COLUMNS, *map(_cells, found.rehearsals)]
        text += ("\n" if text else "") + aligned(rows, left=range(len(_COLUMNS)), widest=_WIDEST)
    return text


def summary(found: Lint, notes: bool) -> str:
    """Return how much was found, as one line."""
    error, warning, info = (found.counts[severity] for severity in SEVERITIES)
    hidden = " (--notes shows them)" if info and not notes else ""
    counts = ((len(found.tools), "tool"), (error, "error"), (warning, "warning"), (info, "note"))
    tools, *told = (f"{n:,} {word}{'' if n == 1 else 's'}" for n, word in counts)
    return f"lint: {tools}, {', '.join(told)}{hidden}"


def to_json(found: Lint) -> dict[str, Json]:
    """Return all of it for machines."""
    return {
        "from": found.source, "sha256": found.sha256, "tools": len(found.tools),
        "counts": {severity: found.counts[severity] for severity in SEVERITIES},
        "findings": [finding.to_json() for finding in found.findings],
        "rehearsals": [_plain(rehearsal) for rehearsal in found.rehearsals],
    }  # fmt: skip


def _plain(rehearsal: Rehearsal) -> dict[str, Json]:
    told = asdict(rehearsal)
    del told["findings"]  # they stand among all others
    return told


def _cells(rehearsal: Rehearsal) -> tuple[str, ...]:
    r = rehearsal
    known = {True: "yes", False: "no", None: "-"}[r.deterministic]
    calls = f"{r.succeeded} of {r.calls}" if r.calls else "-"
    examples = f"{r.held} of {r.examples}" if r.examples else "-"
    return (r.tool, calls, examples, known, r.effect, r.level or "not called")
