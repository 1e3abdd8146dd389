"""What studies found, for docs/results.md: tables and plots, from the `study.json` that each run left.

    python docs/show_studies.py OUT/NAME/study.json COMMIT "COMMAND" "MACHINE"     # takes one in, or in anew

`docs/studies/NAME.json` is that file, `docs/studies/runs.json` says when, where and with which command, and
`docs/studies/NAME.svg` is the plot that `docs/generate.py` makes of it.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from callwright.progress import clock
from callwright.report.charts import WIDTH
from callwright.report.page import COLOURS, escape
from callwright.study.findings import Findings
from callwright.study.page import plots
from callwright.study.telling import markdown

FOLDER = Path(__file__).resolve().parent / "studies"
RUNS = FOLDER / "runs.json"
NONE_YET = "None has been run to its end yet."
STYLE = COLOURS + "text { font: 12px system-ui, sans-serif; fill: var(--ink); }\n"
"""Of a plot, which stands alone where Markdown shows it: a page's style does not reach it."""
TITLE_HEIGHT = 26


def take(study: Path, commit: str, command: str, machine: str) -> None:
    """Keep what a study left, and how it was run."""
    found = msgspec.json.decode(study.read_bytes(), type=Findings)
    shutil.copyfile(study, FOLDER / f"{found.name}.json")
    told = {"date": date.today().isoformat(), "commit": commit, "command": command, "machine": machine}
    RUNS.write_text(json.dumps({**_runs(), found.name: told}, indent=2) + "\n", encoding="utf-8")


def block() -> str:
    """Return every study with its tables, in the order in which they were taken in."""
    return "\n\n".join(_study(name, told) for name, told in _runs().items()) or NONE_YET


def plot_files() -> dict[Path, str]:
    """Return the plot of every study, by its file."""
    return {FOLDER / f"{name}.svg": _plot(_found(name)) for name in _runs()}


def _plot(found: Findings) -> str:
    """Return differences with their intervals as one picture, an exam below the other."""
    parts, y = [], 0.0
    for exam, against, plot in plots(found):
        if not plot:  # nothing to compare in this exam
            continue
        height = float(re.findall(r'viewBox="0 0 \S+ (\S+)"', plot)[0])
        title = escape(f"{exam}: points of difference to {against}")
        parts.append(f'<text x="4" y="{y + 17:g}" font-weight="600">{title}</text>')
        parts.append(plot.replace("<svg ", f'<svg y="{y + TITLE_HEIGHT:g}" height="{height:g}" ', 1))
        y += TITLE_HEIGHT + height + 8
    inside = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:g}" width="{WIDTH}">\n'
        f"<style>{STYLE}</style>\n{inside}\n</svg>\n"
    )


def _found(name: str) -> Findings:
    return msgspec.json.decode((FOLDER / f"{name}.json").read_bytes(), type=Findings)


def _runs() -> dict[str, Any]:
    return json.loads(RUNS.read_text(encoding="utf-8")) if RUNS.is_file() else {}  # type: ignore[no-any-return]


def _study(name: str, told: dict[str, str]) -> str:
    found = _found(name)
    costs = [cost for each in found.costs.values() for cost in each]
    spent = sum(cost.training_seconds + cost.exam_seconds for cost in costs)
    deeper = re.sub(r"^(#+) ", r"#\1 ", markdown(found), flags=re.MULTILINE).strip()
    about = (
        f"`{told['command']}`: {told['date']}, {told['commit']}, {told['machine']}; "
        f"{len(costs)} models, {clock(spent)} of training and exams."
    )
    title, _, rest = deeper.partition("\n\n")
    return f"{title}\n\n![Differences with 95 % intervals](studies/{name}.svg)\n\n{rest}\n\n{about}"


if __name__ == "__main__":
    take(Path(sys.argv[1]), *sys.argv[2:])
