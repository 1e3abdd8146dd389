"""The verify verb put together: tools that run the calls, judges that vote, repairs, and the self-check."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from pathlib import Path

from callwright.engine import in_order, run
from callwright.record import Json, Trajectory
from callwright.settings import LintSettings, VerifySettings, plain
from callwright.store import Report, Sink, read_some, refuse_others, report_path
from callwright.toolbox import Limits, caller, import_tools
from callwright.verify import Execute, Funnel, VerifyStep
from callwright.verify.funnel import FunnelCounts
from callwright.verify.judge import Calibration, Committee, JudgeStep, calibrate, open_committee
from callwright.verify.lines import STAGE, ToLines, chunks, gated
from callwright.verify.selfcheck import SelfCheck, self_check
from callwright.verify.selfcheck.specimens import TOOLS_FILE, clean_rows, failing_rows
from callwright.worlds import open_world

LIMIT = 200
"""Clean rows that a self-check plants defects into."""


def verified(data: Path, out: Path, config: VerifySettings) -> tuple[Report, str]:
    """Verify the rows of a file into `out`; return the report, and the tables for people."""
    committee = _committee(config, journal_path(out))
    notes: dict[str, Json] = {}
    with ExitStack() as stack:
        step = _step(config, stack, notes)
        sink = stack.enter_context(Sink(out, STAGE, plain(config)))
        if committee is None and (config.workers > 1 or config.engine != "local"):
            table = _by_lines(data, step, config, sink)
        else:
            table = _by_rows(data, step, config, sink, committee)
        notes["funnel"] = table.to_json()
        if committee is not None:
            notes["judges"] = committee.account.to_json()
        for name, note in notes.items():
            sink.note(name, note)
    return sink.report, table.text() + (committee.account.text() if committee else "")


def _step(config: VerifySettings, stack: ExitStack, notes: dict[str, Json]) -> VerifyStep:
    """Return the step that the settings ask for; what it needs is open until `stack` is closed."""
    execute = None
    if config.tools:
        world = open_world(config.tools, isolation=config.isolation)
        calls = stack.enter_context(world.caller(limits_of(config)))
        # One caller for the whole run: the step itself is called once per stretch of rows.
        execute = partial(_opened, calls.play)
        notes["tools"] = {"from": config.tools, "sha256": world.sha256, "count": len(world.tools)}
    return VerifyStep(
        execute=execute,
        min_grounding=config.min_grounding,
        repair=config.fix,
        results=bool(config.judge),
    )


def _by_rows(
    data: Path, step: VerifyStep, config: VerifySettings, sink: Sink, committee: Committee | None
) -> Funnel:
    """Verify row by row; judges are asked by this process alone."""
    rows = gated(run(step, read_some(data, STAGE), workers=config.workers, engine=config.engine))
    counts = FunnelCounts(executes=step.execute is not None, judges=committee is not None)
    for row in JudgeStep(committee)(rows) if committee else rows:
        sink.put(row)
        counts.add(row)
    return counts.funnel()


def _by_lines(data: Path, step: VerifyStep, config: VerifySettings, sink: Sink) -> Funnel:
    """Verify by chunks of lines, which workers read and write."""
    counts = FunnelCounts(executes=step.execute is not None, judges=False)
    lines = trajectories = 0
    done = in_order(ToLines(step), chunks(data), workers=config.workers, engine=config.engine)
    for batch in done:
        sink.put_lines(batch.rows, batch.kept, batch.dropped, batch.reasons, batch.licenses)
        counts.merge(batch.counts)
        lines += batch.rows
        trajectories += batch.trajectories
    if not trajectories:
        refuse_others(data, lines)
    return counts.funnel()


def journal_path(out: Path) -> Path:
    """Return where the answers of the judges are kept, so that a second run asks nothing twice."""
    return out.with_name(report_path(out).name.removesuffix(".report.json") + ".judge.jsonl")


def limits_of(config: VerifySettings | LintSettings) -> Limits:
    """Return what calls may take."""
    allow = tuple(host.strip() for host in (config.allow or "").split(",") if host.strip())
    return Limits(isolation=config.isolation, timeout=config.timeout, http=config.http, allow=allow)


def checked(data: Path | None, config: VerifySettings) -> tuple[SelfCheck, Calibration | None]:
    """Measure the verifier on rows of the user's or on bundled ones; judges only on rows with a label."""
    if data is not None:
        rows = [row for row in read_some(data, STAGE) if isinstance(row, Trajectory)]
        return self_check(rows, limit=LIMIT), _calibrated(rows, config)
    box = import_tools(str(TOOLS_FILE))
    limits = Limits(isolation=config.isolation, timeout=min(config.timeout, 1.0))
    with caller(box, limits) as calls:
        found = self_check(
            clean_rows(box.tools), failing=list(failing_rows(box.tools)), execute=calls.play, trusted=True
        )
    return found, None


def _calibrated(rows: list[Trajectory], config: VerifySettings) -> Calibration | None:
    labelled = [t for t in rows if "label" in t.extra]
    committee = _committee(config, None)
    return calibrate(labelled, committee) if committee and labelled else None


def _committee(config: VerifySettings, journal: Path | None) -> Committee | None:
    if not config.judge:
        return None
    return open_committee(config.judge, journal=journal, min_rating=config.min_rating)


def _opened(execute: Execute) -> AbstractContextManager[Execute]:
    return nullcontext(execute)
