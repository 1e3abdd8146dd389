"""Whether runtimes agree, what the build cost, and where everything comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from callwright.conform import NAME
from callwright.conform.certificate import Certificate, cell, differences, limits, summary
from callwright.conform.runtime import PROPERTIES
from callwright.progress import clock
from callwright.report.left import json_of
from callwright.report.page import Section, section, table, tag


def sections(run: Path) -> Iterator[Section]:
    """Yield what is there of the three."""
    certificate = run / "conform" / NAME
    if certificate.is_file():
        yield _conformance(msgspec.json.decode(certificate.read_bytes(), type=Certificate))
    told = json_of(run / "run.json")
    if told is not None:
        yield from _cost(run, told)
        yield _lineage(told)


def _conformance(found: Certificate) -> Section:
    rows = [
        (f"{one.name} {one.version}".strip(), *(cell(one, name) for name in PROPERTIES))
        for one in found.runtimes
    ]
    return section(
        "Conformance",
        tag("p", summary(found)),
        table(("runtime", *PROPERTIES.values()), rows, numeric=range(1, len(PROPERTIES) + 1)),
        *(tag("p", line, css="soft") for line in limits(found)),
        *(tag("p", line, css="bad") for line in differences(found)),
    )


def _cost(run: Path, told: dict[str, Any]) -> Iterator[Section]:
    stages = []
    for name in told.get("stages", {}):
        done = json_of(run / name / "done.json")
        if done is not None:
            stages.append((name, float(done["seconds"]), len(done["outputs"])))
    if not stages:
        return
    whole = sum(seconds for _, seconds, _ in stages)
    rows = [
        (name, f"{seconds:,.1f}", f"{seconds / whole:.0%}" if whole else "", files)
        for name, seconds, files in stages
    ]
    trained = [t for stage in ("sft", "dpo") if (t := json_of(run / stage / "train.json")) is not None]
    tokens = sum(one.get("tokens", 0) for one in trained)
    yield section(
        "Cost and time",
        tag("p", f"{clock(whole)} on this machine, {tokens:,} tokens through training; nothing was bought."),
        table(("stage", "seconds", "share", "files"), rows, numeric=(1, 2, 3)),
    )


def _lineage(told: dict[str, Any]) -> Section:
    config = [(key, tag("code", json.dumps(value))) for key, value in told.get("config", {}).items()]
    note = "What went in, by content; every stage's outputs are hashed in its done.json."
    return section("Lineage", tag("p", note, css="soft"), table(("setting", "value"), config))
