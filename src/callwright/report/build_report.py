"""The report of a build, from whatever stages have finished so far."""

from __future__ import annotations

from pathlib import Path

from callwright.report import data, proof, scores, training
from callwright.report.page import contents, page, tag
from callwright.report.scores import outcome_text
from callwright.store.files import write_atomic

__all__ = ["outcome_text", "write"]


def write(run: Path) -> Path:
    """Write ``report.html`` into the run directory and return its path."""
    sections = [
        *scores.sections(run), *training.sections(run), *data.sections(run), *proof.sections(run)
    ]  # fmt: skip
    verdict = tag("p", scores.verdict(run), css="lead")
    header = tag("header", tag("h1", "A model that calls these tools"), verdict)
    target = run / "report.html"
    body = (header, contents(sections), *(one.content for one in sections))
    text = page(f"callwright: {run.resolve().name}", *body)
    write_atomic(target, text.encode())
    return target
