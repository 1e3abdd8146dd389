"""Studies: the claims of the xLAM paper, and others, as commands with intervals.

A study trains the models of its arms, which differ in one thing each, with several seeds, and asks all of
them the same questions. What it needs is made by the verbs of the command line and kept by content, so that
a second run of a study is a matter of seconds and a changed arm is the only one that is made anew.

    study("verification", Path("out/studies"), StudySettings(), Display())
"""

from __future__ import annotations

import difflib
from pathlib import Path

from callwright.errors import ConfigError
from callwright.progress import Display
from callwright.settings import StudySettings
from callwright.store.files import write_atomic
from callwright.study import page
from callwright.study.conduct import conduct
from callwright.study.findings import Findings
from callwright.study.lab import Lab
from callwright.study.materials import Materials
from callwright.study.plans import STUDIES
from callwright.study.telling import assumed, markdown, plan

__all__ = ["STUDIES", "Findings", "StudySettings", "study"]


def study(
    name: str, out: Path, settings: StudySettings, display: Display, *, only_plan: bool = False
) -> Findings | None:
    """Run a study into ``out/NAME`` and return what it found; with `only_plan` only say what it would take.

    What steps make lies in ``out/made``, which studies share; ``out/report.html`` tells of all of them.
    """
    if name not in STUDIES:
        near = difflib.get_close_matches(name, STUDIES, n=1)
        raise ConfigError("no such study", place=name, expected=near[0] if near else " | ".join(STUDIES))
    lab = Lab(out / "made")
    planned = STUDIES[name](Materials(lab, settings))
    display.say(plan(planned, settings, lab))
    display.say(f"  {assumed()}")
    if only_plan:
        return None
    folder = out / name

    def told(found: Findings) -> None:
        write_atomic(folder / "table.md", markdown(found).encode())
        page.write(out)

    return conduct(planned, lab, settings, folder, display, told)
