"""What was found: a table of runtimes and properties, with an example of each difference."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from callwright.conform.runtime import PROPERTIES
from callwright.record import Json

NAME = "conform.json"
ABSENT = "not here"


class Finding(msgspec.Struct, kw_only=True):
    """A property of a runtime, over all cases."""

    checked: int = 0
    different: int = 0
    beyond: int = 0
    """Cases that differ and hold what the runtime is known not to be able to write."""
    example: dict[str, Json] | None = None
    """The first difference: the case, what was expected, what was found."""


class Verdict(msgspec.Struct, kw_only=True):
    """A runtime."""

    name: str
    version: str
    """Empty where it is not installed."""
    properties: dict[str, Finding] = {}
    """Those that it has a part in."""
    limit: str = ""
    """What lies beyond it."""


class Certificate(msgspec.Struct, kw_only=True):
    """What all runtimes made of the same conversations; also ``conform.json``."""

    model: str
    callwright: str
    seed: int
    cases: int
    calls: int
    """Calls in the answers of these cases."""
    seconds: float
    runtimes: list[Verdict]

    @property
    def holds(self) -> bool:
        """Whether nothing differs but what is beyond a runtime."""
        return not any(f.different for verdict in self.runtimes for f in verdict.properties.values())


def summary(found: Certificate) -> str:
    """Return the certificate in one sentence."""
    present = [verdict for verdict in found.runtimes if verdict.version]
    differing = sum(f.different for v in present for f in v.properties.values())
    verdict = "no difference" if found.holds else f"{differing:,} differences"
    return (
        f"{found.cases:,} made-up conversations with {found.calls:,} calls through {len(present)} runtimes: "
        f"{verdict} (seed {found.seed}, callwright {found.callwright})."
    )


def lines(found: Certificate) -> Iterator[str]:
    """Yield the certificate as Markdown."""
    yield from (summary(found), "")
    yield f"| runtime | {' | '.join(PROPERTIES.values())} |"
    yield f"| --- |{' --- |' * len(PROPERTIES)}"
    for one in found.runtimes:
        cells = (cell(one, name) for name in PROPERTIES)
        yield f"| {one.name}{f' ({one.version})' if one.version else ''} | {' | '.join(cells)} |"
    for text in limits(found):
        yield from ("", text)


def limits(found: Certificate) -> Iterator[str]:
    """Yield a sentence per runtime that met something beyond it."""
    for one in found.runtimes:
        if any(finding.beyond for finding in one.properties.values()):
            yield f"Beyond {one.name}: {one.limit}."


def cell(verdict: Verdict, name: str) -> str:
    """Return what a table says of a property of a runtime."""
    if not verdict.version:
        return ABSENT
    finding = verdict.properties.get(name)
    if finding is None:
        return "—"
    equal = finding.checked - finding.different - finding.beyond
    shown = f"{equal:,}" if equal == finding.checked else f"{equal:,} of {finding.checked:,}"
    return f"{shown}, {finding.beyond:,} beyond it" if finding.beyond else shown


def differences(found: Certificate) -> Iterator[str]:
    """Yield one line per property that does not hold, with its first example."""
    for verdict in found.runtimes:
        for name, finding in verdict.properties.items():
            if finding.different:
                count = f"{finding.different:,} of {finding.checked:,} differ"
                shown = msgspec.json.encode(finding.example).decode()
                yield f"{verdict.name}, {name}: {count}; {shown[:600]}"
