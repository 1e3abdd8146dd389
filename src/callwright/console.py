"""What the command line prints: messages to stderr, JSON for machines to stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import typer
from rich.console import Console

from callwright.progress import clock, legible, speaks

if TYPE_CHECKING:
    from callwright.conform import Certificate
    from callwright.doctor import Finding
    from callwright.evaluate.compare import Comparison
    from callwright.evaluate.toolbench.rates import WinRate
    from callwright.linting import Lint
    from callwright.settings import LintSettings
    from callwright.store import Report
    from callwright.study import Findings
    from callwright.verify.judge import Calibration
    from callwright.verify.selfcheck import SelfCheck

err = Console(stderr=True)
_MARKS = {"ok": "✓", "missing": "✗", "note": "•"}


def open_streams() -> None:
    """Open what the process was started without of its three streams, on the null device.

    Else the next file that is opened gets the number of one of them, and a child takes it for its input.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(handle, True)
            setattr(sys, name, os.fdopen(handle, "w" if number else "r", encoding="utf-8"))


def tell_report(report: Report, as_json: bool, lines: Iterable[str], max_drop: float) -> None:
    """Print `lines`, the report and its counts; exit with 1 if too many rows were dropped."""
    for line in lines:
        say(line)
    tell(report.to_json(), as_json)
    say_counts(report.stage, report)
    heed_drops(report, max_drop)


def tell_self_check(found: SelfCheck, calibration: Calibration | None, as_json: bool) -> None:
    """Print what a verifier found of what was planted; exit with 1 if a verdict was wrong."""
    say(found.text().rstrip())
    told = found.to_json()
    if calibration is not None:
        say(calibration.text().rstrip())
        told["judges"] = calibration.to_json()
    tell(told, as_json)
    for line in found.wrong:
        say(f"wrong: {line}")
    if found.wrong:
        raise typer.Exit(1)


def tell_lint(found: Lint, config: LintSettings, as_json: bool) -> None:
    """Print what is wrong with tools to stdout; exit with 1 if that is an error."""
    from callwright import linting

    tell(linting.to_json(found), as_json)
    if not as_json:
        sys.stdout.write(legible(linting.report(found, config.notes)))
    say(linting.summary(found, config.notes))
    if found.fails(config.strict):
        raise typer.Exit(1)


def heed_drops(report: Report, allowed: float) -> None:
    """Say what too many dropped rows mean; exit with 1 if they are more than allowed."""
    if report.reasons == {"not-a-trajectory": report.rows_in}:
        say("no row is a trajectory; `callwright unify` makes them from raw data")
    if report.rows_in and report.dropped / report.rows_in > allowed:
        say(f"more than --max-drop {allowed:g} of the rows were dropped")
        raise typer.Exit(1)


def say(text: str) -> None:
    """Print a line to stderr."""
    # Never as markup: a path or a reason may hold brackets.
    err.print(legible(text), highlight=False, markup=False, soft_wrap=True)


def say_counts(stage: str, report: Report) -> None:
    """Print what a stage did with its rows."""
    line = f"{stage}: {report.rows_in:,} rows in, {report.kept:,} kept, {report.dropped:,} dropped"
    reasons = ", ".join(f"{k} {n:,}" for k, n in sorted(report.reasons.items(), key=lambda x: -x[1]))
    say(f"{line}{f' ({reasons})' if reasons else ''} in {clock(report.seconds)}")
    restricted = {name: n for name, n in report.licenses.items() if "-NC" in name}
    if restricted:
        named = ", ".join(f"{name} ({n:,} rows)" for name, n in restricted.items())
        say(f"  not for commercial use: {named}")


def say_diagnosis(findings: Iterable[Finding]) -> None:
    """Print what a machine has and lacks, each with the way to get it."""
    for finding in findings:
        say(f" {_MARKS[finding.state]} {finding.what:<16} {finding.found}")
        if finding.way_out:
            say(f"   {'':<16} → {finding.way_out}")


def tell(value: Any, as_json: bool) -> None:
    """Print a value as JSON to stdout, if that was asked for."""
    if as_json and speaks():
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n")


def tell_certificate(found: Certificate, as_json: bool) -> None:
    """Print what runtimes made of the same conversations; exit with 1 if one made something else of them."""
    from callwright.conform import differences, lines

    tell(msgspec.to_builtins(found), as_json)
    for line in (*lines(found), *differences(found)):
        say(line)
    if not found.holds:
        raise typer.Exit(1)


def tell_study(found: Findings, out: Path, as_json: bool) -> None:
    """Print what a study found, and where the rest of it stands."""
    from callwright.study.telling import verdict

    tell(msgspec.to_builtins(found), as_json)
    say(verdict(found))
    say(f"tables    {out / found.name / 'table.md'}")
    say(f"report    {out / 'report.html'}")


def tell_comparison(comparison: Comparison, won: WinRate | None, as_json: bool) -> None:
    """Print two runs side by side to stdout, and how often a judge let the second one win."""
    from callwright.evaluate.compare import table

    if as_json:
        columns = {name: difference._asdict() for name, difference in comparison.columns.items()}
        told = {**comparison._asdict(), "all": comparison.all._asdict(), "columns": columns}
        tell({**told, "win_rate": won and won._asdict()}, True)
        return
    lines = [table(comparison), *([won.told] if won else [])]
    sys.stdout.write(legible("\n".join(lines)) + "\n")


def _counted(score: Any) -> str:
    """Return of how many rows a score is; of tasks that were tried several times, tasks x trials."""
    if score.tasks is msgspec.UNSET:
        return str(score.n)
    return f"{score.tasks}x{score.n / score.tasks:.3g}"


def carried(extra: dict[str, Any]) -> Iterator[str]:
    """Yield what an exported file carries and what it does not."""
    from callwright.export.layout import BOOKKEEPING

    if extra["licenses"]:
        counts = ", ".join(f"{name} {n:,}" for name, n in extra["licenses"].items())
        forbidden = extra["noncommercial"]
        yield f"licences: {counts}{f'; {forbidden:,} rows forbid commercial use' if forbidden else ''}"
    lost = [f"{path} {n:,}" for path, n in extra["lost"].items() if path not in BOOKKEEPING]
    if lost:
        yield f"left behind: {', '.join(lost)}"


def trained(summary: Any) -> str:
    """Return what a training run came to, as one line."""
    return (
        f"{summary.rows:,} rows, {summary.steps} steps, "
        f"loss {summary.first_loss:.3f} → {summary.last_loss:.3f}, "
        f"{summary.tokens_per_second:.0f} tokens/s, peak {summary.peak_memory_mb / 1024:.1f} GB"
    )


def scores(summary: Any) -> Iterator[str]:
    """Yield what was run, a line per column of an evaluation, and the benchmark's own measures."""
    parts = (variant.rpartition("/") for variant in summary.variants)
    told = (head if last in summary.columns else head + slash + last for head, slash, last in parts)
    for variant in dict.fromkeys(told):
        yield f"  {variant}"
    for name, s in [*summary.columns.items(), ("all", summary.all)]:
        yield f"  {name:<26} {s.accuracy:6.1%}  [{s.low:.1%}, {s.high:.1%}]  n={_counted(s)}"
    for name, mean in summary.all.means.items():
        yield f"    {name:<24} {mean.mean:8.3f}  [{mean.low:.3f}, {mean.high:.3f}]  n={mean.n}"
